"""What a run was asked to do, and config.json, where it is written down."""

import dataclasses
import json
import math
import platform
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import tinygan
from tinygan.errors import UserError
from tinygan.files import reason, write_text


@dataclass(frozen=True)
class Settings:
    """What was asked for. A resumed run keeps all but `epochs`, `steps`, the two `…_every`,
    `data_dir` and `backend`, which say how far and how, not what."""

    recipe: str
    data: str
    limit: int | None
    width: int
    batch_size: int
    lr: float
    seed: int
    epochs: int | None
    steps: int | None
    sample_every: int
    checkpoint_every: int
    backend: str
    data_dir: str | None


def default_folder(recipe):
    """Where a recipe's run goes when --out is left out."""
    return Path("runs") / recipe.name


def write_config(folder, settings, recipe, dataset, images, xp):
    """Write config.json: the Settings, what the recipe adds, the data (`images` of it), versions.

    Raises OSError when it cannot be written.
    """
    config = dataclasses.asdict(settings) | {
        "noise_dim": recipe.noise_dim,
        "betas": list(recipe.betas),
        "trained_on": {"name": dataset.name, "images": images, "sha256": dataset.sha256},
        "versions": versions(xp),
    }
    write_text(Path(folder) / "config.json", json.dumps(config, indent=2) + "\n")


def read_config(folder):
    """A run folder's config.json as a dict. UserError when there is none or it is damaged."""
    path = Path(folder) / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{folder} is not a run folder: it has no config.json") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {reason(error)}") from None
    except ValueError as error:
        raise UserError(f"{path} is damaged: {error}") from None
    wrong = _first_wrong(config)
    if wrong:
        raise UserError(f"{path} is damaged: {wrong} is missing or not what it should be")
    return config


def versions(xp):
    """The versions that decide whether a run repeats to the last bit."""
    found = {
        "tinygan": tinygan.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
    }
    return found if xp is np else found | {xp.__name__: xp.__version__}


def _first_wrong(config):
    """The first key of a config.json that is missing or impossible, or None."""
    if not isinstance(config, dict):
        return "everything"
    for field in dataclasses.fields(Settings):
        value, least = config.get(field.name), 0 if field.name == "seed" else 1
        if not isinstance(value, field.type) or (
            isinstance(value, int | float) and not least <= value < 10**9 and field.name != "lr"
        ):
            return field.name
    if not 0 < config["lr"] < math.inf:
        return "lr"
    if config["epochs"] is None and config["steps"] is None:
        return "epochs"
    began = config.get("trained_on")
    if not isinstance(began, dict) or not all(
        isinstance(began.get(key), str) for key in ("name", "sha256")
    ):
        return "trained_on"
    return None if isinstance(config.get("versions"), dict) else "versions"
