"""Activations: one function applied to every element.

The Jacobian of an elementwise y = f(x) is diagonal, so its backward is one product:
gx = gy · f′(x).
"""

from tinygan import backend
from tinygan.nn.dispatch import fastest
from tinygan.nn.layer import Layer, check_float


def leaky_relu(x, slope):
    """y = x where x > 0, else slope · x."""
    return backend.array_module(x).where(x > 0, x, slope * x)


def leaky_relu_backward(gy, x, slope):
    """gx = gy · f′(x), where f′(x) is 1 for x > 0, else slope."""
    return backend.array_module(gy).where(x > 0, gy, slope * gy)


class LeakyReLU(Layer):
    """y = x where x > 0, else slope · x.    Any shape -> the same shape and dtype.

    slope: the derivative on the negative side, from 0 to 1; it lets some gradient through where
    ReLU lets none. f′(0) is taken as slope.
    Raises ValueError when slope is not from 0 to 1.
    Source: Maas et al. 2013, section 2; slope 0.2 from Radford et al. 2016, section 4.
    """

    per_example = True

    def __init__(self, slope=0.2):
        if not 0 <= slope <= 1:
            raise ValueError(f"LeakyReLU needs a slope from 0 to 1, got {slope!r}")
        self.slope = float(slope)  # a NumPy float64 would make everything float64

    def forward(self, x):
        check_float(self, x)
        self.keep(x)
        return fastest(leaky_relu, x)(x, self.slope)

    def jvp(self, v):
        x = self.take()
        check_float(self, v)
        self.keep(x)
        return fastest(leaky_relu_backward, v)(v, x, self.slope)  # J is diagonal: J v = Jᵀ v

    def backward(self, gy, accumulate=True, input_grad=True):
        x = self.take()
        check_float(self, gy)
        return fastest(leaky_relu_backward, gy)(gy, x, self.slope) if input_grad else None


def relu(x):
    """y = max(x, 0)."""
    return backend.array_module(x).maximum(x, 0)


def relu_backward(gy, x):
    """gx = gy · f′(x), where f′(x) is 1 for x > 0, else 0."""
    return gy * (x > 0)


class ReLU(Layer):
    """y = max(x, 0).    Any shape -> the same shape and dtype. f′(0) is taken as 0.

    Source: Nair & Hinton 2010, section 2.
    """

    per_example = True

    def forward(self, x):
        check_float(self, x)
        self.keep(x)
        return fastest(relu, x)(x)

    def jvp(self, v):
        x = self.take()
        check_float(self, v)
        self.keep(x)
        return fastest(relu_backward, v)(v, x)

    def backward(self, gy, accumulate=True, input_grad=True):
        x = self.take()
        check_float(self, gy)
        return fastest(relu_backward, gy)(gy, x) if input_grad else None


def tanh_backward(gy, y):
    """gx = gy · (1 − y²), where y is tanh(x)."""
    return gy * (1.0 - y * y)


class Tanh(Layer):
    """y = tanh(x), in (−1, 1).    Any shape -> the same shape and dtype.

    f′ = 1 − tanh² (the quotient rule on sinh / cosh), so backward needs y and not x.
    """

    per_example = True

    def forward(self, x):
        check_float(self, x)
        y = backend.array_module(x).tanh(x)
        self.keep(y.copy())  # y belongs to the caller, who may write into it
        return y

    def backward(self, gy, accumulate=True, input_grad=True):
        y = self.take()
        check_float(self, gy)
        return fastest(tanh_backward, gy)(gy, y) if input_grad else None


def sigmoid(x):
    """1 / (1 + e^−x) for any x, in x's dtype, without overflow.

    Raises TypeError when x is neither float32 nor float64.
    """
    check_float("sigmoid", x)
    return fastest(logistic, x)(x)


def logistic(x):
    """1 / (1 + e^−x). With e = e^−|x|, never above 1, it is 1 / (1 + e) for x ≥ 0. For x < 0,
    numerator and denominator multiplied by e^x, it is e / (1 + e).
    """
    xp = backend.array_module(x)
    e = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1.0 / (1.0 + e), e / (1.0 + e))


def sigmoid_backward(gy, y):
    """gx = gy · y (1 − y), where y is the sigmoid of x."""
    return gy * (y * (1.0 - y))


class Sigmoid(Layer):
    """y = 1 / (1 + e^−x), in (0, 1).    Any shape -> the same shape and dtype.

    f′ = e^−x / (1 + e^−x)² = y (1 − y), so backward needs y and not x. To train a classifier leave
    it out and give the logits to bce_with_logits, which does both at once without losing digits.
    """

    per_example = True

    def forward(self, x):
        check_float(self, x)
        y = sigmoid(x)
        self.keep(y.copy())
        return y

    def backward(self, gy, accumulate=True, input_grad=True):
        y = self.take()
        check_float(self, gy)
        return fastest(sigmoid_backward, gy)(gy, y) if input_grad else None
