"""Dense: its products, which of them are computed, and the bias."""

import numpy as np
import pytest
import strict_device

from tinygan import backend, nn
from tinygan.nn.dense import add_bias, bias_gradient


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_out", [1, 3])
@pytest.mark.parametrize(("n", "n_in"), [(7, 5), (1, 5), (7, 1), (1, 1), (0, 5)])
def test_forward_and_backward_are_the_products_of_the_docstring(xp, rng, n, n_in, n_out, dtype):
    layer = nn.Dense(n_in, n_out, rng=rng, std=0.5)
    for p in layer.params():
        p.data, p.grad = p.data.astype(dtype), p.grad.astype(dtype)
    layer.b.data += 0.5
    W = layer.W.data
    layer.to(xp)
    x, gy = (rng.standard_normal((n, size)).astype(dtype) for size in (n_in, n_out))
    y = backend.to_numpy(layer.forward(backend.to_device(x, xp)))
    gx = backend.to_numpy(layer.backward(backend.to_device(gy, xp)))
    assert (gx.shape, gx.dtype) == ((n, n_in), dtype)
    near = {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(y, x @ W + 0.5, **near)
    np.testing.assert_allclose(gx, gy @ W.T, **near)
    np.testing.assert_allclose(backend.to_numpy(layer.W.grad), x.T @ gy, **near)
    np.testing.assert_allclose(backend.to_numpy(layer.b.grad), gy.sum(axis=0), **near)


def test_without_input_grad_no_product_with_the_weights_is_computed(rng, version):
    layer = nn.Dense(3, 2, rng=rng)
    layer.forward(np.ones((4, 3), np.float32))
    layer.W.data = None  # any use of it raises
    assert layer.backward(np.ones((4, 2), np.float32), input_grad=False) is None
    assert layer.W.grad.all()


def test_without_accumulate_no_product_with_the_input_is_computed(rng, version):
    layer = nn.Dense(3, 2, rng=rng)
    layer.keep(None, None)  # instead of x and b: any use of them raises
    gx = layer.backward(np.ones((4, 2), np.float32), accumulate=False)
    np.testing.assert_allclose(gx, np.ones((4, 2)) @ layer.W.data.T, rtol=1e-6)


def test_a_gradient_of_another_size_is_refused(rng):
    layer = nn.Dense(3, 2, rng=rng)
    layer.forward(np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"Dense expects shape \(any, 2\), got \(4, 3\)"):
        layer.backward(np.ones((4, 3)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_bias_functions_work_on_images_of_a_device_without_waiting(device, rng, dtype):
    x, b = rng.integers(-9, 9, (4, 5, 6, 3)).astype(dtype), np.array([1, 2, 3], dtype)
    moved = backend.to_device(x.copy(), device)
    found, waits = strict_device.counted(bias_gradient, moved)
    add_bias(moved, backend.to_device(b, device))
    assert backend.array_module(found) is device
    assert found.dtype == dtype
    assert waits == 0
    np.testing.assert_array_equal(found.get(), x.sum(axis=(0, 1, 2)))
    np.testing.assert_array_equal(moved.get(), x + b)
