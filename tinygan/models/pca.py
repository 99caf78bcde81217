"""Principal component analysis: the few directions in which the rows of a table vary most.

The rows' covariance Σ is symmetric, so its eigenvectors v_i are at right angles, and the variance
of the rows along v_i is the eigenvalue λ_i. Keeping the C largest gives the C coordinates from
which the rows can be reconstructed with the least squared error:

    Σ v_i = λ_i v_i,    z = (x − μ) V,    x ≈ z Vᵀ + μ        V (D, C), columns v_i

Source: Bishop 2006, "Pattern recognition and machine learning", section 12.1.
"""

import numpy as np

from tinygan import backend
from tinygan.models.checks import check_spread, check_table, float_dtype

_BLOCK = 1 << 20  # elements in a block of rows: 8 MB


class PCA:
    """z = (x − μ) V with V the first C principal axes of the data. Names are scikit-learn's.

    n_components: C, from 1 to the smaller of N and D.
    After fit, where X lives and always in float64: mean_ (D,); components_ (C, D), whose rows are
    the axes, of length 1, by decreasing variance, each with its largest entry positive;
    explained_variance_ (C,), with N − 1 in the denominator; explained_variance_ratio_ (C,), as
    fractions of the variance of all D axes.
    Raises ValueError when n_components is below 1.
    Source: Bishop 2006, section 12.1.
    """

    def __init__(self, n_components):
        if n_components < 1:
            raise ValueError(f"n_components must be at least 1, got {n_components}")
        self.n_components = n_components

    def fit(self, X):
        """Find the axes. X: (N, D), finite, N at least 2. Returns self.

        Raises ValueError when X is empty or not finite, has fewer than n_components rows or
        columns, or has only equal rows.
        """
        check_table(X, least=2)
        check_spread(X)
        xp, (n, d) = backend.array_module(X), X.shape
        if self.n_components > min(n, d):
            raise ValueError(
                f"n_components is {self.n_components:,} but X has {n:,} rows and {d:,} columns: it "
                f"can be at most {min(n, d):,}"
            )
        mean = X.astype(np.float64).mean(axis=0)
        covariance = _scatter(X, mean) / (n - 1)
        # On the host: (D, D) is small compared with X, and the axes are the same on every device
        variances, axes = np.linalg.eigh(backend.to_numpy(covariance))  # ascending; axes in columns
        variances = np.maximum(variances, 0)  # rounding may leave −1e−17
        total = variances.sum()
        keep = slice(None, -self.n_components - 1, -1)  # the last C, backwards
        axes, variances = axes.T[keep], variances[keep]
        largest = np.abs(axes).argmax(axis=1)[:, None]
        axes = axes * np.sign(np.take_along_axis(axes, largest, axis=1))
        self.mean_, self.components_ = mean, xp.asarray(axes)
        self.explained_variance_ = xp.asarray(variances)
        self.explained_variance_ratio_ = xp.asarray(variances / total)
        return self

    def transform(self, X):
        """z = (x − μ) V: (N, D) -> (N, C), in X's dtype, or float64 if X holds integers.

        Raises ValueError before fit and for an X that is not finite or does not have D columns.
        """
        self._check_fitted()
        check_table(X, columns=self.components_.shape[1])
        z = (X.astype(np.float64) - self.mean_) @ self.components_.T  # (N, D) @ (D, C)
        return z.astype(float_dtype(X))

    def inverse_transform(self, Z):
        """x ≈ z Vᵀ + μ: (N, C) -> (N, D), in Z's dtype. Raises ValueError as transform does."""
        self._check_fitted()
        check_table(Z, columns=len(self.components_))
        X = Z.astype(np.float64) @ self.components_ + self.mean_  # (N, C) @ (C, D)
        return X.astype(float_dtype(Z))

    def _check_fitted(self):
        if not hasattr(self, "components_"):
            raise ValueError("this PCA is not fitted yet: call fit first")


def _scatter(X, mean):
    """Σ_n (x_n − μ)(x_n − μ)ᵀ as (D, D), a block of rows at a time."""
    size, total = max(1, _BLOCK // X.shape[1]), 0
    for i in range(0, len(X), size):
        rows = X[i : i + size] - mean  # float64, as the mean is
        total = total + rows.T @ rows  # (D, B) @ (B, D)
    return total
