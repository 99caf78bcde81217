"""config.json: what a run was asked to do, what it trained on, and with which versions."""

import dataclasses
import json
import os
import platform
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import tinygan
from tinygan.errors import UserError
from tinygan.files import read_small, reason, write_text
from tinygan.nn.fast import threads

_MOST_BYTES = 1_000_000  # of config.json
LEARNING_RATES = ("lr", "lr_d", "lr_g")  # options that a resumed run may change


@dataclass(frozen=True)
class Settings:
    """What was asked for. A resumed run keeps all but `epochs`, `steps`, the three `…_every`,
    `keep_best`, `data_dir`, `backend` and `tf32`, which say how far and how, not what (and are kept
    where nothing else is asked for); and its learning rates.

    options: dict of the recipe's options. fd_every: 0 is never, None as Recipe.fd_every says.
    background: what transparent pictures lie on. tf32: see backend.set_tf32.
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
    fd_every: int | None
    keep_best: bool
    backend: str
    data_dir: str | None
    background: str | None
    tf32: bool


def write_config(folder, settings, fixed, changes, trained_on, versions):
    """Write config.json. fixed: what the recipe adds to the options. changes, trained_on: see Run.
    versions: what `versions` gives.

    Raises OSError when it cannot be written.
    """
    config = dataclasses.asdict(settings) | fixed
    if settings.data_dir is not None:  # the run may go on from another folder
        config["data_dir"] = os.path.abspath(settings.data_dir)
    config |= {"changes": changes, "trained_on": trained_on, "versions": versions}
    write_text(Path(folder) / "config.json", json.dumps(config, indent=2) + "\n")


def read_config(folder):
    """A run folder's config.json as a dict. UserError when there is none or it is damaged."""
    path = Path(folder) / "config.json"
    try:
        config = json.loads(read_small(path, _MOST_BYTES).decode())
    except FileNotFoundError:
        if not os.path.isdir(folder):
            raise UserError(f"{folder} is not a run folder: there is no such folder") from None
        raise UserError(f"{folder} is not a run folder: it has no config.json") from None
    except NotADirectoryError:
        raise UserError(f"{folder} is a file: a run folder is wanted") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {reason(error)}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged: {error}") from None
    if not isinstance(config, dict):
        raise UserError(f"{path} is damaged: it holds no settings")
    config = _LATER | config
    for name, (is_good, wanted) in _CHECKS.items():
        if name not in config:
            raise UserError(f"{path} is damaged: {name} is missing")
        if not is_good(config[name]):
            raise UserError(f"{path} is damaged: {name} is not {wanted}")
    if config["epochs"] is None and config["steps"] is None:
        raise UserError(f"{path} is damaged: neither epochs nor steps says where the run ends")
    return config


def is_run(name):
    """Whether this is a run folder, rather than a file or a folder of pictures.

    UserError for what is none of these, as a folder of run folders.
    """
    if os.path.isfile(name) or name.endswith((".npz", ".zip")):
        return False
    if os.path.exists(os.path.join(name, "config.json")) or not os.path.isdir(name):
        return True  # or it is asked for as one
    try:
        inside = sorted(os.listdir(name))
        if not inside:
            raise UserError(f"{name} is empty: a run folder or a folder of pictures is wanted")
        if "checkpoint.npz" in inside:
            raise UserError(f"{name} is not a run folder any more: it has no config.json")
        runs = [x for x in inside if os.path.exists(os.path.join(name, x, "config.json"))]
        if runs:
            raise UserError(f"{name} holds runs: name one of them, {os.path.join(name, runs[0])}")
    except OSError as error:
        raise UserError(f"cannot read {name}: {reason(error)}") from None
    return False


def changes(config, settings, step):
    """What a run that goes on at `step` does otherwise than before: dict(step, what, before, now)
    for each learning rate, for TF32, and for how often samples are drawn and the distance is
    measured, and whether its lowest is kept.

    config: config.json, as a dict, of the run so far. settings: Settings from now on.
    """
    before = {n: config["options"].get(n) for n in LEARNING_RATES if n in settings.options}
    now = {name: settings.options[name] for name in before}
    for name in ("sample_every", "fd_every", "keep_best", "tf32"):
        before[name], now[name] = config[name], getattr(settings, name)
    return [
        {"step": step, "what": name, "before": before[name], "now": now[name]}
        for name in before
        if before[name] != now[name]
    ]


def versions(xp, ranks=1):
    """What decides whether a run repeats to the last bit: dict of texts. ranks: how many train."""
    found = {
        "tinygan": tinygan.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "threads": str(threads.count()),
    }
    if ranks > 1:
        found["ranks"] = str(ranks)
    return found if xp is np else found | {xp.__name__: xp.__version__}


def _is_name(value):
    """Whether a value can stand inside a sentence: a text on one line, and not a long one."""
    return isinstance(value, str) and value.isprintable() and len(value) <= 100


def _is_name_or_none(value):
    return value is None or _is_name(value)


def _is_seed(value):
    return type(value) is int and 0 <= value <= 10**9


def _is_count(value):
    return type(value) is int and 0 < value <= 10**9


def _is_count_or_none(value):
    return value is None or _is_count(value)


def _is_switch(value):
    return isinstance(value, bool)


def _is_path_or_none(value):
    if value is None:
        return True
    if not isinstance(value, str) or len(value) > 4096 or len((value + ".").splitlines()) > 1:
        return False
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return not any(unicodedata.category(c) == "Cc" for c in value)


def _is_flat(value):
    """Whether a value is a table of numbers and texts, without lists and tables inside."""
    return isinstance(value, dict) and all(
        _is_name(key)
        and (inner is None or isinstance(inner, int | float | str))
        and (not isinstance(inner, str) or len(inner) <= 1000)
        for key, inner in value.items()
    )


def _is_changes(value):
    return isinstance(value, list) and all(map(_is_flat, value))


def _is_data(value):
    return isinstance(value, dict) and all(_is_name(value.get(key)) for key in ("name", "sha256"))


def _is_versions(value):
    """It is printed as a whole, where it differs from the versions that are used."""
    return _is_flat(value) and all(map(_is_name, value.values())) and len(str(value)) <= 300


_FROM_0_OR_NULL = "a whole number of at least 0 or null"
_COUNT, _COUNT_OR_NULL = "a whole number above 0", "a whole number above 0 or null"
# what runs of the first edition do not have
_LATER = {"background": None, "changes": [], "tf32": False, "fd_every": None, "keep_best": False}
_CHECKS = {  # what each entry of config.json must be, and how that is said
    "recipe": (_is_name, "a text on one line"),
    "data": (_is_name, "a text on one line"),
    "limit": (_is_count_or_none, _COUNT_OR_NULL),
    "seed": (_is_seed, "a whole number of at least 0"),
    "options": (_is_flat, "a table of options"),
    "epochs": (_is_count_or_none, _COUNT_OR_NULL),
    "steps": (_is_count_or_none, _COUNT_OR_NULL),
    "sample_every": (_is_count, _COUNT),
    "checkpoint_every": (_is_count, _COUNT),
    "fd_every": (lambda value: value == 0 or _is_count_or_none(value), _FROM_0_OR_NULL),
    "keep_best": (_is_switch, "true or false"),
    "backend": (_is_name, "a text on one line"),
    "data_dir": (_is_path_or_none, "a path or null"),
    "background": (_is_name_or_none, "a text on one line or null"),
    "tf32": (_is_switch, "true or false"),
    "changes": (_is_changes, "a list of changes"),
    "trained_on": (_is_data, "a table with the name and the SHA-256 of the data"),
    "versions": (_is_versions, "a table of versions"),
}
