"""Changes of shape. The numbers stay the same and in order, so backward is the old shape again."""

import math

from tinygan.nn.layer import Layer, check_float, check_size


class Reshape(Layer):
    """(N, …) -> (N, *shape), the same elements in the same order.

    shape: a tuple of positive sizes. Raises ValueError when an example of x has another number of
    elements.
    """

    per_example = True

    def __init__(self, shape):
        shape = tuple(shape)
        for size in shape:
            check_size(self, shape=size)
        self.shape = shape

    def forward(self, x):
        if math.prod(x.shape[1:]) != math.prod(self.shape):
            raise ValueError(f"Reshape to (N, {self.shape}) does not fit shape {tuple(x.shape)}")
        check_float(self, x)
        self.keep(x.shape)
        return x.reshape(x.shape[0], *self.shape).copy()  # a copy: y belongs to the caller

    def jvp(self, v):
        return self.forward(v)  # it only moves numbers, so it is its own linearisation

    def backward(self, gy, accumulate=True, input_grad=True):
        shape = self.take()
        check_float(self, gy)
        return gy.reshape(shape).copy() if input_grad else None


class Flatten(Layer):
    """(N, …) -> (N, F), where F is the number of elements of an example."""

    per_example = True

    def forward(self, x):
        check_float(self, x)
        self.keep(x.shape)
        return x.reshape(x.shape[0], math.prod(x.shape[1:])).copy()

    def jvp(self, v):
        return self.forward(v)  # it only moves numbers, so it is its own linearisation

    def backward(self, gy, accumulate=True, input_grad=True):
        shape = self.take()
        check_float(self, gy)
        return gy.reshape(shape).copy() if input_grad else None
