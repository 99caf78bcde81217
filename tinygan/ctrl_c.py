"""Ctrl-C ends a command with one line and exit code 130, from its first instant on.

Python turns Ctrl-C into a KeyboardInterrupt wherever the program is. While modules are imported
that is a traceback of twenty lines; inside a callback, such as that of a weak reference, Python
prints it and goes on.
"""

import contextlib
import os
import re
import signal
import sys

_LINE = b"tinygan: stopped\n"


def end_while_importing():
    """Called first of all: in `python -m tinygan.…`, and in that of the benchmarks, Ctrl-C ends the
    process, until a command runs.

    In another program, or where Ctrl-C is ignored, nothing changes.
    """
    modules = re.findall(r" -[A-Za-z]*m ?([\w.]+)", " ".join(sys.orig_argv))  # -m x, -mx, -um x
    ours = any(name.partition(".")[0] in ("tinygan", "benchmarks") for name in modules)
    looking_for_it = sys.argv[:1] == ["-m"]  # what Python puts there before it runs the module
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours and looking_for_it and usual:
        signal.signal(signal.SIGINT, _end)


@contextlib.contextmanager
def raised():
    """A with-block for a command, in which Ctrl-C is a KeyboardInterrupt that does not get lost."""
    hook, importing = sys.unraisablehook, signal.getsignal(signal.SIGINT) is _end

    def end_or_say(dropped):
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            _end()
        hook(dropped)

    sys.unraisablehook = end_or_say
    try:
        if importing:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
    finally:
        if importing:  # the work is done, and Python's own end takes a moment
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.unraisablehook = hook


def _end(*_):
    """Say so, and end the process now."""
    with contextlib.suppress(OSError):
        os.write(2, _LINE)
    os._exit(130)
