"""Euclidean distances between the rows of two tables, block by block.

Expanded, all distances of a block are one matrix product, which is fast:

    ‖x − y‖² = ‖x‖² − 2 x·y + ‖y‖²

but when x and y are close, the small result is a difference of large numbers: it has their rounding
errors, and the distance of a row to its own copy is not exactly 0. The direct sum Σ (x_d − y_d)² is
exact there, but slow. So the metrics use the product to find the few pairs that matter, and the
direct sum to decide them.
"""

import numpy as np

_BLOCK = 1 << 19  # distances in one block: 4 MB, so that a few such arrays stay in a CPU's cache


def blocks(n_rows, n_columns):
    """Slices that divide a table of n_rows × n_columns distances into blocks of rows."""
    size = max(1, _BLOCK // max(1, n_columns))
    return [slice(i, min(i + size, n_rows)) for i in range(0, n_rows, size)]


def squared_norms(x):
    """‖x_n‖² of each row: (N, D) -> (N,)."""
    return np.einsum("nd,nd->n", x, x)


def squared_distances(x, y):
    """‖x_n − y_m‖² by one product: float64 (N, D), (M, D) -> (N, M), error ≤ `rounding`."""
    d2 = x @ y.T
    d2 *= -2
    d2 += squared_norms(x)[:, None]
    d2 += squared_norms(y)
    return d2


def rounding(x, y):
    """A bound, for each row of x, on the rounding error of its squared_distances to y: (N,).

    The error of a sum of D products is at most about D ε Σ |x_d y_d| ≤ D ε (‖x‖² + ‖y‖²) / 2, that
    of each norm D ε times the norm; centring x and y and adding the terms round a few more times. A
    product too small to have all its digits is wrong by less than the smallest number that has.
    Source: Higham 2002, "Accuracy and stability of numerical algorithms", section 3.1.
    """
    scale = squared_norms(x) + squared_norms(y).max()
    float64 = np.finfo(np.float64)
    return 2 * (x.shape[1] + 8) * (float64.eps * scale + float64.tiny)


def direct(x, y):
    """Σ_d (x_d − y_d)², row by row: (N, D) with (N, D) or (D,) -> (N,). Exactly 0 for copies."""
    return ((x - y) ** 2).sum(axis=-1)
