"""Several runs beside each other: whose evaluation still holds, names, groups, CSV and figure."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from tinygan.errors import UserError
from tinygan.evaluation import protocol
from tinygan.evaluation.features import extractor_for
from tinygan.evaluation.report import FLOOR, MEANINGS, data_words, shown
from tinygan.evaluation.result import checkpoint_sha256, read_evaluation
from tinygan.runs.config import read_config


@dataclass(frozen=True)
class Row:
    """A run in a comparison: what it is called, and what read_evaluation reads of it."""

    name: str
    evaluation: dict
    pictures: dict


def different(runs):
    """Run folders as Paths, each once, under the first name that it was given."""
    by_place = {}
    for run in runs:
        by_place.setdefault(Path(run).resolve(), Path(run))
    return list(by_place.values())


def kept(folder, n, seed):
    """What read_evaluation finds, if it still holds; None when the run is to be measured.

    n, seed: those of the protocol that is asked for.
    Raises UserError when it cannot be measured: its checkpoint is gone, as where a folder is kept
    for its numbers.
    """
    found = read_evaluation(folder)
    if found and _still_holds(folder, found[0], n, seed):
        return found
    if (folder / "checkpoint.npz").exists() or not (folder / "evaluation.json").exists():
        return None
    what = "its evaluation is damaged, or of another state of the run or the data: train it again"
    how = found[0]["protocol"] if found else {"asked": n, "seed": seed}
    if (how["asked"], how["seed"]) != (n, seed):
        was = f"--n {how['asked']} --seed {how['seed']}"
        what = f"it was evaluated with {was}: ask for these, or train it again"
    raise UserError(f"{folder} has no checkpoint any more, and {what}")


def groups(folders, found):
    """The runs that can be compared with each other: lists of Rows, each sorted by fd.

    found: what read_evaluation reads of each folder.
    """
    grouped = {}
    for name, (evaluation, pictures) in zip(_names(folders, found), found, strict=True):
        how = evaluation["protocol"]
        key = str([how["test_sha256"], how["classes"], how["n"]])
        grouped.setdefault(key, []).append(Row(name, evaluation, pictures))
    return [
        sorted(rows, key=lambda row: row.evaluation["metrics"]["fd"]) for rows in grouped.values()
    ]


def as_csv(groups):
    """All tables as one CSV: each row names its data. class_counts: the predicted classes."""
    metrics = [*MEANINGS, "kid_std", "bins"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        "name recipe data split classes n seed extractor_sha256 class_counts parameters "
        "trained_parameters updates training_seconds ms_per_1000".split()
        + metrics
    )
    for rows in groups:
        how, floor = rows[0].evaluation["protocol"], rows[0].evaluation["floor"]
        of = [how["data"], how["split"], _spaced(how["classes"] or []), how["n"], how["seed"]]
        of.append(how["extractor"]["sha256"])
        for row in rows:
            found = row.evaluation
            numbers = [
                found["parameters"],
                sum(found["weights"].values()),
                found["updates"],
                found["training_seconds"],
                found["ms_per_1000"],
                *(found["metrics"].get(metric) for metric in metrics),
            ]
            counts = _spaced(found["metrics"]["classes"])
            writer.writerow([row.name, found["recipe"], *of, counts, *map(_digits, numbers)])
        numbers = [None] * 5 + [floor.get(metric) for metric in metrics]
        writer.writerow([FLOOR, "", *of, _spaced(floor["classes"]), *map(_digits, numbers)])
    return text.getvalue()


def picture_rows(groups):
    """Samples of each run, and real images below those of a group: rows for plots.labelled_rows."""
    labelled = []
    for rows in groups:
        words = data_words(rows[0].evaluation["protocol"])
        against = f" against {words}" if len(groups) > 1 else ""
        for row in rows:
            fd = shown("fd", row.evaluation["metrics"])
            labelled.append((f"{row.name}   fd {fd}{against}", row.pictures["samples"]))
        labelled.append((f"real images of {words}", rows[-1].pictures["real"]))
    return labelled


def _still_holds(folder, evaluation, n, seed):
    """Whether an evaluation is of this run as it is now, by the protocol that is asked for.

    A run whose checkpoint is gone cannot have changed.
    """
    config, how = read_config(folder), evaluation["protocol"]
    wanted = protocol.SETTINGS | {
        "asked": n,
        "seed": seed,
        "train_sha256": config["trained_on"]["sha256"],
    }
    return (
        all(how.get(name) == value for name, value in wanted.items())
        and how["extractor"]["sha256"] == extractor_for(how["image_shape"]).sha256
        and (evaluation["recipe"], evaluation["options"]) == (config["recipe"], config["options"])
        and checkpoint_sha256(folder) in (None, evaluation["checkpoint_sha256"])
    )


def _names(folders, found):
    """What each run is called: its recipe, and its folder where that says more."""
    plain = [folder.resolve().name for folder in folders]
    names = []
    for folder, name, (evaluation, _) in zip(folders, plain, found, strict=True):
        recipe = evaluation["recipe"]
        if plain.count(name) > 1:
            name = str(folder)
        names.append((recipe if name == recipe else f"{recipe} ({name})") + _choice(evaluation))
    return names


def _choice(evaluation):
    """The options by which a run was evaluated, where they are not its own: " --prior gmm"."""
    prior, classes = evaluation["prior"], evaluation["protocol"]["classes"]
    own, text = evaluation["options"], ""
    if evaluation.get("drawn_with"):
        text += f" --weights {evaluation['drawn_with']}"
    if prior != own.get("prior"):
        text += f" --prior {prior}"
    if classes is not None and (asked := ",".join(map(str, classes))) != own.get("classes"):
        text += f" --classes {asked}"
    return text


def _spaced(numbers):
    return " ".join(map(str, numbers))


def _digits(number):
    if isinstance(number, float):
        return f"{number:.6g}"
    return "" if number is None else str(number)
