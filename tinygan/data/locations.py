"""The folders in which data sets are looked for."""

import contextlib
import os
import sys
from pathlib import Path

from tinygan.errors import UserError


def cache_dir():
    """The folder for downloaded data: tinygan's part of the user's cache folder."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or _home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = _home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or _home() / ".cache"
    return Path(base) / "tinygan"


def cache_variable():
    """The variable of the environment that moves cache_dir()."""
    return {"win32": "LOCALAPPDATA", "darwin": "HOME"}.get(sys.platform, "XDG_CACHE_HOME")


def locations(data_dir, name):
    """The folders in which to look for the set `name`, in order: data_dir alone if it is given,
    else $TINYGAN_DATA, the cache folder and /usr/share/datasets. Each may hold the set itself or a
    subfolder of its name.
    """
    if data_dir is not None:
        bases = [Path(data_dir)]
    else:
        named = os.path.expanduser(os.environ.get("TINYGAN_DATA", ""))
        if named and not os.path.isdir(named):
            raise UserError(f"TINYGAN_DATA names {named}, which is not a folder")
        bases = [Path(named)] if named else []
        with contextlib.suppress(UserError):  # without a home there is no cache to look in
            bases.append(cache_dir())
        bases.append(Path("/usr/share/datasets"))
    return [folder for base in bases for folder in (base, base / name)]


def _home():
    try:
        return Path.home()
    except RuntimeError:  # a user without a home, as in a container
        raise UserError("you have no home folder: name a folder with --data-dir") from None
