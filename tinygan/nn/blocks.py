"""Work cut into blocks: small enough for the processor's cache, and several at once.

A chain of elementwise operations on a large array goes out to memory and back for each of them;
on a block that fits the cache it does so once.

And NumPy lets go of Python's lock while it computes, so plain threads work on different blocks side
by side. To hand the lock over takes as long as an operation on some ten thousand numbers, so a
block must not be too small either.

NumPy's matrix products have threads of their own, and two crowds on the same cores stand in each
other's way: so the products are held to one thread for as long as ours are at work. Where nothing
is known of how to do that (NumPy with another library than the OpenBLAS of its wheels), the blocks
come one after another, and the products keep their threads. There are as many threads as the
products would use, which the environment variable OMP_NUM_THREADS sets.
"""

import ctypes
import functools
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np

from tinygan import backend

CACHE = 1 << 18  # numbers in a block: 1 MB of float32, of which a core's own cache holds one or two
_FEW = 4  # blocks: to wake other threads for no more than these takes as long as the work
_busy = threading.Lock()
_getcpu = getattr(ctypes.PyDLL(None), "sched_getcpu", None) if sys.platform == "linux" else None


def elementwise(f, x, *others):
    """A new array y of x's shape and dtype, filled by f(y, x, *others).

    f: writes each element, or each row, of y from the same ones of the others; it is called for a
    block of rows at a time. Raises ValueError for arrays of different lengths.
    """
    y = backend.array_module(x).empty(x.shape, x.dtype)
    by_rows(f, y, x, *others)
    return y


def by_rows(work, *arrays):
    """[work(*blocks) for blocks of the same rows of each array], in order: see cut and each."""
    return each(work, cut(*arrays))


def cut(*arrays):
    """The same rows of each array, a block at a time: a list of tuples of views.

    arrays: of one length, else ValueError; an array of one axis has rows of one number. Blocks
    depend on the size of the first array alone, and on no number of threads, so sums over them are
    the same everywhere. On a device, which has its own way with memory, there is one.
    """
    first = arrays[0]
    if any(array.shape[:1] != first.shape[:1] for array in arrays):
        raise ValueError(f"arrays of different lengths: {[array.shape for array in arrays]}")
    if backend.array_module(first) is not np or first.size <= CACHE:
        return [arrays]
    n = len(first)
    rows = -(-n // -(-first.size // CACHE))  # as many in each block, but for the last
    return [tuple(array[i : i + rows] for array in arrays) for i in range(0, n, rows)]


def flat(*arrays):
    """Arrays of one shape, else ValueError, as arrays of one axis that share their memory.

    As they are where one of them cannot be seen so without a copy, and on a device.
    """
    if any(array.shape != arrays[0].shape for array in arrays):
        raise ValueError(f"arrays of different shapes: {[array.shape for array in arrays]}")
    if backend.array_module(arrays[0]) is not np or not all(a.flags.c_contiguous for a in arrays):
        return arrays
    return tuple(array.reshape(-1) for array in arrays)


def each(work, blocks):
    """[work(*block) for block in blocks], in threads where there are enough blocks to pay."""
    if len(blocks) <= _FEW:
        return [work(*block) for block in blocks]
    return run(lambda block: work(*block), blocks)


def row_sums(x):
    """Σ over all axes but the last.    x (…, F) -> (F,), in x's dtype."""
    return sum(by_rows(add_rows, x.reshape(-1, x.shape[-1])))


def add_rows(rows):
    """Σ over the rows.    (M, F) -> (F,), in their dtype.

    On the processor a product with a row of ones: the quickest way to add up rows. (np.dot, since
    a product of a vector and a matrix by @ does not let go of Python's lock.)
    """
    if backend.array_module(rows) is not np:
        return rows.sum(axis=0)
    return np.dot(np.ones(len(rows), rows.dtype), rows)


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
    """[work(item) for item in items], on as many threads as there are, the caller's among them."""
    alone = len(items) == 1 or count() == 1 or not threading.main_thread().is_alive()
    if alone or not _busy.acquire(blocking=False):
        return [work(item) for item in items]
    results, todo = [None] * len(items), iter(range(len(items)))
    others, blas = [], _openblas()
    before, warnings, core = blas.get_threads(), np.geterr(), _core()

    def share():
        with np.errstate(**warnings):  # each thread has its own
            for i in todo:  # what one thread takes out is gone for the others
                results[i] = work(items[i])

    def help_out():
        _leave_core(core)
        share()

    try:
        blas.set_threads(1)
        for _ in range(min(count(), len(items)) - 1):
            others.append(_pool(os.getpid()).submit(help_out))
        share()
    finally:
        wait(others)
        blas.set_threads(before)
        _busy.release()
    for other in others:
        other.result()  # raises what went wrong there
    return results


def _leave_core(core):
    """Move the calling thread to another core if it is on this one, where the system lets us.

    Linux wakes a thread on the core where it ran last. When that is the core of the caller, the
    two take turns on it and the other cores idle; and so again the next time.
    """
    if core is not None and _core() == core:
        cores = os.sched_getaffinity(0)  # 0: of this thread
        if len(cores) > 1:
            os.sched_setaffinity(0, cores - {core})
            os.sched_setaffinity(0, cores)


def _core():
    """The number of the core that the calling thread is on, or None where it cannot be told."""
    return _getcpu() if _getcpu is not None else None


@functools.cache
def count():
    """How many threads there are to work: 1 where the products cannot be held to one."""
    blas = _openblas()
    return 1 if blas is None else max(1, blas.get_threads())


@functools.cache
def _pool(process):
    """The threads beside the caller's: a process that was forked has none of its parent's."""
    return ThreadPoolExecutor(count() - 1, thread_name_prefix="tinygan")


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
