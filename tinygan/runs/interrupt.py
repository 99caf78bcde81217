"""Ctrl-C that lets the step in hand finish."""

import contextlib
import os
import signal

# A terminal that is closed sends SIGHUP, where there is one.
_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]

_NOTE = b"\nfinishing this step, then saving; Ctrl-C again stops at once and saves nothing\n"


@contextlib.contextmanager
def stop_requested(quiet=False):
    """A with-block that yields a function: whether Ctrl-C or a termination signal has come.

    The first one raises that flag, and says so unless `quiet`. The second does what it always does,
    at once.
    """
    came = []

    def note(number, _frame):
        came.append(number)
        signal.signal(number, before[number])
        if number == signal.SIGINT and not quiet:
            with contextlib.suppress(OSError):  # print is not safe inside a signal handler
                os.write(2, _NOTE)

    # A signal that is ignored stays so: nohup means it.
    before = {n: h for n in _SIGNALS if (h := signal.getsignal(n)) not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
