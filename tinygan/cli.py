"""What all commands share: options whose errors are one clear line, commands that can be pasted,
and an exit without a traceback.
"""

import argparse
import contextlib
import itertools
import math
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tinygan import ctrl_c, launcher, output
from tinygan.errors import RunError, UserError
from tinygan.files import reason
from tinygan.help_text import Help, pasteable


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line on stderr and exit code 2, without the usage.

    examples: commands for the end of --help, such as "tinygan.sample runs/dcgan --n 64".
    epilog: a text before them, whose line breaks are kept.
    """

    def __init__(self, *, usage="%(prog)s [options]", examples=(), epilog=None, **settings):
        if examples:
            head = "example:" if len(examples) == 1 else "examples:"
            lines = (pasteable(typed(*example.split())) for example in examples)
            epilog = "\n".join([*([epilog, ""] if epilog else []), head, *lines])
        super().__init__(
            allow_abbrev=False, usage=usage, epilog=epilog, formatter_class=Help, **settings
        )

    def error(self, message):
        self.exit(2, f"tinygan: {message} (see {self.prog} --help)\n")


class Option(NamedTuple):
    """read: text -> value, an argparse type; None for a switch, --name or --no-name.
    metavar: what stands for the value in --help.
    """

    read: Callable | None
    metavar: str | None
    meaning: str


def add_options(group, options):
    """Add a dict of Options to an argparse parser or group. What is not given is None."""
    for name, (read, metavar, meaning) in options.items():
        if read is None:
            group.add_argument(flag(name), action=argparse.BooleanOptionalAction, help=meaning)
        else:
            group.add_argument(flag(name), metavar=metavar, type=read, help=meaning)


def flag(name):
    """An option's name on the command line: "batch_size" -> "--batch-size"."""
    return f"--{name.replace('_', '-')}"


def whole_number(least, most=10**9):
    """An argparse type: a whole number from `least` to `most`."""

    def parse(text):
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if value < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {value}")
        if value > most:
            raise argparse.ArgumentTypeError(f"must be at most {most}, got {text}")
        return value

    return parse


def positive_number(text):
    """An argparse type: a finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a finite number above 0, got {text}")
    return value


def share(most):
    """An argparse type: a number that is at least 0 and below `most`."""

    def parse(text):
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
        if not 0 <= value < most:
            raise argparse.ArgumentTypeError(f"must be at least 0 and below {most}, got {text}")
        return value

    return parse


def one_of(*names):
    """An argparse type: one of these words."""

    def parse(text):
        if text not in names:
            raise argparse.ArgumentTypeError(f"choose one of {', '.join(names)}, not {text!r}")
        return text

    return parse


def class_list(text):
    """An argparse type: different labels from 0 to 255, separated by commas; sorted: "0,1"."""
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and int(part) <= 255 for part in parts):
        raise argparse.ArgumentTypeError(
            f"must be labels separated by commas, such as 0,1, got {text!r}"
        )
    labels = sorted({int(part) for part in parts})
    if len(labels) < len(parts):
        raise argparse.ArgumentTypeError(f"names a label twice: {text!r}")
    return ",".join(map(str, labels))


def class_numbers(text):
    """The labels of a class_list as numbers: "0,1" -> (0, 1); None stays None."""
    return None if text is None else tuple(int(label) for label in text.split(","))


def path(text):
    """An argparse type: a path; ~ is the home folder even if the shell did not expand it."""
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError(f"must be the name of a file or folder, got {text!r}")
    return os.path.expanduser(text)


def check_folder(file):
    """Raise UserError now if `file` could not be written later: its folder is missing or may not be
    written to, or its name is too long."""
    folder = os.path.dirname(file) or "."
    if not os.path.isdir(folder):
        raise UserError(f"cannot write {file}: there is no folder {Path(file).parent}")
    try:
        os.lstat(file)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise UserError(f"cannot write {file}: {reason(error)}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(
            f"cannot write {file}: the folder {Path(file).parent} may not be written to"
        )


def printer(quiet=False):
    """A function that prints a line to stderr, or does nothing if `quiet`."""
    return (lambda text: None) if quiet else lambda text: print(text, file=sys.stderr, flush=True)


def typed(*words):
    """A command line to paste: `python -m …` with the Python that is running now."""
    python = sys.executable
    if python and shutil.which("python") == python:
        python = "python"
    else:
        with contextlib.suppress(OSError):  # the current folder may be gone
            if python.startswith(os.getcwd() + os.sep):
                python = os.path.relpath(python)
    return shlex.join([python or "python", "-m", *map(str, words)])


def next_line(what, *words):
    """The last line of a command: "next, how good it is: python -m tinygan.evaluate runs/dcgan"."""
    return f"next, {what}: {typed(*words)}"


def unused(folder):
    """The folder's name, or if that is taken one with a number: "runs/dcgan-2"."""
    names = itertools.chain([folder], (f"{folder}-{i}" for i in itertools.count(2)))
    return next(name for name in names if not os.path.lexists(name))


def exit_on_error(command, argv=None, *, lower="the sizes that were asked for", shared=False):
    """Call `command(argv)` and exit with its code; UserError and RunError become one line.

    shared: whether several processes that a launcher has started can share the command's work.
    lower: what takes less memory when there is too little.
    """
    with output.unbreakable() as out, ctrl_c.raised():
        code = _code_of(command, argv, lower, shared)
        out.flush()
        if out.error and not isinstance(out.error, BrokenPipeError):
            say(f"cannot write the output: {reason(out.error)}")
            code = code or 1
    sys.exit(code)


def _code_of(command, argv, lower, shared):
    try:
        with launcher.one_voice():
            if not shared:
                launcher.refuse_several()
            return command(argv)
    except (UserError, RunError) as error:
        say(str(error))
        return error.exit_code
    except MemoryError:
        say(f"not enough memory: lower {lower}")
        return 1
    except SystemExit as ended:  # argparse: --help, or a wrong option
        return ended.code
    except KeyboardInterrupt:
        say("stopped")
        return 130
    except FileNotFoundError as error:
        if _has_a_current_folder():
            raise  # a bug: the command should have caught this
        say(f"the current folder is gone: change to another one ({reason(error)})")
        return 2


def _has_a_current_folder():
    with contextlib.suppress(OSError):
        os.getcwd()
        return True
    return False


def say(text):
    """A line on stderr that says who speaks; a line break, as a name may have, is a space."""
    print(f"tinygan: {' '.join(text.splitlines())}", file=sys.stderr, flush=True)
