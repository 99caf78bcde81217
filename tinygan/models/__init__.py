"""Builders of whole networks from the layers in tinygan.nn, and the models that need no gradient.

Nothing here trains a network or reads a file.
"""

from tinygan.models.gan import dcgan_discriminator, dcgan_generator
from tinygan.models.gmm import ConvergenceWarning, GaussianMixture
from tinygan.models.kmeans import kmeans
from tinygan.models.pca import PCA

__all__ = [
    "PCA",
    "ConvergenceWarning",
    "GaussianMixture",
    "dcgan_discriminator",
    "dcgan_generator",
    "kmeans",
]
