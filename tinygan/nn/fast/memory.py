"""Freed memory is kept for the next array instead of being returned to the system.

A training step allocates and frees the same large arrays again and again. By default glibc (Linux)
returns such memory to the system at once, and the system fills it with zeros, page by page, before
it hands it out again: about a twentieth of a step. On other systems nothing changes.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt, from glibc's malloc.h
_LARGEST = 32 << 20  # bytes: the largest value that mallopt accepts for _MMAP_THRESHOLD


def keep_freed():
    """Keep freed memory from now on, in the whole process. Returns whether that was possible.

    For commands to call, not for libraries: it changes the process for everyone in it.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST) and mallopt(_TRIM_THRESHOLD, 2**31 - 1))
