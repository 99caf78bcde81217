"""Batch normalisation: give each feature mean 0 and variance 1 over the batch, then let it choose.

Forward, for one feature, over its M values in the batch:

    μ = Σ x / M      v = Σ (x − μ)² / M      x̂ = (x − μ) / √(v + ε)      y = γ x̂ + β

Backward. γ and β are a scale and a shift, so gγ = Σ gy x̂ and gβ = Σ gy, and the gradient with
respect to x̂ is g = γ gy. x[m] affects x̂[i] in three ways, with σ = √(v + ε):

    directly, if i = m:                      1 / σ
    through μ, since ∂μ/∂x[m] = 1 / M:      −1 / (M σ)
    through σ, since ∂σ/∂x[m] = x̂[m] / M:   −x̂[i] x̂[m] / (M σ)

Multiplied by g[i] and summed over i, that is

    gx = (g − mean(g) − x̂ · mean(g x̂)) / σ

This is a projection. x̂ stays the same when all x are shifted together or (but for ε) scaled about
their mean, so the gradient must have no part in these two directions; the two means remove exactly
those parts.
Source: Ioffe & Szegedy 2015, section 3, whose chain of derivatives is collected here.
"""

import numpy as np

from tinygan import backend
from tinygan.nn.dispatch import fastest
from tinygan.nn.layer import Layer, Param, check_float, check_shape, check_size
from tinygan.nn.shard import current_shard


def batch_moments(x):
    """μ and v, the mean and the biased variance of each column.    x (M, F) -> (F,), (F,)."""
    mean = x.mean(axis=0)
    d = x - mean
    return mean, (d * d).mean(axis=0)


def normalise(x, mean, inv_std, gamma, beta):
    """y = γ x̂ + β.    x (M, F), all others (F,); inv_std is 1 / σ."""
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta


def join_moments(means, variances):
    """μ and v of a batch from those of its equal parts.    (R, F), (R, F) -> (F,), (F,).

    v = mean(v_r) + mean((μ_r − μ)²): the variance within the parts, and that of their means.
    """
    mean = means.mean(axis=0)
    away = means - mean
    return mean, (variances + away * away).mean(axis=0)


def backward_sums(gy, x, mean, inv_std):
    """gγ = Σ gy x̂ and gβ = Σ gy over the rows, where mean and inv_std are those of x.    (F,)."""
    x_hat = (x - mean) * inv_std
    return (gy * x_hat).sum(axis=0), gy.sum(axis=0)


def normalise_backward(gy, x, mean, inv_std, gamma, sum_gy_x_hat, sum_gy, m):
    """gx (M, F). The sums are over all m values of a feature: those of backward_sums, or of several
    processes. γ is a factor of g and of both its means."""
    x_hat = (x - mean) * inv_std
    return gamma * (gy - sum_gy / m - x_hat * (sum_gy_x_hat / m)) * inv_std


def move_running(mean, var, eps, momentum, unbiased, running_mean, running_var):
    """Move the running statistics, in place, and return 1 / σ.    All arrays (F,).

    running ← (1 − momentum) · running + momentum · batch; the batch's variance times `unbiased`.
    """
    for running, batch in ((running_mean, mean), (running_var, var * unbiased)):
        running *= 1.0 - momentum
        running += (momentum * batch).astype(running.dtype)
    return inverse_std(var, eps)


def inverse_std(var, eps):
    """1 / √(v + ε)."""
    return 1.0 / backend.array_module(var).sqrt(var + eps)


class BatchNorm(Layer):
    """y = γ (x − μ) / √(v + ε) + β, per feature.    x (…, features) -> y of x's shape and dtype.

    μ and v are over all axes but the last, so x may be (N, F) or (N, H, W, C). In training mode
    they are the batch's mean and (biased) variance, and running_mean and running_var move towards
    them by `momentum` (0 to 1; the variance there is the unbiased one, as in PyTorch). In eval mode
    they are the running ones. γ starts at 1, β at 0.
    Where several processes share a batch (shard.py), it is the whole batch whose mean and variance
    are taken, and of which the backward is.
    Raises ValueError when x does not end in `features`, or in training with fewer than two values
    per feature, whose variance would be 0.
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
        check_float(self, x)
        rows = x.reshape(-1, self.features)  # (M, F)
        if self.training:
            shard = current_shard()
            m = rows.shape[0] * shard.ranks
            if m < 2:
                raise ValueError(f"BatchNorm needs two values per feature to train on, got {m}")
            mean, var = fastest(batch_moments, x)(rows)
            if shard.ranks > 1:
                of_all = shard.gather(backend.array_module(x).stack([mean, var]))  # (R, 2, F)
                mean, var = join_moments(of_all[:, 0], of_all[:, 1])
            inv_std = fastest(move_running, x)(
                mean, var, self.eps, self.momentum, m / (m - 1), self.running_mean, self.running_var
            )
        else:
            mean = self.running_mean.astype(x.dtype)
            inv_std = inverse_std(self.running_var.astype(x.dtype), self.eps)
        self.keep(x, mean, inv_std)
        y = fastest(normalise, x)(rows, mean, inv_std, self.gamma.data, self.beta.data)
        return y.reshape(x.shape)

    def backward(self, gy, accumulate=True, input_grad=True):
        x, mean, inv_std = self.take()
        check_shape(self, gy, *x.shape)
        check_float(self, gy)
        rows, gy_rows = x.reshape(-1, self.features), gy.reshape(-1, self.features)
        ggamma, gbeta = fastest(backward_sums, gy)(gy_rows, rows, mean, inv_std)
        if accumulate:
            self.gamma.add(ggamma)
            self.beta.add(gbeta)
        if not input_grad:
            return None
        shard, sums = current_shard(), (ggamma, gbeta)
        if shard.ranks > 1:
            sums = shard.add(backend.array_module(gy).stack(sums))
        gx = fastest(normalise_backward, gy)(
            gy_rows, rows, mean, inv_std, self.gamma.data, *sums, rows.shape[0] * shard.ranks
        )
        return gx.reshape(gy.shape)
