"""The distances of runs to real images, as their folders have them."""

import csv

from tinygan import recipes
from tinygan.errors import UserError
from tinygan.runs.config import read_config


def read(folder):
    """What a run folder says: dict(name, recipe, epochs, steps, fd, config).

    epochs: those after which there is a distance; steps: the updates until then; fd: the distances.
    Raises UserError when config.json, metrics.csv or validation.csv do not say so.
    """
    config = read_config(folder)
    if not recipes.get(config["recipe"]).model.draws_images:
        raise UserError(f"{folder} is of the recipe {config['recipe']}, which draws no images")
    distances = _column(folder / "validation.csv", "fd")
    if not distances:
        raise UserError(
            f"{folder / 'validation.csv'} has no distances: is it there, and whole? train "
            "--fd-every writes it"
        )
    steps = _column(folder / "metrics.csv", "step")
    if not distances.keys() <= steps.keys():
        raise UserError(f"{folder / 'metrics.csv'} does not say after which updates they were")
    return {
        "name": str(folder),
        "recipe": config["recipe"],
        "epochs": list(distances),
        "steps": [int(steps[epoch]) for epoch in distances],
        "fd": list(distances.values()),
        "config": config,
    }


def _column(file, name):
    """A column of a CSV file, numbers by epoch; nothing where it cannot be read."""
    try:
        with open(file, newline="") as lines:
            return {int(row["epoch"]): float(row[name]) for row in csv.DictReader(lines)}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
