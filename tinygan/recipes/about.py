"""What --about prints: what a recipe is, its options, and its networks as tables."""

import textwrap

from tinygan import nn
from tinygan.cli import flag
from tinygan.recipes.options import OPTIONS


def about(recipe, given):
    """The text for a Recipe. given: dict of options that are to differ from the recipe's own."""
    lines = [f"{recipe.name}: {recipe.summary}", "", *textwrap.wrap(recipe.details, 88), ""]
    lines.append(f"data {recipe.data}, {recipe.epochs} epochs; options and their defaults:")
    width = max(len(flag(name)) for name in recipe.options)
    for name, value in recipe.options.items():
        shown = "-" if value is None else "off" if value is False else value
        lines.append(f"  {flag(name):<{width}} {shown!s:<8} {OPTIONS[name].meaning}")
    model = recipe.new_model(recipe.options | given, seed=0, image_shape=(28, 28, 1))
    for name, inputs in model.examples().items():
        title = f"{name} ({' × '.join(map(str, inputs[0].shape[1:]))})"
        lines += ["", nn.summary_text(title, model.networks[name], *inputs)]
    return "\n".join(lines)
