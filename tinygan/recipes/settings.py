"""What a run is asked to do: the command line, else the run that is resumed, else the recipe."""

from pathlib import Path

from tinygan.errors import UserError
from tinygan.recipes.options import OPTIONS, check_options, flag
from tinygan.runs.config import Settings

KEPT = ("data", "limit", "seed")  # what a resumed run cannot change, besides the recipe's options
DEFAULTS = {
    "limit": None,
    "seed": 0,
    "sample_every": 1,
    "checkpoint_every": 1,
    "backend": "auto",
    "data_dir": None,
}


def settings(asked, recipe, config=None, where=None):
    """The Settings of a run.

    asked: dict of what the command line says; None, or no entry, where it says nothing. config:
    config.json, as a dict, of the run in the folder `where` that is resumed.
    Raises UserError when the recipe lacks an option, or a resumed run is asked to become another.
    """
    asked = {name: value for name, value in asked.items() if value is not None}
    refuse_what_the_recipe_lacks(asked, recipe)
    if config:
        refuse_what_a_resumed_run_cannot_change(asked, recipe, config, where)
    return merge(asked, recipe, config)


def refuse_what_the_recipe_lacks(asked, recipe):
    """Raise UserError for an option that the recipe does not take."""
    for name in OPTIONS:
        if name in asked and name not in recipe.options:
            raise UserError(
                f"{recipe.name} has no {flag(name)}: its options are "
                f"{', '.join(map(flag, recipe.options))}"
            )


def refuse_what_a_resumed_run_cannot_change(asked, recipe, config, where):
    """Raise UserError when something was asked for that would make the run another one."""
    if config["recipe"] != recipe.name:
        raise UserError(
            f"the run in {where} is of the recipe {config['recipe']}, not of {recipe.name}"
        )
    check_options(recipe, config["options"], Path(where) / "config.json")
    began_with = {name: config[name] for name in KEPT} | config["options"]
    for name, kept in began_with.items():
        if name in asked and asked[name] != kept:
            began = "the run began without it" if kept is None else f"the run has {kept}"
            raise UserError(
                f"{flag(name)} {asked[name]}: {began}; leave it out, or start another run with "
                "--out"
            )


def merge(asked, recipe, config):
    """What was asked for, over what the run has, over the recipe's own."""
    values = DEFAULTS | {"data": recipe.data} | {"epochs": recipe.epochs, "steps": None}
    options = recipe.options
    if config:
        values = {name: config[name] for name in values}
        options = config["options"]
    if "epochs" in asked or "steps" in asked:  # a new end replaces the old one
        values |= {"epochs": None, "steps": None}
    values |= {name: asked[name] for name in asked.keys() & values.keys()}
    options = options | {name: asked[name] for name in asked.keys() & options.keys()}
    return Settings(recipe=recipe.name, options=options, **values)
