"""Ctrl-C that lets the step in hand finish."""

import contextlib
import signal


@contextlib.contextmanager
def stop_requested():
    """A with-block that yields a function: whether Ctrl-C or a termination signal has come.

    The first one only raises that flag. The second does what it always does, at once.
    """
    came = []

    def note(number, _frame):
        came.append(number)
        signal.signal(number, before[number])

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
