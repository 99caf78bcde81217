"""Pictures: a grid of images as PNG, and the curves of a run.

Pillow and matplotlib are imported where something is drawn, to keep `import tinygan` quick.
"""

import numpy as np

from tinygan.files import atomic_write


def grid(images, columns=None, *, scale=1, gap=2):
    """Images side by side, row by row, on white.

    images: uint8 (N, H, W, C), C = 1 or 3, N at least 1. columns: as near to a square as N allows
    when left out. scale: each pixel becomes scale×scale. gap: white pixels between the images.
    Returns uint8 (height, width, C).
    """
    n, h, w, c = images.shape
    columns = columns or int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    sheet = np.full((rows, h + gap, columns, w + gap, c), 255, np.uint8)
    for i, image in enumerate(images):
        sheet[i // columns, :h, i % columns, :w] = image
    sheet = sheet.reshape(rows * (h + gap), columns * (w + gap), c)
    sheet = sheet[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
    return sheet.repeat(scale, axis=0).repeat(scale, axis=1)


def save_png(path, image):
    """Write uint8 (H, W, 1) or (H, W, 3) as a PNG file. Raises OSError when that fails."""
    from PIL import Image

    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    with atomic_write(path) as file:
        picture.save(file, format="PNG")


def curves(path, history, steps_per_epoch, title):
    """Draw how a GAN's training went: losses above, D's mean scores below.

    history: (steps, 4) array of d_loss, g_loss, real_score, fake_score for every update. Each is
    drawn faintly as it was and firmly as its running mean over a twentieth of the run. The dotted
    lines are where they stand when D can only guess: losses of 2 ln 2 and ln 2, scores of 0.5.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    steps = len(history)
    epochs = np.arange(1, steps + 1) / steps_per_epoch
    window = max(1, steps // 20)
    figure = Figure(figsize=(7, 5), layout="constrained")
    FigureCanvasAgg(figure)
    losses, scores = figure.subplots(2, 1, sharex=True)
    panels = [
        (losses, 0, "discriminator", "tab:blue"),
        (losses, 1, "generator", "tab:orange"),
        (scores, 2, "real images", "tab:green"),
        (scores, 3, "generated images", "tab:red"),
    ]
    for axes, column, label, colour in panels:
        axes.plot(epochs, history[:, column], color=colour, alpha=0.2, linewidth=0.7)
        smooth, start = _running_mean(history[:, column], window)
        axes.plot(epochs[start : start + len(smooth)], smooth, color=colour, label=label)
    guessing = {"color": "grey", "linewidth": 0.7, "linestyle": ":"}
    for level, text in ((2 * np.log(2), "2 ln 2"), (np.log(2), "ln 2")):
        losses.axhline(level, **guessing)
        losses.annotate(text, (1, level), xycoords=("axes fraction", "data"), fontsize="small")
    scores.axhline(0.5, **guessing)
    losses.set_ylabel("loss (nats)")
    scores.set_ylabel("D's mean score")
    scores.set_ylim(0, 1)
    scores.set_xlabel(f"epoch ({steps_per_epoch} updates each); dotted: where D can only guess")
    losses.set_title(title, loc="left")
    for axes in (losses, scores):
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=110)


def _running_mean(values, window):
    """Means over `window` neighbours, and the position of the first one's middle."""
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return (sums[window:] - sums[:-window]) / window, (window - 1) // 2
