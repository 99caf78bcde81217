"""The errors whose text is meant for the person at the keyboard.

The commands print such an error as one line and end; any other exception is a bug and keeps its
traceback.
"""

import sys


class UserError(ValueError):
    """Something that was asked for cannot be done: a value, a name or a file. Exit code 2."""

    exit_code = 2


class RunError(RuntimeError):
    """A run that had started cannot go on: a full disk, a loss that is not finite. Exit code 1."""

    exit_code = 1


def exit_on_error(command, argv=None):
    """Call `command(argv)` and leave with its exit code; UserError and RunError become one line."""
    try:
        code = command(argv)
    except (UserError, RunError) as error:
        print(f"tinygan: {error}", file=sys.stderr)
        code = error.exit_code
    except MemoryError:
        print("tinygan: not enough memory: lower --width or --batch-size", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        print("tinygan: stopped before anything was written", file=sys.stderr)
        code = 130
    except BrokenPipeError:  # the reader of our output went away (`… | head`)
        sys.stderr.close()
        code = 141
    sys.exit(code)
