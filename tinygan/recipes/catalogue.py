"""What train --list and train RECIPE --about print, and what to type next."""

from tinygan import recipes
from tinygan.cli import flag, next_line, unused
from tinygan.errors import UserError
from tinygan.recipes.about import about
from tinygan.runs.run import default_folder

SUBSET = "fashion-mnist-subset"  # comes with tinygan


def told(name, asked):
    """The list of recipes, or what the one called `name` is.

    asked: dict of what the command line says. Raises UserError without a name or list.
    """
    if asked["list"]:
        lines = [f"{name:<14} {recipes.get(name).summary}" for name in recipes.names()]
        after = next_line("what one of them is", "tinygan.train", "dcgan", "--about")
    elif name is None:
        raise UserError("name a recipe to train; --list shows them")
    else:
        recipe = recipes.get(name)
        given = {n: v for n, v in asked.items() if n in recipe.options and v is not None}
        lines, after = [about(recipe, given)], _short_training(recipe, given)
    return "\n".join(lines if asked["quiet"] else [*lines, "", after])


def _short_training(recipe, given):
    """The line that says how to try the recipe, with the options that were given."""
    words = ["tinygan.train", recipe.name]
    if recipe.data == "fashion-mnist":
        words += ["--data", SUBSET]
    else:
        words += ["--limit", 5000, *(["--data-dir", "DIR"] if recipe.data == "faces" else [])]
    for name, value in given.items():
        switch = isinstance(value, bool)
        words += [flag(name if value else f"no_{name}")] if switch else [flag(name), value]
    folder = unused(default_folder(recipe.name))
    out = [] if folder == default_folder(recipe.name) else ["--out", folder]
    return next_line("a short training", *words, "--epochs", 2, *out)
