"""What the models of this folder ask of the table they are fitted to: rows are examples."""

import math

import numpy as np

from tinygan import backend

_LARGEST = 1e100


def check_table(X, *, columns=None, least=1):
    """Raise a ValueError of one sentence unless X is (N, D), N at least `least`, and finite.

    columns: the D that is wanted, if any. Reads one number from the device, which waits for it.
    """
    xp = backend.array_module(X)
    if X.ndim != 2:
        raise ValueError(f"X must be a table (N, D), got the shape {X.shape}: reshape it to rows")
    n, d = X.shape
    if n < 1 or d < 1:
        raise ValueError(f"X is empty: its shape is {X.shape}")
    if columns is not None and d != columns:
        raise ValueError(f"X has {d:,} columns but the model, as fitted, takes {columns:,}")
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


def float_dtype(X):
    """X's dtype if that is a floating-point one, else float64: what results are returned in."""
    return X.dtype if np.dtype(X.dtype).kind == "f" else np.dtype(np.float64)
