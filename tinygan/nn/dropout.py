"""Dropout: switch off a random part of the inputs while training."""

import numpy as np

from tinygan import backend
from tinygan.nn.layer import Layer


class Dropout(Layer):
    """y = x · mask / (1 − p), each element of mask 0 with probability p, else 1.

    Any shape -> the same shape and dtype. Dividing by 1 − p keeps the expectation of y at x, so
    eval mode has nothing to scale: there y = x.
    p: in [0, 1), else ValueError. rng: host NumPy Generator; the mask is drawn on the host, the
    same for every backend, and moved to where x is.
    Backward: each element was multiplied by a constant, so gx = gy · mask / (1 − p).
    Source: Srivastava et al. 2014, section 4; they scale the weights after training instead.
    """

    def __init__(self, p, *, rng):
        if not 0 <= p < 1:
            raise ValueError(f"Dropout needs p in [0, 1), got {p!r}")
        self.p, self.rng = float(p), rng

    def forward(self, x):
        if not self.training:
            return x.copy()
        mask = self.rng.random(x.shape, dtype=np.float32) >= self.p
        mask = backend.to_device(mask, backend.array_module(x))
        self.keep(mask)
        return self._masked(x, mask)

    def backward(self, gy, accumulate=True):
        return self._masked(gy, self.take())

    def _masked(self, x, mask):
        return x * mask * (1.0 / (1.0 - self.p))
