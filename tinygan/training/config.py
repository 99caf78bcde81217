"""What a run was asked to do, and config.json, where it is written down."""

import dataclasses
import json
import platform
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import tinygan
from tinygan.errors import UserError
from tinygan.files import reason


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


def read_config(folder):
    """A run folder's config.json as a dict. Raises UserError when there is none or it is damaged."""
    path = Path(folder) / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{folder} is not a run folder: it has no config.json") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {reason(error)}") from None
    except ValueError as error:
        raise UserError(f"{path} is damaged: {error}") from None
    wanted = [field.name for field in dataclasses.fields(Settings)] + ["trained_on", "versions"]
    missing = [key for key in wanted if not isinstance(config, dict) or key not in config]
    if missing:
        raise UserError(f"{path} is damaged: {missing[0]} is missing")
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
