"""A folder or a .zip of pictures as one array, at their own size. Nothing here scales."""

import sys

import numpy as np

from tinygan.data.decode import BACKGROUND, OtherSize, colour, upright_size, whole
from tinygan.data.picture_files import Skipped, open_pictures
from tinygan.errors import UserError, shown

MAX_BYTES = 1 << 30  # of all pixels
MAX_PIXELS = 1 << 22  # of one picture: far more than in any data set


def read_pictures(path, shape, background=BACKGROUND):
    """All pictures of a folder (with its subfolders) or a .zip: uint8 (N, H, W, C), by name.

    path, background: as for faces.load. shape: (H, W, C) of each picture, where C is 3, or 1 for
    grey: colours are then converted to their brightness.
    What is passed over, and pictures that cannot be read, are counted on stderr.
    Raises UserError for a picture of another size, for more than 4 million pixels in
    each or 1 GiB of them in all, and when there is no picture that can be read.
    """
    background = colour(background)
    h, w, c = shape
    if h * w > MAX_PIXELS:
        raise UserError(
            f"the pictures in {path} have {w}×{h} pixels, which are too many: scale them"
        )
    with open_pictures(path) as source:
        n, skipped = len(source.names), Skipped(source)
        if n * h * w * c > MAX_BYTES:
            raise UserError(
                f"{path} has {n:,} pictures, more than the {MAX_BYTES // (h * w * c):,} of {w}×{h} "
                "that fit into 1 GiB: name a part of them"
            )
        if source.passed_over:
            print(f"pictures: passed over {source.passed_over}", file=sys.stderr)
        images, done = np.empty((n, h, w, c), np.uint8), 0
        for name in source.names:
            try:
                images[done] = whole(source.read(name), shape, background)
                done += 1
            except OtherSize as error:
                raise UserError(
                    f"{shown(name)} in {path} has {error}, not {w}×{h}: scale the pictures, or "
                    "compare them with data of their size"
                ) from None
            except Exception as error:  # Pillow and zipfile raise many kinds of exception
                skipped.add(name, error)
    if not done:
        raise UserError(f"{path} has no picture that can be read: skipped {skipped}")
    if skipped:
        print(f"pictures: skipped {skipped}", file=sys.stderr)
    return images[:done]


def size_of_first(path):
    """(H, W) of the first picture, by name, of a folder or a .zip that can be read.

    Raises UserError when there is none.
    """
    with open_pictures(path) as source:
        skipped = Skipped(source)
        for name in source.names:
            try:
                return upright_size(source.read(name))
            except Exception as error:  # Pillow and zipfile raise many kinds of exception
                skipped.add(name, error)
    raise UserError(f"{path} has no picture that can be read: skipped {skipped}")
