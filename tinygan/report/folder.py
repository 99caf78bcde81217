"""What a run folder holds, read without trust: what is missing or damaged is left out."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from tinygan import recipes
from tinygan.errors import UserError
from tinygan.evaluation.report import CLASSES
from tinygan.evaluation.result import read_evaluation
from tinygan.json_files import Number, fits, read_json
from tinygan.runs.config import read_config
from tinygan.runs.lock import in_use
from tinygan.runs.tables import read_result, read_timing

_VALUES = {"means": [Number], "lows": [Number], "highs": [Number]}
_LINE = {"name": str, "steps": [int]} | _VALUES
_FORM = {  # of report.json
    **dict.fromkeys(["state", "why"], str),
    **dict.fromkeys(["step", "last_step", "steps_per_epoch", "images_per_step", "images"], int),
    "image_shape": [int],
    "weights": dict,
    "networks": [{"name": str, "input": [int], "rows": [list]}],
    "panels": [
        {
            "label": str,
            "lines": [_LINE],
            "guides": [{"name": str, "level": Number}],
            "limits": list | None,
            "log": bool,
        }
    ],
}
_LARGEST = 1 << 53  # the whole numbers that JavaScript knows exactly


@dataclass(frozen=True)
class RunFiles:
    """folder: a Path. config: config.json. recipe: its Recipe, None where it is not known here.
    data: report.json, or None. metrics: (columns, rows) of metrics.csv. timing: rows of timing.csv.
    result: of result.json. evaluation, pictures: as read_evaluation returns them, or None. busy:
    whether a process is training in the folder.
    """

    folder: Path
    config: dict
    recipe: object
    data: dict | None
    metrics: tuple
    timing: list
    result: dict
    evaluation: dict | None
    pictures: dict | None
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
    def image_shape(self):
        """(H, W, C), or None where no file tells."""
        if self.data:
            return tuple(self.data["image_shape"])
        return self.recipe.image_shape if self.recipe else None

    @property
    def class_names(self):
        """The classes of the run's data, where a classifier for them comes with tinygan, or ()."""
        for extractor, names in CLASSES.items():
            if self.config["trained_on"]["name"].startswith(extractor.replace("_", "-")):
                return names
        return ()

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
    data = read_json(folder / "report.json")
    data = data if _is_sound(data) else None
    metrics = _read_metrics(folder / "metrics.csv")
    step = data["step"] if data else int(metrics[1][-1][1]) if metrics[1] else 0
    evaluation, pictures = read_evaluation(folder) or (None, None)
    return RunFiles(
        folder=folder,
        config=config,
        recipe=recipe,
        data=data,
        metrics=metrics,
        timing=read_timing(folder, step),
        result=read_result(folder, step),
        evaluation=evaluation,
        pictures=pictures,
        busy=in_use(folder),
    )


def _is_sound(data):
    """Whether report.json is what runs/report_data.py writes."""
    return (
        fits(data, _FORM)
        and len(data["image_shape"]) == 3
        and all(0 < side <= 4096 for side in data["image_shape"])
        and 0 <= data["step"] <= _LARGEST
        and 0 < data["steps_per_epoch"] <= _LARGEST
        and all(_is_line(line) for panel in data["panels"] for line in panel["lines"])
        and all(
            panel["limits"] is None
            or (len(panel["limits"]) == 2 and fits(panel["limits"], [Number]))
            for panel in data["panels"]
        )
        and all(_is_row(row) for network in data["networks"] for row in network["rows"])
        and fits(list(data["weights"].values()), [int])
    )


def _is_line(line):
    lengths = {len(line[name]) for name in ("steps", "means", "lows", "highs")}
    return len(lengths) == 1 and all(0 <= step <= _LARGEST for step in line["steps"])


def _is_row(row):
    return len(row) == 3 and fits(row[0], str) and fits(row[1], [int]) and fits(row[2], int)


def _read_metrics(path):
    """(columns, rows of floats) of metrics.csv; of a damaged line on, nothing."""
    rows = []
    try:
        with open(path, newline="", encoding="utf-8") as file:
            columns, *lines = csv.reader(file)
            for line in lines:
                row = [float(cell) for cell in line]
                whole = 0 < row[1] <= _LARGEST and row[1] == int(row[1])
                if len(row) != len(columns) or not whole or not all(map(math.isfinite, row)):
                    break
                rows.append(row)
    except (OSError, ValueError, IndexError, csv.Error):
        pass
    return (columns if rows else []), rows
