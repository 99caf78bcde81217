"""The kernel distance: do two sets of features have the same mean, variance and skewness?

A kernel k(x, y) is a scalar product ⟨φ(x), φ(y)⟩; here φ(x) consists of all products of up to three
features. The maximum mean discrepancy (MMD) is the distance between the two means of φ. It assumes
no Gaussian, and unlike the Fréchet distance its estimate is unbiased for few samples too.
"""

import numpy as np

from tinygan.metrics.checks import feature_pair


def kernel_distance(features_a, features_b, *, subsets=100, subset_size=1000, rng):
    """Mean and standard deviation of MMD² over random subsets, with k(x, y) = (x·y / D + 1)³.

    features_a, features_b: (N, D) and (M, D), N and M at least 2, any real dtype; computed in
    float64. subset_size: rows in a subset of each set, drawn without replacement; at most the size
    of the smaller set. rng: host NumPy Generator for the subsets.
    Returns (mean, std) as floats. The mean is about 0 for two samples of one distribution, and can
    be negative. The std is that of the subsets, not the error of the mean, and is meaningless if
    subset_size is as large as a set. With an Inception network's features it is called KID.
    Raises ValueError for sets of different widths, fewer than 2 rows, values that are not finite,
    subsets below 1 or subset_size below 2.
    Source: Bińkowski et al. 2018.
    """
    a, b = feature_pair(features_a, features_b, least=2)
    if subsets < 1 or subset_size < 2:
        raise ValueError(f"at least 1 subset of 2 is needed, got {subsets} of {subset_size}")
    size = min(subset_size, len(a), len(b))
    found = [
        mmd2_unbiased(
            a[rng.choice(len(a), size, replace=False)], b[rng.choice(len(b), size, replace=False)]
        )
        for _ in range(subsets)
    ]
    return float(np.mean(found)), float(np.std(found))


def mmd2_unbiased(a, b):
    """Σ_{i≠j} k(a_i, a_j) / N(N−1) + Σ_{i≠j} k(b_i, b_j) / M(M−1) − 2 Σ_ij k(a_i, b_j) / NM.

    a, b: float64 (N, D), (M, D). The pairs i = j are left out: k(a_i, a_i) is not the similarity
    of two samples; with it, the mean distance of a distribution from itself would not be 0.
    Source: Gretton et al. 2012, lemma 6.
    """
    return _mean_of_pairs(a) + _mean_of_pairs(b) - 2 * float(_kernel(a, b).mean())


def _mean_of_pairs(x):
    k = _kernel(x, x)
    return float(k.sum() - np.trace(k)) / (len(x) * (len(x) - 1))


def _kernel(x, y):
    base = x @ y.T  # (N, M)
    base /= x.shape[1]
    base += 1
    return base * base * base
