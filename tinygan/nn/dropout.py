"""Dropout: switch off a random part of the inputs while training."""

import math

import numpy as np

from tinygan import backend
from tinygan.nn.dispatch import fastest
from tinygan.nn.layer import Layer, check_float

_STEPS = 1 << 16  # the values of a 16-bit number


def apply_mask(x, mask, share_kept):
    """y = x · mask / share_kept.    mask: bool, of x's shape; False drops an element."""
    return x * mask / share_kept


class Dropout(Layer):
    """y = x · mask / (1 − p), each element of mask 0 with probability p, else 1.

    Any shape -> the same shape and dtype. Dividing by 1 − p keeps the expectation of y at x, so
    eval mode has nothing to scale: there y = x.
    p: in [0, 1), else ValueError. 16 random bits decide each element, so the share dropped is p to
    the nearest 65,536th. rng: host NumPy Generator; the mask is drawn on the host, the same for
    every backend, and moved to where x is.
    Backward: each element was multiplied by a constant, so gx = gy · mask / (1 − p).
    Source: Srivastava et al. 2014, section 4; they scale the weights after training instead.
    """

    def __init__(self, p, *, rng):
        if not 0 <= p < 1:
            raise ValueError(f"Dropout needs p in [0, 1), got {p!r}")
        self.p, self.rng = float(p), rng
        self._dropped = min(round(p * _STEPS), _STEPS - 1)  # of the _STEPS values of a draw
        self.share_kept = 1.0 - self._dropped / _STEPS  # 1 − p, rounded as above

    def forward(self, x):
        check_float(self, x)
        if not self.training:
            return x.copy()
        mask = backend.to_device(self.draw_mask(x.shape), backend.array_module(x))
        self.keep(mask)
        return fastest(apply_mask, x)(x, mask, self.share_kept)

    def backward(self, gy, accumulate=True, input_grad=True):
        mask = self.take()
        check_float(self, gy)
        return fastest(apply_mask, gy)(gy, mask, self.share_kept) if input_grad else None

    def draw_mask(self, shape):
        """The next mask, on the host: bool, False where an element is dropped."""
        n = math.prod(shape)
        bits = self.rng.integers(0, 1 << 64, -(-n // 4), np.uint64)  # 64 bits decide four elements
        return bits.view(np.uint16)[:n].reshape(shape) >= self._dropped
