"""Upsampling by repetition: each pixel becomes a factor×factor block."""

from tinygan.nn.layer import Layer, check_float, check_shape, check_size


class Upsample2d(Layer):
    """y[n, u, v] = x[n, u // factor, v // factor].    (N, H, W, C) -> (N, factor·H, factor·W, C).

    Nearest neighbour, in x's dtype. Backward: a pixel was copied to a whole block, so its gradient
    is the sum over that block. Raises ValueError when factor is not a positive whole number or x
    does not have four axes.
    """

    per_example = True

    def __init__(self, factor):
        check_size(self, factor=factor)
        self.factor = factor

    def forward(self, x):
        check_shape(self, x, None, None, None, None)
        check_float(self, x)
        self.keep(x.shape)
        return x.repeat(self.factor, axis=1).repeat(self.factor, axis=2)

    def backward(self, gy, accumulate=True, input_grad=True):
        n, h, w, c = self.take()
        check_float(self, gy)
        f = self.factor
        return gy.reshape(n, h, f, w, f, c).sum(axis=(2, 4)) if input_grad else None
