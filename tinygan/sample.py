"""python -m tinygan.sample RUN: draw images with a trained generator."""

from pathlib import Path

import numpy as np

from tinygan import backend, plots, recipes
from tinygan.advice import typed
from tinygan.errors import UserError, exit_on_error
from tinygan.files import atomic_write, reason
from tinygan.options import Parser, path, whole_number
from tinygan.training import checkpoint, generate
from tinygan.training.config import read_config


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
    add("--backend", choices=backend.NAMES, default="auto", help="what to compute with")
    args = parser.parse_args(argv)
    if not args.out.endswith((".png", ".npz")):
        raise UserError(f"--out {args.out} should end in .png (a grid) or .npz (an array)")
    images = draw(args.run, args.n, args.seed, backend.get(args.backend))
    try:
        if args.out.endswith(".png"):
            plots.save_png(args.out, plots.grid(images, scale=2))
        else:
            with atomic_write(args.out) as file:
                np.savez_compressed(file, images=images)
    except OSError as error:
        raise UserError(f"cannot write {args.out}: {reason(error)}") from None
    print(f"{args.n} images in {args.out}")
    return 0


def draw(run_folder, n, seed, xp):
    """n images (uint8, (n, H, W, C)) from the generator in a run folder, from noise by `seed`."""
    config = read_config(run_folder)
    recipe = recipes.get(config["recipe"])
    file = Path(run_folder) / "checkpoint.npz"
    if not file.exists():
        command = typed("tinygan.train", recipe.name, "--out", run_folder, "--resume")
        raise UserError(f"{run_folder} has no checkpoint yet; train it on with {command}")
    G, _ = recipe.networks(np.random.default_rng(0), width=config["width"])
    checkpoint.load(
        file,
        recipe=recipe.name,
        options={"width": config["width"]},
        networks={"G": G},
    )
    z = np.random.default_rng(seed).standard_normal((n, recipe.noise_dim), dtype=np.float32)
    return generate(G.to(xp), z)


if __name__ == "__main__":
    exit_on_error(main)
