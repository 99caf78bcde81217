"""The convolutions: their definition, their gradients, and that each is the other's adjoint."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import backend, nn
from tinygan.nn import fast

TOLERANCE = 1e-6


def test_conv_is_the_sum_over_windows_that_its_docstring_says(rng, version):
    conv = nn.Conv2d(2, 3, 3, stride=2, padding=1, rng=rng, std=0.5)
    conv.b.data += 0.7
    x = rng.standard_normal((2, 5, 6, 2))
    y = conv.forward(x)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    for n, u, v in np.ndindex(*y.shape[:3]):
        window = padded[n, 2 * u : 2 * u + 3, 2 * v : 2 * v + 3]
        expected = np.einsum("ijc,ijco->o", window, conv.W.data) + conv.b.data
        np.testing.assert_allclose(y[n, u, v], expected, rtol=1e-12, atol=1e-14)


def test_transposed_conv_adds_multiples_of_its_kernel(rng, version):
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2, rng=rng)
    x = np.zeros((1, 2, 2, 1))
    x[0, 1, 0, 0] = 2.0
    y = layer.forward(x)
    assert y.shape == (1, 5, 5, 1)
    np.testing.assert_allclose(y[0, 2:5, 0:3, 0], 2 * layer.W.data[:, :, 0, 0])
    y[0, 2:5, 0:3] = 0
    assert not y.any()


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


LAYERS = {
    "conv, few channels": lambda r: nn.Conv2d(3, 9, 5, stride=2, padding=2, rng=r, std=0.5),
    "conv": lambda r: nn.Conv2d(9, 8, 3, stride=2, padding=1, rng=r, std=0.5),
    "transposed": lambda r: nn.ConvTranspose2d(
        9, 3, 5, stride=2, padding=2, output_padding=1, rng=r, std=0.5
    ),
    "transposed, many channels": lambda r: nn.ConvTranspose2d(8, 9, 4, stride=2, rng=r, std=0.5),
}


def step(build, xp, dtype):
    """y, gx, gW, gb of one step of a layer, as arrays of the host."""
    rng = np.random.default_rng(0)
    layer = build(rng)
    for p in layer.params():
        p.data, p.grad = p.data.astype(dtype), p.grad.astype(dtype)
    layer.b.data += 0.5
    layer.to(xp)
    x = rng.standard_normal((4, 7, 6, layer.c_in)).astype(dtype)
    y = layer.forward(backend.to_device(x, xp))
    gy = rng.standard_normal(y.shape).astype(dtype)
    gx = layer.backward(backend.to_device(gy, xp))
    return [backend.to_numpy(array) for array in (y, gx, layer.W.grad, layer.b.grad)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", LAYERS)
def test_a_device_and_the_processor_agree(name, dtype, device):
    tolerance = {np.float64: 1e-12, np.float32: 1e-4}[dtype]
    for here, there in zip(
        step(LAYERS[name], np, dtype), step(LAYERS[name], device, dtype), strict=True
    ):
        assert here.dtype == there.dtype == dtype
        assert np.abs(here - there).max() < tolerance * np.abs(there).max()


@pytest.mark.parametrize("name", [name for name in LAYERS if name.startswith("conv")])
def test_the_linearised_layer_is_the_same_on_a_device(name, device):
    def pushed(xp):
        rng = np.random.default_rng(0)
        layer = LAYERS[name](rng).to(xp)
        x, v = rng.standard_normal((2, 3, 7, 6, layer.c_in)).astype(np.float32)
        layer.forward(backend.to_device(x, xp))
        return backend.to_numpy(layer.jvp(backend.to_device(v, xp)))

    np.testing.assert_allclose(pushed(np), pushed(device), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", LAYERS)
def test_a_map_is_computed_only_if_its_result_is_wanted(name, rng, monkeypatch):
    layer = LAYERS[name](rng)
    x = rng.standard_normal((2, 7, 6, layer.c_in)).astype(np.float32)
    gx_map = "correlate_adjoint" if name.startswith("conv") else "correlate"
    for unwanted, how in (
        (gx_map, {"input_grad": False}),
        ("weight_gradient", {"accumulate": False}),
    ):
        y = layer.forward(x)
        with monkeypatch.context() as patch:
            patch.setattr(fast, unwanted, None)  # to call it raises
            gx = layer.backward(np.ones_like(y), **how)
        assert (gx is None) == ("input_grad" in how)


@pytest.mark.parametrize("name", LAYERS)
def test_a_gradient_of_another_size_is_refused(name, rng, version):
    layer = LAYERS[name](rng)
    y = layer.forward(rng.standard_normal((2, 7, 6, layer.c_in)))
    for wrong in (y[:1], y[:, 2:], y[:, :, 2:], y.swapaxes(1, 2)):
        layer.forward(rng.standard_normal((2, 7, 6, layer.c_in)))
        with pytest.raises(ValueError, match="expected"):
            layer.backward(wrong)


@pytest.mark.parametrize("c_out", [1, 9])
def test_images_without_rows_become_what_padding_makes_of_them(c_out, rng, version):
    layer = nn.ConvTranspose2d(2, c_out, 5, rng=rng)
    assert layer.forward(np.zeros((2, 0, 3, 2), np.float32)).shape == (2, 4, 7, c_out)
