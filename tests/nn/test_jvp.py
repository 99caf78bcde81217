"""jvp: the linearised layer, against finite differences and against backward, its adjoint."""

import numpy as np
import pytest
from layer_cases import LAYERS, make

from tinygan import nn
from tinygan.nn.gradcheck import numerical_gradient

LINEAR = [
    name
    for name in LAYERS
    if name.startswith(("dense", "conv", "relu", "leaky", "flatten", "reshape"))
]
CURVED = ["batchnorm, rows", "tanh", "sigmoid", "transposed", "nested"]


def case(name, seed=1):
    layer, x = make(name)
    rng = np.random.default_rng(seed)
    v = rng.standard_normal(x.shape)
    gy = rng.standard_normal(layer.forward(x).shape)
    return layer, x, v, gy


@pytest.mark.parametrize("name", LINEAR)
def test_jvp_is_the_slope_of_forward_in_the_direction_v(name):
    layer, x, v, _ = case(name)
    step = 1e-6
    slope = (layer.forward(x + step * v) - layer.forward(x - step * v)) / (2 * step)
    layer.forward(x)
    np.testing.assert_allclose(layer.jvp(v), slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", LINEAR)
def test_jvp_and_backward_are_adjoint(name):
    layer, x, v, gy = case(name)
    layer.forward(x)
    gx = layer.backward(gy, accumulate=False)
    layer.forward(x)
    np.testing.assert_allclose((layer.jvp(v) * gy).sum(), (v * gx).sum(), rtol=1e-10)


@pytest.mark.parametrize("name", [name for name in LINEAR if make(name)[0].params()])
def test_backward_after_jvp_gives_the_gradients_of_the_linearised_layer(name):
    layer, x, v, gy = case(name)
    layer.forward(x)
    layer.jvp(v)
    gv = layer.backward(gy)
    grads = {n: p.grad.copy() for n, p in layer.named_params().items()}

    def loss():
        layer.forward(x)
        return (gy * layer.jvp(v)).sum()

    for key, p in layer.named_params().items():
        numerical = numerical_gradient(loss, p.data)
        np.testing.assert_allclose(grads[key].ravel(), numerical, rtol=1e-6, atol=1e-8)
        if key.endswith("b"):
            assert not grads[key].any()  # a constant has no slope
    layer.forward(x)
    np.testing.assert_allclose(gv, layer.backward(gy, accumulate=False), rtol=1e-12)


def test_a_network_of_such_layers_has_one_too():
    rng = np.random.default_rng(0)
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3, stride=2, padding=1, rng=rng, std=0.5),
        nn.LeakyReLU(),
        nn.Flatten(),
        nn.Dense(8, 1, rng=rng, std=0.5),
    )
    x, v = rng.standard_normal((2, 3, 4, 4, 1))
    slope = (net.forward(x + 1e-6 * v) - net.forward(x - 1e-6 * v)) / 2e-6
    net.forward(x)
    np.testing.assert_allclose(net.jvp(v), slope, rtol=1e-6)


@pytest.mark.parametrize("name", CURVED)
def test_a_layer_without_one_says_so(name):
    layer, x, v, _ = case(name)
    layer.forward(x)
    with pytest.raises(NotImplementedError, match="has no jvp"):
        layer.jvp(v)


@pytest.mark.parametrize("name", ["dense", "conv", "relu", "leaky relu"])
def test_jvp_without_a_forward_says_so(name):
    layer, x = make(name)
    with pytest.raises(RuntimeError, match="needs a forward in training mode"):
        layer.jvp(x)
