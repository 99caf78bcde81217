"""A Training of any recipe, tiny, and networks whose output is known.

Where a test needs to know what a network says, its last layer is emptied and given a bias: then it
says that, whatever it is shown.
"""

import dataclasses

import numpy as np

from tinygan import recipes
from tinygan.evaluation.features import features_of

TINY = {"width": 1, "batch_size": 4, "code": 3, "components": 2, "dims": 3}
STILL = 1e-12  # a learning rate with which nothing moves that one could see


def make(name, images, labels=None, build=None, seed=0, **options):
    """The Training of a recipe, tiny. build: other networks than the recipe's."""
    recipe = recipes.get(name)
    if build is not None:
        recipe = dataclasses.replace(recipe, build=build)
    tiny = {n: v for n, v in TINY.items() if n in recipe.options}
    options = recipe.options | tiny | options
    return recipe.new_training(options, seed, images, labels, features=features_of)


def noise_images(n, shape=(28, 28, 1), seed=5):
    """Images that all differ, and differ from their mirror images."""
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def watch(network):
    """A list of what network.forward is given from now on: its arguments, call by call."""
    seen, forward = [], network.forward

    def spy(*inputs):
        seen.append([np.array(x) for x in inputs])
        return forward(*inputs)

    network.forward = spy
    return seen


def apart(seen, n):
    """What a discriminator was given, a batch of n images at a time: real, fake, real, fake, …

    It may have seen real and fake images in one pass.
    """
    return [[x[i : i + n] for x in inputs] for inputs in seen for i in range(0, len(inputs[0]), n)]


def say(network, bias):
    """Make a network that ends in a Dense layer, an activation aside, give this for all inputs."""
    W, b = network.params()[-2:]
    W.data[...] = 0
    b.data[...] = np.ravel(bias)


def pixels_of(x, low):
    """What float images in [low, 1] were as uint8."""
    return np.rint(x * 255 if low == 0 else (x + 1) * 127.5).astype(np.uint8)


def rows(images):
    return [image.tobytes() for image in images]


def softplus(x):
    return np.log1p(np.exp(x))


def values(measured):
    return {name: float(value) for name, value in measured.items()}
