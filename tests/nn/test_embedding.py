"""Embedding: the row of each label, and its gradient."""

import numpy as np

from tinygan import backend, nn


def test_the_gradients_of_a_label_that_occurs_twice_add_up(xp, rng):
    layer = nn.Embedding(4, 2, rng=rng).to(xp)
    y = layer.forward(backend.to_device(np.array([2, 0, 2]), xp))
    np.testing.assert_allclose(
        backend.to_numpy(y), backend.to_numpy(layer.W.data)[[2, 0, 2]], rtol=1e-6
    )
    layer.backward(backend.to_device(np.array([[1, 2], [3, 4], [5, 6]], np.float32), xp))
    np.testing.assert_allclose(
        backend.to_numpy(layer.W.grad), [[3, 4], [0, 0], [6, 8], [0, 0]], rtol=1e-6
    )
