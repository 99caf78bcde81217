"""python -m benchmarks KIND: measure, print a table, write the results to files."""

import importlib
import sys

from tinygan.cli import Parser, exit_on_error, next_line
from tinygan.help_text import two_columns

KINDS = {
    "layers": "forward and backward of each layer, in the shapes that the recipes use",
    "step": "a whole update of a recipe's networks, and where its time goes",
    "gmm": "the fit of a Gaussian mixture",
    "scaling": "time of a step by batch size and by width, or by the number of processes that "
    "share a batch (--ranks)",
    "startup": "the time of a whole process that imports tinygan or trains one step, and of a step "
    "by which of tinygan and NumPy was imported first",
    "launches": "what a step asks of a GPU (kernels, bytes, waits), counted without one",
    "gpu": "all of this and more in one visit to a machine with a GPU, in under nine minutes",
    "doctor": "what the doctor's looks cost a GAN's training",
    "distance": "what measuring the distance to real images costs a training",
    "quality": "the distance of trained runs to real images, against minutes of training",
    "seeds": "the distance of trained runs that differ by their seeds: mean, lowest and highest",
    "reading": "how much code a reader of train dcgan has to read",
}
NEXT = {  # after each kind, what looks closer or wider; gpu has a last line of its own
    "layers": ("whole updates", "step"),
    "step": ("where the time goes, layer by layer", "step --recipe dcgan --breakdown"),
    "gmm": ("updates of networks", "step"),
    "scaling": ("layer by layer", "layers"),
    "startup": ("what an update takes", "step --recipe dcgan"),
    "launches": ("the same measured, on a machine with a GPU", "gpu --out gpu"),
    "doctor": ("whole updates, beside PyTorch", "step"),
    "distance": ("whole updates, beside PyTorch", "step"),
    "quality": ("what measuring it costs", "distance"),
    "seeds": ("what measuring it costs", "distance"),
    "reading": ("how much of the time each part takes", "step --recipe dcgan --breakdown"),
}


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    parser = Parser(
        prog="python -m benchmarks",
        usage="%(prog)s KIND [options]",
        description="Measure how fast tinygan is, beside PyTorch and scikit-learn. A kind prints "
        "a table; most write it to files too (--json, --plot).",
        epilog="kinds:\n" + two_columns(KINDS),
        examples=("benchmarks step --recipe dcgan --breakdown", "benchmarks step --help"),
    )
    parser.add_argument("kind", metavar="KIND", choices=KINDS, help="what to measure, see below")
    if argv and argv[0].startswith("-") and argv[0] not in ("-h", "--help"):
        parser.error(f"the kind comes first, {'|'.join(KINDS)}, then {argv[0]}")
    kind = parser.parse_args(argv[:1]).kind
    code = importlib.import_module(f"benchmarks.{kind}").main(argv[1:])
    if kind in NEXT:
        print(f"\n{_next(kind, argv)}")
    return code


def _next(kind, argv):
    """The last line: how to keep what was measured, or what to measure next."""
    if not any(word.startswith(("--json", "--plot")) for word in argv):
        return next_line("the same kept in a file", "benchmarks", *argv, "--json", f"{kind}.json")
    what, words = NEXT[kind]
    return next_line(what, "benchmarks", *words.split())


if __name__ == "__main__":
    exit_on_error(main)
