"""Ctrl-C that lets the step in hand finish."""

import contextlib
import signal
import sys

# A terminal that is closed sends SIGHUP, where there is one.
_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


@contextlib.contextmanager
def stop_requested():
    """A with-block that yields a function: whether Ctrl-C or a termination signal has come.

    The first one raises that flag, and says so. The second does what it always does, at once.
    """
    came = []

    def note(number, _frame):
        came.append(number)
        signal.signal(number, before[number])
        if number == signal.SIGINT:
            print(
                "\nfinishing this step, then saving; Ctrl-C again stops at once and saves nothing",
                file=sys.stderr,
            )

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
