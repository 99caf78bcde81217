"""A Gaussian mixture as three arrays that a checkpoint can hold."""

import numpy as np

from tinygan import backend
from tinygan.errors import UserError
from tinygan.models.gmm import GaussianMixture, covariance_shape, free_parameters

_LARGEST = 1e30  # of a number in a mixture: far beyond any code, and its square is finite


class StoredMixture:
    """weights, means and covariances; all 0 until a mixture is stored.

    components: K. dim: D. kind: the covariance_type, see GaussianMixture. xp: the array module.
    arrays: dict of the three, float64, shaped as GaussianMixture has them.
    """

    def __init__(self, components, dim, kind, xp=np):
        self.components, self.dim, self.kind = components, dim, kind
        self.arrays = {
            "weights": xp.zeros(components),
            "means": xp.zeros((components, dim)),
            "covariances": xp.zeros(covariance_shape(components, dim, kind)),
        }

    def store(self, mixture):
        """Copy the parameters of a fitted GaussianMixture; None clears them."""
        for name, array in self.arrays.items():
            if mixture is None:
                array[...] = 0.0
            else:
                xp = backend.array_module(array)
                array[...] = backend.to_device(getattr(mixture, f"{name}_"), xp)

    def is_empty(self):
        """Whether no mixture is stored. Waits for the device."""
        return not backend.to_numpy(self.arrays["weights"]).any()

    def restored(self, rng, xp=np, **settings):
        """A GaussianMixture with the stored parameters, as arrays of xp.

        rng, settings: its other arguments. Raises ValueError when a covariance is not positive
        definite.
        """
        mixture = GaussianMixture(self.components, covariance_type=self.kind, rng=rng, **settings)
        mixture.set_parameters(
            *(backend.to_device(backend.to_numpy(a), xp) for a in self.arrays.values())
        )
        return mixture

    def sample(self, n, rng):
        """n points (n, D) float64 on the host, in random order."""
        X, _ = self.restored(rng).sample(n)
        return X[rng.permutation(n)]

    def check(self, path):
        """Raise UserError when the arrays, read from the file `path`, are no mixture's."""
        if self.is_empty():
            return
        arrays = {name: backend.to_numpy(array) for name, array in self.arrays.items()}
        good = max(np.abs(array).max() for array in arrays.values()) <= _LARGEST
        good = good and arrays["weights"].min() >= 0 and abs(arrays["weights"].sum() - 1) <= 1e-6
        try:
            self.restored(np.random.default_rng(0))
        except ValueError:
            good = False
        if not good:
            raise UserError(f"{path} is corrupt: its mixture has impossible weights or covariances")

    def free_parameters(self):
        """How many numbers the mixture has learned."""
        return free_parameters(self.components, self.dim, self.kind)
