"""Group normalisation: mean 0 and variance 1 over groups of channels, within each example.

Forward, for one example and one group of channels, over its M = (C / groups) · H · W values:

    μ = Σ x / M      v = Σ (x − μ)² / M      x̂ = (x − μ) / √(v + ε)      y = γ x̂ + β

with γ and β for each channel. It is BatchNorm with another choice of the values that belong
together, so the backward is BatchNorm's, over a group, with g = γ gy and σ = √(v + ε):

    gx = (g − mean(g) − x̂ · mean(g x̂)) / σ,      gγ = Σ gy x̂,      gβ = Σ gy

No example depends on the others of its batch, and nothing has to be remembered for drawing.
Source: Wu & He 2018, "Group normalization", section 3.
"""

import numpy as np

from tinygan.nn.dispatch import fastest
from tinygan.nn.layer import Layer, Param, check_float, check_shape, check_size
from tinygan.nn.norm import inverse_std


def group_moments(x):
    """μ and v, mean and biased variance of each group.    x (N, S, G, K) -> (N, G), (N, G)."""
    mean = x.mean(axis=(1, 3))
    d = x - mean[:, None, :, None]
    return mean, (d * d).mean(axis=(1, 3))


def group_normalise(x, mean, inv_std, gamma, beta):
    """y = γ x̂ + β.    x (N, S, G, K); mean, inv_std = 1 / σ (N, G); gamma, beta (G, K)."""
    x_hat = (x - mean[:, None, :, None]) * inv_std[:, None, :, None]
    return gamma * x_hat + beta


def group_normalise_backward(gy, x, mean, inv_std, gamma):
    """gx, gγ and gβ.    gy, x (N, S, G, K); mean, inv_std (N, G); gamma (G, K)."""
    x_hat = (x - mean[:, None, :, None]) * inv_std[:, None, :, None]
    g = gamma * gy
    mean_g = g.mean(axis=(1, 3), keepdims=True)
    mean_gx = (g * x_hat).mean(axis=(1, 3), keepdims=True)
    gx = (g - mean_g - x_hat * mean_gx) * inv_std[:, None, :, None]
    return gx, (gy * x_hat).sum(axis=(0, 1)), gy.sum(axis=(0, 1))


class GroupNorm(Layer):
    """y = γ (x − μ) / √(v + ε) + β, per example and group.    (N, H, W, C) -> the same, x's dtype.

    groups: of C / groups channels that stand side by side. channels: C. eps: ε. γ starts at 1, β at
    0. Raises ValueError when `groups` does not divide `channels`, eps is not above 0, or x is not
    (N, H, W, channels).
    Source: Wu & He 2018, "Group normalization", equations 1, 2, 6 and 7.
    """

    per_example = True

    def __init__(self, groups, channels, *, eps=1e-5):
        check_size(self, groups=groups, channels=channels)
        if channels % groups:
            raise ValueError(f"GroupNorm cannot make {groups} groups of {channels} channels")
        if not eps > 0:
            raise ValueError(f"GroupNorm needs eps above 0, got {eps!r}")
        self.groups, self.channels, self.eps = groups, channels, float(eps)
        self.gamma = Param(np.ones(channels, np.float32))
        self.beta = Param(np.zeros(channels, np.float32))

    def forward(self, x):
        check_shape(self, x, None, None, None, self.channels)
        check_float(self, x)
        grouped = self._grouped(x)
        mean, var = fastest(group_moments, x)(grouped)
        inv_std = inverse_std(var, self.eps)
        self.keep(x, mean, inv_std)
        y = fastest(group_normalise, x)(
            grouped,
            mean,
            inv_std,
            self._per_group(self.gamma.data),
            self._per_group(self.beta.data),
        )
        return y.reshape(x.shape)

    def backward(self, gy, accumulate=True, input_grad=True):
        x, mean, inv_std = self.take()
        check_shape(self, gy, *x.shape)
        check_float(self, gy)
        gx, ggamma, gbeta = fastest(group_normalise_backward, gy)(
            self._grouped(gy), self._grouped(x), mean, inv_std, self._per_group(self.gamma.data)
        )
        if accumulate:
            self.gamma.add(ggamma.reshape(self.channels))
            self.beta.add(gbeta.reshape(self.channels))
        return gx.reshape(x.shape) if input_grad else None

    def _grouped(self, x):
        """(N, H, W, C) as (N, H·W, groups, C / groups)."""
        n, h, w, c = x.shape
        return x.reshape(n, h * w, self.groups, c // self.groups)

    def _per_group(self, row):
        """(C,) as (groups, C / groups)."""
        return row.reshape(self.groups, self.channels // self.groups)
