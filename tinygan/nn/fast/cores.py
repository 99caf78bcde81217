"""The core that a thread runs on, and how to move it to another one.

Linux wakes a thread on the core where it last ran. When that is the caller's core, the two take
turns on it while other cores are idle, and the same happens at the next call.
"""

import contextlib
import ctypes
import functools
import os
import sys


def current():
    """The number of the core that the calling thread runs on, or None where it is not known."""
    getcpu = _getcpu()
    return None if getcpu is None else getcpu()


def leave(core):
    """Move the calling thread to another core if it runs on this one and the system allows it."""
    if core is None or current() != core:
        return
    with contextlib.suppress(OSError):  # some systems refuse; the thread then stays
        allowed = os.sched_getaffinity(0)  # 0: of this thread
        if len(allowed) > 1:
            os.sched_setaffinity(0, allowed - {core})
            os.sched_setaffinity(0, allowed)  # it has moved; from now on it may run anywhere again


@functools.cache
def _getcpu():
    """The C library's sched_getcpu, or None. A PyDLL keeps Python's lock: the call is too short."""
    if sys.platform != "linux":
        return None
    with contextlib.suppress(OSError, AttributeError):
        return ctypes.PyDLL(None).sched_getcpu
    return None
