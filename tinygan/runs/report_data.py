"""report.json: what a report of a run needs and no other file of its folder has.

How the run stands, its curves (those of curves.png, with fewer points) and its networks as tables.
It is renewed at each sheet of samples, and otherwise every two seconds at most.
"""

import json

import numpy as np

from tinygan import backend, nn
from tinygan.files import write_text

POINTS = 400  # of a curve, at most


def write(folder, run, tables, state, why=""):
    """Write report.json. Raises OSError when it cannot be written.

    run: a Run. tables: what `tables_of` returned. state: "running", "stopped", "finished" or
    "failed". why: the sentence that belongs to it.
    """
    training = run.training
    data = {
        "state": state,
        "why": "".join(c if c.isprintable() else " " for c in why),
        "step": run.step,
        "last_step": run.last_step,
        "steps_per_epoch": training.steps_per_epoch,
        "images_per_step": training.images_per_step,
        "images": len(training.images),
        "image_shape": list(training.images.shape[1:]),
        "weights": {name: int(n) for name, n in training.model.weights().items()},
        "networks": tables,
        "panels": [
            _panel(panel, training.steps_per_epoch) for panel in training.panels(run.history)
        ],
    }
    write_text(folder / "report.json", json.dumps(data) + "\n")


def tables_of(model):
    """A model's networks as tables: [{name, input, rows: [[layer, output shape, weights]]}]."""
    tables = []
    for name, inputs in model.examples().items():
        inputs = [backend.to_device(x, model.xp) for x in inputs]
        rows = nn.summary(model.networks[name], *inputs)
        tables.append({
            "name": name,
            "input": list(inputs[0].shape[1:]),
            "rows": [[f"{place} {layer}", list(shape), n] for place, layer, shape, n in rows],
        })  # fmt: skip
    return tables


def thinned(values, most=POINTS):
    """Means over equal numbers of successive values, at most `most` of them: dict(ends, means,
    lows, highs), lists. ends: how many values there are up to the end of each."""
    values = np.asarray(values, np.float64)
    each = max(1, -(-len(values) // most))
    starts = np.arange(0, len(values), each)
    if not len(starts):
        return {"ends": [], "means": [], "lows": [], "highs": []}
    ends = np.minimum(starts + each, len(values))
    return {
        "ends": ends.tolist(),
        "means": _short(np.add.reduceat(values, starts) / (ends - starts)),
        "lows": _short(np.minimum.reduceat(values, starts)),
        "highs": _short(np.maximum.reduceat(values, starts)),
    }


def _panel(panel, steps_per_epoch):
    """A plots.Panel as JSON: each line {name, steps, means, lows, highs}, each point (step, y)."""
    lines = []
    for name, values in panel.lines.items():
        line = thinned(values)
        lines.append({"name": name, "steps": line.pop("ends")} | line)
    for name, pairs in panel.points.items():
        steps = [round(epoch * steps_per_epoch) for epoch, _ in pairs]
        values = _short([value for _, value in pairs])
        lines.append({"name": name, "steps": steps, "means": values, "lows": values,
                      "highs": values})  # fmt: skip
    return {
        "label": panel.label,
        "note": panel.note,
        "lines": lines,
        "guides": [{"name": name, "level": float(y)} for name, y in panel.guides.items()],
        "limits": list(panel.limits) if panel.limits else None,
        "log": panel.log,
    }


def _short(values):
    """Floats with six significant digits."""
    return [float(f"{value:.6g}") for value in values]
