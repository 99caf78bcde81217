"""Work cut into blocks: small enough for the processor's cache, and several at once.

A chain of elementwise operations on a large array goes out to memory and back for each of them;
on a block that fits the cache it does so once.

And NumPy lets go of Python's lock while it computes, so plain threads work on different blocks side
by side. That pays where a call into NumPy takes long, as in a convolution: to hand the lock over
takes as long as a short operation on a block, so elementwise work stays in one thread.

NumPy's matrix products have threads of their own, and two crowds on the same cores stand in each
other's way: so the products are held to one thread for as long as ours are at work. Where nothing
is known of how to do that (NumPy with another library than the OpenBLAS of its wheels), the blocks
come one after another, and the products keep their threads. There are as many threads as the
products would use, which the environment variable OMP_NUM_THREADS sets.
"""

import ctypes
import functools
import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np

from tinygan import backend

CACHE = 1 << 16  # numbers in a block: a few blocks of float32 fit what a core's own cache holds
_busy = threading.Lock()


def elementwise(f, *arrays):
    """f(*arrays) for an f that works on each element, or each row, by itself.

    arrays: of one length N, else ValueError; f returns an array of the first one's shape. On a
    device, which has its own way with memory, f is called once.
    """
    first = arrays[0]
    if any(len(array) != len(first) for array in arrays):
        raise ValueError(f"arrays of different lengths: {', '.join(str(len(a)) for a in arrays)}")
    if backend.array_module(first) is not np or first.size <= CACHE:
        return f(*arrays)
    y, rows = None, max(1, CACHE * len(first) // first.size)
    for i in range(0, len(first), rows):
        part = f(*(array[i : i + rows] for array in arrays))
        if y is None:
            y = np.empty(first.shape, part.dtype)
        y[i : i + rows] = part
    return y


def cut(*arrays):
    """Views of arrays of one shape, else ValueError, flat, a block at a time: a list of lists.

    Only arrays that lie in memory in order can be seen flat without a copy. With another among
    them, or on a device, there is one block, of the arrays as they are.
    """
    if any(array.shape != arrays[0].shape for array in arrays):
        raise ValueError(f"arrays of different shapes: {[array.shape for array in arrays]}")
    if backend.array_module(arrays[0]) is not np or not all(a.flags.c_contiguous for a in arrays):
        return [list(arrays)]
    flat = [array.reshape(-1) for array in arrays]
    return [[a[i : i + CACHE] for a in flat] for i in range(0, flat[0].size, CACHE)]


def over_batch(work, n, most=None):
    """[work(block) for each block], in order; the blocks are slices that cut range(n) evenly.

    work: writes to its own block alone. most: how many of n a block may have at the most; as
    many as give each thread one when left out. Of nothing there is one block, without anything.
    """
    threads = count()
    size = max(1, -(-n // threads))
    if most is not None and size > most:
        size = -(-n // (threads * -(-n // (threads * most))))  # as many blocks for each thread
    return run(work, [slice(i, min(i + size, n)) for i in range(0, max(1, n), size)])


def run(work, items):
    """[work(item) for item in items], on as many threads as there are."""
    alone = len(items) == 1 or count() == 1 or not threading.main_thread().is_alive()
    if alone or not _busy.acquire(blocking=False):
        return [work(item) for item in items]
    futures, blas = [], _openblas()
    before, warnings = blas.get_threads(), np.geterr()

    def work_alike(item):
        with np.errstate(**warnings):  # each thread has its own
            return work(item)

    try:
        blas.set_threads(1)
        futures += [_pool(os.getpid()).submit(work_alike, item) for item in items]
        return [future.result() for future in futures]
    finally:
        wait(futures)
        blas.set_threads(before)
        _busy.release()


@functools.cache
def count():
    """How many threads there are to work: 1 where the products cannot be held to one."""
    blas = _openblas()
    return 1 if blas is None else max(1, blas.get_threads())


@functools.cache
def _pool(process):
    """The threads of this process: one that was forked has none of its parent's."""
    return ThreadPoolExecutor(count(), thread_name_prefix="tinygan")


class _OpenBLAS:
    """The functions of the OpenBLAS that NumPy multiplies with."""

    def __init__(self, library, prefix, suffix):
        self.get_threads = library[f"{prefix}openblas_get_num_threads{suffix}"]
        self.set_threads = library[f"{prefix}openblas_set_num_threads{suffix}"]
        self.get_threads.restype, self.get_threads.argtypes = ctypes.c_int, []
        self.set_threads.restype, self.set_threads.argtypes = None, [ctypes.c_int]


@functools.cache
def _openblas():
    """NumPy's own OpenBLAS, as its wheels bring it, or None."""
    home = Path(np.__file__).parent
    for folder in (home.parent / "numpy.libs", home / ".dylibs"):
        for file in sorted(folder.glob("*openblas*")):
            for prefix in ("scipy_", ""):
                for suffix in ("64_", ""):
                    try:
                        return _OpenBLAS(ctypes.CDLL(str(file)), prefix, suffix)
                    except (OSError, AttributeError):
                        continue
    return None
