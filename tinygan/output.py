"""stdout and stderr that never stop a command, whatever is at their other end.

A training is worth more than the lines that it prints. So a reader that ends, a pipe that is full,
a closed stdout or characters that its encoding lacks must not end it.
"""

import contextlib
import os
import sys


class Output:
    """A text stream that drops what cannot be written. error: the first OSError, or None.

    A full pipe that does not block drops only what finds no room. All else is as in `stream`.
    """

    def __init__(self, stream):
        self.stream, self.error = stream, None

    def write(self, text):
        self._try(self.stream.write, text)
        return len(text)

    def flush(self):
        self._try(self.stream.flush)

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def _try(self, do, *args):
        if self.error is None:
            try:
                do(*args)
            except BlockingIOError:
                pass
            except OSError as error:
                self.error = error


@contextlib.contextmanager
def unbreakable():
    """A with-block in which sys.stdout and sys.stderr are Outputs; it yields that of stdout.

    What an encoding lacks is printed as "?". Where a stream is closed, nothing is printed.
    """
    _open_what_is_closed()
    before = sys.stdout, sys.stderr
    try:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name) or open(os.devnull, "w")  # noqa: SIM115 — until the end
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
            setattr(sys, name, Output(stream))
        yield sys.stdout
    finally:
        for name, stream in zip(("stdout", "stderr"), before, strict=True):
            getattr(sys, name).flush()
            if getattr(sys, name).error is not None:
                _forget_the_rest(stream)
            setattr(sys, name, stream)


def _open_what_is_closed():
    """Give the numbers 0, 1 and 2 to nothing where they are free: the next file that is opened
    would get them, and whatever a library prints."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free


def _forget_the_rest(stream):
    """Let what is still buffered go nowhere: Python writes it out at its end, and would fail."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
