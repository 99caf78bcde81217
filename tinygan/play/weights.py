"""Weights as bytes that fit into a page: rounded to 16 or 8 bits, one array after another."""

import base64
import math

import numpy as np

from tinygan.errors import UserError

BITS = (16, 8)
_LARGEST = float(np.finfo(np.float16).max)
_MOST_BYTES = 100_000_000  # of a page that a browser still opens


class Weights:
    """Arrays, each referred to by a dict that page/weights.js reads:

        {"type": "f32" | "f16" | "i8", "at": its first byte, "shape": […]}

    and for "i8" also "axis", that of the output channels, and "scale", a reference to one number
    for each of them:  w = q · scale, with q from −127 to 127.

    bits: 16 or 8, of what `rounded` adds.
    """

    def __init__(self, bits=16):
        self.bits, self.chunks, self.size = bits, [], 0

    def rounded(self, W, axis=-1):
        """Add W with few bits, and write what is left of it into W: then both draw the same.

        W: float array with at least two axes, on the host. axis: of its output channels.
        Raises UserError when a weight is not finite, or too large.
        """
        _check(W)
        if self.bits == 16:
            half = W.astype(np.float16)
            W[...] = half
            return self._add("f16", half)
        others = tuple(i for i in range(W.ndim) if i != axis % W.ndim)
        scale = np.abs(W).max(axis=others, keepdims=True).astype(np.float32) / np.float32(127)
        q = np.rint(W / np.where(scale > 0, scale, 1)).astype(np.int8)
        W[...] = q * scale
        return self._add("i8", q) | {"axis": axis % W.ndim, "scale": self.exact(scale.reshape(-1))}

    def exact(self, array):
        """Add an array as float32. Raises UserError when a number in it is not finite."""
        _check(array)
        return self._add("f32", array.astype(np.float32))

    def base64(self):
        return base64.b64encode(b"".join(self.chunks)).decode()

    def _add(self, kind, array):
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()
        at, padding = self.size, -len(data) % 4  # each begins where a float32 could
        self.chunks += [data, bytes(padding)]
        self.size += len(data) + padding
        if self.size * 4 / 3 > _MOST_BYTES:
            raise UserError(
                f"the page would be larger than {_MOST_BYTES / 1e6:.0f} MB: this model is too "
                "large for a page"
            )
        return {"type": kind, "at": at, "shape": list(array.shape)}


def _check(array):
    largest = float(np.abs(array).max(initial=0))  # NaN if any is
    if not math.isfinite(largest):
        raise UserError("the weights of this run are not finite: there is nothing to play with")
    if largest > _LARGEST:
        raise UserError(
            f"the weights of this run go up to {largest:.3g}, more than a page can hold "
            f"({_LARGEST:.0f}): its training has gone astray"
        )
