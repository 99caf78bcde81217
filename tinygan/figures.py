"""matplotlib figures that become PNG files, whatever the environment says of matplotlib.

A program that draws a file needs no display and none of the user's settings. Yet matplotlib reads
them all when it is first imported, and fails there when it does not know the backend that
$MPLBACKEND names (a notebook hands its own on to the commands it starts), or cannot read a file
matplotlibrc.
"""

import contextlib
import importlib
import importlib.util
import logging
import os
import sys
from pathlib import Path

from tinygan.errors import RunError, first_line
from tinygan.files import atomic_write


@contextlib.contextmanager
def new(path, size, dpi):
    """A with-block that yields an empty Figure, and at its end writes it to `path` as PNG.

    size: (width, height) in inches. dpi: pixels per inch. matplotlib's own style is used.
    Raises OSError when the file cannot be written, RunError when matplotlib cannot be imported.
    """
    with _only_errors_are_said():
        matplotlib = _import()
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            figure = Figure(figsize=size, layout="constrained")
            FigureCanvasAgg(figure)
            yield figure
            with atomic_write(path) as file:
                figure.savefig(file, format="png", dpi=dpi)


def _import():
    """matplotlib. Where the environment keeps it from being imported, it is imported without."""
    try:
        return importlib.import_module("matplotlib")
    except Exception as error:  # a ValueError, UnicodeDecodeError, PermissionError, …
        why = first_line(error)
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        del sys.modules[name]  # what the failed import has left
    try:
        with _its_own_settings():
            return importlib.import_module("matplotlib")
    except Exception:
        raise RunError(
            f"matplotlib, which draws the pictures, cannot be imported ({why}): install it again"
        ) from None


@contextlib.contextmanager
def _its_own_settings():
    """A with-block in the folder of matplotlib's own matplotlibrc, which is read before others."""
    home = Path(importlib.util.find_spec("matplotlib").origin).parent
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        with contextlib.chdir(home / "mpl-data"):
            yield
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend


@contextlib.contextmanager
def _only_errors_are_said():
    """A with-block in which matplotlib's warnings, such as those of a config folder that cannot be
    written, are not printed."""
    logger = logging.getLogger("matplotlib")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
