"""Checks of the table to which the models in this folder are fitted: rows are examples."""

import math

import numpy as np

from tinygan import backend

_LARGEST = 1e100  # a number beyond this is not squared
_SMALLEST = 1e-100  # nor are differences that are all below this


def check_table(X, *, columns=None, least=1):
    """Raise a ValueError of one sentence unless X is (N, D), finite, with N at least `least`.

    columns: the D that is required, or None. Waits for the device, to read one number from it.
    """
    xp = backend.array_module(X)
    if X.ndim != 2:
        raise ValueError(f"X must be a table (N, D), got the shape {X.shape}: reshape it to rows")
    n, d = X.shape
    if n < 1 or d < 1:
        raise ValueError(f"X is empty: its shape is {X.shape}")
    if columns is not None and d != columns:
        raise ValueError(f"X has {d:,} columns but the model was fitted to {columns:,}")
    if n < least:
        raise ValueError(f"X has {n:,} rows, fewer than the {least:,} that are needed")
    if np.dtype(X.dtype).kind not in "fiu":
        raise ValueError(f"X must hold real numbers, got {X.dtype}")
    largest = float(xp.abs(X).max())  # NaN if any is
    if not math.isfinite(largest):
        raise ValueError("X holds NaN or infinite values: remove those rows or repair them")
    if largest > _LARGEST:
        raise ValueError(f"X holds values of up to {largest:.3g}, too large to be squared: scale X")


def check_spread(X):
    """Raise a ValueError when all rows of X (N, D) are equal: there is nothing to fit."""
    if bool((X[:1] == X).all()):
        raise ValueError(f"all {len(X):,} rows of X are equal: there is no spread to fit")


def check_variation(ranges):
    """Raise a ValueError when the ranges of the columns, float64, are too small to be squared."""
    largest = float(ranges.max())
    if 0 < largest < _SMALLEST:
        raise ValueError(
            f"the rows of X differ by at most {largest:.3g}, too little to be squared: scale X"
        )


def in_dtype(values, dtype):
    """Results, float64, in the dtype of the data. Raises ValueError if one is beyond its range."""
    if dtype == np.float64:
        return values
    largest = float(backend.array_module(values).abs(values).max())
    if largest > float(np.finfo(dtype).max):
        raise ValueError(f"a result of {largest:.3g} is beyond {dtype}: convert X to float64")
    return values.astype(dtype)


def float_dtype(X):
    """The dtype of results: X's dtype if it is floating-point, else float64."""
    return X.dtype if np.dtype(X.dtype).kind == "f" else np.dtype(np.float64)
