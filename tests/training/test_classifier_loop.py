"""Images mirrored at random."""

import numpy as np
from small_training import noise_images

from tinygan.training.classifier_loop import mirrored


def test_mirrored_exchanges_left_and_right_of_each_second_image_at_random(rng):
    images = noise_images(1000, (3, 4, 2))
    out = mirrored(images, rng)
    same = (out == images).all(axis=(1, 2, 3))
    swapped = (out == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same | swapped).all()
    assert 400 < swapped.sum() < 600
    other = (mirrored(images, rng) == images).all(axis=(1, 2, 3))
    assert 400 < (same != other).sum() < 600
    again = mirrored(images, np.random.default_rng(0))
    np.testing.assert_array_equal(out, again)
