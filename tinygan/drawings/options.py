"""The options of the drawings, and what they mean. Each kind takes some of them."""

from argparse import ArgumentTypeError

from tinygan.cli import Option, class_list, class_numbers, one_of, positive_number, whole_number
from tinygan.recipes.options import PRIORS


def numbers(text):
    """An argparse type: different numbers of images, separated by commas: "3,8,12"."""
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and len(part) <= 5 for part in parts):
        raise ArgumentTypeError(
            f"must be numbers of images separated by commas, such as 3,8,12, got {text!r}"
        )
    found = tuple(int(part) for part in parts)
    if len(set(found)) < len(found):
        raise ArgumentTypeError(f"names an image twice: {text!r}")
    if len(found) > 20 or max(found) > 9999:
        raise ArgumentTypeError(f"at most 20 numbers up to 9999, got {text!r}")
    return found


def classes(text):
    """An argparse type: a class_list as numbers: "0,1" -> (0, 1)."""
    return class_numbers(class_list(text))


# A switch has no reader; it is on or left out.
OPTIONS = {
    "n": Option(whole_number(1, 10_000), "N", "how many"),
    "seed": Option(whole_number(0), "S", "of the noise, or of what is chosen (default 0)"),
    "classes": Option(classes, "A,B,…", "ask for these classes, of cgan or a flow (default: all)"),
    "prior": Option(
        one_of(*PRIORS), "NAME", f"of an autoencoder: {', '.join(PRIORS)} (default: the run's)"
    ),
    "numbers": Option(None, None, "write its number above each image"),
    "steps": Option(
        whole_number(2, 100), "N", "images in a walk, its two ends among them (default 9)"
    ),
    "a": Option(numbers, "I,J,…", "numbers of images, as grid --numbers shows them, to average"),
    "b": Option(numbers, "I,J,…", "those whose average is taken away"),
    "c": Option(numbers, "I,J,…", "those whose average is added"),
    "real": Option(None, None, "training images instead of samples"),
    "component": Option(whole_number(0), "K", "its number, from 0 (default: the largest weight)"),
    "size": Option(whole_number(16, 2000), "N", "pixels that a film is wide at most"),
    "seconds": Option(positive_number, "X", "a film's length; its last frame is held for 2 s more"),
}
