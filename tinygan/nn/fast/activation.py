"""The activations, block by block and without branches.

The larger of x and slope · x is y, and f′(x) is slope + (1 − slope) · [x > 0], where [ ] is 1 or 0.
A processor calculates many times faster than it chooses between two values, since it cannot predict
the choice. (Where x is +∞ and slope is 0, y is NaN here and +∞ in the plain function.)
"""

import numpy as np

from tinygan.nn.fast.blocks import elementwise


def leaky_relu(x, slope):
    def write(y, x):
        np.multiply(x, slope, out=y)
        np.maximum(x, y, out=y)

    return elementwise(write, x)


def leaky_relu_backward(gy, x, slope):
    def write(gx, gy, x):
        np.greater(x, 0, out=gx)
        np.multiply(gx, 1.0 - slope, out=gx)
        np.add(gx, slope, out=gx)
        np.multiply(gx, gy, out=gx)

    return elementwise(write, gy, x)


def relu(x):
    return elementwise(lambda y, x: np.maximum(x, 0, out=y), x)


def relu_backward(gy, x):
    return elementwise(lambda gx, gy, x: np.multiply(gy, x > 0, out=gx), gy, x)
