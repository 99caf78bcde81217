"""Does a generator draw new images, or copy? Find the training image nearest to each sample."""

import numpy as np

from tinygan.metrics.checks import check_same_width, flat_images, pixels
from tinygan.metrics.distances import blocks, direct, squared_distances

_ROWS = 5000  # images converted to float64 at a time


def nearest(samples, images):
    """The nearest of the images to each sample, by Euclidean distance of pixels in [0, 1].

    samples: (N, …), images: (M, …): uint8, or floats in [-1, 1]; computed in float64.
    Returns (distances (N,) float64, indices (N,) into images; the first of several equally near).
    A copy has distance exactly 0, if both have the same dtype. Of several images within about 1e-6,
    one that is not the nearest may be returned; different uint8 images are farther apart than that.
    Raises ValueError for other images, or when the two sets differ in image size.
    """
    samples, images = flat_images(samples), flat_images(images)
    check_same_width(samples=samples, images=images)
    return _nearest(samples, images)


def memorisation_ratio(samples, train, test):
    """How much nearer the samples are to training images than the generator's skill explains.

    With d(A, B) the mean over A of the distance to the nearest image of B:

        ratio = [d(samples, train) / d(samples, test)] / [d(test, train) / d(test, test)]

    where in d(test, test) no image counts as its own neighbour. About 1: the samples are no nearer
    to training images than to images never shown; near 0: they are copies; about 1 − s: a share s
    of the samples are exact copies. Both brackets are needed. The larger of two sets always has
    nearer neighbours; the second bracket, of real images only, corrects this, so that all training
    images can be used and a copy of any is found. Smooth or simple images have near neighbours
    everywhere; d(samples, test) corrects this: d(samples, train) / d(test, train) alone would call
    blurred samples copies. Pixel distances miss shifted copies: one moved by a pixel counts as new.

    samples: (N, …), train: (M, …), test: (L, …), L at least 2: uint8, or floats in [-1, 1]. test:
    real images that the generator was not trained on; the samples must not be these images.
    Returns a float. Raises ValueError for other images, and when all samples, or all test
    images, have an exact copy in test, or all test images one in train.
    Source: the three samples are those of Meehan, Chaudhuri & Dasgupta 2020, "A non-parametric test
    to detect data-copying in generative models"; the ratio is this project's.
    """
    samples, train, test = flat_images(samples), flat_images(train), flat_images(test, least=2)
    check_same_width(samples=samples, train=train, test=test)
    to_test = _nearest(samples, test)[0].mean()
    test_to_test = _nearest(test, test, skip_self=True)[0].mean()
    test_to_train = _nearest(test, train)[0].mean()
    if to_test == 0 or test_to_test == 0 or test_to_train == 0:
        raise ValueError(
            "there is nothing to compare with: all samples are copies of test images, or all test "
            "images are copies of training images or of each other"
        )
    to_train = _nearest(samples, train)[0].mean()
    return float(to_train / to_test / (test_to_train / test_to_test))


def _nearest(samples, images, skip_self=False):
    """`nearest` for flat images; with skip_self, image n is not a neighbour of row n."""
    x = pixels(samples)
    least = np.full(len(x), np.inf)
    indices = np.zeros(len(x), np.int64)
    for start in range(0, len(images), _ROWS):
        y = pixels(images[start : start + _ROWS])
        for part in blocks(len(x), len(y)):
            d2 = squared_distances(x[part], y)  # (B, M')
            if skip_self:
                rows = np.arange(part.start, part.stop)
                d2[rows[:, None] == np.arange(start, start + len(y))] = np.inf
            winner = d2.argmin(axis=1)
            d2 = d2[np.arange(len(d2)), winner]
            better = d2 < least[part]
            least[part] = np.where(better, d2, least[part])
            indices[part] = np.where(better, start + winner, indices[part])
    return np.sqrt(direct(x, pixels(images[indices]))), indices
