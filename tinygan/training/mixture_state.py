"""A fitted Gaussian mixture in the form in which a checkpoint keeps networks."""

import warnings

import numpy as np

from tinygan import backend, nn
from tinygan.errors import UserError
from tinygan.models.gmm import ConvergenceWarning, GaussianMixture, precisions_cholesky


class MixtureState(nn.Layer):
    """Weights, means and covariances, as buffers: nothing here is trained by a gradient.

    components: K. dim: D. covariance_type: as GaussianMixture has it. All zero until set.
    """

    buffers = ("weights", "means", "covariances")

    def __init__(self, components, dim, covariance_type="full"):
        shape = {
            "full": (components, dim, dim),
            "tied": (dim, dim),
            "diag": (components, dim),
            "spherical": (components,),
        }
        self.covariance_type = covariance_type
        self.weights = np.zeros(components)
        self.means = np.zeros((components, dim))
        self.covariances = np.zeros(shape[covariance_type])

    def fit(self, X, rng, **settings):
        """Fit a GaussianMixture with these settings to X and keep it. X has K rows or more."""
        mixture = self._mixture(rng, **settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a rough fit is good enough here
            mixture.fit(X)
        self.set(mixture.weights_, mixture.means_, mixture.covariances_)

    def set(self, weights, means, covariances):
        """Copy the parameters of a mixture into the buffers."""
        for name, value in zip(self.buffers, (weights, means, covariances), strict=True):
            buffer = getattr(self, name)
            buffer[...] = backend.to_device(value, backend.array_module(buffer))

    def clear(self):
        """Back to all zero: there is no mixture."""
        for name in self.buffers:
            getattr(self, name)[...] = 0.0

    def empty(self):
        """Whether no mixture has been set. Waits for the device."""
        return not backend.to_numpy(self.weights).any()

    def check(self, path):
        """Raise UserError, naming the file `path`, when these are not the numbers of a mixture."""
        weights, covariances = backend.to_numpy(self.weights), backend.to_numpy(self.covariances)
        if self.empty():
            return
        try:
            precisions_cholesky(covariances, self.covariance_type)
        except ValueError:
            weights = weights - np.inf
        if weights.min() < 0 or abs(weights.sum() - 1) > 1e-6:
            raise UserError(
                f"{path} is of no use: its mixture has impossible weights or covariances"
            )

    def sample(self, n, rng):
        """n points (n, D) float64 on the host, in random order."""
        mixture = self._mixture(rng)
        mixture.weights_, mixture.means_, mixture.covariances_ = (
            backend.to_numpy(getattr(self, name)) for name in self.buffers
        )
        X, _ = mixture.sample(n)
        return X[rng.permutation(n)]

    def _mixture(self, rng, **settings):
        kind = self.covariance_type
        return GaussianMixture(len(self.weights), covariance_type=kind, rng=rng, **settings)
