"""Processes of their own that say what a rank cannot say, and end the others.

A killed process says nothing, and mpiexec kills the other ranks at once, so that they cannot say it
either. The watchdog, in a session of its own, lives on for the moment that this takes. It is given
the process numbers of the ranks on its machine and waits until one of them ends. Ranks that end in
order, or after an error that they have told, stop it before.

Before that, while the ranks look for each other, each has one that ends it when this takes too
long: a rank that has ended by then, as where something is not installed, is waited for in vain.

    python watchdog.py rank:pid rank:pid …
    python watchdog.py pid
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time

_PATIENCE = 10.0  # seconds that mpiexec has to end the other ranks
_CAN_WAIT = hasattr(os, "pidfd_open")  # for the end of any process
_START = 60.0  # seconds that ranks have to find each other


def start(pids):
    """Start a watchdog. pids: dict of rank -> process number.

    Returns the process (a Popen), or None where a system cannot wait for the end of any process
    (Linux can, from 5.3 on).
    """
    return None if not _CAN_WAIT else _run(*(f"{rank}:{pid}" for rank, pid in pids.items()))


@contextlib.contextmanager
def at_start():
    """A with-block that ends the process, after a line that says so, if it takes over a minute."""
    process = _run(str(os.getpid())) if _CAN_WAIT else None
    try:
        yield
    finally:
        if process is not None:
            process.kill()
            process.wait()


def _run(*words):
    """Start this file as a script."""
    with contextlib.suppress(OSError):
        return subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, *words],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def stop(pid):
    """Stop the watchdog with this process number, if it still runs: from now on ranks may end."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def end_later(pid):
    """End a process that has not found the other ranks in time."""
    try:
        if _ended([os.pidfd_open(pid)], _START):
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


def watch(pids):
    """Wait until a process ends, say so, and see to it that the others end too."""
    ranks = {}  # by file descriptor, of which one can be read when its process has ended
    for rank, pid in pids.items():
        with contextlib.suppress(ProcessLookupError):  # else it has ended already
            ranks[os.pidfd_open(pid)] = rank
    gone = [rank for rank in pids if rank not in ranks.values()]
    if not gone:
        gone = [ranks[handle] for handle in _ended(ranks, None)]
    what = ", ".join(f"rank {rank} (process {pids[rank]})" for rank in gone)
    print(
        f"tinygan: {what} on {socket.gethostname()} was killed or has crashed, so the run ends; "
        "its last checkpoint is whole: to go on from there, start it again with --resume, with any "
        "number of ranks",
        file=sys.stderr,
        flush=True,
    )
    deadline = time.monotonic() + _PATIENCE
    while ranks and (left := deadline - time.monotonic()) > 0:
        for handle in _ended(ranks, left):
            del ranks[handle]
    for rank in ranks.values():
        stop(pids[rank])


def _ended(handles, seconds):
    """Those of the handles whose process has ended, after waiting for one, at most so long."""
    poll = select.poll()
    for handle in handles:
        poll.register(handle, select.POLLIN)
    return [handle for handle, _ in poll.poll(None if seconds is None else 1000 * seconds)]


if __name__ == "__main__":
    if ":" in sys.argv[1]:
        watch({int(rank): int(pid) for rank, pid in (pair.split(":") for pair in sys.argv[1:])})
    else:
        end_later(int(sys.argv[1]))
