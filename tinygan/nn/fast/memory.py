"""Freed memory is kept for the next array, instead of being given back to the system.

A training step frees and asks for the same large arrays over and over. By default glibc (Linux)
returns such memory to the system at once, and each time it comes back the system fills it with
zeros, page by page: about a twentieth of a step. Elsewhere nothing happens.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt, from glibc's malloc.h
_LARGEST = 32 << 20  # bytes: the most that mallopt takes for the second


def keep_freed():
    """Keep it from now on, in this whole process: for commands, not for libraries. True if done."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST) and mallopt(_TRIM_THRESHOLD, 2**31 - 1))
