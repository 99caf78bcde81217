"""Gaussian noise: as wide as asked, and none in eval mode."""

import numpy as np

from tinygan import nn


def test_it_has_the_std_it_was_given_and_none_in_eval_mode(rng):
    layer = nn.GaussianNoise(0.5, rng=rng)
    x = np.ones((300, 300), np.float32)
    assert abs((layer.forward(x) - x).std() - 0.5) < 0.01
    layer.std = 0.0
    np.testing.assert_array_equal(layer.forward(x), x)
    layer.std = 0.5
    np.testing.assert_array_equal(layer.eval().forward(x), x)
