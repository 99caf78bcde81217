"""BatchNorm against the formulas of the paper, also far from zero."""

import contextlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tinygan import nn
from tinygan.nn.fast import blocks

VERSIONS = pytest.mark.parametrize(
    "mode", [contextlib.nullcontext, nn.plain], ids=["fast", "plain"]
)


def test_it_normalises_and_moves_its_statistics(rng, version):
    layer = nn.BatchNorm(3, momentum=0.25)
    x = 5 + 2 * rng.standard_normal((50, 4, 3))
    y = layer.forward(x)
    np.testing.assert_allclose(y.mean(axis=(0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=(0, 1)), 1, rtol=1e-4)
    rows = x.reshape(-1, 3)
    np.testing.assert_allclose(layer.running_mean, 0.25 * rows.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(layer.running_var, 0.75 + 0.25 * rows.var(axis=0, ddof=1), rtol=1e-6)
    z = layer.eval().forward(x)
    expected = (x - layer.running_mean) / np.sqrt(layer.running_var + 1e-5)
    np.testing.assert_allclose(z, expected, rtol=1e-6)


def textbook(x, gy, gamma, beta, eps):
    """y, gx, gγ, gβ as Ioffe & Szegedy 2015 write them (algorithm 1 and the text below it)."""
    m, mu, var = len(x), x.mean(axis=0), x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    g_hat = gy * gamma
    g_var = -0.5 * (g_hat * (x - mu)).sum(axis=0) * (var + eps) ** -1.5
    g_mu = -g_hat.sum(axis=0) / np.sqrt(var + eps) - 2 * g_var * (x - mu).mean(axis=0)
    gx = g_hat / np.sqrt(var + eps) + g_var * 2 * (x - mu) / m + g_mu / m
    return gamma * x_hat + beta, gx, (gy * x_hat).sum(axis=0), gy.sum(axis=0)


def layer_and_inputs(shape, offset, std, seed, dtype):
    """A BatchNorm, x of mean ±offset · std in each feature, and gy; γ and β are not 1 and 0."""
    rng = np.random.default_rng(seed)
    features = shape[-1]
    layer = nn.BatchNorm(features)
    for p in layer.params():
        p.data = (p.data + rng.uniform(-0.5, 0.5, features)).astype(dtype)
        p.grad = np.zeros_like(p.data)
    mean = offset * rng.choice([-1, 1], features)
    x = (std * (mean + rng.standard_normal(shape))).astype(dtype)
    return layer, x, (0.5 + rng.standard_normal(shape)).astype(dtype)


def check(layer, x, gy, tolerance):
    """Forward and backward are the textbook's, computed in float64 from the same numbers."""
    gamma, beta = (p.data.astype(np.float64) for p in (layer.gamma, layer.beta))
    rows, gy_rows = (a.reshape(-1, layer.features).astype(np.float64) for a in (x, gy))
    expected = textbook(rows, gy_rows, gamma, beta, layer.eps)
    x.flags.writeable = gy.flags.writeable = False
    y = layer.forward(x)
    gx = layer.backward(gy)
    found = y, gx, layer.gamma.grad, layer.beta.grad
    scales = 1.0, np.abs(gamma / np.sqrt(rows.var(axis=0) + layer.eps)), len(rows), len(rows)
    for name, a, b, scale in zip(("y", "gx", "gγ", "gβ"), found, expected, scales, strict=True):
        assert a.dtype == x.dtype, name
        off = np.abs(a.reshape(b.shape) - b) / scale
        assert off.max() <= tolerance, (name, off.max())
    assert y.shape == gx.shape == x.shape


shapes = st.one_of(
    st.tuples(st.integers(2, 60), st.integers(1, 9)),
    st.tuples(st.integers(1, 5), st.integers(2, 5), st.integers(1, 5), st.integers(1, 9)),
)


@VERSIONS
@given(
    shape=shapes,
    offset=st.floats(0, 1000),
    std=st.floats(0.1, 100),
    seed=st.integers(0, 99),
)
@example(shape=(2, 1), offset=1000.0, std=0.1, seed=0)
@example(shape=(50, 3), offset=1000.0, std=100.0, seed=1)
def test_it_is_the_textbook_formula_in_float64(mode, shape, offset, std, seed):
    with mode():
        check(*layer_and_inputs(shape, offset, std, seed, np.float64), 1e-10)


@VERSIONS
@given(
    shape=shapes,
    offset=st.floats(0, 30),
    std=st.floats(0.1, 100),
    seed=st.integers(0, 99),
)
def test_it_is_the_textbook_formula_in_float32(mode, shape, offset, std, seed):
    with mode():
        check(*layer_and_inputs(shape, offset, std, seed, np.float32), 1e-4)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-10), (np.float32, 1e-4)])
def test_a_batch_of_many_blocks_gives_the_same(dtype, tolerance, monkeypatch):
    monkeypatch.setattr(blocks, "CACHE", 256)
    check(*layer_and_inputs((7, 11, 13, 5), 30.0, 2.0, 0, dtype), tolerance)


@VERSIONS
@given(shape=shapes, offset=st.floats(0, 1000), seed=st.integers(0, 99))
def test_eval_mode_has_the_formula_with_the_running_statistics(mode, shape, offset, seed):
    layer, x, _ = layer_and_inputs(shape, offset, 2.0, seed, np.float64)
    rng = np.random.default_rng(seed)
    layer.running_mean[...] = 2.0 * offset * rng.choice([-1, 1], layer.features)
    layer.running_var[...] = rng.uniform(0.5, 4.0, layer.features)
    with mode():
        y = layer.eval().forward(x)
    mean, var = layer.running_mean.astype(float), layer.running_var.astype(float)
    expected = (x - mean) / np.sqrt(var + layer.eps) * layer.gamma.data + layer.beta.data
    assert np.abs(y - expected).max() <= 1e-10 * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize("n", [2, 200])
def test_a_gradient_of_another_shape_is_refused(n, version):
    layer = nn.BatchNorm(3)
    for shape in ((2 * n, 3), (1, 3), (n, 1), (3,)):
        layer.forward(np.ones((n, 3)))
        with pytest.raises(ValueError, match=rf"BatchNorm expects shape \({n}, 3\)"):
            layer.backward(np.ones(shape))
