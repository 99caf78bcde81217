"""What all lessons share beside their subject: --fast, where pictures go, sheets and films.

    import lesson

    rows = {"epoch 1": pictures, "photographs": photos}        # uint8 (N, H, W, C)
    lesson.save(figure, "14/curves.png")
    lesson.sheet("14/clothes.png", rows)
    lesson.film("12/game.gif", frames)                         # frames: [lesson.frame(figure), …]
    lesson.page("12/game.html", replay.page(…))                # a game to watch, see replay.py

Pictures go to out/ beside this file; those of a run with --fast go to out/fast/, so that they never
replace the ones that are kept.
"""

import logging
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

import __main__
from tinygan import plots
from tinygan.files import atomic_write, write_text

logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # fonts that are not needed
if hasattr(__main__, "__file__"):  # a script: it draws into files and needs no screen
    matplotlib.use("Agg")

FAST = "--fast" in sys.argv  # a shorter run, for testing the lesson itself
OUT = Path(__file__).parent / "out" / ("fast" if FAST else "")
CLOTHES = "T-shirt trouser pullover dress coat sandal shirt sneaker bag boot".split()


def save(figure, name):
    """Write a figure of matplotlib to out/name, a PNG file, and close it."""
    with atomic_write(_path(name)) as file:
        figure.savefig(file, format="png", dpi=120)
    plt.close(figure)


def sheet(name, rows, *, scale=2, title=None, columns=None):
    """Write rows of pictures, each with its label at the left, to out/name, a PNG file.

    rows: dict of label -> uint8 (N, H, W, C), C = 1 or 3; all pictures have the same size. scale:
    each pixel of a picture becomes scale × scale. title: above all. columns: a label for each.
    """
    wide = max(len(pictures) for pictures in rows.values())
    one = next(iter(rows.values())).shape[1:]  # (H, W, C)
    blank = np.full((wide, *one), 255, np.uint8)
    filled = [np.concatenate([row, blank[len(row) :]]) for row in rows.values()]
    image = plots.grid(np.concatenate(filled), wide, scale=scale)
    image = image.repeat(3 // image.shape[-1], axis=-1)  # grey as colour
    dots = 100  # an inch
    lines = [label.split("\n") for label in rows]
    margin = 14 + 6.6 * max(len(line) for label in lines for line in label)  # pixels
    above = 2 + 22 * bool(title) + 14 * bool(columns)
    size = margin + image.shape[1] + 2, above + image.shape[0] + 2
    figure = plt.figure(figsize=(size[0] / dots, size[1] / dots), dpi=dots)
    place = margin / size[0], 2 / size[1], image.shape[1] / size[0], image.shape[0] / size[1]
    axes = figure.add_axes(place)
    axes.imshow(image, interpolation="nearest", aspect="auto")
    axes.set_yticks(scale * ((one[0] + 2) * np.arange(len(rows)) + one[0] / 2), list(rows), size=8)
    places = scale * ((one[1] + 2) * np.arange(wide) + one[1] / 2)
    axes.xaxis.tick_top()
    if columns:
        axes.set_xticks(places, columns, size=7)
    else:
        axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if title:
        axes.set_title(title, size=9, loc="left", pad=18 if columns else 5)
    with atomic_write(_path(name)) as file:
        figure.savefig(file, format="png", dpi=dots)
    plt.close(figure)


def frame(figure):
    """A figure of matplotlib as it is drawn now: uint8 (H, W, 3)."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def film(name, frames, *, seconds=0.1, last=2.0):
    """Write frames, uint8 (H, W, C), to out/name, a GIF file that starts again when it ends.

    seconds: how long each frame is shown. last: how long the last one is.
    """
    still = [Image.fromarray(f[..., 0] if f.shape[-1] == 1 else f) for f in frames]
    palette = still[-1].convert("RGB").quantize(64)  # one for all: unchanged pixels cost nothing
    still = [f.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE) for f in still]
    times = [round(1000 * seconds)] * (len(still) - 1) + [round(1000 * last)]
    with atomic_write(_path(name)) as file:
        still[0].save(
            file, format="GIF", save_all=True, append_images=still[1:], duration=times, loop=0
        )


def film_of_points(name, points, titles, colors, *, limit=3):
    """A film of points that move in a plane, to out/name, a GIF file.

    points: list of (N, 2), one for each frame. titles: one for each frame. colors (N,): whole
    numbers from 0 to 9, the same in all frames. limit: what the axes show, −limit to limit.
    """
    figure, axes = plt.subplots(figsize=(3.4, 3.4), layout="constrained")
    frames = []
    for places, title in zip(points, titles, strict=True):
        axes.clear()
        axes.scatter(*places.T, s=3, c=colors, cmap="tab10", vmin=0, vmax=9)
        axes.set(xlim=(-limit, limit), ylim=(-limit, limit), title=title)
        axes.set(xlabel="first coordinate", ylabel="second coordinate")
        frames.append(frame(figure))
    plt.close(figure)
    film(name, frames)


def page(name, text):
    """Write the text of an HTML page to out/name."""
    write_text(_path(name), text)


def _path(name):
    path = OUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
