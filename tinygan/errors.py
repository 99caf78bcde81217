"""The errors whose text is meant for the user.

The commands print such an error as one line and exit; any other exception is a bug and keeps its
traceback.
"""


class UserError(ValueError):
    """The user asked for something impossible: a wrong value, name or file. Exit code 2."""

    exit_code = 2


class RunError(RuntimeError):
    """A run cannot continue: the disk is full, or the loss is not finite. Exit code 1."""

    exit_code = 1


class Stopped(RunError):
    """A run was stopped at once, by a second Ctrl-C. Exit code 130, as in a shell."""

    exit_code = 130


def first_line(error):
    """What an exception says, or the name of its class, on one line that is not too long."""
    return shown((str(error).strip() or type(error).__name__).splitlines()[0])


def shown(text):
    """Untrusted text, such as a name in an archive, inside a sentence: one line without control
    characters, of at most 80 characters."""
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= 80 else f"{text[:40]}…{text[-39:]}"
