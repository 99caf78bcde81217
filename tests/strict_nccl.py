"""NCCL without GPUs, for ranks that are threads (thread_ranks.py) with arrays of strict_device.

It has of cupy.cuda.nccl what training/parallel.py uses. It is told addresses and counts, as NCCL
is, and refuses what NCCL would read or write wrongly without a word: a count, a type or an address
that is not that of a whole contiguous array, and ranks that do not ask for the same. An exchange is
on a side stream, so it is as late as a copy there: the receiver has its old numbers until the main
stream was told to wait for an event behind the exchange. An array that the main stream may still
be working on, for all that the side stream was told, is a RuntimeError.

One thing is stricter here: a rank's call returns when all have called.
"""

import numpy as np
import strict_device
from thread_ranks import current_table

_TYPES = {7: np.dtype(np.float32), 8: np.dtype(np.float64)}  # nccl.h
_SUM = 0
available = True
_given_out = set()


class NcclError(RuntimeError):
    pass


def get_unique_id():
    """128 bytes, never the same; the last are zeros, as NCCL's are."""
    unique = np.random.default_rng(len(_given_out)).bytes(60).ljust(128, b"\0")
    _given_out.add(unique)
    return unique


class NcclCommunicator:
    """ndev: how many ranks. commId: what get_unique_id gave to one of them, the same on all."""

    def __init__(self, ndev, commId, rank):
        self.table, self.ranks, self.rank = current_table(), ndev, rank
        if type(commId) is not bytes:
            raise TypeError("commId has to be bytes")
        if commId not in _given_out or not 0 <= rank < ndev == self.table.ranks:
            raise NcclError("NCCL_ERROR_INVALID_ARGUMENT: no such group of ranks")
        ranks = self.table.take(self.table.put("nccl", rank, ("init", ndev, commId), rank))
        if ranks != list(range(ndev)):
            raise NcclError("NCCL_ERROR_INVALID_USAGE: a rank is there twice")

    def allReduce(self, sendbuf, recvbuf, count, datatype, op, stream):
        if op != _SUM:
            raise NcclError("NCCL_ERROR_INVALID_ARGUMENT: not a sum")
        sent, received = _array(sendbuf, count, datatype), _array(recvbuf, count, datatype)
        self._exchange("allReduce", sent, received, stream, sum)

    def allGather(self, sendbuf, recvbuf, count, datatype, stream):
        sent = _array(sendbuf, count, datatype)
        received = _array(recvbuf, self.ranks * count, datatype)
        self._exchange("allGather", sent, received, stream, np.stack)

    def _exchange(self, name, sent, received, stream, combine):
        stream = strict_device.stream_at(stream)
        if stream is None or stream.ptr == 0:
            raise NcclError("NCCL_ERROR_INVALID_ARGUMENT: no living side stream")
        what = name, sent.size, sent.dtype
        place = self.table.put("nccl", self.rank, what, strict_device.read_on(stream, sent))
        found = combine(self.table.take(place))
        strict_device.write_on(stream, received, found.reshape(received.shape))


def _array(address, count, datatype):
    """The array that has this address, with so many elements of this type."""
    array = strict_device.array_at(address)
    if array is None:
        raise NcclError("an illegal memory access was encountered: no array is there")
    if not array.flags.c_contiguous:
        raise NcclError("the elements of this array do not lie one after another")
    if array.size != count or array.dtype != _TYPES.get(datatype):
        raise NcclError(f"{count} elements of type {datatype} asked of {array.size} {array.dtype}")
    return array
