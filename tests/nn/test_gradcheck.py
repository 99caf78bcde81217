"""Every backward against finite differences, and every such check proved able to fail."""

import numpy as np
import pytest
from layer_cases import (
    LAYERS,
    NOT_COMPUTED_IN,
    make,
    names_with_input_gradient,
    names_with_params,
)

from tinygan import nn

TOLERANCE = 1e-6


@pytest.mark.parametrize("name", LAYERS)
def test_backward_agrees_with_finite_differences(name, version):
    layer, x = make(name)
    report = nn.check_gradients(layer, x)
    assert report.worst < TOLERANCE, report


@pytest.mark.parametrize("name", names_with_input_gradient())
def test_a_planted_wrong_input_gradient_is_caught(name):
    layer, x = make(name)
    right = layer.backward
    for wrong in (lambda g: 1.001 * g, lambda g: -g, np.zeros_like, _first_element_off):
        layer.backward = lambda gy, accumulate=True, wrong=wrong: wrong(right(gy, accumulate))
        report = nn.check_gradients(layer, x)
        assert report.errors["x"] > TOLERANCE, report


@pytest.mark.parametrize("name", names_with_params())
def test_a_planted_wrong_parameter_gradient_is_caught(name):
    layer, x = make(name)
    right = layer.backward
    for planted in layer.named_params():

        def wrong(gy, accumulate=True, planted=planted):
            gx = right(gy, accumulate)
            p = layer.named_params()[planted]
            p.grad = _first_element_off(p.grad)
            return gx

        layer.backward = wrong
        report = nn.check_gradients(layer, x)
        assert report.errors[planted] > TOLERANCE, report
        assert report.errors[f"{planted}·v"] > TOLERANCE, report


def _first_element_off(g):
    g = g.copy()
    g.flat[0] += 0.01 * np.abs(g).max() + 1e-4
    return g


@pytest.mark.parametrize("name", ["dense", "conv, stride", "transposed, stride", "sequential"])
def test_forgetting_the_sum_over_the_batch_or_the_transposition_is_caught(name):
    layer, x = make(name)
    right = layer.backward

    def only_the_first_example(gy, accumulate=True):
        first = np.zeros_like(gy)
        first[0] = gy[0]
        return right(first, accumulate)

    layer.backward = only_the_first_example
    assert nn.check_gradients(layer, x).worst > 0.1


def test_a_gradient_of_the_wrong_shape_is_reported_and_raises_nothing():
    layer, x = make("dense")
    right = layer.backward
    layer.backward = lambda gy, accumulate=True: right(gy, accumulate)[:, :2]
    assert nn.check_gradients(layer, x).errors["x"] == float("inf")


def test_a_gradient_that_is_nan_is_reported_as_infinite():
    layer, x = make("dense")
    right = layer.backward
    layer.backward = lambda gy, accumulate=True: right(gy, accumulate) * np.nan
    assert nn.check_gradients(layer, x).worst == float("inf")


@pytest.mark.parametrize("name", LAYERS)
def test_checking_leaves_the_layer_as_it_was(name):
    layer, x = make(name, np.float32)
    before = {k: v.copy() for k, v in layer.named_buffers().items()}
    params = {k: (p.data, p.data.copy(), p.grad) for k, p in layer.named_params().items()}
    states = [str(g.bit_generator.state) for g in layer.generators()]
    x_before = x.copy()
    nn.check_gradients(layer, x)
    np.testing.assert_array_equal(x, x_before)
    for k, p in layer.named_params().items():
        data, copy, grad = params[k]
        assert p.data is data
        assert p.grad is grad
        np.testing.assert_array_equal(p.data, copy)
    for k, v in layer.named_buffers().items():
        np.testing.assert_array_equal(v, before[k])
    assert states == [str(g.bit_generator.state) for g in layer.generators()]


@pytest.mark.parametrize("dtype", NOT_COMPUTED_IN)
def test_the_dtypes_that_layers_refuse_are_refused(dtype):
    says = rf"computes in float32 or float64, got {np.dtype(dtype)}: convert it with "
    layer, x = make("dense")
    with pytest.raises(TypeError, match=says):
        nn.check_gradients(layer, np.ones(x.shape, dtype))


def test_numerical_gradient_refuses_what_it_cannot_change_in_place():
    says = "contiguous float64 array, to change it in place by small steps; got"
    for x in (np.zeros((3, 4)).T, np.zeros(3, np.float32), np.zeros(3, int)):
        with pytest.raises(ValueError, match=says):
            nn.numerical_gradient(lambda: 0.0, x)
