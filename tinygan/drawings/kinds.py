"""The kinds of drawings by name, and which of them a run can have."""

import inspect
from collections.abc import Callable
from typing import NamedTuple

from tinygan.cli import flag
from tinygan.drawings import (
    codes,
    film,
    filters,
    grid,
    mixture,
    nearest,
    path,
    reconstructions,
    saliency,
    sums,
    walk,
)
from tinygan.errors import UserError, shown
from tinygan.help_text import two_columns
from tinygan.recipes.autoencoder import Autoencoder
from tinygan.recipes.classifier import Classifier
from tinygan.recipes.flow import Flow, LatentFlow
from tinygan.recipes.gan import Gan
from tinygan.recipes.mixture import PixelMixture

_DRAW = (Gan, Autoencoder, PixelMixture, Flow)


class Kind(NamedTuple):
    """draw: (run, path to write, *, its options) -> lines to print. what: a line for --help.
    models: the classes of the Models that have it.
    """

    draw: Callable
    what: str
    models: tuple

    @property
    def options(self):
        """The names of its options, which are the keywords that draw takes."""
        parameters = inspect.signature(self.draw).parameters.values()
        return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


KINDS = {
    "grid": Kind(grid.draw, "drawn images; of cgan and of flows a row for each class", _DRAW),
    "walk": Kind(walk.draw, "from one noise or code to another", (Gan, Autoencoder, Flow)),
    "path": Kind(path.draw, "how a flow leads noise to an image", (Flow,)),
    "sums": Kind(sums.draw, "a − b + c of averaged noises", (Gan,)),
    "nearest": Kind(nearest.draw, "samples above the nearest training images", _DRAW),
    "film": Kind(film.draw, "a GIF of the sample sheets, epoch by epoch", (*_DRAW, Classifier)),
    "filters": Kind(
        filters.draw,
        "the first layer of what looks at images",
        (Gan, Autoencoder, LatentFlow, Classifier),
    ),
    "saliency": Kind(saliency.draw, "where D looks: its gradient by the pixels", (Gan,)),
    "reconstructions": Kind(
        reconstructions.draw,
        "test images above an autoencoder's reconstructions",
        (Autoencoder, LatentFlow),
    ),
    "codes": Kind(codes.draw, "the map of test images' codes, by class", (Autoencoder, LatentFlow)),
    "means": Kind(
        mixture.draw_means, "the components' mean images and weights", (PixelMixture, Autoencoder)
    ),
    "component": Kind(
        mixture.draw_component, "draws from one component", (PixelMixture, Autoencoder)
    ),
}


def kinds_of(recipe):
    """The names of the kinds that a run of this Recipe can have."""
    return [name for name, kind in KINDS.items() if issubclass(recipe.model, kind.models)]


def table(names):
    """A line for each of these kinds: its name, and what it shows."""
    return two_columns({name: KINDS[name].what for name in names})


def kinds_with(option):
    """The names of the kinds that take an option, separated by commas."""
    return ", ".join(name for name, kind in KINDS.items() if option in kind.options)


def check(name, recipe, given):
    """Raise UserError when a run of this Recipe has no such kind, or the kind not these options.

    given: the names of the options that were given.
    """
    has = kinds_of(recipe)
    if name not in has:
        can = f"can be drawn as {', '.join(has)}"
        if name in KINDS:
            raise UserError(f"a run of {recipe.name} has no {name}: it {can}")
        raise UserError(f"unknown kind {shown(name)!r}: a run of {recipe.name} {can}")
    for option in given:
        if option not in KINDS[name].options:
            its = ", ".join(map(flag, KINDS[name].options))
            raise UserError(f"{name} has no {flag(option)}: its options are {its}")
