"""Batch normalisation in few passes over the batch, each block by block.

What is the same for a whole column is computed once per column, so that each element needs few
operations. Forward, with scale = γ / σ:

    y = γ (x − μ) / σ + β = x · scale + (β − μ · scale)

Backward, since γ is a factor of g and of both means:

    gx = (gy − mean(gy) − (x − μ) · slope) · scale,    slope = mean(gy x̂) / σ
"""

import numpy as np

from tinygan.nn.fast.blocks import add_rows, by_rows, column_sums, elementwise


def batch_moments(x):
    m = len(x)
    mean = column_sums(x) / m

    def squares(x):
        d = x - mean
        return add_rows(np.multiply(d, d, out=d))

    return mean, sum(by_rows(squares, x)) / m


def normalise(x, mean, inv_std, gamma, beta):
    scale = inv_std * gamma
    shift = beta - mean * scale

    def write(y, x):
        np.multiply(x, scale, out=y)
        np.add(y, shift, out=y)

    return elementwise(write, x)


def backward_sums(gy, x, mean, inv_std):
    def sums(gy, x):
        d = x - mean
        return np.stack([add_rows(gy), add_rows(np.multiply(d, gy, out=d))])

    sum_gy, sum_gy_d = sum(by_rows(sums, gy, x))
    return inv_std * sum_gy_d, sum_gy


def normalise_backward(gy, x, mean, inv_std, gamma, sum_gy_x_hat, sum_gy, m):
    scale, slope = inv_std * gamma, inv_std * (sum_gy_x_hat / m)
    shift = mean * slope - sum_gy / m

    def write(gx, gy, x):
        np.multiply(x, slope, out=gx)
        np.subtract(gy, gx, out=gx)
        np.add(gx, shift, out=gx)
        np.multiply(gx, scale, out=gx)

    return elementwise(write, gy, x)
