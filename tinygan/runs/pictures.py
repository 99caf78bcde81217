"""The pictures that a run leaves: sheets of samples from one fixed noise, and its curves."""

import numpy as np

from tinygan import plots


def draw_sheet(folder, name, training, seed):
    """Write samples/NAME.png. Raises OSError when it cannot be written."""
    rng = np.random.default_rng(seed).spawn(3)[2]  # two of the three train
    images, columns = training.sheet(rng)
    sheet = plots.grid(images, columns=columns, scale=2 if images.shape[1] < 64 else 1)
    plots.save_png(folder / "samples" / f"{name}.png", sheet)


def draw_curves(folder, title, training, history):
    """Write curves.png from history (steps, columns). Raises OSError when it cannot be written."""
    panels = training.panels(history)
    plots.curves(folder / "curves.png", panels, training.steps_per_epoch, title)
