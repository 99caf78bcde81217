"""Every backward against finite differences, and every such check proved able to fail."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_cases import LAYERS, make, names_with_input_gradient, names_with_params

from tinygan import nn

TOLERANCE = 1e-6


@pytest.mark.parametrize("name", LAYERS)
def test_backward_agrees_with_finite_differences(name):
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
    states = [g.bit_generator.state for g in layer.generators()]
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
    assert states == [g.bit_generator.state for g in layer.generators()]


sizes = st.integers(1, 4)


@given(n=sizes, c_in=sizes, c_out=sizes, kernel=sizes, stride=sizes, data=st.data())
def test_conv_gradients_over_random_geometries(n, c_in, c_out, kernel, stride, data):
    padding = data.draw(st.integers(0, kernel))
    h, w = (data.draw(st.integers(max(1, kernel - 2 * padding), 7)) for _ in "hw")
    rng = np.random.default_rng(0)
    layer = nn.Conv2d(c_in, c_out, kernel, stride=stride, padding=padding, rng=rng, std=0.5)
    report = nn.check_gradients(layer, rng.standard_normal((n, h, w, c_in)), max_elements=20)
    assert report.worst < TOLERANCE, report


@given(n=sizes, c_in=sizes, c_out=sizes, kernel=sizes, stride=sizes, data=st.data())
def test_transposed_conv_gradients_over_random_geometries(n, c_in, c_out, kernel, stride, data):
    padding = data.draw(st.integers(0, (kernel - 1) // 2))
    output_padding = data.draw(st.integers(0, stride - 1))
    h, w = data.draw(sizes), data.draw(sizes)
    rng = np.random.default_rng(0)
    layer = nn.ConvTranspose2d(
        c_in,
        c_out,
        kernel,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        rng=rng,
        std=0.5,
    )
    report = nn.check_gradients(layer, rng.standard_normal((n, h, w, c_in)), max_elements=20)
    assert report.worst < TOLERANCE, report


@given(n=sizes, c_in=sizes, c_out=sizes, kernel=sizes, stride=sizes, data=st.data())
def test_transposed_conv_is_the_adjoint_of_conv(n, c_in, c_out, kernel, stride, data):
    padding = data.draw(st.integers(0, kernel - 1))
    h, w = (data.draw(st.integers(max(1, kernel - 2 * padding), 8)) for _ in "hw")
    rng = np.random.default_rng(0)
    conv = nn.Conv2d(c_in, c_out, kernel, stride=stride, padding=padding, bias=False, rng=rng)
    x = rng.standard_normal((n, h, w, c_in))
    Ax = conv.forward(x)
    y = rng.standard_normal(Ax.shape)
    # stride 1 leaves no rest, and output_padding has one value for both axes
    rest_h, rest_w = ((size + 2 * padding - kernel) % stride for size in (h, w))
    if rest_h != rest_w:
        return
    transposed = nn.ConvTranspose2d(
        c_out,
        c_in,
        kernel,
        stride=stride,
        padding=padding,
        output_padding=rest_h,
        bias=False,
        rng=rng,
    )
    transposed.W.data = conv.W.data  # (k, k, c_in, c_out) is its (k, k, c_out, c_in)
    At_y = transposed.forward(y)
    assert At_y.shape == x.shape
    np.testing.assert_allclose((Ax * y).sum(), (x * At_y).sum(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(conv.backward(y), At_y, rtol=1e-10, atol=1e-14)


@given(n=sizes, c=sizes, kernel=sizes, stride=sizes, data=st.data())
def test_col2im_is_the_adjoint_of_im2col(n, c, kernel, stride, data):
    padding = data.draw(st.integers(0, kernel))
    h, w = (data.draw(st.integers(max(1, kernel - 2 * padding), 8)) for _ in "hw")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, h, w, c))
    cols = nn.im2col(x, kernel, stride, padding)
    y = rng.standard_normal(cols.shape)
    back = nn.col2im(y, x.shape, kernel, stride, padding)
    np.testing.assert_allclose((cols * y).sum(), (x * back).sum(), rtol=1e-10, atol=1e-12)
    planted = nn.col2im(y, x.shape, kernel, stride, padding).transpose(0, 2, 1, 3)
    if h == w and h > 1 and c * n > 1:
        assert not np.isclose((cols * y).sum(), (x * planted).sum(), rtol=1e-10)


LOSSES = {
    "bce, real": lambda x: nn.bce_with_logits(x, 1.0),
    "bce, fake": lambda x: nn.bce_with_logits(x, 0.0),
    "bce, smoothed": lambda x: nn.bce_with_logits(x, 0.9),
    "bce, array": lambda x: nn.bce_with_logits(x, np.linspace(0, 1, x.size).reshape(x.shape)),
    "mse": lambda x: nn.mse(x, np.linspace(-1, 1, x.size).reshape(x.shape)),
    "softmax": lambda x: nn.softmax_cross_entropy(x, np.arange(len(x)) % x.shape[1]),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (4, 5)])
def test_loss_gradients_agree_with_finite_differences(name, shape, rng):
    x = 2 * rng.standard_normal(shape)
    _, gradient = LOSSES[name](x)
    assert _loss_error(LOSSES[name], x, gradient) < TOLERANCE
    v = rng.standard_normal(shape)
    along = [LOSSES[name](x + h * v)[0] for h in (1e-5, -1e-5)]
    np.testing.assert_allclose(
        (gradient * v).sum(), (along[0] - along[1]) / 2e-5, rtol=1e-6, atol=1e-9
    )
    for wrong in (1.001 * gradient, -gradient, gradient * len(x) + 1e-4):
        if np.abs(gradient).max() > 0:
            assert _loss_error(LOSSES[name], x, wrong) > TOLERANCE


def _loss_error(loss, x, gradient):
    numeric = nn.numerical_gradient(lambda: float(loss(x)[0]), x)
    return nn.gradcheck.relative_error(gradient.ravel(), numeric)


def test_numerical_gradient_refuses_what_it_cannot_change_in_place():
    with pytest.raises(ValueError, match="contiguous"):
        nn.numerical_gradient(lambda: 0.0, np.zeros((3, 4)).T)
