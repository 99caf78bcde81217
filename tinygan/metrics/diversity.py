"""Diversity by labels: which classes do the samples fall into, and how evenly?"""

import numpy as np

from tinygan.metrics.checks import exponent


def class_histogram(labels, classes):
    """How often each class occurs: integer labels (N,) in 0 … classes − 1 -> counts (classes,).

    Raises ValueError for labels of another type or outside that range.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(f"labels must be integers (N,), got {labels.dtype} {labels.shape}")
    if len(labels) and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(f"labels must be 0 to {classes - 1}, got {labels.min()} to {labels.max()}")
    return np.bincount(labels.astype(np.int64), minlength=classes)


def entropy(counts):
    """H = −Σ p ln p in nats, p = counts / Σ counts, with 0 ln 0 = 0.

    counts: (K,), at least 0, not all 0. Returns a float: 0 when only one class occurs, ln K when
    all classes are equally frequent. Raises ValueError for other counts.
    Source: Shannon 1948, section 6.
    """
    counts = np.asarray(counts, np.float64)
    if counts.ndim != 1 or not np.isfinite(counts).all() or (counts < 0).any() or not counts.any():
        raise ValueError("counts must be (K,), finite, at least 0 and not all 0")
    counts = np.ldexp(counts, -exponent(counts))  # their sum is then finite
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum()) + 0.0  # not −0
