"""The options by which evaluate and compare measure, and those that sample has too."""

from tinygan import backend
from tinygan.cli import add_options, flag, one_of, path, whole_number
from tinygan.evaluation import protocol
from tinygan.recipes.options import OPTIONS, PRIORS, WEIGHTS


def add_protocol_options(parser):
    """Add them to an argparse parser."""
    add = parser.add_argument
    add("--n", metavar="N", type=whole_number(protocol.LEAST), default=10_000, help="how many "
        "samples and how many real images (default 10000)")  # fmt: skip
    add("--seed", metavar="S", type=whole_number(0), default=0, help="start of all randomness "
        "(default 0)")  # fmt: skip
    add("--data-dir", metavar="DIR", type=path, help="look for data here and nowhere else")
    add_backend_option(parser)
    add("--quiet", action="store_true", help="print the results only, not each step nor what to "
        "do next")  # fmt: skip


def add_backend_option(parser):
    """Add --backend to an argparse parser."""
    parser.add_argument(
        "--backend", metavar="NAME", type=one_of(*backend.NAMES), default="auto", help="auto, "
        "numpy, cupy (default auto: cupy if a GPU answers, else numpy)"
    )  # fmt: skip


def add_model_options(parser):
    """Add --weights and --prior to an argparse parser."""
    add_options(parser, WEIGHTS)
    parser.add_argument(
        "--prior", metavar="NAME", type=one_of(*PRIORS), help="of an autoencoder: normal decodes "
        "N(0, I), gmm samples of a mixture fitted to its codes (default: the run's)"
    )  # fmt: skip


def add_flow_options(parser):
    """Add --guidance and --ode-steps to an argparse parser."""
    for name in ("guidance", "ode_steps"):
        read, metavar, meaning = OPTIONS[name]
        meaning += " (default: the run's)"
        parser.add_argument(flag(name), metavar=metavar, type=read, help=meaning)
