"""python -m benchmarks KIND: measure, print a table, write the results to files."""

import importlib
import sys

from tinygan.cli import Parser, exit_on_error

KINDS = {
    "layers": "forward and backward of each layer, in the shapes that the recipes use",
    "step": "a whole update of a recipe's networks, and where its time goes",
    "gmm": "the fit of a Gaussian mixture",
    "scaling": "time of a step by batch size and by width",
    "startup": "the time of a whole process that imports tinygan or trains one step, and of a step "
    "by which of tinygan and NumPy was imported first",
    "launches": "what a step asks of a GPU (kernels, bytes, waits), counted without one",
    "gpu": "all of this and more in one visit to a machine with a GPU, in under nine minutes",
    "reading": "how much code a reader of `train dcgan` has to read",
}


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    parser = Parser(
        prog="python -m benchmarks",
        usage="%(prog)s " + "|".join(KINDS) + " [options]",
        description="Compare tinygan with PyTorch and scikit-learn. "
        + " ".join(f"{name}: {what}." for name, what in KINDS.items()),
    )
    parser.add_argument("kind", choices=KINDS, help="what to measure; see also KIND --help")
    if argv and argv[0].startswith("-") and argv[0] not in ("-h", "--help"):
        parser.error(f"the kind comes first, {'|'.join(KINDS)}, then {argv[0]}")
    kind = parser.parse_args(argv[:1]).kind
    return importlib.import_module(f"benchmarks.{kind}").main(argv[1:])


if __name__ == "__main__":
    exit_on_error(main)
