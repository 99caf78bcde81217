"""What pictures are drawn from: N(0, I), or a Gaussian mixture. As JSON, for page/noise.js."""

import numpy as np

from tinygan import backend

_SIGMAS = 3  # how far the sliders of z go


def normal(shape):
    """z ~ N(0, I), of this shape."""
    return {"kind": "normal", "shape": list(shape), "low": -_SIGMAS, "high": _SIGMAS}


def mixture(stored, weights):
    """z = mean + spread · e, e ~ N(0, I), of a component drawn by its weight.

    stored: StoredMixture, not empty. weights: Weights; its arrays are added. spread: the Cholesky
    factors of the covariances (K, D, D), or of one that all share (1, D, D); or standard deviations
    (K, D), or (K, 1).
    low, high: how far the numbers go, over all components.
    """
    share, means, covariances = (backend.to_numpy(array) for array in stored.arrays.values())
    if stored.kind in ("full", "tied"):
        spread = np.linalg.cholesky(covariances.reshape(-1, stored.dim, stored.dim))
        std = np.sqrt((spread * spread).sum(axis=2))  # of each number
    else:
        spread = std = np.sqrt(covariances.reshape(len(share), -1))
    return {
        "kind": "mixture",
        "shape": [stored.dim],
        "weights": weights.exact(share),
        "means": weights.exact(means),
        "spread": weights.exact(spread),
        "low": (means - _SIGMAS * std).min(axis=0).tolist(),
        "high": (means + _SIGMAS * std).max(axis=0).tolist(),
    }
