"""Convert pixels between files (uint8, 0 to 255) and networks (float32, low to 1).

low is −1 for networks that end in tanh, 0 for those that end in a sigmoid.
"""

import numpy as np

from tinygan import backend


def to_float(images, low=-1):
    """(v − 127.5) / 127.5, or v / 255 for low=0: uint8 0…255 -> float32 in [low, 1].

    The result is on the images' device.
    """
    middle, half = middle_and_half(low)
    return (images.astype(np.float32) - middle) / half


def to_uint8(images, low=-1):
    """The nearest of the 256 levels: float in [low, 1] -> uint8; values outside are clipped."""
    xp = backend.array_module(images)
    middle, half = middle_and_half(low)
    return xp.clip(xp.rint(images * half + middle), 0, 255).astype(np.uint8)


def middle_and_half(low):
    """(m, h) for which a pixel v becomes (v − m) / h in [low, 1]. ValueError if low is another."""
    if low not in (-1, 0):
        raise ValueError(f"low must be -1 or 0, got {low!r}")
    return (127.5, 127.5) if low == -1 else (0.0, 255.0)
