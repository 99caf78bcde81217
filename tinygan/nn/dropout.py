"""Dropout: switch off a random part of the inputs while training."""

import math

import numpy as np

from tinygan import backend
from tinygan.nn.fast.blocks import elementwise
from tinygan.nn.layer import Layer

_STEPS = 1 << 16


class Dropout(Layer):
    """y = x · mask / (1 − p), each element of mask 0 with probability p, else 1.

    Any shape -> the same shape and dtype. Dividing by 1 − p keeps the expectation of y at x, so
    eval mode has nothing to scale: there y = x.
    p: in [0, 1), else ValueError. An element's fate comes from 16 random bits, so the share dropped
    is p to the nearest 65,536th. rng: host NumPy Generator; the mask is drawn on the host, the
    same for every backend, and moved to where x is.
    Backward: each element was multiplied by a constant, so gx = gy · mask / (1 − p).
    Source: Srivastava et al. 2014, section 4; they scale the weights after training instead.
    """

    def __init__(self, p, *, rng):
        if not 0 <= p < 1:
            raise ValueError(f"Dropout needs p in [0, 1), got {p!r}")
        self.p, self.rng = float(p), rng
        self._dropped = min(round(p * _STEPS), _STEPS - 1)  # of the _STEPS values of a draw
        self.share_kept = 1.0 - self._dropped / _STEPS  # 1 − p, as it comes out

    def forward(self, x):
        if not self.training:
            return x.copy()
        mask = backend.to_device(self.draw_mask(x.shape), backend.array_module(x))
        self.keep(mask)
        return self._masked(x, mask)

    def backward(self, gy, accumulate=True):
        return self._masked(gy, self.take())

    def draw_mask(self, shape):
        """The next mask, on the host: bool, False where an element is dropped."""
        n = math.prod(shape)
        bits = self.rng.integers(0, 1 << 64, -(-n // 4), np.uint64)  # four draws in each
        return bits.view(np.uint16)[:n].reshape(shape) >= self._dropped

    def _masked(self, x, mask):
        xp, scale = backend.array_module(x), 1.0 / self.share_kept

        def write(y, x, mask):
            xp.multiply(x, mask, out=y)
            xp.multiply(y, scale, out=y)

        return elementwise(write, x, mask)
