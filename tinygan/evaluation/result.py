"""What an evaluation leaves in a run folder, and how it is read back.

evaluation.json   the protocol, every metric, the floor, and the facts of the run
evaluation.npz    samples, their nearest training images and real images, 16 of each
memorisation.png  the samples beside their nearest training images

With the first two a run can be compared with others where its checkpoint is gone.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from tinygan import plots
from tinygan.errors import UserError
from tinygan.evaluation.report import CLASSES, MEANINGS
from tinygan.files import reason, write_text
from tinygan.json_files import Missing, Number, fits, read_json
from tinygan.npz import read_arrays, write_arrays

_METRICS = {
    **dict.fromkeys([*MEANINGS, "kid_std", "bins"], Number),
    "memorisation": Number | None,
    "agreement": Number | Missing,
    "classes": [int],
}
_MOST_PICTURES = 64
_COUNTS = len(CLASSES["cifar10"])  # every extractor knows as many classes
_FORM = {  # of evaluation.json: the keys that are read, and the kinds of their values
    "protocol": {
        **dict.fromkeys(["n", "asked", "seed"], int),
        **dict.fromkeys(["data", "split", "train_sha256", "test_sha256"], str),
        "classes": list | None,
        "image_shape": [int],
        "extractor": {"name": str, "sha256": str, "accuracy": Number, "learned_this_data": bool},
    },
    "metrics": _METRICS,
    "floor": _METRICS,
    "recipe": str,
    "options": dict,
    "prior": str | None,
    "drawn_with": str | None | Missing,
    "checkpoint_sha256": str,
    "weights": dict,
    **dict.fromkeys(["parameters", "updates", "ms_per_1000"], Number),
    "training_seconds": Number | None,
}


def read_evaluation(folder):
    """(evaluation, pictures) as evaluate_run left them in a run folder, or None.

    None too when they are damaged or do not belong together: they can be made again.
    pictures: dict of uint8 (16, H, W, C), fewer when there were fewer: samples, nearest, real.
    """
    try:
        evaluation = read_json(Path(folder) / "evaluation.json")
        meta, pictures = read_arrays(Path(folder) / "evaluation.npz")
        sound = (
            fits(evaluation, _FORM)
            and fits(list(evaluation["weights"].values()), [Number])
            and fits(evaluation["protocol"]["classes"] or [], [int])
            and _is_shape(evaluation["protocol"]["image_shape"])
            and evaluation["protocol"]["classes"] != []
            and evaluation.get("drawn_with") in (None, "best", "last", "average")
            and all(len(evaluation[of]["classes"]) == _COUNTS for of in ("metrics", "floor"))
            and meta["of"] == _identity(evaluation)
            and all(
                pictures[name].dtype == np.uint8
                and list(pictures[name].shape[1:]) == evaluation["protocol"]["image_shape"]
                and 0 < len(pictures[name]) <= _MOST_PICTURES
                for name in ("samples", "nearest", "real")
            )
        )
    except (OSError, ValueError, KeyError, RecursionError):
        return None
    return (evaluation, pictures) if sound else None


def write_evaluation(folder, evaluation, pictures):
    """Write all three. UserError when one cannot be written."""
    rows = []
    for i in range(0, len(pictures["samples"]), 8):
        rows.append(("samples", pictures["samples"][i : i + 8]))
        rows.append(("the training image nearest to each", pictures["nearest"][i : i + 8]))
    try:
        write_arrays(
            folder / "evaluation.npz", {"format": 1, "of": _identity(evaluation)}, pictures
        )
        plots.labelled_rows(folder / "memorisation.png", rows)
    except OSError as error:
        raise UserError(f"cannot write {error.filename}: {reason(error)}") from None
    write_json(folder / "evaluation.json", evaluation)


def write_json(file, evaluation):
    """Write a dict as JSON, all or nothing. UserError when it cannot be written."""
    try:
        write_text(file, json.dumps(evaluation, indent=2) + "\n")
    except OSError as error:
        raise UserError(f"cannot write {file}: {reason(error)}") from None


def checkpoint_sha256(folder):
    """SHA-256 of a run's checkpoint in hex; None where there is none."""
    file = Path(folder) / "checkpoint.npz"
    return file_sha256(file) if file.exists() else None


def file_sha256(file):
    """SHA-256 of a file in hex. UserError when it cannot be read."""
    try:
        with open(file, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"cannot read {file}: {reason(error)}") from None


def _identity(evaluation):
    """What ties evaluation.npz to evaluation.json."""
    keys = ("protocol", "checkpoint_sha256", "prior", "drawn_with")
    return {key: evaluation[key] for key in keys if key in evaluation}


def _is_shape(shape):
    """Whether this is (H, W, C) of images that can be shown."""
    return len(shape) == 3 and all(0 < side <= 1024 for side in shape) and shape[2] in (1, 3)
