"""python -m tinygan.sample RUN: draw images with a trained generator."""

import math
import os

import numpy as np

from tinygan import backend, plots
from tinygan.cli import (
    Parser,
    check_folder,
    class_list,
    class_numbers,
    exit_on_error,
    path,
    whole_number,
)
from tinygan.errors import UserError
from tinygan.evaluation.advice import how_to_measure
from tinygan.evaluation.options import add_backend_option, add_flow_options, add_model_options
from tinygan.files import atomic_write, is_empty, new_folder, reason
from tinygan.recipes import trained_model
from tinygan.room import check_room


def main(argv=None):
    args = _parser().parse_args(argv)
    save = _form(args.out)
    check_folder(os.path.join(args.out, "0000.png") if os.path.isdir(args.out) else args.out)
    xp = backend.get(args.backend)
    backend.set_tf32(xp, False)
    generator = trained_model.load(args.run, xp, weights=args.weights)
    sheet = 3 * math.prod(generator.image_shape) * _scale(generator.image_shape) ** 2
    each = trained_model.bytes_of_a_draw(generator) + (sheet if save is _grid else 0)
    check_room("--n", args.n, each)
    images, labels = trained_model.draw(generator, args.n, args.seed, prior=args.prior,
        classes=class_numbers(args.classes), guidance=args.guidance, ode_steps=args.ode_steps,
    )  # fmt: skip
    try:
        save(args.out, images, labels)
    except OSError as error:
        raise UserError(f"cannot write {args.out}: {reason(error)}") from None
    print(f"{args.n} image{'s' * (args.n > 1)} in {args.out}")
    chosen = {name: getattr(args, name) for name in ("weights", "prior", "classes")}
    print(how_to_measure(args.run, args.out, args.n, labels, chosen))
    return 0


def _parser():
    parser = Parser(
        prog="python -m tinygan.sample",
        usage="%(prog)s RUN [options]",
        description="Draw images with the generator of a run: into a grid, an array or a folder.",
        examples=("tinygan.sample runs/dcgan --n 64 --out samples.png",
            "tinygan.sample runs/dcgan --n 10000 --out samples.npz"),
    )  # fmt: skip
    add = parser.add_argument
    add("run", metavar="RUN", type=path, help="the run folder")
    add("--n", metavar="N", type=whole_number(1), default=64, help="how many images (default 64)")
    add("--seed", metavar="S", type=whole_number(0), default=0, help="start of all randomness "
        "(default 0)")  # fmt: skip
    add("--out", metavar="FILE|DIR", type=path, default="samples.png", help="where to: "
        "FILE.png is a grid; FILE.npz has an array images, uint8 (N, H, W, C); DIR, new or empty, "
        "gets a PNG file for each image (default samples.png)")  # fmt: skip
    add_model_options(parser)
    add("--classes", metavar="A,B,…", type=class_list, help="of cgan and of a flow: the classes "
        "to draw, in equal parts (default: all that it knows)")  # fmt: skip
    add_flow_options(parser)
    add_backend_option(parser)
    return parser


def _form(out):
    """How to save to this name: a function of (its path, images, labels or None)."""
    if out.lower().endswith(".png"):
        return _grid
    if out.lower().endswith(".npz"):
        return _array
    if os.path.isdir(out):
        try:
            if is_empty(out):
                return _folder
        except OSError as error:
            raise UserError(f"cannot write {out}: {reason(error)}") from None
        raise UserError(f"--out {out} is a folder with something in it: name a new one")
    if os.path.splitext(out)[1] or os.path.exists(out):
        raise UserError(
            f"--out {out} should end in .png (a grid) or .npz (an array), or be a new folder, "
            "whose name has no ending"
        )
    return _folder


def _grid(out, images, labels):
    plots.save_png(out, plots.grid(images, scale=_scale(images.shape[1:])))


def _array(out, images, labels):
    with atomic_write(out) as file:
        np.savez_compressed(file, images=images, **({} if labels is None else {"labels": labels}))


def _folder(out, images, labels):
    """0000.png, …, or with labels 0000_class_3.png, …"""
    digits = max(4, len(str(len(images) - 1)))
    with new_folder(out) as folder:
        for i, image in enumerate(images):
            of_class = "" if labels is None else f"_class_{labels[i]}"
            plots.picture(image).save(folder / f"{i:0{digits}}{of_class}.png")


def _scale(shape):
    return 2 if shape[0] < 64 else 1


if __name__ == "__main__":
    exit_on_error(main, lower="--n")
