"""Dropout: switch off a random part of the inputs while training."""

import numpy as np

from tinygan.nn.dispatch import fastest
from tinygan.nn.layer import Layer, check_float
from tinygan.nn.random_bits import KEPT_IN_BLOCK, counting, draw, keep_mask

_HOST = np.empty(0)
_STEPS = 1 << 16  # the values of a 16-bit number


def apply_mask(x, mask, share_kept):
    """y = x · mask / share_kept.    mask: bool, of x's shape; False drops an element."""
    return x * mask / share_kept


class Dropout(Layer):
    """y = x · mask / (1 − p), each element of mask 0 with probability p, else 1.

    Any shape -> the same shape and dtype. Dividing by 1 − p keeps the expectation of y at x, so
    eval mode has nothing to scale: there y = x.
    p: in [0, 1), else ValueError. 16 random bits decide each element, so the share dropped is p to
    the nearest 65,536th. rng: host NumPy Generator; the masks come from `bits`, a
    Generator of the layer's own that has its key from rng, the same on every backend: see
    random_bits.py. To resume, restore the state of `bits`.
    Backward: each element was multiplied by a constant, so gx = gy · mask / (1 − p).
    Source: Srivastava et al. 2014, section 4; they scale the weights after training instead.
    """

    per_example = True

    def __init__(self, p, *, rng):
        if not 0 <= p < 1:
            raise ValueError(f"Dropout needs p in [0, 1), got {p!r}")
        self.p, self.rng, self.bits = float(p), rng, counting(rng)
        self._dropped = min(round(p * _STEPS), _STEPS - 1)  # of the _STEPS values of a draw
        self.share_kept = 1.0 - self._dropped / _STEPS  # 1 − p, rounded as above

    def forward(self, x):
        check_float(self, x)
        if not self.training:
            return x.copy()
        mask = self.draw_mask(x.shape, x)
        self.keep(mask)
        return fastest(apply_mask, x)(x, mask, self.share_kept)

    def backward(self, gy, accumulate=True, input_grad=True):
        mask = self.take()
        check_float(self, gy)
        return fastest(apply_mask, gy)(gy, mask, self.share_kept) if input_grad else None

    def draw_mask(self, shape, like=_HOST):
        """The next mask, on the device of the array `like`: bool, False for what is dropped."""

        def make(shape, key, counter):
            return fastest(keep_mask, like)(like, shape, key, counter, self._dropped)

        return draw(make, self.bits, shape, KEPT_IN_BLOCK)
