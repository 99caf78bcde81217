"""python -m tinygan: the commands, a line each, and what to type first."""

import difflib
import os
import sys

from tinygan import __version__
from tinygan.cli import exit_on_error, say, typed
from tinygan.help_text import pasteable, two_columns

COMMANDS = {  # in the order in which a new user meets them
    "train": ("RECIPE", "train a model; a run folder keeps all that it does"),
    "sample": ("RUN", "draw images with it: a grid, an array, a folder"),
    "draw": ("RUN KIND", "see what it learned: a walk between noises, filters, …"),
    "report": ("RUN …", "a page about a run; of several runs a comparison"),
    "watch": ("RUN", "that page in a browser, renewed as the run trains"),
    "doctor": ("RUN", "what is wrong with a GAN, and what to try"),
    "play": ("RUN", "a page to play with what it draws: no network, no Python"),
    "evaluate": ("RUN", "how good its images are, beside real ones"),
    "compare": ("RUN RUN …", "the same of several runs, in one table"),
    "data": ("fetch NAME", "download Fashion-MNIST; a tenth of it comes with tinygan"),
}
FIRST = "dcgan --data fashion-mnist-subset --width 8 --epochs 2"


def main(argv=None):
    words = sys.argv[1:] if argv is None else argv
    if not words or words[0] in ("-h", "--help"):
        print(overview())
    elif words == ["--version"]:
        print(f"tinygan {__version__}")
    else:
        say(mistake(*words))
        return 2
    return 0


def overview():
    """The list of commands, and how to begin."""
    lines = [
        f"tinygan {__version__}: generative models from the first derivative up, in plain NumPy",
        "",
        "usage: python -m tinygan.COMMAND [options]",
        "",
        "commands:",
        two_columns({f"{name} {takes}": what for name, (takes, what) in COMMANDS.items()}),
        "",
        "to begin, a training of about ten seconds:",
        pasteable(typed("tinygan.train", *FIRST.split())),
        "",
        "what a command takes:",
        pasteable(typed("tinygan.train", "--help")),
    ]
    if os.path.exists("benchmarks/__main__.py"):
        lines += ["", "in this checkout also, how fast it is:", pasteable(typed("benchmarks"))]
    return "\n".join(lines)


def mistake(word, *more):
    """One sentence for words that are no option of python -m tinygan: what to type instead."""
    if word in COMMANDS:
        return f"write a dot before the command: {typed(f'tinygan.{word}', *more)}"
    near = difflib.get_close_matches(word, COMMANDS, n=1, cutoff=0.6)
    hint = (
        f"did you mean {typed(f'tinygan.{near[0]}')}?" if near else f"{typed('tinygan')} lists them"
    )
    return f"there is no command {word!r}: {hint}"


if __name__ == "__main__":
    exit_on_error(main)
