"""Gaussian noise on the input of a layer, while training."""

import numpy as np

from tinygan import backend
from tinygan.nn.layer import Layer, check_float


class GaussianNoise(Layer):
    """y = x + std · ε, ε ~ N(0, 1) for each element.    Any shape -> the same shape and dtype.

    In eval mode y = x. In front of a discriminator it blurs the border between real and fake
    images (instance noise).
    std: at least 0, in x's units, else ValueError; may be changed between steps. rng: host NumPy
    Generator; ε is drawn on the host, the same for every backend.
    Backward: the noise does not depend on x, so gx = gy.
    Source: Sønderby et al. 2017, "Amortised MAP inference for image super-resolution", appendix
    (instance noise).
    """

    def __init__(self, std, *, rng):
        if not std >= 0:
            raise ValueError(f"GaussianNoise needs a std of at least 0, got {std!r}")
        self.std, self.rng = float(std), rng

    def forward(self, x):
        check_float(self, x)
        if not self.training:
            return x.copy()
        self.keep(True)  # backward needs no value, only to know that there was a forward
        noise = self.rng.standard_normal(x.shape, dtype=np.float32)
        noise = backend.to_device(noise, backend.array_module(x))
        return x + (self.std * noise).astype(x.dtype)

    def backward(self, gy, accumulate=True, input_grad=True):
        self.take()
        check_float(self, gy)
        return gy.copy() if input_grad else None
