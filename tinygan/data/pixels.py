"""Pixels as files have them (uint8, 0 to 255) and as networks want them (float32, −1 to 1)."""

import numpy as np

from tinygan import backend


def to_float(images):
    """(v − 127.5) / 127.5: uint8 0…255 -> float32 in [-1, 1], on the images' own device."""
    return (images.astype(np.float32) - 127.5) / 127.5


def to_uint8(images):
    """The nearest of the 256 levels: float in [-1, 1] -> uint8; values outside are clipped."""
    xp = backend.array_module(images)
    return xp.clip(xp.rint(images * 127.5 + 127.5), 0, 255).astype(np.uint8)
