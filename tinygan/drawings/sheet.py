"""Rows of images with words beside and above them, as one picture without blurred pixels.

Each pixel of an image becomes a square of whole pixels; the words are set in the font that comes
with matplotlib, which has the mathematical signs.
"""

import functools
import importlib.util
from pathlib import Path

import numpy as np

from tinygan import plots
from tinygan.errors import UserError
from tinygan.files import reason

SMALL, NORMAL = 11, 13  # heights of letters, in pixels
_MARGIN, _GAP = 8, 4


def scale_for(shape, width=56):
    """How many pixels each pixel of an image (H, W, …) takes to be about `width` wide."""
    return max(1, round(width / shape[1]))


def save(out, rows, title, scale=1):
    """Write `compose` of these as the PNG file `out`. Raises UserError when that fails."""
    try:
        plots.save_png(out, compose(rows, title, scale))
    except OSError as error:
        raise UserError(f"cannot write {out}: {reason(error)}") from None


def compose(rows, title, scale=1):
    """The picture: uint8 (height, width, 3), black words on white.

    rows: list of (text beside the row, cells). A cell is (content, text above it); its content is
    an image uint8 (H, W, C) with C = 1 or 3, or a sign to stand between images such as "+".
    title: a text, wrapped where it is wider than the rows. scale: each pixel becomes scale×scale.
    """
    blocks = [[_block(cell, scale, _words_above(cells)) for cell in cells] for _, cells in rows]
    labels = [words(text) if text else None for text, _ in rows]
    beside = max((label.shape[1] + 2 * _GAP for label in labels if label is not None), default=0)
    columns = max(len(row) for row in blocks)
    widths = [max(row[i].shape[1] for row in blocks if i < len(row)) for i in range(columns)]
    heights = [max(block.shape[0] for block in row) for row in blocks]
    width = max(2 * _MARGIN + beside + sum(widths) + _GAP * (columns - 1), 360)
    head = [words(line) for line in _wrapped(title, width - 2 * _MARGIN)]
    top = _MARGIN + sum(line.shape[0] for line in head) + _GAP * bool(head)
    page = np.full((top + sum(heights) + _GAP * (len(rows) - 1) + _MARGIN, width, 3), 255, np.uint8)
    y = _MARGIN
    for line in head:
        _paste(page, line, y, _MARGIN)
        y += line.shape[0]
    y = top
    for row, label, height in zip(blocks, labels, heights, strict=True):
        if label is not None:
            _paste(page, label, y + (height - label.shape[0]) // 2, _MARGIN)
        x = _MARGIN + beside
        for block, column in zip(row, widths, strict=False):
            down = (height - block.shape[0]) // 2  # a sign stands in the middle
            _paste(page, block, y + down, x + (column - block.shape[1]) // 2)
            x += column + _GAP
        y += height + _GAP
    return page


def words(text, size=NORMAL):
    """A line of text, black on white: uint8 (H, W, 1), as high as any line of this size."""
    from PIL import Image, ImageDraw

    font = _font(size)
    picture = Image.new("L", (max(1, round(font.getlength(text)) + 1), round(1.35 * size)), 255)
    ImageDraw.Draw(picture).text((0, round(1.08 * size)), text, font=font, fill=0, anchor="ls")
    return np.asarray(picture)[..., None]


def in_rows(cells, labels, columns):
    """Long rows cut into pieces: the first `columns` cells of each row, below them the next.

    cells: list of equally long rows. labels: the text beside each. Returns rows for `compose`.
    """
    return [
        (label, row[start : start + columns])
        for start in range(0, len(cells[0]), columns)
        for label, row in zip(labels, cells, strict=True)
    ]


def _words_above(cells):
    return any(text for _, text in cells)


def _block(cell, scale, words_above):
    content, text = cell
    if isinstance(content, str):
        return words(content, 2 * NORMAL)
    image = content.repeat(scale, axis=0).repeat(scale, axis=1)
    if not words_above:
        return image
    above = words(text, SMALL)
    block = np.full(
        (above.shape[0] + image.shape[0], max(above.shape[1] + _GAP, image.shape[1]), 3),
        255,
        np.uint8,
    )
    _paste(block, above, 0, (block.shape[1] - above.shape[1]) // 2)
    _paste(block, image, above.shape[0], (block.shape[1] - image.shape[1]) // 2)
    return block


def _paste(page, block, y, x):
    page[y : y + block.shape[0], x : x + block.shape[1]] = block  # grey spreads over the colours


def _wrapped(text, width):
    """A text in lines that are at most `width` pixels wide, where its words allow that."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and _font(NORMAL).getlength(longer) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line] if line else lines


@functools.cache
def _font(size):
    from PIL import ImageFont

    home = Path(importlib.util.find_spec("matplotlib").origin).parent
    try:
        return ImageFont.truetype(home / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf", size)
    except OSError:  # a matplotlib that was packed without its fonts
        return ImageFont.load_default(size)
