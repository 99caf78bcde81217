"""How far a model's draws are from real images, looked at now and then while it trains."""

import math

import numpy as np

from tinygan.data.split import split
from tinygan.metrics import frechet_distance

DRAWS = 2000  # images that are drawn for a distance
REFERENCE = 5000  # training images that they are compared with, where none are set aside


class Distance:
    """The Fréchet distance between DRAWS draws of a Model and real images, by their features.

    The real images are those that the recipe sets aside for validation. A recipe that trains on all
    its images has none: then they are REFERENCE of the training images (published FIDs, too, are
    mostly distances to training images). The test split takes no part.

    Draws come from one noise, so that two distances differ by the weights alone; no generator of
    the training is used, and nothing that trains changes.

    model: a Model. parts: Parts. seed: of the choice of the images, and of the noise.
    features: (uint8 images) -> (n, d).
    """

    def __init__(self, model, parts, seed, features):
        self.model, self.parts, self.seed, self.features = model, parts, seed, features
        self._real = None

    def measure(self):
        """A float, at least 0."""
        images, _ = self.model.draw(DRAWS, np.random.default_rng(self.seed))
        return frechet_distance(self._real_features(), self.features(images))

    def _real_features(self):
        """Of the real images: made at the first distance, so that a short training has no wait."""
        if self._real is None:
            self._real = self.features(real_images(self.parts, self.seed))
        return self._real


def real_images(parts, seed):
    """What the draws are compared with: uint8 (N, H, W, C) on the host."""
    if parts.validation is not None:
        return parts.validation[0]
    images, _ = parts.train
    if len(images) <= REFERENCE:
        return images
    share = REFERENCE / len(images)
    return images[split(len(images), (share, 1 - share), seed=seed)[0]]


def every(images_between, images_per_epoch, epochs):
    """Epochs between two distances where none are asked for; 0, so none, in a short training.

    images_between: training images between two distances, so that these take little of the time.
    A training is short when it would have less than two.
    """
    epochs_between = max(1, math.ceil(images_between / images_per_epoch))
    return epochs_between if 2 * epochs_between <= epochs else 0
