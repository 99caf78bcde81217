"""The Fréchet distance: how far apart two sets of features are, each seen as one Gaussian."""

import numpy as np

from tinygan.metrics.checks import feature_pair


def frechet_distance(features_a, features_b):
    """‖m_a − m_b‖² + Tr(S_a + S_b − 2 (S_a^½ S_b S_a^½)^½), m the sets' means, S their covariances.

    features_a, features_b: (N, D) and (M, D), N and M at least 2, any real dtype; computed in
    float64. Returns a float, at least 0; 0 when means and covariances agree. With an Inception
    network's features it is called FID. Its value depends on the features and is biased upwards for
    fewer than some thousands of samples: compare only values that are measured in the same way.
    Raises ValueError for sets of different widths, fewer than 2 rows or values that are not finite.
    Source: Heusel et al. 2017, equation 6; Dowson & Landau 1982 (for Gaussians); Chong & Forsyth
    2020 (the dependence on the number of samples).
    """
    a, b = feature_pair(features_a, features_b, least=2)
    return gaussian_frechet(*_moments(a), *_moments(b))


def gaussian_frechet(mean_a, cov_a, mean_b, cov_b):
    """frechet_distance of two Gaussians: means (D,), covariances (D, D) symmetric, float64.

    With M = S_a^½ S_b^½ the last matrix is (M Mᵀ)^½, whose trace is the sum of M's singular values:
    computed from M itself, they keep the digits that computing M Mᵀ would lose.
    """
    root_product = _root(cov_a) @ _root(cov_b)  # M (D, D)
    overlap = np.linalg.svd(root_product, compute_uv=False).sum()
    shift = mean_a - mean_b
    distance = shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2 * overlap
    return max(float(distance), 0.0)  # rounding can make it negative


def _moments(x):
    """(mean (D,), covariance (D, D)), unbiased: divided by N − 1."""
    mean = x.mean(axis=0)
    centred = x - mean
    return mean, centred.T @ centred / (len(x) - 1)


def _root(cov):
    """The symmetric square root of a covariance: V diag(√w) Vᵀ with its eigenvalues w.

    The covariance of few samples is singular: many w are 0 but are computed as about ±ε max(w), and
    the root would turn ε into √ε, which is not negligible. So w within rounding of 0 are set to 0.
    """
    w, V = np.linalg.eigh(cov)
    w = np.where(w > len(w) * np.finfo(np.float64).eps * w[-1], w, 0)
    return (V * np.sqrt(w)) @ V.T
