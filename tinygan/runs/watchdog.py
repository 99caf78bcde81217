"""Processes of their own that say what a rank cannot say, and end the others.

A killed process says nothing, and mpiexec kills the other ranks at once, so that they cannot say it
either. The watchdog, in a session of its own, lives on for the moment that this takes. Each rank of
its machine is connected to it; the system closes the connection of a process that ends, and tells
the watchdog in which order this came. Ranks that end in order, or after an error that they have
told, stop it before.

Before that, while the ranks look for each other, each has one that ends it when this takes too
long: a rank that has ended by then, as where something is not installed, is waited for in vain.

    python watchdog.py LISTENER OF_ALL rank:pid rank:pid …
    python watchdog.py pid
"""

import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

_LINUX = sys.platform == "linux" and hasattr(os, "pidfd_open")  # elsewhere there is no watchdog
_PATIENCE = 10.0  # seconds that mpiexec has to end the other ranks
_START = 60.0  # seconds that ranks have to find each other


def start(pids, of_all):
    """Start a watchdog. pids: dict of rank -> process number, of the ranks of this machine. of_all:
    whether there are no others.

    Returns (the process, a Popen, and the name by which the ranks `connect`), or (None, b"").
    """
    if not _LINUX:
        return None, b""
    name = b"\0tinygan-" + os.urandom(12).hex().encode()  # of no file: it ends with the watchdog
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen(len(pids))
        pairs = [f"{rank}:{pid}" for rank, pid in pids.items()]
        words = [str(listener.fileno()), str(int(of_all)), *pairs]
        process = _run(*words, pass_fds=[listener.fileno()])
    return process, name if process else b""


def connect(name):
    """Connect this rank to the watchdog. Returns what is to be kept until the rank has ended."""
    connection = socket.socket(socket.AF_UNIX)
    with contextlib.suppress(OSError):
        connection.connect(name)
    return connection


@contextlib.contextmanager
def at_start():
    """A with-block that ends the process, after a line that says so, if it takes over a minute."""
    process = _run(str(os.getpid())) if _LINUX else None
    try:
        yield
    finally:
        if process is not None:
            process.kill()
            process.wait()


def _run(*words, **how):
    """Start this file as a script."""
    with contextlib.suppress(OSError):
        return subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, *words],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **how,
        )


def stop(pid):
    """Stop the watchdog with this process number, if it still runs: from now on ranks may end."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def end_later(pid):
    """End a process that has not found the other ranks in time."""
    try:
        if select.select([os.pidfd_open(pid)], [], [], _START)[0]:
            return
    except ProcessLookupError:
        return
    print(
        f"tinygan: process {pid} on {socket.gethostname()} has waited {_START:.0f} seconds for the "
        "other ranks to start, and ends: perhaps one of them could not start",
        file=sys.stderr,
        flush=True,
    )
    stop(pid)


def watch(listener, pids, of_all):
    """Wait until one of the ranks ends, say so, and see to it that the others end too."""
    ranks, connections, ends = {pid: rank for rank, pid in pids.items()}, {}, select.epoll()
    listener.settimeout(_START)
    while len(connections) < len(ranks):
        connection, _ = listener.accept()
        pid = _process_of(connection)
        if pid in ranks:
            connections[connection.fileno()] = connection, pid
            ends.register(connection, select.EPOLLIN)  # nobody sends: it is the end
    pid = connections[_first(ends)][1]
    print(
        f"tinygan: rank {ranks[pid]} (process {pid}) on {socket.gethostname()} was killed or has "
        f"crashed{'' if of_all else ', or was ended because of a rank on another machine'}, so the "
        "run ends; its last checkpoint is whole: to go on from there, start it again with "
        "--resume, with any number of ranks",
        file=sys.stderr,
        flush=True,
    )
    deadline = time.monotonic() + _PATIENCE
    while connections and (left := deadline - time.monotonic()) > 0:
        for handle, _ in ends.poll(left):
            ends.unregister(handle)
            del connections[handle]
    for _, pid in connections.values():
        stop(pid)


def _first(ends):
    """The file descriptor of the connection that was closed first. (A ready list is in order.)"""
    return ends.poll()[0][0]


def _process_of(connection):
    """The number of the process at the other end."""
    ucred = "3i"  # process, user, group
    size = struct.calcsize(ucred)
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    return struct.unpack(ucred, found)[0]


if __name__ == "__main__":
    if len(sys.argv) > 2:
        pairs = (pair.split(":") for pair in sys.argv[3:])
        pids = {int(rank): int(pid) for rank, pid in pairs}
        with contextlib.suppress(TimeoutError):  # a rank that does not connect: there is no watch
            watch(socket.socket(fileno=int(sys.argv[1])), pids, sys.argv[2] == "1")
    else:
        end_later(int(sys.argv[1]))
