"""Reshape and Flatten keep the elements and their order."""

import numpy as np

from tinygan import nn


def test_the_elements_stay_in_order_both_ways():
    x = np.arange(24.0).reshape(2, 3, 4)
    for layer, shape in ((nn.Flatten(), (2, 12)), (nn.Reshape((4, 3)), (2, 4, 3))):
        y = layer.forward(x)
        assert y.shape == shape
        np.testing.assert_array_equal(y.ravel(), x.ravel())
        np.testing.assert_array_equal(layer.backward(y), x)
