"""A trained model out of its run folder, and drawing with it."""

from pathlib import Path

import numpy as np

from tinygan import recipes
from tinygan.cli import class_numbers, typed
from tinygan.errors import UserError
from tinygan.runs import checkpoint
from tinygan.runs.config import read_config


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
        wanted = known if classes is None else class_numbers(classes)
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
