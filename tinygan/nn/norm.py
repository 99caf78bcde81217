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
from tinygan.nn.fast.blocks import add_rows, by_rows, elementwise, row_sums
from tinygan.nn.layer import Layer, Param, check_size


def moments(rows):
    """Mean and biased variance of each column.    (M, F) -> (F,), (F,)."""
    m, xp = rows.shape[0], backend.array_module(rows)
    mean = row_sums(rows) / m

    def squares(rows):
        d = rows - mean
        return add_rows(xp.multiply(d, d, out=d))

    return mean, sum(by_rows(squares, rows)) / m


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
        scale = inv_std * self.gamma.data
        shift = self.beta.data - mean * scale  # γ (x − μ) / σ + β is x · scale + shift

        def write(y, x):
            xp.multiply(x, scale, out=y)
            xp.add(y, shift, out=y)

        return elementwise(write, rows).reshape(x.shape)

    def backward(self, gy, accumulate=True):
        x, mean, inv_std = self.take()
        xp = backend.array_module(gy)
        rows, gy_rows = x.reshape(-1, self.features), gy.reshape(-1, self.features)
        m = rows.shape[0]

        def sums(gy, x):
            d = x - mean
            return xp.stack([add_rows(gy), add_rows(xp.multiply(d, gy, out=d))])

        sum_gy, sum_gy_x_hat = sum(by_rows(sums, gy_rows, rows))
        sum_gy_x_hat = inv_std * sum_gy_x_hat
        if accumulate:
            self.beta.grad += sum_gy
            self.gamma.grad += sum_gy_x_hat
        # γ is the same for the whole column, so it comes out of both means: g = γ gy.
        # gx = (gy − mean_gy − (x − mean) · slope) · scale, where mean and mean_gy become one shift
        scale = inv_std * self.gamma.data
        mean_gy, slope = sum_gy / m, inv_std * (sum_gy_x_hat / m)
        shift = mean * slope - mean_gy

        def write(gx, gy, x):
            xp.multiply(x, slope, out=gx)
            xp.subtract(gy, gx, out=gx)
            xp.add(gx, shift, out=gx)
            xp.multiply(gx, scale, out=gx)

        return elementwise(write, gy_rows, rows).reshape(gy.shape)

    def _move_running(self, mean, var):
        for running, batch in ((self.running_mean, mean), (self.running_var, var)):
            running *= 1.0 - self.momentum
            running += (self.momentum * batch).astype(running.dtype)
