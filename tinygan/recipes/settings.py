"""What a run is asked to do: the command line, else the run that is resumed, else the recipe."""

from pathlib import Path

from tinygan.cli import flag
from tinygan.data.faces import BACKGROUND, colour
from tinygan.errors import UserError
from tinygan.recipes.options import OPTIONS, stored_options
from tinygan.runs.config import LEARNING_RATES, Settings

# What a resumed run cannot change, besides the recipe's options.
KEPT = ("data", "background", "limit", "seed")
DEFAULTS = {
    "limit": None,
    "seed": 0,
    "sample_every": 1,
    "checkpoint_every": 1,
    "fd_every": None,
    "keep_best": False,
    "backend": "auto",
    "data_dir": None,
    "background": None,
    "tf32": False,
}


def settings(asked, recipe, config=None, where=None):
    """The Settings of a run.

    asked: dict of what the command line says; None, or no entry, where it says nothing. config:
    config.json, as a dict, of the run in the folder `where` that is resumed.
    Raises UserError when the recipe lacks an option, or a resumed run is asked to become another.
    """
    asked = {name: value for name, value in asked.items() if value is not None}
    refuse_what_the_recipe_lacks(asked, recipe)
    options = recipe.options
    if config:
        if config["recipe"] != recipe.name:
            raise UserError(
                f"the run in {where} is of the recipe {config['recipe']}, not of {recipe.name}"
            )
        options = stored_options(recipe, config["options"], Path(where) / "config.json")
        refuse_what_a_resumed_run_cannot_change(asked, config, options)
    return merge(asked, recipe, config, options)


def refuse_what_the_recipe_lacks(asked, recipe):
    """Raise UserError for an option that the recipe does not take."""
    for name in OPTIONS:
        if name in asked and name not in recipe.options:
            raise UserError(
                f"{recipe.name} has no {flag(name)}: its options are "
                f"{', '.join(map(flag, recipe.options))}"
            )


def refuse_what_a_resumed_run_cannot_change(asked, config, options):
    """Raise UserError when something was asked for that would make the run another one."""
    began_with = {name: config[name] for name in KEPT} | options
    for name, kept in began_with.items():
        if name in asked and not _same(name, asked[name], kept) and name not in LEARNING_RATES:
            without = kept is None or kept is False
            began = "the run began without it" if without else f"the run has {kept}"
            raise UserError(
                f"{_typed(name, asked[name])}: {began}; leave it out, or start another run with "
                "--out"
            )


def _typed(name, value):
    """An option as it was typed: "--lr 0.1", "--flip", "--no-flip"."""
    if isinstance(value, bool):
        return flag(name if value else f"no_{name}")
    return f"{flag(name)} {value}"


def _same(name, asked, kept):
    if name == "background":  # white and #ffffff are one colour
        return colour(asked) == colour(kept or BACKGROUND)
    return asked == kept


def merge(asked, recipe, config, options):
    """What was asked for, over what the run has, over the recipe's own.

    options: the run's, or the recipe's.
    """
    values = DEFAULTS | {"data": recipe.data} | {"epochs": recipe.epochs, "steps": None}
    if config:
        values = {name: config[name] for name in values}
    if "epochs" in asked or "steps" in asked:  # a new end replaces the old one
        values |= {"epochs": None, "steps": None}
    values |= {name: asked[name] for name in asked.keys() & values.keys()}
    if values["data"] == "faces" and values["background"] is None:
        values["background"] = BACKGROUND
    options = options | {name: asked[name] for name in asked.keys() & options.keys()}
    return Settings(recipe=recipe.name, options=options, **values)
