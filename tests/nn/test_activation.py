"""The activations: their values and slopes at, beside and far from 0."""

import numpy as np
import pytest

from tinygan import backend, nn


def test_values_and_slopes_at_and_beside_zero(version):
    x = np.array([-2.0, 0.0, 3.0])
    np.testing.assert_array_equal(nn.ReLU().forward(x), [0, 0, 3])
    np.testing.assert_array_equal(nn.LeakyReLU(0.5).forward(x), [-1, 0, 3])
    np.testing.assert_array_equal(nn.LeakyReLU(0).forward(x), [0, 0, 3])
    np.testing.assert_array_equal(nn.LeakyReLU(1).forward(x), x)
    for layer, slopes in ((nn.ReLU(), [0, 0, 1]), (nn.LeakyReLU(0.5), [0.5, 0.5, 1])):
        layer.forward(x)
        np.testing.assert_array_equal(layer.backward(np.ones(3)), slopes)
        layer.forward(x)
        np.testing.assert_array_equal(layer.jvp(np.ones(3)), slopes)


def test_sigmoid_and_tanh_survive_huge_inputs(xp):
    x = backend.to_device(np.array([-1e4, -40.0, 0.0, 40.0, 1e4], np.float32), xp)
    expected = [0, np.exp(-40.0), 0.5, 1, 1]
    np.testing.assert_allclose(backend.to_numpy(nn.sigmoid(x)), expected, rtol=1e-6)
    np.testing.assert_allclose(backend.to_numpy(nn.Sigmoid().forward(x)), expected, rtol=1e-6)
    np.testing.assert_array_equal(backend.to_numpy(nn.Tanh().forward(x)), [-1, -1, 0, 1, 1])


@pytest.mark.parametrize("build", [nn.ReLU, lambda: nn.LeakyReLU(0.5)])
@pytest.mark.parametrize("shape", [(3,), (0, 3), (3, 0), ()])
def test_any_shape_is_taken(build, shape, version):
    layer, x = build(), np.full(shape, 2.0, np.float32)
    y = layer.forward(x)
    gx = layer.backward(x)
    assert (y.shape, y.dtype) == (gx.shape, gx.dtype) == (shape, np.float32)
    assert (y == 2).all()
