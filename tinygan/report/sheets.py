"""The sample sheets of a run as small pictures for a slider: fewer of them, each compressed.

The files of a run folder are not trusted: what is no picture, or too large a one, is left out.
"""

import base64
import functools
import io
import os
import warnings

import numpy as np

from tinygan.errors import UserError
from tinygan.evaluation.features import extractor_for
from tinygan.files import read_small
from tinygan.runs.sheets import MAX_PIXELS, read_sheet, sheet_files

MOST = 60  # sheets in a report
MOST_BYTES = 3_000_000  # of all their pictures, as base64
_GAP = 2  # pixels between the images of a sheet, see plots.grid
_MAX_STILL = 1_000_000  # bytes of a picture of curves
_WIDEST = 1000  # pixels of a sheet on a page; a larger one is reduced
_QUALITY = 80  # of WebP


def sheets(folder, steps_per_epoch, image_shape, names):
    """(the sheets that a report shows, the number of all, and that of files which are no sheets):
    the first, the last, and every n-th of the others, as many as fit.

    steps_per_epoch: tells at which epoch a sheet step_….png was drawn. image_shape: (H, W, C) of
    its images. names: of the classes that the extractor knows, or [] for no class counts.
    A sheet is a dict: epoch (a float), label, src (a data: address), width, height, classes (how
    many of its images the extractor takes for each class), or None.
    """
    found = sorted(_files(folder, steps_per_epoch))
    stride = 1
    while len(found[::stride]) + 1 > MOST:
        stride *= 2
    while True:
        kept = found[::stride] if not found or found[-1] in found[::stride] else [
            *found[::stride], found[-1]
        ]  # fmt: skip
        shown = [_sheet(*file, image_shape, tuple(names)) for file in kept]
        shown = [sheet for sheet in shown if sheet]
        if len(shown) < 3 or sum(len(sheet["src"]) for sheet in shown) <= MOST_BYTES:
            return shown, len(found), len(kept) - len(shown)
        stride += 1


def picture(path):
    """A PNG file as it is, as a dict: src (a data: address), width, height; None when it cannot be
    read or is large."""
    from PIL import Image

    try:
        data = read_small(path, _MAX_STILL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about sizes that are checked here
            with Image.open(io.BytesIO(data), formats=["PNG"]) as image:  # reads no pixels
                width, height = image.size
        if width * height > MAX_PIXELS:
            return None
    except Exception:  # Pillow raises a dozen kinds for a damaged file
        return None
    src = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    return {"src": src, "width": width, "height": height}


def as_address(pixels):
    """uint8 (H, W, 3) or (H, W) -> a data: address of it, compressed as WebP, or JPEG where Pillow
    cannot write that."""
    from PIL import Image, features

    kind = "webp" if features.check("webp") else "jpeg"
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format=kind, quality=_QUALITY)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def _files(folder, steps_per_epoch):
    """(epoch, path, label) of each sheet of a run folder."""
    try:
        found = sheet_files(folder)
    except OSError:
        return
    for path, unit, number in found:
        epoch = float(number) if unit == "epoch" else number / steps_per_epoch
        yield epoch, str(path), f"{unit} {number:,}"


def _sheet(epoch, path, label, image_shape, names):
    try:
        facts = os.stat(path)
    except OSError:
        return None
    small = _small(path, facts.st_mtime_ns, facts.st_size)
    if small is None:
        return None
    counts = _counts(path, facts.st_mtime_ns, facts.st_size, image_shape, len(names))
    return {"epoch": epoch, "label": label} | small | {"classes": counts}


@functools.lru_cache(maxsize=256)
def _small(path, time, size):
    """The file `path`, as it was at this time and of this size, as a small picture: src (a data:
    address), width, height; None when it cannot be read."""
    pixels = _pixels(path)
    if pixels is None:
        return None
    each = -(-max(pixels.shape[:2]) // _WIDEST)
    pixels = np.ascontiguousarray(pixels[::each, ::each])
    h, w = pixels.shape[:2]
    return {"src": as_address(pixels), "width": w, "height": h}


@functools.lru_cache(maxsize=256)
def _counts(path, time, size, image_shape, classes):
    """How many images of a sheet the extractor takes for each of so many classes, or None."""
    try:
        extractor = extractor_for(image_shape) if classes else None
    except UserError:  # there is none for images of this size
        return None
    pixels = _pixels(path) if extractor else None
    images = () if pixels is None else tiles(pixels, image_shape)
    if not len(images) or images.shape[1:] != image_shape:
        return None
    return np.bincount(extractor.classify(images), minlength=classes).tolist()


def tiles(sheet, image_shape):
    """The images (N, H, W, C) of a sheet as plots.grid makes it, at scale 1; N may be 0."""
    h, w, c = image_shape
    rows, columns = (sheet.shape[0] + _GAP) // (h + _GAP), (sheet.shape[1] + _GAP) // (w + _GAP)
    sheet = sheet.reshape(*sheet.shape[:2], -1)[..., :c]
    return np.array([
        sheet[top : top + h, left : left + w]
        for top in range(0, rows * (h + _GAP), h + _GAP)
        for left in range(0, columns * (w + _GAP), w + _GAP)
    ], np.uint8).reshape(-1, h, w, sheet.shape[2])  # fmt: skip


def _pixels(path):
    """uint8 (H, W) or (H, W, 3) of a sheet, at half its size where each pixel is four; None for
    what is no sheet."""
    try:
        pixels = read_sheet(path)
    except (OSError, ValueError):
        return None
    half = pixels[::2, ::2]
    doubled = half.repeat(2, axis=0).repeat(2, axis=1)
    return np.ascontiguousarray(half) if np.array_equal(doubled, pixels) else pixels
