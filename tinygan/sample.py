"""python -m tinygan.sample RUN: draw images with a trained generator."""

from pathlib import Path

import numpy as np

from tinygan import backend, plots, recipes
from tinygan.advice import typed
from tinygan.errors import UserError, exit_on_error
from tinygan.files import atomic_write, reason
from tinygan.options import Parser, class_list, one_of, path, whole_number
from tinygan.training import checkpoint
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
    add("--prior", metavar="NAME", type=one_of("normal", "gmm"), help="of an autoencoder: decode "
        "N(0, I), or samples of a mixture fitted to its codes (default: the run's)")  # fmt: skip
    add("--classes", metavar="A,B,…", type=class_list, help="of a conditional GAN: the classes to "
        "draw, in equal parts (default: all that it knows)")  # fmt: skip
    add("--backend", choices=backend.NAMES, default="auto", help="what to compute with")
    args = parser.parse_args(argv)
    if not args.out.endswith((".png", ".npz")):
        raise UserError(f"--out {args.out} should end in .png (a grid) or .npz (an array)")
    generator = load(args.run, backend.get(args.backend))
    images, labels = draw(generator, args.n, args.seed, prior=args.prior, classes=args.classes)
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


def load(run_folder, xp):
    """The Trainer of a run folder with the weights of its checkpoint, ready to draw."""
    config = read_config(run_folder)
    recipe = recipes.get(config["recipe"])
    recipes.check_options(recipe, config["options"], Path(run_folder) / "config.json")
    trainer = recipe.trainer(recipe, config["options"] | recipe.fixed, config["seed"], xp)
    file = Path(run_folder) / "checkpoint.npz"
    if not file.exists():
        command = typed("tinygan.train", recipe.name, "--out", run_folder, "--resume")
        raise UserError(
            f"{run_folder} has no checkpoint yet: wait, if it is training, or go on with {command}"
        )
    _, _, trainer.notes = checkpoint.load(
        file, recipe=recipe.name, options=config["options"], networks=trainer.networks
    )
    trainer.check(file)
    return trainer


def draw(trainer, n, seed, *, prior=None, classes=None):
    """n images from a trained generator, and the labels they were asked for.

    trainer: what `load` returned. seed: of the noise. prior: for an autoencoder, see its draw.
    classes: for a conditional GAN, "0,1": the labels to draw, in equal parts.
    Returns (images uint8 (n, H, W, C), labels (n,) or None). Raises UserError for a prior or
    classes where they have no meaning, and for classes that the network was not trained on.
    """
    rng = np.random.default_rng(seed)
    name = trainer.recipe.name
    if prior is not None and "prior" not in trainer.options:
        raise UserError(f"--prior is for autoencoders, and this is {name}")
    known = getattr(trainer, "classes", None)
    if classes is not None and known is None:
        raise UserError(f"--classes is for conditional GANs, and this is {name}")
    if known is not None:
        wanted = known if classes is None else tuple(int(c) for c in classes.split(","))
        for c in wanted:
            if c not in known:
                raise UserError(
                    f"class {c} is not one that this run was trained on: "
                    f"{', '.join(map(str, known))}"
                )
        labels = np.asarray(wanted)[np.arange(n) * len(wanted) // n]
        return trainer.draw(n, rng, np.searchsorted(known, labels)), labels
    how = {} if prior is None else {"prior": prior}
    return trainer.draw(n, rng, **how), None


if __name__ == "__main__":
    exit_on_error(main)
