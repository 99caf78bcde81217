"""The classifier: shapes for both kinds of images, and features from before its last layer."""

import numpy as np
import pytest

from tinygan import nn
from tinygan.models.classifier import FEATURES, classifier


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (9, 7, 2)])
def test_it_takes_images_of_any_shape(rng, shape):
    net = classifier(rng, image_shape=shape, classes=4, width=2).eval()
    x = rng.uniform(-1, 1, (3, *shape)).astype(np.float32)
    assert net.forward(x).shape == (3, 4)
    found = nn.Sequential(*net.layers[:-1]).eval().forward(x)
    assert found.shape == (3, FEATURES)
    assert found.min() >= 0
    np.testing.assert_allclose(net.layers[-1].forward(found), net.forward(x), rtol=1e-5, atol=1e-6)
