"""The options by which evaluate and compare measure."""

from tinygan import backend
from tinygan.cli import path, whole_number
from tinygan.evaluation import protocol


def add_protocol_options(parser):
    """Add them to an argparse parser."""
    add = parser.add_argument
    add("--n", metavar="N", type=whole_number(protocol.LEAST), default=10_000, help="how many "
        "samples and how many real images (default 10000)")  # fmt: skip
    add("--seed", metavar="S", type=whole_number(0), default=0, help="of the noise and of the "
        "choice of images (default 0)")  # fmt: skip
    add("--data-dir", metavar="DIR", type=path, help="look for data here and nowhere else")
    add("--backend", choices=backend.NAMES, default="auto", help="what to compute with")
    add("--quiet", action="store_true", help="do not print each step")
