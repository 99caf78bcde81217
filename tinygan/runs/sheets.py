"""The sample sheets of a run folder, for those who show them: which there are, and their pixels.

Anyone may have put files there, so none is trusted.
"""

import io
import re
import warnings
from pathlib import Path

import numpy as np

from tinygan.files import read_small

MAX_PIXELS = 2_000_000  # of a sheet; tinygan's own have 0.3 million
MAX_BYTES = 16_000_000  # of its file
_NAME = re.compile(r"(epoch|step)_(\d{1,9})\.png")


def sheet_files(folder):
    """The sheets in samples/: list of (path, "epoch" or "step", its number), in no order.

    Raises OSError when samples/ cannot be read; where there is none, there are no sheets.
    """
    try:
        found = [
            (path, _NAME.fullmatch(path.name)) for path in (Path(folder) / "samples").iterdir()
        ]
    except FileNotFoundError:
        return []
    return [(path, match[1], int(match[2])) for path, match in found if match and path.is_file()]


def read_sheet(path):
    """The pixels of a sheet: uint8 (H, W) when it is grey, else (H, W, 3).

    Raises ValueError, with a reason, for what is no PNG, damaged or too large, and OSError when it
    cannot be read.
    """
    from PIL import Image, UnidentifiedImageError

    data = read_small(path, MAX_BYTES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about sizes that are checked here
            with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:  # reads no pixels yet
                w, h = picture.size
                if w * h > MAX_PIXELS or max(w, h) > 10_000:
                    raise ValueError(f"{w:,} × {h:,} pixels are too many")
                return np.asarray(picture.convert("L" if picture.mode in ("1", "L") else "RGB"))
    except UnidentifiedImageError:
        raise ValueError("it is no PNG") from None
    except Exception as error:  # Pillow raises many kinds for damaged files
        raise ValueError(str(error) or "it is damaged") from None
