"""Threads that share a list of work, the caller's among them.

NumPy lets go of Python's lock while it computes, so plain threads work side by side. To hand the
lock over takes as long as an operation on some ten thousand numbers: a piece of work must not be
too small.

NumPy's matrix products have threads of their own, and two crowds on the same cores stand in each
other's way: so the products are held to one thread for as long as ours are at work. Where nothing
is known of how to do that (NumPy with another library than the OpenBLAS of its wheels), the pieces
come one after another, and the products keep their threads. There are as many threads as the
products would use, which the environment variable OMP_NUM_THREADS sets.
"""

import contextlib
import ctypes
import functools
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np

_busy = threading.Lock()


def run(work, items):
    """[work(item) for item in items], on as many threads as there are, the caller's among them."""
    alone = len(items) == 1 or count() == 1 or not threading.main_thread().is_alive()
    if alone or not _busy.acquire(blocking=False):
        return [work(item) for item in items]
    results, todo = [None] * len(items), iter(range(len(items)))
    others, blas, warnings, core = [], _openblas(), np.geterr(), _core()
    before = blas.get_threads()

    def share():
        with np.errstate(**warnings):  # each thread has its own
            for i in todo:  # taken by one thread: Python's lock makes that a single step
                results[i] = work(items[i])

    def help_out():
        _leave_core(core)
        share()

    try:
        blas.set_threads(1)
        for _ in range(min(count(), len(items)) - 1):
            others.append(_pool(os.getpid()).submit(help_out))
        share()
        wait(others)
    finally:
        try:
            wait(others)  # after an error or Ctrl-C: they still write to the caller's arrays
        finally:
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
    if core is None or _core() != core:
        return
    with contextlib.suppress(OSError):  # some systems refuse, and no work depends on it
        cores = os.sched_getaffinity(0)  # 0: of this thread
        if len(cores) > 1:
            os.sched_setaffinity(0, cores - {core})
            os.sched_setaffinity(0, cores)  # it has moved, and is free to come back


def _core():
    """The number of the core that the calling thread is on, or None where it cannot be told."""
    getcpu = _getcpu()
    return None if getcpu is None else getcpu()


@functools.cache
def _getcpu():
    """The C library's sched_getcpu, or None. A PyDLL keeps Python's lock: the call is too short."""
    if sys.platform != "linux":
        return None
    with contextlib.suppress(OSError, AttributeError):
        return ctypes.PyDLL(None).sched_getcpu
    return None


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
