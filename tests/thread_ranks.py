"""Several ranks in one process: each is a thread, and what they exchange they lay on a table.

One thread runs at a time; where it waits for the others, the next one goes on. So what a process
has once (the counts and the main stream of the strict device, the helpers of nn/fast) is never used
by two ranks at once, and a run repeats exactly. Where the ranks do not agree on what they exchange,
or one ends while others wait for it, all end, and `run_ranks` raises the first error.
"""

import contextvars
import threading
from collections import Counter, defaultdict

import numpy as np

from tinygan import backend
from tinygan.nn.shard import Shard, sharing

PATIENCE = 30.0  # seconds that a rank waits for the others
_table = contextvars.ContextVar("table")


def current_table():
    """The table of the ranks of which the calling thread is one."""
    return _table.get()


class Abandoned(Exception):
    """Another rank has failed."""


class Table:
    """Where the k-th exchange of one rank meets the k-th of the others, on each channel."""

    def __init__(self, ranks):
        self.ranks = ranks
        self.turn = threading.Condition()  # held by the thread that runs
        self.errors, self.ended = [], set()
        self.begun = Counter()  # (channel, rank) -> exchanges
        self._lying = defaultdict(dict)  # (channel, k) -> {rank: (what, value)}
        self._taken = Counter()

    def put(self, channel, rank, what, value):
        """Begin an exchange. what: that which all ranks must have alike. Returns its place."""
        place = channel, self.begun[channel, rank]
        self.begun[channel, rank] += 1
        self._lying[place][rank] = what, value
        self.turn.notify_all()
        return place

    def take(self, place):
        """Wait until all have put something there: their values, in the order of the ranks."""
        there = self._lying[place]

        def all_or_never():
            return self.errors or len(there) == self.ranks or self.ended - there.keys()

        if not self.turn.wait_for(all_or_never, PATIENCE):
            raise TimeoutError(f"only the ranks {sorted(there)} came to the exchange {place}")
        if self.errors:
            raise Abandoned
        if len(there) < self.ranks:
            raise RuntimeError(f"some have ended, and the ranks {sorted(there)} wait for them")
        if len({what for what, _ in there.values()}) > 1:
            raise RuntimeError(f"the ranks exchange different things: {there}")
        self._taken[place] += 1
        if self._taken[place] == self.ranks:
            del self._lying[place]
        return [there[rank][1] for rank in range(self.ranks)]

    def end(self, rank, error=None):
        self.ended.add(rank)
        if error is not None:
            self.errors.append(error)
        self.turn.notify_all()


def run_ranks(ranks, function):
    """[function(shard) of each rank], run in so many threads with a ThreadShard each.

    Raises the error of the rank that failed first.
    """
    table, results = Table(ranks), [None] * ranks

    def work(rank):
        with table.turn:
            _table.set(table)
            try:
                with sharing(ThreadShard(table, rank)) as shard:
                    results[rank] = function(shard)
            except BaseException as error:
                table.end(rank, error)
            else:
                table.end(rank)

    threads = [
        threading.Thread(target=contextvars.copy_context().run, args=(work, rank), daemon=True)
        for rank in range(ranks)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if table.errors:
        raise table.errors[0]
    return results


class ThreadShard(Shard):
    """The Shard of one thread. Between begin_mean and its wait the array is full of NaN."""

    def __init__(self, table, rank):
        self.table, self.rank, self.ranks = table, rank, table.ranks

    def add(self, array):
        return _sum(self._exchange("add", array))

    def gather(self, array):
        return backend.array_module(array).stack(self._exchange("gather", array))

    def from_first(self, array):
        return self._exchange("from_first", array)[0].copy()

    def begin_mean(self, array):
        place = self._put("mean", array)
        array[...] = np.nan

        def wait():
            array[...] = _sum(self.table.take(place)) / self.ranks

        return wait

    def _exchange(self, name, array):
        return self.table.take(self._put(name, array))

    def _put(self, name, array):
        what = name, array.shape, array.dtype, backend.array_module(array).__name__
        return self.table.put("shard", self.rank, what, array.copy())


class ThreadComm:
    """As much of an mpi4py communicator of such threads as training/parallel.py uses.

    As there, an exchange without a wait has not happened: the receiver has its old numbers. Arrays
    that MPI would refuse, or that were changed before the wait, are an error.
    """

    IN_PLACE = object()

    def __init__(self, shard):
        self.table, self.rank, self.size = shard.table, shard.rank, shard.ranks

    def Bcast(self, array):
        self.Ibcast(array).Wait()

    def Ibcast(self, array):
        return self._begin("bcast", array, array, lambda arrays: arrays[0])

    def Iallreduce(self, sent, received):
        sent = received if sent is self.IN_PLACE else sent
        if sent.size != received.size:
            raise ValueError("MPI_ERR_TRUNCATE: the sum is not as long as what is added")
        return self._begin("allreduce", sent, received, _sum)

    def Iallgather(self, sent, received):
        if sent.size * self.size != received.size:
            raise ValueError("MPI_ERR_TRUNCATE: what is gathered is not so long")
        return self._begin("allgather", sent, received, np.stack)

    def _begin(self, name, sent, received, combine):
        for array in (sent, received):
            if not isinstance(array, np.ndarray) or not array.flags.c_contiguous:
                raise BufferError("MPI takes contiguous arrays on the host")
            if array.dtype != sent.dtype:
                raise TypeError("MPI takes arrays of one type")
        if not received.flags.writeable:
            raise BufferError("the array to be written to is read-only")
        as_it_was = sent.copy()
        what = name, sent.size, sent.dtype
        return _Request(
            self.table, self.table.put("mpi", self.rank, what, as_it_was), sent, received, combine
        )


class _Request:
    def __init__(self, table, place, sent, received, combine):
        self.table, self.place, self.combine = table, place, combine
        self.sent, self.received, self.as_it_was = sent, received, sent.copy()

    def Wait(self):
        found = self.combine(self.table.take(self.place))
        if self.sent.tobytes() != self.as_it_was.tobytes():
            raise RuntimeError("an array was changed while it was being sent")
        self.received[...] = found.reshape(self.received.shape)


def _sum(arrays):
    total = arrays[0].copy()
    for array in arrays[1:]:
        total += array
    return total
