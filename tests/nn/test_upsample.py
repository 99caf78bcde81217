"""Upsampling: which pixel goes where."""

import numpy as np

from tinygan import nn


def test_each_pixel_becomes_a_block():
    y = nn.Upsample2d(2).forward(np.arange(4.0).reshape(1, 2, 2, 1))
    expected = [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    np.testing.assert_array_equal(y[0, :, :, 0], expected)
