"""Splits: which examples train, and which are kept for later. By seed, and never overlapping."""

import math

import numpy as np


def split(n, fractions, *, seed):
    """Cut the numbers 0 … n − 1 into parts at random.    -> a tuple of sorted index arrays.

    fractions: the size of each part, above 0, together 1. Every number is in exactly one part; the
    sizes are n · fraction rounded, so that they add up to n. The same seed cuts the same way.
    Raises ValueError for fractions that are not positive or do not add up to 1.
    """
    if not all(f > 0 for f in fractions) or not math.isclose(sum(fractions), 1):
        raise ValueError(f"fractions must be above 0 and add up to 1, got {fractions}")
    ends = [round(n * end) for end in np.cumsum(fractions)]
    order = np.random.default_rng(seed).permutation(n)
    return tuple(np.sort(part) for part in np.split(order, ends[:-1]))
