"""Command lines that end in one clear line when they are wrong."""

import argparse
import math
import os


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line on stderr and exit code 2, without the usage."""

    def __init__(self, **settings):
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message):
        self.exit(2, f"tinygan: {message} (see {self.prog} --help)\n")


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
    """An argparse type: a number from 0 up to, but not with, `most`."""

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
    """An argparse type: different labels from 0 to 255 with commas between, put in order: "0,1"."""
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and int(part) <= 255 for part in parts):
        raise argparse.ArgumentTypeError(
            f"must be labels with commas between, such as 0,1, got {text!r}"
        )
    labels = sorted({int(part) for part in parts})
    if len(labels) < len(parts):
        raise argparse.ArgumentTypeError(f"names a label twice: {text!r}")
    return ",".join(map(str, labels))


def path(text):
    """An argparse type: a path, with ~ as the home folder also where the shell left it alone."""
    if not text:
        raise argparse.ArgumentTypeError("must be the name of a file or folder, got ''")
    return os.path.expanduser(text)
