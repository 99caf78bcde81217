"""python -m tinygan.play RUN: a trained generator as one page to play with."""

import os
from pathlib import Path

import numpy as np

from tinygan.cli import Parser, add_options, check_folder, exit_on_error, next_line, path, say
from tinygan.errors import UserError
from tinygan.files import reason, write_text
from tinygan.play.page import page
from tinygan.play.weights import BITS
from tinygan.play.words import words
from tinygan.recipes import trained_model
from tinygan.recipes.options import WEIGHTS


def main(argv=None):
    args = _parser().parse_args(argv)
    out = args.out or os.path.join(args.run, "play.html")
    if not out.endswith((".html", ".htm")):
        raise UserError(f"--out {out} should end in .html")
    model = trained_model.load(args.run, np, weights=args.weights)
    told = words(args.run, model)
    check_folder(out)
    text = page(model, told, bits=args.bits)
    try:
        write_text(out, text)
    except OSError as error:
        raise UserError(f"cannot write {out}: {reason(error)}") from None
    size = Path(out).stat().st_size
    print(f"{out} ({size / 1e6:.2f} MB), one file that opens in a browser and needs no network")
    if size > _LARGE and args.bits > min(BITS):
        say(f"that is large for a page: --bits {min(BITS)} makes it smaller")
    weights = ["--weights", args.weights] if args.weights else []
    print(next_line("how good what it draws is", "tinygan.evaluate", args.run, *weights))
    return 0


_LARGE = 8e6  # bytes


def _parser():
    parser = Parser(
        prog="python -m tinygan.play",
        usage="%(prog)s RUN [options]",
        description="Make a page to play with out of a run: its generator, or decoder, with the "
        "weights inside and every layer in plain JavaScript. In the page: new noise, a slider for "
        "each number of z, a walk between two pictures, the class where the model is asked for "
        "one, and what each layer gives. The page is one file that needs no network.",
        examples=("tinygan.play runs/dcgan", "tinygan.play runs/cgan --bits 8 --out cgan.html"),
    )
    add = parser.add_argument
    add("run", metavar="RUN", type=path, help="the run folder")
    add("--out", metavar="FILE.html", type=path, help="the page (default RUN/play.html)")
    add_options(parser, WEIGHTS)
    add("--bits", metavar="N", type=int, choices=BITS, default=BITS[0], help="of a weight: 16, or "
        "8 for a smaller page (default 16)")  # fmt: skip
    return parser


if __name__ == "__main__":
    exit_on_error(main)
