"""Time embedding: one number as many waves, slow and fast, so that a network can tell it apart.

A dense layer is smooth: from t alone it can hardly do one thing at 0.50 and another at 0.52. Waves
of rising frequency make near times differ in the fast ones and far times in the slow ones, as the
hands of a clock do.
"""

import numpy as np

from tinygan import backend
from tinygan.nn.layer import Layer, check_float, check_shape, check_size


class TimeEmbedding(Layer):
    """y[n] = [cos(ω_k t_n), sin(ω_k t_n)], k = 0 … dim/2 − 1.    t (N,) -> y (N, dim), t's dtype.

    dim: even. fastest: the highest ω, in radians; the lowest is 1, and their ratios are equal:
    ω_k = fastest^(k / (dim/2 − 1)). Nothing is learned. Backward: ∂ cos(ωt)/∂t = −ω sin(ωt) and
    ∂ sin(ωt)/∂t = ω cos(ωt), so

        gt = Σ_k ω_k (gy_sin cos(ω_k t) − gy_cos sin(ω_k t))

    Raises ValueError when dim is odd, fastest is not above 1, or t is not (N,).
    Source: Vaswani et al. 2017, "Attention is all you need", section 3.5.
    """

    per_example = True

    def __init__(self, dim, *, fastest=1000.0):
        check_size(self, least=2, dim=dim)
        if dim % 2:
            raise ValueError(f"TimeEmbedding needs an even dim, got {dim}")
        if not fastest > 1:
            raise ValueError(f"TimeEmbedding needs fastest above 1, got {fastest!r}")
        self.dim, self.fastest = dim, float(fastest)

    def forward(self, t):
        check_shape(self, t, None)
        check_float(self, t)
        xp, omega = backend.array_module(t), self._frequencies(t)
        angles = t[:, None] * omega  # (N, dim/2)
        y = xp.concatenate([xp.cos(angles), xp.sin(angles)], axis=1)
        self.keep(y.copy(), omega)  # y belongs to the caller
        return y

    def backward(self, gy, accumulate=True, input_grad=True):
        y, omega = self.take()
        check_shape(self, gy, *y.shape)
        check_float(self, gy)
        half = self.dim // 2
        cos, sin = y[:, :half], y[:, half:]
        return ((gy[:, half:] * cos - gy[:, :half] * sin) @ omega) if input_grad else None

    def _frequencies(self, t):
        """ω (dim/2,), in t's dtype and on its device."""
        k = backend.array_module(t).arange(self.dim // 2, dtype=np.float64)
        return (self.fastest ** (k / max(self.dim // 2 - 1, 1))).astype(t.dtype)
