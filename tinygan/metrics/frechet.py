"""The Fréchet distance: how far apart two sets of features are, each seen as one Gaussian."""

import math

import numpy as np

from tinygan.metrics.checks import exponent, feature_pair


def frechet_distance(features_a, features_b):
    """‖m_a − m_b‖² + Tr(S_a + S_b − 2 (S_a^½ S_b S_a^½)^½), m the sets' means, S their covariances.

    features_a, features_b: (N, D) and (M, D), N and M at least 2, any real dtype; computed in
    float64. Returns a float, at least 0; 0 when means and covariances agree. With an Inception
    network's features it is called FID. Its value depends on the features and is biased upwards for
    fewer than some thousands of samples: compare only values that are measured in the same way.
    Its rounding error is about 10⁻¹⁴ Tr(S_a + S_b), however small the distance.
    Raises ValueError for sets of different widths, fewer than 2 rows or values that are not finite,
    and when the distance, which grows with the square of the features, is beyond float64.
    Source: Heusel et al. 2017, equation 6; Dowson & Landau 1982 (for Gaussians); Chong & Forsyth
    2020 (the dependence on the number of samples).
    """
    a, b = feature_pair(2, features_a=features_a, features_b=features_b)
    e = exponent(a, b)
    a, b = np.ldexp(a, -e), np.ldexp(b, -e)
    (mean_a, cov_a), (mean_b, cov_b) = _moments(a - a[0]), _moments(b - a[0])  # near 0
    return _unscaled(_distance(mean_a - mean_b, cov_a, cov_b), e)


def gaussian_frechet(mean_a, cov_a, mean_b, cov_b):
    """frechet_distance of two Gaussians: means (D,), covariances (D, D) symmetric, float64.

    Raises ValueError for other shapes, values that are not finite, and a distance beyond float64.
    """
    arrays = [np.asarray(x, np.float64) for x in (mean_a, cov_a, mean_b, cov_b)]
    shapes, d = [x.shape for x in arrays], arrays[0].size
    if shapes != [(d,), (d, d)] * 2 or d == 0:
        raise ValueError(f"means (D,) and covariances (D, D) of one D are needed, got {shapes}")
    if not all(np.isfinite(x).all() for x in arrays):
        raise ValueError("means and covariances must be finite: there is a NaN or an infinity")
    mean_a, cov_a, mean_b, cov_b = arrays
    half_shift = mean_a / 2 - mean_b / 2  # half, because the shift itself might be infinite
    e = exponent(half_shift, np.sqrt(np.abs(cov_a)), np.sqrt(np.abs(cov_b)))
    cov_a, cov_b = np.ldexp(cov_a, -2 * e), np.ldexp(cov_b, -2 * e)
    return _unscaled(_distance(np.ldexp(half_shift, 1 - e), cov_a, cov_b), e)


def _distance(shift, cov_a, cov_b):
    """The formula. shift (D,) = m_a − m_b.

    With M = S_a^½ S_b^½ the last matrix is (M Mᵀ)^½, whose trace is the sum of M's singular values:
    computed from M itself, they keep the digits that computing M Mᵀ would lose.
    """
    root_product = _root(cov_a) @ _root(cov_b)  # M (D, D)
    overlap = np.linalg.svd(root_product, compute_uv=False).sum()
    distance = shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2 * overlap
    return max(float(distance), 0.0)  # rounding can make it negative


def _unscaled(distance, e):
    """The distance of features that were divided by 2^e -> that of the features."""
    try:
        return math.ldexp(distance, 2 * e)
    except OverflowError:
        raise ValueError(
            "the distance is beyond float64: divide both sets of features by one number, and the "
            "distance is divided by its square"
        ) from None


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
