"""Pictures that the model has drawn, as one PNG: for browsers without scripts."""

import base64
import io

import numpy as np

from tinygan import plots
from tinygan.data.pixels import to_uint8
from tinygan.recipes import trained_model

COLUMNS, ROWS = 8, 4


def still(model, seed=0):
    """The src of an <img>: a grid of pictures by the model, a data: URI."""
    file = io.BytesIO()
    sheet = plots.grid(_images(model, COLUMNS * ROWS, seed), COLUMNS, gap=0)
    plots.picture(sheet).save(file, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _images(model, n, seed):
    """As the page draws them: where no mixture was fitted, from normal noise."""
    mixture = getattr(model, "mixture", None)
    if mixture is None or not mixture.is_empty():
        return trained_model.draw(model, n, seed)[0]
    if "prior" in model.choices:
        return trained_model.draw(model, n, seed, prior="normal")[0]
    mean, components = model.projection.values()
    pixels = mean + np.random.default_rng(seed).standard_normal((n, len(components))) @ components
    return to_uint8(pixels.reshape(n, *model.image_shape), model.options["low"])
