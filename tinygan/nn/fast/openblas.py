"""OpenBLAS, the library that NumPy multiplies matrices with: its threads, and when they sleep."""

import ctypes
import functools
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tinygan.nn.fast import symbols

_RESTART = ("openblas_read_env", "blas_thread_shutdown_", "blas_thread_init")  # in this order


class OpenBLAS:
    """get_threads() and set_threads(number), of the loaded library.

    file: the library's path. exports: the name of a function that it exports.
    """

    def __init__(self, file, prefix, suffix):
        self.file, library = file, ctypes.CDLL(str(file))
        self.exports = f"{prefix}openblas_get_num_threads{suffix}"
        self.get_threads = library[self.exports]
        self.set_threads = library[f"{prefix}openblas_set_num_threads{suffix}"]
        self.get_threads.restype, self.get_threads.argtypes = ctypes.c_int, []
        self.set_threads.restype, self.set_threads.argtypes = None, [ctypes.c_int]


@functools.cache
def find():
    """The OpenBLAS that NumPy's wheels contain, or None where NumPy has another library."""
    home = Path(np.__file__).parent
    for folder in (home.parent / "numpy.libs", home / ".dylibs"):
        for file in sorted(folder.glob("*openblas*")):
            for prefix in ("scipy_", ""):
                for suffix in ("64_", ""):
                    try:
                        return OpenBLAS(file, prefix, suffix)
                    except (OSError, AttributeError):
                        continue
    return None


@contextmanager
def one_thread():
    """A with-block in which a product uses one thread. Needs an OpenBLAS that find() finds."""
    blas = find()
    before = blas.get_threads()
    try:
        blas.set_threads(1)
        yield
    finally:
        blas.set_threads(before)


def read_environment():
    """Let the loaded library read its environment variables again. Returns whether it did.

    It reads them when NumPy is imported, and gives its threads their settings when they start. So
    its threads are ended and started again; their number stays.

    That must not happen during a product. None can begin, because these calls keep Python's lock;
    and nothing is done where a product may be under way: where another thread of Python is at work,
    or where that cannot be told. Nor is anything done on Windows, whose OpenBLAS has no such
    settings, or with a library that lacks one of the three functions.
    """
    blas = find()
    if blas is None or sys.platform == "win32" or not _nothing_else_works():
        return False
    steps = symbols.functions(blas.file, _RESTART, blas.exports)
    if steps is None:
        return False
    threads = blas.get_threads()
    for step in steps:
        step()
    blas.set_threads(threads)
    return True


def _nothing_else_works():
    """Whether all threads of Python but this one are asleep, and must stay so."""
    others = [t for t in threading.enumerate() if t is not threading.current_thread()]
    has_lock = getattr(sys, "_is_gil_enabled", lambda: True)()
    return not others or (has_lock and all(map(_sleeps, others)))


def _sleeps(thread):
    """Whether a thread waits for something, as Linux tells; False elsewhere."""
    try:
        stat = Path(f"/proc/self/task/{thread.native_id}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "S"  # (name) state …
