"""python -m tinygan.draw RUN KIND: drawings of a trained run, each one picture."""

import math
from pathlib import Path

import numpy as np

from tinygan import backend
from tinygan.cli import Parser, add_options, check_folder, exit_on_error, flag, path
from tinygan.drawings.kinds import KINDS, check, kinds_of, kinds_with, table
from tinygan.drawings.opened_run import OpenedRun
from tinygan.drawings.options import OPTIONS
from tinygan.errors import UserError
from tinygan.evaluation.options import add_backend_option
from tinygan.recipes.options import WEIGHTS
from tinygan.room import check_room

_PER_PIXEL = 64  # bytes that an image takes for each of its pixels, enlarged and with gradients


def main(argv=None):
    args = _parser().parse_args(argv)
    xp = backend.get(args.backend)
    backend.set_tf32(xp, False)
    run = OpenedRun(args.run, xp, args.data_dir, args.weights)
    if args.kind is None:
        kinds = kinds_of(run.recipe)
        print(f"{args.run}, a run of {run.recipe.name}, can be drawn as\n{table(kinds)}")
        print(run.next_line("one of them", "tinygan.draw", kinds[0]))
        return 0
    given = {name: vars(args)[name] for name in OPTIONS if vars(args)[name] is not None}
    check(args.kind, run.recipe, given)
    if args.weights and args.kind == "film":
        raise UserError("--weights is for what is drawn now: a film shows the sheets of its epochs")
    out = _out(args.out, args.run, args.kind)
    if "n" in given and run.recipe.image_shape is not None:
        each = given.get("steps", 9) if args.kind in ("walk", "path") else 1  # images
        check_room("--n", given["n"], each * _PER_PIXEL * math.prod(run.recipe.image_shape))
    with np.errstate(all="ignore"):  # a damaged checkpoint may hold numbers of any size
        for line in KINDS[args.kind].draw(run, out, **given):
            print(line)
    return 0


def _out(asked, run, kind):
    """The file to write. Raises UserError when its name does not say what it will be."""
    ending = ".gif" if kind == "film" else ".png"
    out = asked or f"{Path(run).resolve().name}_{kind}{ending}"
    if not out.lower().endswith(ending):
        raise UserError(f"--out {out} should end in {ending}")
    check_folder(out)
    return out


def _parser():
    parser = Parser(
        prog="python -m tinygan.draw",
        usage="%(prog)s RUN [KIND] [options]",
        description="Draw a trained run: one picture, as one of these kinds, which take some of "
        "the options each.\nWithout a KIND, those are listed that the run can have.\n\n"
        + table(KINDS),
        examples=["tinygan.draw runs/dcgan walk", "tinygan.draw runs/vae codes --out map.png"],
    )
    add = parser.add_argument
    add("run", metavar="RUN", type=path, help="the run folder")
    add("kind", metavar="KIND", nargs="?", help="what to draw")
    add(
        "--out",
        metavar="FILE",
        type=path,
        help="FILE.png, of a film FILE.gif (default, in the "
        "current folder: such as dcgan_walk.png)",
    )
    for name, (read, metavar, meaning) in OPTIONS.items():
        meaning = f"{meaning} [{kinds_with(name)}]"
        if read is None:
            add(flag(name), action="store_true", default=None, help=meaning)
        else:
            add(flag(name), metavar=metavar, type=read, help=meaning)
    add_options(parser, WEIGHTS)
    add("--data-dir", metavar="DIR", type=path, help="look for data here and nowhere else")
    add_backend_option(parser)
    return parser


if __name__ == "__main__":
    exit_on_error(main, lower="--n")
