"""The errors whose text is meant for the person at the keyboard.

The commands print such an error as one line and end; any other exception is a bug and keeps its
traceback.
"""

import os
import sys

from tinygan.files import reason


class UserError(ValueError):
    """Something that was asked for cannot be done: a value, a name or a file. Exit code 2."""

    exit_code = 2


class RunError(RuntimeError):
    """A run that had started cannot go on: a full disk, a loss that is not finite. Exit code 1."""

    exit_code = 1


class Stopped(RunError):
    """A run was stopped at once, by a second Ctrl-C. Exit code 130, as a shell has it."""

    exit_code = 130


def exit_on_error(command, argv=None):
    """Call `command(argv)` and leave with its exit code; UserError and RunError become one line."""
    try:
        code = command(argv)
    except (UserError, RunError) as error:
        print(f"tinygan: {error}", file=sys.stderr)
        code = error.exit_code
    except MemoryError:
        print(
            "tinygan: not enough memory (in a run, lower --width or --batch-size)", file=sys.stderr
        )
        code = 1
    except SystemExit as ended:  # argparse: --help, or a wrong option
        code = ended.code
    except KeyboardInterrupt:
        print("tinygan: stopped", file=sys.stderr)
        code = 130
    except BrokenPipeError:  # the reader of our output went away (`… | head`)
        code = 141
    except OSError as error:
        if error.filename is not None:  # no command should let that through
            raise
        code = _no_output(error)
    sys.exit(_flushed(code))


def _flushed(code):
    """`code`, or another when the output cannot be written. Left to Python, that is a traceback."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # takes what is buffered
        return 141 if isinstance(error, BrokenPipeError) else _no_output(error)
    return code


def _no_output(error):
    print(f"tinygan: cannot write the output: {reason(error)}", file=sys.stderr)
    return 1
