"""python -m tinygan.sample RUN: draw images with a trained generator."""

import numpy as np

from tinygan import backend, plots
from tinygan.cli import Parser, class_list, class_numbers, exit_on_error, one_of, path, whole_number
from tinygan.errors import UserError
from tinygan.files import atomic_write, reason
from tinygan.recipes import trained_model
from tinygan.recipes.options import PRIORS


def main(argv=None):
    parser = Parser(
        prog="python -m tinygan.sample",
        description="Draw images with the generator of a run.",
    )
    add = parser.add_argument
    add("run", type=path, help="the run folder")
    add("--n", metavar="N", type=whole_number(1), default=64, help="how many images (default 64)")
    add("--seed", metavar="S", type=whole_number(0), default=0, help="of the noise (default 0)")
    add("--out", metavar="FILE", type=path, default="samples.png", help="FILE.png: a grid; "
        "FILE.npz: an array images, uint8 (N, H, W, C) (default samples.png)")  # fmt: skip
    add("--prior", metavar="NAME", type=one_of(*PRIORS), help="of an autoencoder: decode "
        "N(0, I), or samples of a mixture fitted to its codes (default: the run's)")  # fmt: skip
    add("--classes", metavar="A,B,…", type=class_list, help="of a conditional GAN: the classes to "
        "draw, in equal parts (default: all that it knows)")  # fmt: skip
    add("--backend", choices=backend.NAMES, default="auto", help="what to compute with")
    args = parser.parse_args(argv)
    if not args.out.endswith((".png", ".npz")):
        raise UserError(f"--out {args.out} should end in .png (a grid) or .npz (an array)")
    generator = trained_model.load(args.run, backend.get(args.backend))
    images, labels = trained_model.draw(
        generator, args.n, args.seed, prior=args.prior, classes=class_numbers(args.classes)
    )
    try:
        if args.out.endswith(".png"):
            plots.save_png(args.out, plots.grid(images, scale=2 if images.shape[1] < 64 else 1))
        else:
            arrays = {"images": images} | ({} if labels is None else {"labels": labels})
            with atomic_write(args.out) as file:
                np.savez_compressed(file, **arrays)
    except OSError as error:
        raise UserError(f"cannot write {args.out}: {reason(error)}") from None
    print(f"{args.n} image{'s' * (args.n > 1)} in {args.out}")
    return 0


if __name__ == "__main__":
    exit_on_error(main, lower="--n")
