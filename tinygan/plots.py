"""Pictures: a grid of images as PNG, and the curves of a run.

Pillow and matplotlib are imported only when something is drawn, to keep `import tinygan` fast.
"""

from dataclasses import dataclass, field

import numpy as np

from tinygan import figures
from tinygan.files import atomic_write


def grid(images, columns=None, *, scale=1, gap=2):
    """Images side by side, row by row, on white.

    images: uint8 (N, H, W, C), C = 1 or 3, N at least 1. columns: if None, the grid is as near to a
    square as N allows. scale: each pixel becomes scale×scale. gap: white pixels between the images.
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
    with atomic_write(path) as file:
        picture(image).save(file, format="PNG")


def picture(image):
    """uint8 (H, W, 1) or (H, W, 3) as a picture of Pillow, which can save it."""
    from PIL import Image

    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def labelled_rows(path, rows):
    """Rows of images, each below a line of text.

    rows: list of (text, images), images uint8 (N, H, W, C), C = 1 or 3. Raises OSError when the
    file cannot be written.
    """
    width = min(9.0, 0.2 + 0.66 * max(len(images) for _, images in rows))  # inches
    with figures.new(path, (width, 0.9 * len(rows)), dpi=160) as figure:
        all_axes = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
        for axes, (text, images) in zip(all_axes, rows, strict=True):
            sheet = grid(images, columns=len(images))
            sheet = sheet.repeat(3 // sheet.shape[-1], axis=-1)  # grey as colour
            axes.imshow(sheet, interpolation="nearest")
            axes.set_title(text, loc="left", fontsize="small", parse_math=False)
            axes.axis("off")


@dataclass(frozen=True)
class Panel:
    """One of the plots of `curves`.

    label: of its vertical axis. lines: name -> values (steps,), one for each update. points: name
    -> list of (epoch, value), for values measured once per epoch. guides: name -> height of a
    dotted line. limits: (lowest, highest) of the axis. log: a logarithmic axis. note: a sentence on
    how to read it, for a report.
    """

    label: str
    lines: dict
    points: dict = field(default_factory=dict)
    guides: dict = field(default_factory=dict)
    limits: tuple | None = None
    log: bool = False
    note: str = ""


def curves(path, panels, steps_per_epoch, title):
    """Draw the course of a training: panels one above the other, over the epochs.

    Each line is drawn pale with its own values, and bold as their mean over a twentieth of the run.
    """
    with figures.new(path, (7, 1 + 2 * len(panels)), dpi=110) as figure:
        _draw_panels(figure, panels, steps_per_epoch, title)


def _draw_panels(figure, panels, steps_per_epoch, title):
    from matplotlib.ticker import LogLocator, NullFormatter

    all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    colours = iter(f"C{i}" for i in range(10))
    guided = False
    for axes, panel in zip(all_axes, panels, strict=True):
        for label, values in panel.lines.items():
            steps, colour = len(values), next(colours)
            epochs, window = np.arange(1, steps + 1) / steps_per_epoch, max(1, steps // 20)
            axes.plot(epochs, values, color=colour, alpha=0.2, linewidth=0.7)
            smooth, start = _running_mean(values, window)
            axes.plot(epochs[start : start + len(smooth)], smooth, color=colour, label=label)
        for label, pairs in panel.points.items():
            if pairs:
                size = 3 if len(pairs) > 1 else 7
                axes.plot(
                    *zip(*pairs, strict=True), "o-", color=next(colours), label=label, ms=size
                )
        highest = max(panel.guides.values(), default=None)
        for text, level in panel.guides.items():
            guided = True
            axes.axhline(level, color="grey", linewidth=0.7, linestyle=":")
            axes.annotate(
                text,
                (1, level),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                verticalalignment="bottom" if level == highest else "top",  # two keep apart
                fontsize="small",
            )
        if panel.limits:
            axes.set_ylim(*panel.limits)
        shown = [*panel.lines.values(), *([y for _, y in p] for p in panel.points.values() if p)]
        if panel.log and shown and 0 < 3 * min(map(min, shown)) < max(map(max, shown)):
            axes.set_yscale("log")
            few_decades = max(map(max, shown)) < 300 * min(map(min, shown))
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few_decades else (1,)))
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylabel(panel.label)
        if len(panel.lines) + len(panel.points) > 1:
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    updates = f"{steps_per_epoch} updates each" if steps_per_epoch > 1 else "one update each"
    guessing = "; dotted: mere guessing" if guided else ""
    all_axes[-1].set_xlabel(f"epoch ({updates}); bold: running mean{guessing}")
    all_axes[0].set_title(title, loc="left")


def _running_mean(values, window):
    """The means over `window` successive values, and the index of the first window's middle."""
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return (sums[window:] - sums[:-window]) / window, (window - 1) // 2
