"""OpenBLAS, the library that NumPy multiplies matrices with, and the number of its threads."""

import ctypes
import functools
from contextlib import contextmanager
from pathlib import Path

import numpy as np


class OpenBLAS:
    """get_threads() and set_threads(number), of the loaded library."""

    def __init__(self, library, prefix, suffix):
        self.get_threads = library[f"{prefix}openblas_get_num_threads{suffix}"]
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
                        return OpenBLAS(ctypes.CDLL(str(file)), prefix, suffix)
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
