"""The errors whose text is meant for the person at the keyboard.

The commands print such an error as one line and end; any other exception is a bug and keeps its
traceback.
"""


class UserError(ValueError):
    """Something that was asked for cannot be done: a value, a name or a file. Exit code 2."""

    exit_code = 2


class RunError(RuntimeError):
    """A run that had started cannot go on: a full disk, a loss that is not finite. Exit code 1."""

    exit_code = 1


class Stopped(RunError):
    """A run was stopped at once, by a second Ctrl-C. Exit code 130, as a shell has it."""

    exit_code = 130
