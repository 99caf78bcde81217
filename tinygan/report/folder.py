"""What a run folder holds, read without trust: what is missing or damaged is left out."""

import csv
from argparse import ArgumentTypeError
from dataclasses import dataclass
from pathlib import Path

from tinygan import recipes
from tinygan.cli import class_list, class_numbers
from tinygan.data import class_names
from tinygan.errors import UserError
from tinygan.evaluation.result import read_evaluation
from tinygan.health.course import Course
from tinygan.health.table import rows_of
from tinygan.json_files import Missing, Number, fits, read_json
from tinygan.runs.config import read_config
from tinygan.runs.lock import in_use
from tinygan.runs.report_data import POINTS
from tinygan.runs.tables import read_csv, read_result, read_timing

_FORM = {  # of report.json
    **dict.fromkeys(["state", "why"], str),
    **dict.fromkeys(["step", "last_step", "steps_per_epoch", "images_per_step", "images"], int),
    "image_shape": [int],
    "weights": dict,
    "networks": list,
    "panels": list,
}
_NETWORK = {"name": str, "input": [int], "rows": [list]}
_LINE = {"name": str, "steps": [int], "means": [Number], "lows": [Number], "highs": [Number]}
_PANEL = {
    "label": str,
    "note": str | Missing,
    "lines": [_LINE],
    "guides": [{"name": str, "level": Number}],
    "limits": list | None,
    "log": bool,
}
_LARGEST = 1 << 53  # the whole numbers that JavaScript knows exactly
_MOST = 10  # panels, lines in a panel, networks
_MOST_ROWS = 200  # of a network
_MOST_LOOKS = 2000  # at a GAN's health, the last ones
_MOST_BYTES = 3_000_000  # of their table


@dataclass(frozen=True)
class RunFiles:
    """folder: a Path. config: config.json. recipe: its Recipe, None where it is not known here.
    data: report.json, or None. metrics, validation: (columns, rows) of metrics.csv and
    validation.csv. timing: rows of timing.csv. health: the Course of its looks in health.csv.
    result: of result.json. evaluation, pictures: as read_evaluation returns them, or None.
    classified: evaluation.json of a classifier, or None. busy: whether a process is training in the
    folder.
    """

    folder: Path
    config: dict
    recipe: object
    data: dict | None
    metrics: tuple
    validation: tuple
    timing: list
    health: Course
    result: dict
    evaluation: dict | None
    pictures: dict | None
    classified: dict | None
    has_checkpoint: bool
    busy: bool

    @property
    def step(self):
        """Updates done, as far as the files tell."""
        if self.data:
            return self.data["step"]
        _, rows = self.metrics
        return int(rows[-1][1]) if rows else 0

    @property
    def steps_per_epoch(self):
        if self.data:
            return self.data["steps_per_epoch"]
        _, rows = self.metrics
        return int(rows[0][1]) if rows else 1

    @property
    def epochs(self):
        """How many passes over the data are done, in words."""
        n = self.step / self.steps_per_epoch
        return f"{n:,.0f}" if n == int(n) else f"{n:,.1f}"

    @property
    def draws(self):
        """Whether it draws images and can be asked for some: a classifier does not."""
        return self.has_checkpoint and self.recipe is not None and self.recipe.model.draws_images

    @property
    def image_shape(self):
        """(H, W, C), or None where no file tells."""
        if self.data:
            return tuple(self.data["image_shape"])
        return self.recipe.image_shape if self.recipe else None

    @property
    def class_names(self):
        """The classes of the run's data, or (). A classifier for all that have some comes with
        tinygan."""
        return class_names(self.config["trained_on"]["name"])

    @property
    def asked_classes(self):
        """The names of the classes that the run is asked for when it draws, or ()."""
        try:
            numbers = class_numbers(class_list(self.config["options"]["classes"]))
        except (KeyError, AttributeError, ArgumentTypeError):
            return ()
        known = dict(enumerate(self.class_names))
        return tuple(known.get(number, str(number)) for number in numbers[:20])

    @property
    def state(self):
        """ "running", "interrupted", "stopped", "finished", "failed", or "" where no file tells."""
        state = self.data["state"] if self.data else ""
        return "interrupted" if state == "running" and not self.busy else state


def read_run(folder):
    """The RunFiles of a run folder. UserError when it has no config.json or a damaged one."""
    folder = Path(folder)
    config = read_config(folder)
    try:
        recipe = recipes.get(config["recipe"])
    except UserError:  # of a newer tinygan
        recipe = None
    data = _sound(read_json(folder / "report.json"))
    metrics = _read_table(folder / "metrics.csv", counts=2)  # epoch and step
    step = data["step"] if data else int(metrics[1][-1][1]) if metrics[1] else 0
    evaluation, pictures = read_evaluation(folder) or (None, None)
    return RunFiles(
        folder=folder,
        config=config,
        recipe=recipe,
        data=data,
        metrics=metrics,
        validation=_read_table(folder / "validation.csv", counts=1),  # epoch
        timing=read_timing(folder, step),
        health=Course(_read_looks(folder / "health.csv")),
        result=read_result(folder, step),
        evaluation=evaluation,
        pictures=pictures,
        classified=_read_classified(folder / "evaluation.json"),
        has_checkpoint=(folder / "checkpoint.npz").exists(),
        busy=in_use(folder),
    )


def _read_looks(path):
    try:
        head, *lines = read_csv(path, _MOST_BYTES)
        return rows_of([head, *lines[-_MOST_LOOKS:]])
    except (OSError, ValueError, csv.Error):
        return []


def _read_classified(path):
    """What evaluate says of a classifier, or None."""
    found = read_json(path)
    sound = (
        fits(found, {"accuracy": Number, "confusion": [[int]]})
        and 0 < len(found["confusion"]) <= 20
        and all(len(row) == len(found["confusion"]) for row in found["confusion"])
    )
    return found if sound else None


def _sound(data):
    """What runs/report_data.py has written, without the panels and networks that cannot be shown;
    None for what it has not written."""
    sound = (
        fits(data, _FORM)
        and len(data["image_shape"]) == 3
        and all(0 < side <= 4096 for side in data["image_shape"])
        and all(0 <= data[name] <= _LARGEST for name in ("step", "last_step", "images"))
        and all(0 < data[name] <= _LARGEST for name in ("steps_per_epoch", "images_per_step"))
        and len(data["weights"]) <= _MOST
        and fits(list(data["weights"].values()), [int])
    )
    if not sound:
        return None
    return data | {
        "why": data["why"][:1000],
        "panels": [panel for panel in data["panels"] if _is_panel(panel)][:_MOST],
        "networks": [network for network in data["networks"] if _is_network(network)][:_MOST],
    }


def _is_panel(panel):
    return (
        fits(panel, _PANEL)
        and len(panel["lines"]) <= _MOST
        and all(map(_is_line, panel["lines"]))
        and len(panel["guides"]) <= _MOST
        and _can_be_drawn([guide["level"] for guide in panel["guides"]])
        and _are_limits(panel["limits"])
        and all(len(text) <= 300 for text in (panel["label"], panel.get("note", "")))
    )


def _are_limits(limits):
    """Whether these are (lowest, highest) of an axis, or None."""
    return limits is None or (
        fits(limits, [Number])
        and len(limits) == 2
        and _can_be_drawn(limits)
        and limits[0] < limits[1]
    )


def _is_network(network):
    return (
        fits(network, _NETWORK)
        and len(network["rows"]) <= _MOST_ROWS
        and all(map(_is_row, network["rows"]))
    )


def _is_line(line):
    return (
        len({len(line[name]) for name in ("steps", "means", "lows", "highs")}) == 1
        and len(line["steps"]) <= 2 * POINTS
        and len(line["name"]) <= 100
        and all(0 <= step <= _LARGEST for step in line["steps"])
        and all(_can_be_drawn(line[name]) for name in ("means", "lows", "highs"))
    )


def _can_be_drawn(values):
    """Whether a browser can compute with all these numbers."""
    return all(abs(value) <= 1e100 for value in values)


def _is_row(row):
    return len(row) == 3 and fits(row[0], str) and fits(row[1], [int]) and fits(row[2], int)


def _read_table(path, counts):
    """(columns, rows of floats) of a CSV file whose first `counts` columns are whole numbers above
    0; from a damaged line on, nothing."""
    columns, rows = [], []
    try:
        columns, *lines = read_csv(path)
        for line in lines:
            row = [float(cell) for cell in line]
            sound = len(row) == len(columns) >= counts and _can_be_drawn(row)
            if not sound or not all(0 < x <= _LARGEST and x == int(x) for x in row[:counts]):
                break
            rows.append(row)
    except (OSError, ValueError, csv.Error):
        pass
    return (columns if rows else []), rows
