"""Data-parallel training: several processes, each with its rows of every batch, train one network.

The loss of a batch is a mean over its N examples. Split into P equal shards, one for each process
("rank"), it is the mean of the shards' losses, and so is its gradient:

    L = 1/N Σ_n l_n = 1/P Σ_r L_r,     dL/dw = 1/P Σ_r dL_r/dw

So every rank computes the gradients of its own shard; they are averaged over the ranks, and each
rank makes the same step. The weights, equal at the start, stay equal. That is one exchange for each
network and step: of the one flat array that holds its gradients (nn/flat.py). A ring of P ranks
moves 2 (P − 1)/P of its bytes out of each, which is the least possible. What else the ranks need of
each other is in nn/shard.py.

The exchange itself is MPI's, or NCCL's where the arrays are on GPUs.
Source: Goyal et al. 2017, "Accurate, large minibatch SGD", section 4; Patarasuk & Yuan 2009,
"Bandwidth optimal all-reduce algorithms for clusters of workstations" (the ring, the lower bound).
"""

import time

import numpy as np

from tinygan import backend
from tinygan.nn.flat import flat_of
from tinygan.nn.shard import ALONE, Shard, current_shard

_NCCL_SUM, _NCCL_TYPES = 0, {np.dtype(np.float32): 7, np.dtype(np.float64): 8}  # nccl.h


def average_gradients(network):
    """Replace the gradients of a network by their means over all ranks. Alone, it does nothing."""
    begin_average(network)()


def begin_average(network):
    """Begin what average_gradients does. Returns a function that waits for its end.

    In between other work can go on, but no work with these gradients.
    """
    shard = current_shard()
    if shard.ranks == 1:
        return lambda: None
    flat = flat_of(network.params())
    arrays = [p.grad for p in network.params()] if flat is None else [flat.grad]
    waits = [shard.begin_mean(array) for array in arrays]
    return lambda: [wait() for wait in waits]


def shard_of(ranks, xp):
    """The Shard to train with. ranks: see runs/ranks.py. xp: the array module."""
    return ALONE if ranks.ranks == 1 else DistributedShard(ranks.comm, xp)


class DistributedShard(Shard):
    """The Shard of one of several processes.

    comm: an mpi4py communicator of all of them. xp: the array module that they train with; arrays
    on GPUs go through NCCL, those on the host through MPI.
    waited: seconds spent in exchanges so far, most of it for ranks that are not as far. exchanged:
    bytes given to exchanges so far, by kind: "gradients" and "other".
    """

    def __init__(self, comm, xp=np):
        self.comm, self.rank, self.ranks = comm, comm.rank, comm.size
        self.exchanged, self._waited = {"gradients": 0, "other": 0}, 0.0
        self.nccl = None if xp is np else _Nccl(comm, xp)

    @property
    def waited(self):
        return self._waited if self.nccl is None else self.nccl.waited()

    def add(self, array):
        self.exchanged["other"] += array.nbytes
        if self._on_device(array):
            return self.nccl.add(array)
        array = np.array(array, order="C")
        total = np.empty_like(array)
        self._wait(self.comm.Iallreduce(array, total))
        return total

    def gather(self, array):
        self.exchanged["other"] += array.nbytes
        if self._on_device(array):
            return self.nccl.gather(array)
        found = np.empty((self.ranks, *array.shape), array.dtype)
        self._wait(self.comm.Iallgather(np.ascontiguousarray(array), found))
        return found

    def from_first(self, array):
        array = np.array(array, order="C")
        self._wait(self.comm.Ibcast(array))
        return array

    def begin_mean(self, array):
        self.exchanged["gradients"] += array.nbytes
        if self._on_device(array):
            return self.nccl.begin_mean(array)
        request = self.comm.Iallreduce(_in_place(), array)

        def wait():
            self._wait(request)
            array[...] *= 1.0 / self.ranks

        return wait

    def _on_device(self, array):
        return backend.array_module(array) is not np

    def _wait(self, request):
        began = time.perf_counter()
        request.Wait()
        self._waited += time.perf_counter() - began


class _Nccl:
    """NCCL between the GPUs of the ranks, by CuPy's binding; MPI hands out the id.

    Exchanges run one after another on a stream of their own, beside the GPU's other work; `done`
    events make that work wait for them. The host waits for nothing.
    """

    def __init__(self, comm, xp):
        nccl = backend.nccl(xp)
        unique = np.zeros(128, np.uint8)
        if comm.rank == 0:
            unique[...] = np.frombuffer(nccl.get_unique_id(), np.uint8)
        comm.Bcast(unique)
        self.xp, self.ranks = xp, comm.size
        self.nccl = nccl.NcclCommunicator(comm.size, unique.tobytes(), comm.rank)
        self.stream = xp.cuda.Stream(non_blocking=True)
        self.timed, self.seconds = [], 0.0  # pairs of events, before and after an exchange

    def add(self, array):
        array, total = self.xp.ascontiguousarray(array), self.xp.empty_like(array)
        self._reduce(array, total)()
        return total

    def gather(self, array):
        array = self.xp.ascontiguousarray(array)
        found = self.xp.empty((self.ranks, *array.shape), array.dtype)
        pointers, kind = (array.data.ptr, found.data.ptr), _NCCL_TYPES[array.dtype]
        self._begin(self.nccl.allGather, *pointers, array.size, kind)()
        return found

    def begin_mean(self, array):
        wait_for_sum = self._reduce(array, array)

        def wait():
            wait_for_sum()
            array[...] *= 1.0 / self.ranks

        return wait

    def waited(self):
        """Seconds of the exchanges that have ended by now."""
        while self.timed and self.timed[0][1].done:
            began, ended = self.timed.pop(0)
            self.seconds += self.xp.cuda.get_elapsed_time(began, ended) / 1000
        return self.seconds

    def _reduce(self, array, total):
        pointers, kind = (array.data.ptr, total.data.ptr), _NCCL_TYPES[array.dtype]
        return self._begin(self.nccl.allReduce, *pointers, array.size, kind, _NCCL_SUM)

    def _begin(self, exchange, *arguments):
        """Begin an exchange. Returns a function that lets the GPU's other work wait for its end."""
        computing = self.xp.cuda.get_current_stream()
        ready, began, done = (self.xp.cuda.Event() for _ in range(3))
        computing.record(ready)
        self.stream.wait_event(ready)
        self.stream.record(began)
        exchange(*arguments, self.stream.ptr)
        self.stream.record(done)
        self.timed.append((began, done))
        return lambda: computing.wait_event(done)


def _in_place():
    from mpi4py import MPI

    return MPI.IN_PLACE
