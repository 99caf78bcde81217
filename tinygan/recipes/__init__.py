"""One file per kind of model: its training with options and data, and its rows of the table.

Not here: how an update works (training/), what a run leaves in its folder (runs/).
"""

import difflib

from tinygan.errors import UserError
from tinygan.recipes import autoencoder, classifier, conditional, flow, gan, mixture
from tinygan.recipes.recipe import Recipe

__all__ = ["Recipe", "get", "names"]

_RECIPES = {
    recipe.name: recipe
    for kind in (mixture, autoencoder, gan, conditional, flow, classifier)
    for recipe in kind.RECIPES
}


def names():
    """The names of all recipes."""
    return list(_RECIPES)


def get(name):
    """The Recipe called `name`. Raises UserError for an unknown one, and suggests the nearest."""
    if name in _RECIPES:
        return _RECIPES[name]
    near = difflib.get_close_matches(name, names(), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"the recipes are {', '.join(names())}"
    raise UserError(f"unknown recipe {name!r}: {hint}")
