"""Gaussian noise on the input of a layer, while training."""

import functools

from tinygan.nn.dispatch import fastest
from tinygan.nn.layer import Layer, check_float
from tinygan.nn.random_bits import NORMALS_IN_BLOCK, counting, draw, normal_noise


def add_noise(x, noise, std):
    """y = x + std · noise, in x's dtype."""
    return x + (std * noise).astype(x.dtype)


class GaussianNoise(Layer):
    """y = x + std · ε, ε ~ N(0, 1) for each element.    Any shape -> the same shape and dtype.

    ε has float32's precision whatever x has.

    In eval mode y = x. In front of a discriminator it blurs the border between real and fake
    images (instance noise).
    std: at least 0, in x's units, else ValueError; may be changed between steps. rng: host NumPy
    Generator; ε comes from `bits`, a Generator of the layer's own that has its key from rng, the
    same on every backend up to rounding: see random_bits.py.
    Backward: the noise does not depend on x, so gx = gy.
    Source: Sønderby et al. 2017, "Amortised MAP inference for image super-resolution", appendix
    (instance noise).
    """

    per_example = True

    def __init__(self, std, *, rng):
        if not std >= 0:
            raise ValueError(f"GaussianNoise needs a std of at least 0, got {std!r}")
        self.std, self.rng, self.bits = float(std), rng, counting(rng)

    def forward(self, x):
        check_float(self, x)
        if not self.training:
            return x.copy()
        self.keep(True)  # backward needs no value, only to know that there was a forward
        make = functools.partial(fastest(normal_noise, x), x)
        noise = draw(make, self.bits, x.shape, NORMALS_IN_BLOCK)
        return fastest(add_noise, x)(x, noise, self.std)

    def backward(self, gy, accumulate=True, input_grad=True):
        self.take()
        check_float(self, gy)
        return gy.copy() if input_grad else None
