"""A list of work, shared out among threads.

NumPy releases Python's lock while it computes, so threads can work side by side. Passing the lock
on takes as long as an operation on some ten thousand numbers, so a piece of work must not be
smaller than that.

NumPy's matrix products have threads of their own, and more threads than cores slow each other
down. So while ours work, a product uses one thread. Where we cannot set that (NumPy with another
library than the OpenBLAS of its wheels), the pieces are done one after another and the products
keep their threads. We use as many threads as the products do; the environment variable
OMP_NUM_THREADS sets the number.
"""

import functools
import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np

from tinygan.nn.fast import cores, openblas

_busy = threading.Lock()


def run(work, items):
    """[work(item) for item in items], on count() threads, the caller's among them.

    The caller's thread does everything if there is one item or one thread, if a run is under way
    (of another thread, or of the work that calls this one), or if Python is shutting down.
    """
    alone = len(items) == 1 or count() == 1 or not threading.main_thread().is_alive()
    if alone or not _busy.acquire(blocking=False):
        return [work(item) for item in items]
    try:
        with openblas.one_thread():
            return _share(work, items)
    finally:
        _busy.release()


def _share(work, items):
    """As run, always with helpers: the threads beside the caller's."""
    results, todo = [None] * len(items), iter(range(len(items)))
    settings, callers_core = np.geterr(), cores.current()

    def take_items():
        with np.errstate(**settings):  # each thread has its own
            for i in todo:  # Python's lock gives each i to one thread
                results[i] = work(items[i])

    def help_out():
        cores.leave(callers_core)
        take_items()

    helpers = []
    try:
        for _ in range(min(count(), len(items)) - 1):
            helpers.append(_pool(os.getpid(), count() - 1).submit(help_out))
        take_items()
        wait(helpers)
    finally:
        wait(helpers)  # after an error or Ctrl-C too: they write to the caller's arrays
    for helper in helpers:
        helper.result()  # raises the helper's error, if it had one
    return results


@functools.cache
def count():
    """How many threads work: as many as NumPy's products use, 1 where we cannot set that."""
    blas = openblas.find()
    return 1 if blas is None else max(1, blas.get_threads())


@functools.cache
def _pool(process, helpers):
    """So many helpers. `process` is part of the key because a fork has no threads but its own."""
    return ThreadPoolExecutor(helpers, thread_name_prefix="tinygan")
