"""Metrics: pure functions from arrays of features or pixels to numbers, on the host.

Nothing here reads a file or knows a data set or a network; evaluation/ does.
"""

from tinygan.metrics.diversity import class_histogram, entropy
from tinygan.metrics.frechet import frechet_distance, gaussian_frechet
from tinygan.metrics.kernel import kernel_distance, mmd2_unbiased
from tinygan.metrics.memorisation import memorisation_ratio, nearest
from tinygan.metrics.ndb import Bins, fit_bins, ndb
from tinygan.metrics.prdc import prdc

__all__ = [
    "Bins",
    "class_histogram",
    "entropy",
    "fit_bins",
    "frechet_distance",
    "gaussian_frechet",
    "kernel_distance",
    "memorisation_ratio",
    "mmd2_unbiased",
    "ndb",
    "nearest",
    "prdc",
]
