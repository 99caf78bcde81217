"""Group normalisation in few passes, a few examples at a time, so that they stay in the cache.

As in norm.py, what is the same for many elements is computed once: with one scale and one shift for
each channel of an example, an element needs a product and a sum. Forward, with scale = γ / σ:

    y = γ (x − μ) / σ + β = x · scale + (β − μ · scale)

Backward, where all means are over a group:

    gx = (γ gy − mean(γ gy) − x̂ · mean(γ gy x̂)) / σ = gy · γ / σ − x · slope + shift,

    slope = mean(γ gy x̂) / σ²,    shift = μ · slope − mean(γ gy) / σ
"""

import numpy as np

from tinygan.nn.fast.blocks import by_rows, elementwise


def group_moments(x):
    def moments(x):
        m = x.shape[1] * x.shape[3]
        mean = _group_sums(_channel_sums(x), x) / m
        d = _flat(x) - _rows(_each(mean, x))
        return mean, _group_sums(_channel_sums(np.multiply(d, d, out=d)), x) / m

    means, variances = zip(*by_rows(moments, x), strict=True)
    return np.concatenate(means), np.concatenate(variances)


def group_normalise(x, mean, inv_std, gamma, beta):
    def write(y, x, mean, inv_std):
        scale = inv_std[:, :, None] * gamma  # (N, G, K)
        shift = beta - mean[:, :, None] * scale
        y, x = _flat(y), _flat(x)
        np.multiply(x, _rows(scale), out=y)
        np.add(y, _rows(shift), out=y)

    return elementwise(write, x, mean, inv_std)


def group_normalise_backward(gy, x, mean, inv_std, gamma):
    m, gains = x.shape[1] * x.shape[3], gamma.reshape(-1)
    gx = np.empty(gy.shape, gy.dtype)

    def write(gx, gy, x, mean, inv_std):
        sum_gy = _channel_sums(gy)  # (N, C)
        d = _flat(x) - _rows(_each(mean, x))
        sum_gy_d = _channel_sums(np.multiply(d, _flat(gy), out=d))
        ggamma = _each(inv_std, x) * sum_gy_d  # Σ gy x̂ over an example
        slope = inv_std * inv_std * _group_sums(ggamma * gains, x) / m  # (N, G)
        shift = mean * slope - inv_std * _group_sums(sum_gy * gains, x) / m
        gx, gy, x_flat = _flat(gx), _flat(gy), _flat(x)
        np.multiply(x_flat, _rows(_each(slope, x)), out=d)
        np.multiply(gy, _rows(_each(inv_std, x) * gains), out=gx)
        np.subtract(gx, d, out=gx)
        np.add(gx, _rows(_each(shift, x)), out=gx)
        return np.stack([ggamma.sum(axis=0), sum_gy.sum(axis=0)])

    ggamma, gbeta = sum(by_rows(write, gx, gy, x, mean, inv_std))
    return gx, ggamma.reshape(gamma.shape), gbeta.reshape(gamma.shape)


def _flat(x):
    """(N, S, G, K) as (N, S, C)."""
    return x.reshape(*x.shape[:2], x.shape[2] * x.shape[3])


def _channel_sums(x):
    """Σ over S.    (N, S, …) -> (N, C)."""
    ones = np.ones((1, x.shape[1]), x.dtype)
    return np.matmul(ones, x.reshape(*x.shape[:2], -1))[:, 0]


def _group_sums(rows, x):
    """Σ over the channels of a group.    (N, C) -> (N, G), for the groups of x."""
    return rows.reshape(len(rows), *x.shape[2:]).sum(axis=2)


def _each(values, x):
    """A value for each group as one for each channel.    (N, G) -> (N, C)."""
    return values.repeat(x.shape[3], axis=1)


def _rows(values):
    """(N, …) as (N, 1, C)."""
    return values.reshape(len(values), 1, -1)
