"""A trained model out of its run folder, and drawing with it."""

import math
from pathlib import Path

import numpy as np

from tinygan import backend, recipes
from tinygan.cli import flag, typed
from tinygan.errors import UserError
from tinygan.recipes.options import stored_options
from tinygan.runs import checkpoint
from tinygan.runs.config import read_config

_FOR = {
    "prior": "autoencoders",
    "classes": "models that are asked for a class, cgan and flows",
    "ode_steps": "flows",
    "guidance": "flows",
}


def load(run_folder, xp, image_shape=None, weights=None):
    """The Model of a run folder with the weights of its checkpoint, in `.step` the updates done.

    image_shape: (H, W, C) of the data, for a recipe that takes what the data has. weights: one of
    "best", "last" and "average", see options.WEIGHTS; None for those that the run draws with.
    Raises UserError when there is no checkpoint, or it or config.json is damaged, and when it does
    not have these weights.
    """
    config = read_config(run_folder)
    recipe = recipes.get(config["recipe"])
    options = stored_options(recipe, config["options"], Path(run_folder) / "config.json")
    if recipe.image_shape is None and image_shape is None:
        raise UserError(f"{run_folder} is of the recipe {recipe.name}, which draws no images")
    file = checkpoint_file(run_folder, recipe.name)
    settings = {"recipe": recipe.name, "options": options}
    checkpoint.check(file, **settings)
    model = recipe.new_model(options, config["seed"], xp, image_shape)
    if weights is not None and not model.draws_images:
        raise UserError(f"--weights is for recipes that draw images, and {recipe.name} draws none")
    kept = {}
    model.step, _, notes = checkpoint.load(file, **settings, arrays=model.arrays(), kept=kept)
    if weights == "best" and not model.keeps_best:
        _take_best(model, notes, kept, run_folder)
    elif weights in (None, "best") and _is_step(notes.get("best_step"), model.step):
        model.step = notes["best_step"]  # of a conditional GAN
    model.use(weights)
    model.loaded(file, notes)
    return model


def _is_step(value, last):
    return type(value) is int and 0 < value <= last


def _take_best(model, notes, kept, run_folder):
    """Put the arrays that the run kept at its lowest distance in the place of the last ones."""
    if "best" not in notes:
        raise UserError(
            f"{run_folder} has kept no best weights: leave --weights out (train --keep-best keeps "
            "them)"
        )
    for name, array in model.arrays().items():
        array[...] = backend.to_device(kept[name], model.xp)
    model.step = notes["best"]["step"]


def checkpoint_file(run_folder, recipe_name):
    """The path of a run's checkpoint. Raises UserError when there is none."""
    file = Path(run_folder) / "checkpoint.npz"
    if file.exists():
        return file
    command = typed("tinygan.train", recipe_name, "--out", run_folder, "--resume")
    raise UserError(
        f"{run_folder} has no checkpoint yet: wait, if it is training, or go on with {command}"
    )


def draw(model, n, seed, **choice):
    """n images from a trained model, and the labels they were asked for.

    model: what `load` returned. seed: of the noise. choice: None, where it is the run's own, or
    prior, of an autoencoder: "normal" or "gmm"; classes, of a model that is asked for one: a tuple
    of labels to draw, in equal parts; ode_steps and guidance, of a flow: numbers.
    Returns (images uint8 (n, H, W, C), labels (n,) or None). Raises UserError for a choice where it
    has no meaning, and for classes that the network was not trained on.
    """
    asked = {name: value for name, value in choice.items() if value is not None}
    for name in sorted(asked.keys() - set(model.choices)):
        raise UserError(not_for(name, model))
    with np.errstate(all="ignore"):  # a damaged checkpoint may hold numbers of any size
        return model.draw(n, np.random.default_rng(seed), **asked)


def not_for(name, model):
    """The sentence that a choice has no meaning for a model."""
    return f"{flag(name)} is for {_FOR[name]}, and this is {model.name}"


def bytes_of_a_draw(model):
    """About how much memory `draw` needs for each image: its pixels, and its noise or code."""
    o = model.options
    noise = 4 * o.get("noise_dim", 0)  # float32
    if "ode_steps" in o and "code" not in o:  # of a flow of pixels
        noise = 4 * math.prod(model.image_shape)
    code = 24 * (o.get("code", 0) + o.get("dims", 0))  # float64, three times while it is shuffled
    return math.prod(model.image_shape) + noise + code
