"""What an evaluation leaves in a run folder, and how it is read back.

evaluation.json   the protocol, every metric, the floor, and the facts of the run
evaluation.npz    samples, their nearest training images and real images, 16 of each
memorisation.png  the samples beside their nearest training images

With the first two a run can be compared with others where its checkpoint is gone.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from tinygan import plots
from tinygan.errors import UserError
from tinygan.files import reason, write_text
from tinygan.npz import read_arrays, write_arrays

MEANINGS = {  # in the order of the table; kid_std and bins stand beside kid and ndb
    "fd": "0 is best: Fréchet distance of features",
    "kid": "0 is best: kernel distance of features, ± over subsets",
    "precision": "share of samples whose features lie among real ones",
    "recall": "share of real images whose features lie among samples'",
    "density": "real neighbourhoods around a sample: mean number over k",
    "coverage": "share of real neighbourhoods that hold a sample",
    "ndb": "bins of pixels that hold too many samples or too few",
    "js": "0 is best: divergence of the bins' shares, at most 0.693",
    "entropy": "of the classes; ln 10 = 2.303 is ten in equal parts",
    "memorisation": "about 1: no copies of training images; 0: only copies",
    "agreement": "share recognised as the class asked for, among those that could be",
}


def read_evaluation(folder):
    """(evaluation, pictures) as evaluate_run left them in a run folder, or None.

    None too when they are damaged or do not belong together: they can be made again.
    pictures: dict of uint8 (16, H, W, C), fewer when there were fewer: samples, nearest, real.
    """
    try:
        evaluation = json.loads((Path(folder) / "evaluation.json").read_text(encoding="utf-8"))
        meta, pictures = read_arrays(Path(folder) / "evaluation.npz")
        _check_evaluation(evaluation)
        shape = tuple(evaluation["protocol"]["image_shape"])
        for name in ("samples", "nearest", "real"):
            if pictures[name].dtype != np.uint8 or pictures[name].shape[1:] != shape:
                raise ValueError(name)
        if meta["of"] != _identity(evaluation):
            raise ValueError("they do not belong together")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return evaluation, pictures


def _identity(evaluation):
    """What ties evaluation.npz to evaluation.json."""
    return {key: evaluation[key] for key in ("protocol", "checkpoint_sha256", "prior")}


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


def _check_evaluation(evaluation):
    """Raise one of what read_evaluation catches unless it is what evaluate_run made."""
    for metrics in (evaluation["metrics"], evaluation["floor"]):
        for name in (*MEANINGS, "kid_std", "bins"):
            _check_number(metrics.get(name), optional=name in ("memorisation", "agreement"))
        _check_whole_numbers(metrics["classes"])
    for name in ("parameters", "updates", "ms_per_1000"):
        _check_number(evaluation[name])
    _check_number(evaluation["training_seconds"], optional=True)
    for value in evaluation["weights"].values():
        _check_number(value)
    how, extractor = evaluation["protocol"], evaluation["protocol"]["extractor"]
    for value in (how["n"], how["asked"], how["seed"], extractor["accuracy"]):
        _check_number(value)
    texts = [how["data"], how["split"], how["train_sha256"], how["test_sha256"]]
    texts += [extractor["name"], extractor["sha256"], evaluation["checkpoint_sha256"]]
    texts += [evaluation["recipe"], evaluation["prior"] or ""]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a text is missing")
    if how["classes"] is not None:
        _check_whole_numbers(how["classes"])
    if type(evaluation["options"]) is not dict or type(extractor["learned_this_data"]) is not bool:
        raise TypeError("options, or learned_this_data")


def _check_number(value, optional=False):
    if optional and value is None:
        return
    if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
        raise TypeError(f"{value!r} is not a number")


def _check_whole_numbers(values):
    if not all(type(value) is int for value in values):
        raise TypeError(f"{values!r} are not whole numbers")


def file_sha256(file):
    """SHA-256 of a file in hex. UserError when it cannot be read."""
    try:
        with open(file, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"cannot read {file}: {reason(error)}") from None
