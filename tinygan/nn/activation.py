"""Activations: one function applied to every element.

The Jacobian of an elementwise y = f(x) is diagonal, so its backward is one product:
gx = gy · f′(x). (elementwise(write, x) is a new y for which write(y, x) was called, a piece at a
time: see blocks.py.)
"""

from tinygan import backend
from tinygan.nn.fast.blocks import elementwise
from tinygan.nn.layer import Layer


class LeakyReLU(Layer):
    """y = x where x > 0, else slope · x.    Any shape -> the same shape and dtype.

    slope: the derivative on the negative side, from 0 to 1; it keeps a little gradient flowing
    where ReLU would pass none. f′(0) is taken as slope. Raises ValueError when slope is not 0 to 1.
    Source: Maas et al. 2013, section 2; slope 0.2 from Radford et al. 2016, section 4.

    The larger of x and slope · x is y, and the larger of 1 or 0 and slope is f′(x): on a processor
    that is many times as quick as choosing, whose outcome it cannot foresee.
    """

    def __init__(self, slope=0.2):
        if not 0 <= slope <= 1:
            raise ValueError(f"LeakyReLU needs a slope from 0 to 1, got {slope!r}")
        self.slope = float(slope)  # a NumPy float64 would make everything float64

    def forward(self, x):
        self.keep(x)
        xp = backend.array_module(x)

        def write(y, x):
            xp.multiply(x, self.slope, out=y)
            xp.maximum(x, y, out=y)

        return elementwise(write, x)

    def jvp(self, v):
        x = self.take()
        self.keep(x)
        return self._times_slopes(v, x)

    def backward(self, gy, accumulate=True):
        return self._times_slopes(gy, self.take())

    def _times_slopes(self, gy, x):
        """gy · f′(x), which is 1 or slope."""
        xp = backend.array_module(gy)

        def write(gx, gy, x):
            xp.maximum(x > 0, self.slope, out=gx, dtype=gx.dtype)
            xp.multiply(gx, gy, out=gx)

        return elementwise(write, gy, x)


class ReLU(Layer):
    """y = max(x, 0).    Any shape -> the same shape and dtype. f′(0) is taken as 0.

    Source: Nair & Hinton 2010, section 2.
    """

    def forward(self, x):
        self.keep(x)
        xp = backend.array_module(x)
        return elementwise(lambda y, x: xp.maximum(x, 0, out=y), x)

    def jvp(self, v):
        x = self.take()
        self.keep(x)
        return _where_positive(v, x)

    def backward(self, gy, accumulate=True):
        return _where_positive(gy, self.take())


def _where_positive(gy, x):
    """gy · f′(x) for ReLU, whose f′ is 1 or 0."""
    xp = backend.array_module(gy)
    return elementwise(lambda gx, gy, x: xp.multiply(gy, x > 0, out=gx), gy, x)


class Tanh(Layer):
    """y = tanh(x), in (−1, 1).    Any shape -> the same shape and dtype.

    f′ = 1 − tanh² (the quotient rule on sinh / cosh), so backward needs y and not x.
    """

    def forward(self, x):
        y = backend.array_module(x).tanh(x)
        self.keep(y.copy())  # y belongs to the caller, who may write into it
        return y

    def backward(self, gy, accumulate=True):
        y = self.take()
        return gy * (1.0 - y * y)


class Sigmoid(Layer):
    """y = 1 / (1 + e^−x), in (0, 1).    Any shape -> the same shape and dtype.

    f′ = e^−x / (1 + e^−x)² = y (1 − y), so backward needs y and not x. To train a classifier leave
    it out and give the logits to bce_with_logits, which does both at once without losing digits.
    """

    def forward(self, x):
        y = sigmoid(x)
        self.keep(y.copy())
        return y

    def backward(self, gy, accumulate=True):
        y = self.take()
        return gy * (y * (1.0 - y))


def sigmoid(x):
    """1 / (1 + e^−x) for any x, in x's dtype, without overflow.

    With e = e^−|x|, never above 1, it is 1 / (1 + e) for x ≥ 0, and for x < 0, multiplying above
    and below by e^x, it is e / (1 + e).
    """
    xp = backend.array_module(x)
    e = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1.0 / (1.0 + e), e / (1.0 + e))
