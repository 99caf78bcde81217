"""What a run was asked to do, and config.json, where it is written down."""

import dataclasses
import json
import platform
from argparse import ArgumentTypeError
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import tinygan
from tinygan.cli import class_list, one_of, positive_number, share, whole_number
from tinygan.errors import UserError
from tinygan.files import reason, write_text
from tinygan.nn.fast import threads

# The options that shape a training: name -> (how its value is read, what it means). A recipe takes
# those that it has a default for. None stands for "not used".
OPTIONS = {
    "width": (whole_number(1, 4096), "N", "how wide the layers are; less is quicker"),
    "batch_size": (whole_number(2), "N", "images an update"),
    "lr": (positive_number, "X", "Adam's learning rate"),
    "lr_d": (positive_number, "X", "that of the discriminator (default: --lr)"),
    "lr_g": (positive_number, "X", "that of the generator (default: --lr)"),
    "d_steps": (whole_number(1, 1000), "K", "updates of the discriminator for one of G"),
    "loss": (one_of("bce", "lsgan", "hinge"), "NAME", "what the two minimise: bce, lsgan, hinge"),
    "label_smoothing": (share(1), "X", "real images get the target 1 - X"),
    "instance_noise": (share(10), "X", "blur what D sees by noise of this width, halved every five "
        "epochs"),
    "ema": (share(1), "DECAY", "draw with an average of G's weights over some 1 / (1 - DECAY) of "
        "its updates: 0.999"),
    "classes": (class_list, "A,B,…", "use only images with these labels"),
    "prior": (one_of("normal", "gmm"), "NAME", "what codes are drawn from: normal, gmm"),
    "code": (whole_number(1, 4096), "N", "numbers in a code"),
    "components": (whole_number(1, 100_000), "K", "components of the Gaussian mixture"),
    "dims": (whole_number(1, 100_000), "N", "principal components that are kept"),
    "covariance": (one_of("full", "tied", "diag", "spherical"), "KIND", "what a component's "
        "covariance may be: full, tied, diag, spherical"),
    "reg_covar": (share(1000), "X", "added to every variance"),
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What was asked for. A resumed run keeps all but `epochs`, `steps`, the two `…_every`,
    `data_dir` and `backend`, which say how far and how, not what.

    options: dict of the recipe's OPTIONS.
    """

    recipe: str
    data: str
    limit: int | None
    seed: int
    options: dict
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
    except NotADirectoryError:
        raise UserError(f"{folder} is a file: a run folder is wanted") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {reason(error)}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged: {error}") from None
    wrong = _first_wrong(config)
    if wrong:
        raise UserError(f"{path} is damaged: {wrong} is missing or not what it should be")
    return config


def versions(xp):
    """What decides whether a run repeats to the last bit: dict of texts."""
    found = {
        "tinygan": tinygan.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "threads": str(threads.count()),
    }
    return found if xp is np else found | {xp.__name__: xp.__version__}


def _first_wrong(config):
    """The first key of a config.json that is missing or impossible, or None."""
    if not isinstance(config, dict):
        return "everything"
    for field in dataclasses.fields(Settings):
        value, least = config.get(field.name), 0 if field.name == "seed" else 1
        if not isinstance(value, field.type) or (
            isinstance(value, int) and not least <= value < 10**9
        ):
            return field.name
    for name, value in config["options"].items():
        if not _is_possible(name, value):
            return f"the option {name}"
    if config["epochs"] is None and config["steps"] is None:
        return "epochs"
    began = config.get("trained_on")
    if not isinstance(began, dict) or not all(
        isinstance(began.get(key), str) for key in ("name", "sha256")
    ):
        return "trained_on"
    return None if isinstance(config.get("versions"), dict) else "versions"


def _is_possible(name, value):
    """Whether this is what the command line would have made of the option."""
    if name not in OPTIONS:
        return False
    if value is None:
        return True
    try:
        same = OPTIONS[name][0](str(value))
    except ArgumentTypeError:
        return False
    return type(same) is type(value) and same == value
