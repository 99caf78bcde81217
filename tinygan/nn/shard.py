"""One batch, several processes: the rows that this process has, and what it learns of the others'.

In data-parallel training each process ("rank") computes with its own rows of every batch. Most
layers treat each example by itself and notice nothing. Two kinds must know:

    BatchNorm                  its mean and variance are those of the whole batch, so ranks exchange
                               their sums, forward and backward
    Dropout, GaussianNoise,    random numbers are drawn for the whole batch, and each rank takes its
    all noise of a training    rows; else P ranks would train with the same noise P times

So P ranks train what one rank trains. What they ask is current_shard(), by default that of a
process that is alone. training/parallel.py has the one for MPI and NCCL.
"""

from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from tinygan import backend


class Shard:
    """The part of every batch that a process has. This one has all of it.

    rank: its number. ranks: how many share a batch, in equal parts, in the order of their numbers.
    waited: seconds spent in exchanges so far.
    """

    rank, ranks = 0, 1
    waited = 0.0

    def add(self, array):
        """Σ over the ranks of an array that all have, of one shape: the same array on each."""
        return array

    def gather(self, array):
        """The arrays of all ranks, of one shape: (ranks, …)."""
        return array[None]

    def from_first(self, array):
        """The array of rank 0. array: on the others one of its shape and dtype; on the host."""
        return array

    def begin_mean(self, array):
        """Begin to replace the array by its mean over the ranks. Returns a function that waits for
        the end; until it was called, nobody may read or write the array."""
        return _nothing

    def mean(self, array):
        """The mean over the ranks: the same array on each."""
        return array if self.ranks == 1 else self.add(array) / self.ranks

    def rows(self, n, parts=1):
        """Which rows of a whole batch of n are this rank's: an index, such as a slice.

        parts: so many batches of n / parts lie one after another, and it has rows of each.
        """
        if self.ranks == 1:
            return slice(None)
        return np.arange(n).reshape(parts, self.ranks, -1)[:, self.rank].reshape(-1)


ALONE = Shard()
_shard, _parts = ContextVar("shard", default=ALONE), ContextVar("parts", default=1)


def current_shard():
    """The Shard of this process."""
    return _shard.get()


@contextmanager
def sharing(shard):
    """A with-block in which the calling thread trains with this Shard."""
    before = _shard.set(shard)
    try:
        yield shard
    finally:
        _shard.reset(before)


@contextmanager
def stacked(parts):
    """A with-block in which a batch is so many batches of one size, one after another."""
    before = _parts.set(parts)
    try:
        yield
    finally:
        _parts.reset(before)


def parts():
    """Of how many batches, one after another, a batch consists: see `stacked`."""
    return _parts.get()


def averaged(measured):
    """The means over all ranks of what an update has measured, a dict of 0-d arrays."""
    shard = current_shard()
    if shard.ranks == 1:
        return measured
    xp = backend.array_module(next(iter(measured.values())))
    return dict(zip(measured, shard.mean(xp.stack(list(measured.values()))), strict=True))


def drawn(n, draw):
    """draw(N), random numbers for the N rows of the whole batch: this rank's n rows of them."""
    shard = current_shard()
    return draw(n * shard.ranks)[shard.rows(n * shard.ranks)]


def _nothing():
    """What waits for a mean that was there at once."""
