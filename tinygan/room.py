"""How much memory is free, and refusing what would not fit before it is begun."""

import contextlib
import os
from pathlib import Path

from tinygan.errors import UserError

try:
    import resource
except ImportError:  # Windows
    resource = None


def check_room(option, n, bytes_each):
    """Raise UserError, naming the number that would fit, if n things do not fit into memory.

    option: the name of what asks for n, such as "--n". bytes_each: what each of them takes.
    """
    free = free_bytes()
    if free is not None and n * bytes_each > free:
        raise UserError(
            f"{option} {n} needs {_size(n * bytes_each)} of memory, and {_size(free)} are free: "
            f"{option} {_two_digits(free // bytes_each)} fits"
        )


def free_bytes():
    """The bytes that this process can still allocate, or None where the system does not say.

    The least of what Linux has available, what a container allows and what `ulimit -v` allows.
    """
    found = []
    with contextlib.suppress(OSError, StopIteration, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found.append(1024 * int(next(x for x in lines if x.startswith("MemAvailable:")).split()[1]))
    with contextlib.suppress(OSError, ValueError):  # ValueError: "max"
        group = Path("/sys/fs/cgroup")
        most, now = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        found.append(max(0, most - now))
    with contextlib.suppress(OSError, ValueError, AttributeError):
        most, _ = resource.getrlimit(resource.RLIMIT_AS)
        if most != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            found.append(max(0, most - pages * os.sysconf("SC_PAGE_SIZE")))
    return min(found, default=None)


def _size(n):
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if n >= unit:
            return f"{n / unit:,.3g} {name}" if n < 1000 * unit else f"{n / unit:,.0f} {name}"
    return f"{n / 1e3:.0f} kB"


def _two_digits(n):
    """n rounded down to two digits, which one can type: 123,456 -> 120000."""
    unit = 10 ** max(0, len(str(n)) - 2)
    return n // unit * unit
