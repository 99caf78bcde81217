"""Where the ranks of a machine compute: each on cores, or a GPU, of its own.

All functions are called by every rank. local: an mpi4py communicator of the ranks of this machine.
"""

import contextlib
import os
import socket

import numpy as np

from tinygan.errors import UserError
from tinygan.nn.fast import openblas

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS")


def divide_cores(local):
    """Give each rank its share of the cores, and one thread for its products unless the environment
    says how many. Where the launcher has given ranks different cores, that is left.

    Returns a line that says where there are more ranks than cores, or None.
    """
    if not any(name in os.environ for name in _THREADS) and (blas := openblas.find()):
        blas.set_threads(1)
    if not hasattr(os, "sched_setaffinity"):  # only Linux lets a process choose
        return None
    mine = np.zeros(4096, np.int8)
    mine[[core for core in os.sched_getaffinity(0) if core < mine.size]] = 1
    everyones = np.empty((local.size, mine.size), np.int8)
    local.Allgather(mine, everyones)
    cores = np.flatnonzero(everyones.any(axis=0))
    if len(cores) < local.size:
        return f"{local.size} ranks share the {len(cores)} cores of {socket.gethostname()}"
    if (everyones == mine).all():
        share = np.array_split(cores, local.size)[local.rank]
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, share.tolist())
    return None


def take_gpu(local, xp):
    """From now on this rank uses a GPU of its own: that of its number on this machine.

    Returns a UserError on every rank of the machine where there are fewer GPUs than ranks, else
    None.
    """
    count = xp.cuda.runtime.getDeviceCount()
    number = local.rank % count
    bus = np.zeros(16, np.int8)  # where the GPU sits: a launcher may show each rank another one
    name = xp.cuda.Device(number).pci_bus_id.encode()[:16]
    bus[: len(name)] = np.frombuffer(name, np.int8)
    buses = np.empty((local.size, 16), np.int8)
    local.Allgather(bus, buses)
    different = len(np.unique(buses, axis=0))
    if different < local.size:
        return UserError(
            f"{local.size} ranks on {socket.gethostname()}, but {different} of its GPUs for them: "
            f"start {different} there, or train on the cores with --backend numpy"
        )
    xp.cuda.Device(number).use()
    return None


def ranks_here(comm):
    """The communicator of the ranks on this machine."""
    from mpi4py import MPI

    return comm.Split_type(MPI.COMM_TYPE_SHARED)
