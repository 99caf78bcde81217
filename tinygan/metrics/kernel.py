"""The kernel distance: do two sets of features have the same mean, variance and skewness?

A kernel k(x, y) is a scalar product ⟨φ(x), φ(y)⟩; here φ(x) consists of all products of up to three
features. The maximum mean discrepancy (MMD) is the distance between the two means of φ. It assumes
no Gaussian, and unlike the Fréchet distance its estimate is unbiased for few samples too.

Far from 0, k is large and hardly changes, and the MMD is a small difference of large numbers. But a
distance between means stays the same when one vector is subtracted from all φ(x). With φ(c) of a
point c in the middle, k becomes

    k̃(x, y) = ⟨φ(x) − φ(c), φ(y) − φ(c)⟩ = k(x, y) − k(x, c) − k(c, y) + k(c, c),

and the large numbers in it cancel on paper. With u = x − c, v = y − c and

    A = c·c / D + 1,    p = u·c / D,    p' = v·c / D,    q = u·v / D,    B = A + p + p',

the first two terms are (B + q)³ and (A + p)³, and all four are

    k̃(x, y) = 3 p p' (A + B) + q (3 B² + q (3 B + q)).
"""

import numpy as np

from tinygan.metrics.checks import exponent, feature_pair

_ROWS = 64  # of pairs computed at a time: with a thousand columns, they stay in a processor's cache


def kernel_distance(features_a, features_b, *, subsets=100, subset_size=1000, rng):
    """Mean and standard deviation of MMD² over random subsets, with k(x, y) = (x·y / D + 1)³.

    features_a, features_b: (N, D) and (M, D), N and M at least 2, any real dtype; computed in
    float64. subset_size: rows in a subset of each set, drawn without replacement; at most the size
    of the smaller set. rng: host NumPy Generator for the subsets.
    Returns (mean, std) as floats. The mean is about 0 for two samples of one distribution, and can
    be negative. The std is that of the subsets, not the error of the mean, and is meaningless if
    subset_size is as large as a set. With an Inception network's features it is called KID.
    Raises ValueError for sets of different widths, fewer than 2 rows, values that are not finite,
    subsets below 1, subset_size below 2, or features whose sixth power is beyond float64.
    Source: Bińkowski et al. 2018.
    """
    a, b = feature_pair(2, features_a=features_a, features_b=features_b)
    if subsets < 1 or subset_size < 2:
        raise ValueError(f"at least 1 subset of 2 is needed, got {subsets} of {subset_size}")
    size, middle = min(subset_size, len(a), len(b)), _middle(a, b)
    found = [
        _mmd2(
            a[rng.choice(len(a), size, replace=False)],
            b[rng.choice(len(b), size, replace=False)],
            middle,
        )
        for _ in range(subsets)
    ]
    e = exponent(np.array(found))
    found = np.ldexp(found, -e)  # the squares in std are of numbers near 1
    return float(np.ldexp(found.mean(), e)), float(np.ldexp(found.std(), e))


def mmd2_unbiased(a, b):
    """Σ_{i≠j} k(a_i, a_j) / N(N−1) + Σ_{i≠j} k(b_i, b_j) / M(M−1) − 2 Σ_ij k(a_i, b_j) / NM.

    a, b: (N, D), (M, D), N and M at least 2. The pairs i = j are left out: k(a_i, a_i) is not the
    similarity of two samples; with it, the mean distance of a distribution from itself would not be
    0. Raises ValueError as kernel_distance does.
    Source: Gretton et al. 2012, lemma 6.
    """
    a, b = feature_pair(2, a=a, b=b)
    return _mmd2(a, b, _middle(a, b))


def _middle(a, b):
    """A point c among the rows: a median, which a row far from all others does not move."""
    rows = np.concatenate([a, b])
    return np.partition(rows, len(rows) // 2, axis=0)[len(rows) // 2]


def _mmd2(a, b, c):
    with np.errstate(over="ignore", invalid="ignore"):
        found = float(
            _mean(a, a, c, of_different=True)
            + _mean(b, b, c, of_different=True)
            - 2 * _mean(a, b, c)
        )
    if not np.isfinite(found):
        largest = max(np.abs(a).max(), np.abs(b).max())
        raise ValueError(
            f"features of up to {largest:.3g} are too large for the kernel, which has their sixth "
            "power: divide both sets by the same number"
        )
    return found


def _mean(x, y, c, of_different=False):
    """The mean of k̃ over all pairs of a row of x (N, D) and one of y (M, D).

    of_different: x is y, and a row is not paired with itself. As k̃(x, y) = k̃(y, x), each row is
    paired only with those after it.
    """
    (n, d), m = x.shape, len(y)
    u, v, A, total = (x - c) / d, y - c, c @ c / d + 1, 0.0
    p, p2 = (u @ c)[:, None], v @ c / d  # (N, 1), (M,)
    for start in range(0, n, _ROWS):
        rows, columns = slice(start, start + _ROWS), slice(start if of_different else 0, m)
        q = u[rows] @ v[columns].T  # (B, M), or without the columns of earlier rows
        B = A + p[rows] + p2[columns]
        k = 3 * p[rows] * (p2[columns] * (A + B)) + q * (3 * B * B + q * (3 * B + q))
        if of_different:
            k[np.tril_indices(len(k), m=k.shape[1])] = 0  # itself, and those before it
        total += k.sum()
    return total / (n * (n - 1) / 2 if of_different else n * m)
