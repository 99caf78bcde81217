"""Principal component analysis: the few directions in which the rows of a table vary most.

The rows' covariance Σ is symmetric, so its eigenvectors v_i are at right angles, and the variance
of the rows along v_i is the eigenvalue λ_i. Keeping the C largest gives the C coordinates from
which the rows can be reconstructed with the least squared error:

    Σ v_i = λ_i v_i,    z = (x − μ) V,    x ≈ z Vᵀ + μ        V (D, C), columns v_i

Σ is a square, and a computed eigenvalue has the rounding errors of the largest one. Where the rows
vary by 10⁴ times more along the first axis than along the last, the axes are the right singular
vectors of the centred rows instead, found without squaring them: slower, but with twice the digits.

Source: Bishop 2006, "Pattern recognition and machine learning", section 12.1.
"""

import numpy as np

from tinygan import backend
from tinygan.models.checks import (
    check_spread,
    check_table,
    check_variation,
    float_dtype,
    in_dtype,
)

_BLOCK = 1 << 20  # elements in a block of rows: 8 MB
_ENOUGH = 1e-8  # of the largest eigenvalue: a smaller one has lost half its digits
_SMALLEST = 1e-200  # of a variance, in the square of X's unit


class PCA:
    """z = (x − μ) V with V the first C principal axes of the data. Names are scikit-learn's.

    n_components: C, from 1 to the smaller of N and D.
    After fit, where X lives and always in float64: mean_ (D,); components_ (C, D), whose rows are
    the axes, of length 1, by decreasing variance, each with its largest entry positive;
    explained_variance_ (C,), with N − 1 in the denominator, exact to about 10⁻³⁰ of the largest;
    explained_variance_ratio_ (C,), as fractions of the variance of all D axes.
    Raises ValueError when n_components is below 1.
    Source: Bishop 2006, section 12.1.
    """

    def __init__(self, n_components):
        if n_components < 1:
            raise ValueError(f"n_components must be at least 1, got {n_components}")
        self.n_components = n_components

    def fit(self, X):
        """Find the axes. X: (N, D), finite, N at least 2. Returns self.

        Raises ValueError when X is empty, not finite, too large or too small to be squared, has
        fewer than n_components rows or columns, or has only equal rows.
        """
        check_table(X, least=2)
        check_spread(X)
        xp, (n, d) = backend.array_module(X), X.shape
        if self.n_components > min(n, d):
            raise ValueError(
                f"n_components is {self.n_components:,} but X has {n:,} rows and {d:,} columns: it "
                f"can be at most {min(n, d):,}"
            )
        first = X[0].astype(np.float64)  # a mean of differences is exact where all are equal
        mean = first + sum(rows.sum(axis=0) for rows in _minus(X, first)) / n
        covariance = _scatter(X, mean) / (n - 1)
        # On the host: (D, D) is small compared with X, and the axes are the same on every device
        variances, axes = np.linalg.eigh(backend.to_numpy(covariance))  # ascending; axes in columns
        variances, axes = np.maximum(variances[::-1], 0), axes.T[::-1]  # not −1e−17
        if variances[self.n_components - 1] < _ENOUGH * variances[0]:
            _, lengths, axes = np.linalg.svd(_triangle(X, mean), full_matrices=False)
            variances = lengths**2 / (n - 1)
        total = variances.sum()
        if total < _SMALLEST:
            check_variation(X.max(axis=0).astype(np.float64) - X.min(axis=0))
        axes, variances = axes[: self.n_components], variances[: self.n_components]
        largest = np.abs(axes).argmax(axis=1)[:, None]
        axes = axes * np.sign(np.take_along_axis(axes, largest, axis=1))
        self.mean_, self.components_ = mean, xp.asarray(axes)
        self.explained_variance_ = xp.asarray(variances)
        self.explained_variance_ratio_ = xp.asarray(variances / total)
        return self

    def transform(self, X):
        """z = (x − μ) V: (N, D) -> (N, C), in X's dtype, or float64 if X holds integers.

        Raises ValueError before fit, for an X that is not finite or does not have D columns, and
        when a result is beyond the range of X's dtype.
        """
        self._check_fitted()
        check_table(X, columns=self.components_.shape[1])
        z = (X.astype(np.float64) - self.mean_) @ self.components_.T  # (N, D) @ (D, C)
        return in_dtype(z, float_dtype(X))

    def inverse_transform(self, Z):
        """x ≈ z Vᵀ + μ: (N, C) -> (N, D), in Z's dtype. Raises ValueError as transform does."""
        self._check_fitted()
        check_table(Z, columns=len(self.components_))
        X = Z.astype(np.float64) @ self.components_ + self.mean_  # (N, C) @ (C, D)
        return in_dtype(X, float_dtype(Z))

    def _check_fitted(self):
        if not hasattr(self, "components_"):
            raise ValueError("this PCA is not fitted yet: call fit first")


def _scatter(X, mean):
    """Σ_n (x_n − μ)(x_n − μ)ᵀ as (D, D), a block of rows at a time."""
    total = 0
    for rows in _minus(X, mean):
        total = total + rows.T @ rows  # (D, B) @ (B, D)
    return total


def _triangle(X, mean):
    """R, upper triangular, with Rᵀ R = _scatter, from orthogonal steps: no row is squared."""
    R = np.empty((0, X.shape[1]))
    for rows in _minus(X, mean):
        R = np.linalg.qr(np.concatenate([R, backend.to_numpy(rows)]), mode="r")
    return R


def _minus(X, row):
    """X − row in float64, a block of rows at a time."""
    size = max(1, _BLOCK // X.shape[1])
    return (X[i : i + size].astype(np.float64) - row for i in range(0, len(X), size))
