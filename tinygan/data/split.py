"""Splits: which examples are for training and which are kept for later, without overlap."""

import math

import numpy as np


def split(n, fractions, *, seed):
    """Divide the indices 0 … n − 1 into parts at random.    -> a tuple of sorted index arrays.

    fractions: the share of each part, above 0, with sum 1. Every index is in exactly one part; the
    sizes are n · fraction, rounded so that they add up to n. Equal seeds give equal parts.
    Raises ValueError for fractions that are not positive or do not add up to 1.
    """
    if not all(f > 0 for f in fractions) or not math.isclose(sum(fractions), 1):
        raise ValueError(f"fractions must be above 0 and add up to 1, got {fractions}")
    ends = [round(n * end) for end in np.cumsum(fractions)]
    order = np.random.default_rng(seed).permutation(n)
    return tuple(np.sort(part) for part in np.split(order, ends[:-1]))
