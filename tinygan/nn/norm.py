"""Batch normalisation: give each feature mean 0 and variance 1 over the batch, then let it choose.

Forward, for one feature, over its M values in the batch:

    μ = Σ x / M      v = Σ (x − μ)² / M      x̂ = (x − μ) / √(v + ε)      y = γ x̂ + β

Backward. γ and β are a scale and a shift, so gγ = Σ gy x̂ and gβ = Σ gy, and what reaches x̂ is
g = γ gy. From x[m] to x̂[i] there are three ways, with σ = √(v + ε):

    directly, if i = m:                      1 / σ
    through μ, since ∂μ/∂x[m] = 1 / M:      −1 / (M σ)
    through σ, since ∂σ/∂x[m] = x̂[m] / M:   −x̂[i] x̂[m] / (M σ)

Multiplied by g[i] and summed over i, that is

    gx = (g − mean(g) − x̂ · mean(g x̂)) / σ

Read it as a projection: shifting all x's together or (but for ε) stretching them about their mean
does not change x̂, so no gradient can ask for either, and the two means take exactly those two
parts out.
Source: Ioffe & Szegedy 2015, section 3, whose chain of derivatives is collected here.
"""

import numpy as np

from tinygan import backend
from tinygan.nn.blocks import CACHE, elementwise
from tinygan.nn.layer import Layer, Param, check_size


def moments(rows):
    """Mean and biased variance of each column.    (M, F) -> (F,), (F,)."""
    m = rows.shape[0]
    mean = column_sums(lambda x: x, rows) / m
    return mean, column_sums(lambda x: (x - mean) ** 2, rows) / m


def column_sums(f, *arrays):
    """Σ over the rows of f(*arrays).    (M, F) -> (F,), in their dtype.

    On the processor a product with a row of ones: the quickest way to add up rows.
    """
    m, features = arrays[0].shape
    if any(array.shape != (m, features) for array in arrays):
        raise ValueError(f"rows of different shapes: {[array.shape for array in arrays]}")
    if backend.array_module(arrays[0]) is not np:
        return f(*arrays).sum(axis=0)

    def work(block):
        part = f(*(array[block] for array in arrays))
        return np.ones(len(part), part.dtype) @ part

    rows = max(32, CACHE // features)
    return sum(work(slice(i, i + rows)) for i in range(0, m, rows))


class BatchNorm(Layer):
    """y = γ (x − μ) / √(v + ε) + β, per feature.    x (…, features) -> y of x's shape and dtype.

    Over the last axis, so it serves (N, F) and (N, H, W, C) alike. In training mode μ and v are the
    batch's mean and (biased) variance, and running_mean and running_var move towards them by
    `momentum` (0 to 1; the variance there is the unbiased one, as in PyTorch). In eval mode μ and v
    are the running ones. γ starts at 1, β at 0.
    Raises ValueError when x does not end in `features`, or in training with fewer than two values a
    feature, whose variance would say nothing.
    Source: Ioffe & Szegedy 2015, algorithm 1.
    """

    buffers = ("running_mean", "running_var")

    def __init__(self, features, *, eps=1e-5, momentum=0.1):
        check_size(self, features=features)
        self.features, self.eps, self.momentum = features, float(eps), float(momentum)
        self.gamma = Param(np.ones(features, np.float32))
        self.beta = Param(np.zeros(features, np.float32))
        self.running_mean = np.zeros(features, np.float32)
        self.running_var = np.ones(features, np.float32)

    def forward(self, x):
        if x.ndim < 2 or x.shape[-1] != self.features:
            raise ValueError(f"BatchNorm expects shape (…, {self.features}), got {tuple(x.shape)}")
        xp = backend.array_module(x)
        rows = x.reshape(-1, self.features)  # (M, F)
        if self.training:
            m = rows.shape[0]
            if m < 2:
                raise ValueError(f"BatchNorm needs two values a feature to train on, got {m}")
            mean, var = moments(rows)
            self._move_running(mean, var * (m / (m - 1)))
        else:
            mean, var = self.running_mean.astype(x.dtype), self.running_var.astype(x.dtype)
        inv_std = 1.0 / xp.sqrt(var + self.eps)  # (F,)
        self.keep(x, mean, inv_std)
        scale, beta = inv_std * self.gamma.data, self.beta.data
        return elementwise(lambda rows: (rows - mean) * scale + beta, rows).reshape(x.shape)

    def backward(self, gy, accumulate=True):
        x, mean, inv_std = self.take()
        rows, gy_rows = x.reshape(-1, self.features), gy.reshape(-1, self.features)
        m = rows.shape[0]
        sum_gy = column_sums(lambda gy: gy, gy_rows)  # also gβ
        sum_gy_x_hat = inv_std * column_sums(
            lambda gy, x: gy * (x - mean), gy_rows, rows
        )  # also gγ
        if accumulate:
            self.beta.grad += sum_gy
            self.gamma.grad += sum_gy_x_hat
        # γ is the same for the whole column, so it comes out of both means: g = γ gy
        scale = inv_std * self.gamma.data
        mean_gy, slope = sum_gy / m, inv_std * (sum_gy_x_hat / m)
        gx = elementwise(lambda gy, x: (gy - mean_gy - (x - mean) * slope) * scale, gy_rows, rows)
        return gx.reshape(gy.shape)

    def _move_running(self, mean, var):
        for running, batch in ((self.running_mean, mean), (self.running_var, var)):
            running *= 1.0 - self.momentum
            running += (self.momentum * batch).astype(running.dtype)
