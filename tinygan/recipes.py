"""The table of named experiments: data, networks, settings, and where they come from."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from tinygan.errors import UserError
from tinygan.models import dcgan_discriminator, dcgan_generator


@dataclass(frozen=True)
class Recipe:
    """One experiment.

    name; summary: one line for --list; details: what a reader should know before running it.
    data: name of its data set. image_shape: (H, W, C). noise_dim: length of G's input, N(0, 1).
    width, batch_size, epochs, lr, betas: the defaults of its options (betas are Adam's).
    build: (rng, noise_dim=…, width=…) -> (G, D).
    """

    name: str
    summary: str
    details: str
    data: str
    image_shape: tuple[int, int, int]
    noise_dim: int
    width: int
    batch_size: int
    epochs: int
    lr: float
    betas: tuple[float, float]
    build: Callable

    def networks(self, rng, *, width=None):
        """Fresh networks (G, D) on the host. rng: draws their weights now and, held by the layers
        that need one, their dropout masks later. width: channels; the recipe's own when left out.
        """
        return self.build(
            rng, noise_dim=self.noise_dim, width=self.width if width is None else width
        )


def names():
    """The names of all recipes."""
    return [recipe.name for recipe in _RECIPES]


def get(name):
    """The Recipe called `name`. Raises UserError for an unknown one, and suggests the nearest."""
    for recipe in _RECIPES:
        if recipe.name == name:
            return recipe
    near = difflib.get_close_matches(name, names(), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"the recipes are {', '.join(names())}"
    raise UserError(f"unknown recipe {name!r}: {hint}")


def _dcgan(rng, *, noise_dim, width):
    return (
        dcgan_generator(rng, noise_dim=noise_dim, width=width),
        dcgan_discriminator(rng, width=width),
    )


_RECIPES = [
    Recipe(
        name="dcgan",
        summary="deep convolutional GAN on Fashion-MNIST, 28×28 grey",
        details=(
            "A DCGAN of three 5×5 transposed convolutions against two 5×5 convolutions. The "
            "learning rate and Adam's first beta are those of Radford et al. 2016; the document "
            "this recipe follows (github.com/kohjlalex/DCGAN) trains with --lr 0.00001 --epochs "
            "100. --width 64 is full size; 32 is nearly three times as quick."
        ),
        data="fashion-mnist",
        image_shape=(28, 28, 1),
        noise_dim=100,
        width=64,
        batch_size=128,
        epochs=50,
        lr=2e-4,
        betas=(0.5, 0.999),
        build=_dcgan,
    ),
]
