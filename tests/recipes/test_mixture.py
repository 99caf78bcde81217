"""The mixture of pixels: what it has learned and draws."""

import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from small_training import (
    make,
    noise_images,
)


@pytest.mark.parametrize(
    ("covariance", "numbers"), [("full", 2 * 10), ("tied", 10), ("diag", 2 * 4), ("spherical", 2)]
)
def test_what_a_mixture_of_pixels_has_learned(covariance, numbers):
    training = make("gmm", noise_images(20), components=2, dims=4, covariance=covariance)
    assert training.model.weights() == {
        "mixture": 1 + 2 * 4 + numbers,
        "projection": 4 * 784 + 784,
    }


def test_a_mixture_draws_around_the_mean_of_the_data(rng):
    """The images vary in brightness and in two patterns, and none comes near 0 or 255."""
    base, *patterns = rng.uniform(-1, 1, (3, 28, 28, 1))
    base = 120 + 40 * base
    a, b, c = rng.uniform(-1, 1, (3, 400, 1, 1, 1))
    images = base * (1 + 0.2 * a) + 20 * b * patterns[0] + 20 * c * patterns[1]
    images = np.rint(images).astype(np.uint8)
    training = make("gmm", images)
    updates = training.updates(0)
    for _ in range(5):
        next(updates)
    m = SimpleNamespace(**training.model.mixture.arrays)
    np.testing.assert_allclose(m.weights @ m.means, 0, atol=1e-4)  # of centred codes
    drawn = training.model.draw(4000, np.random.default_rng(1))[0].astype(np.float64)
    assert np.abs(drawn.mean(axis=0) - images.mean(axis=0)).max() < 2
    assert np.abs(drawn.std(axis=0) / images.std(axis=0) - 1).max() < 0.15


def test_drawing_many_needs_little_more_memory_than_the_images():
    training = make("gmm", noise_images(40))
    next(training.updates(0))
    tracemalloc.start()
    try:
        images, _ = training.model.draw(20_000, np.random.default_rng(0))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert images.shape == (20_000, 28, 28, 1)
    assert peak < 3 * images.nbytes  # all pixels in float64 alone would take 8 times
