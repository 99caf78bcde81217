"""Measuring a run of the recipe classifier, which draws no images: how often it is right."""

from pathlib import Path

import numpy as np

from tinygan import data
from tinygan.errors import UserError
from tinygan.evaluation.measure_run import training_seconds
from tinygan.evaluation.protocol import SPLIT
from tinygan.evaluation.reference import check_same_data
from tinygan.evaluation.result import file_sha256, write_json
from tinygan.recipes import trained_model
from tinygan.runs.config import read_config


def evaluate_classifier(folder, data_dir, xp):
    """Classify all test images with a run's classifier, and write evaluation.json.

    data_dir: as for data.load; None takes the run's.
    Returns what evaluation.json holds; "confusion" has a row for each true class.
    Raises UserError as trained_model.load and data.load do, for data other than the run's, and when
    the folder cannot be written.
    """
    folder, config = Path(folder), read_config(folder)
    file = trained_model.checkpoint_file(folder, config["recipe"])
    digest = file_sha256(file)  # before a run that goes on replaces it
    name = config["trained_on"]["name"]
    train, test = (data.load(name, s, data_dir or config["data_dir"]) for s in ("train", SPLIT))
    check_same_data(train, config["trained_on"]["sha256"])
    model = trained_model.load(folder, xp, test.images.shape[1:])
    classes = model.network.layers[-1].n_out
    if test.labels.max() >= classes:
        raise UserError(
            f"the test images have labels up to {test.labels.max()}, and {folder} knows those to "
            f"{classes - 1}"
        )
    named = model.named(test.images)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (test.labels, named), 1)
    weights = model.weights()
    evaluation = {
        "protocol": {"split": SPLIT, "data": name, "test_sha256": test.sha256},
        "accuracy": float((named == test.labels).mean()),
        "confusion": confusion.tolist(),
        "recipe": config["recipe"],
        "options": config["options"],
        "checkpoint_sha256": digest,
        "parameters": sum(weights.values()),
        "weights": weights,
        "updates": model.step,
        "training_seconds": training_seconds(folder, model.step),
    }
    write_json(folder / "evaluation.json", evaluation)
    return evaluation
