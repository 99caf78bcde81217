"""The offset of a column: taken away where that loses nothing.

Squares of numbers far from 0 have no digits left for the differences between them, and even a mean
of equal numbers is rounded. Without their common offset the numbers are near 0.
"""

import numpy as np

from tinygan import backend
from tinygan.models.checks import check_variation


def without_offset(X):
    """(X − offset (N, D), offset (D,)), both float64, without any rounding error.

    x − s has no rounding error where s / 2 ≤ x ≤ 2 s. So a column whose numbers are all within a
    factor of 2 of each other loses its first one; the offset of any other column is 0.
    Raises ValueError when the rows differ, but by too little to be squared.
    Source: Higham 2002, "Accuracy and stability of numerical algorithms", section 2.5.
    """
    xp, X = backend.array_module(X), X.astype(np.float64)
    low, high = X.min(axis=0), X.max(axis=0)
    check_variation(high - low)
    close = ((low > 0) & (high <= 2 * low)) | ((high < 0) & (low >= 2 * high))
    offset = xp.where(close, X[0], 0.0)
    X -= offset
    return X, offset
