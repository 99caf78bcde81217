"""Dropout: how much it drops, how independently, and what it keeps."""

import numpy as np
import pytest

from tinygan import backend, nn


def test_it_drops_a_share_p_and_keeps_the_mean(xp, rng):
    layer = nn.Dropout(0.3, rng=rng)
    y = backend.to_numpy(layer.forward(xp.ones((200, 500), np.float32)))
    np.testing.assert_allclose(np.unique(y), [0, 1 / layer.share_kept], rtol=1e-6)
    assert abs((y == 0).mean() - 0.3) < 0.01
    assert abs(y.mean() - 1) < 0.01
    again = backend.to_numpy(layer.forward(xp.ones((200, 500), np.float32)))
    assert (y != again).any()


def test_the_gradient_is_that_of_the_elements_kept(rng, version):
    layer = nn.Dropout(0.5, rng=rng)
    x = np.ones((20, 30))
    y = layer.forward(x)
    np.testing.assert_array_equal(layer.backward(3 * x), 3 * y)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("shape", [(40_001,), (40_002, 1), (3, 13_401), (80, 50, 10)])
def test_elements_are_dropped_independently_with_probability_p(p, shape):
    layer = nn.Dropout(p, rng=np.random.default_rng(0))
    mask = layer.draw_mask(shape)
    assert (mask.shape, mask.dtype) == (shape, bool)
    dropped = ~mask.reshape(-1)
    for start in range(4):  # four elements are decided by one draw
        assert abs(dropped[start::4].mean() - p) < 0.02
        if start > 0:
            assert abs((dropped[start:] & dropped[:-start]).mean() - p * p) < 0.02


@pytest.mark.parametrize(
    "shape", [(), (1,), (1, 1), (0,), (0, 3), (5, 0), (2,), (3,), (5,), (7, 1)]
)
def test_a_mask_may_be_of_any_size(shape):
    layer = nn.Dropout(0.5, rng=np.random.default_rng(0))
    masks = [layer.draw_mask(shape) for _ in range(200)]
    assert {(mask.shape, mask.dtype) for mask in masks} == {(shape, np.dtype(bool))}
    if masks[0].size > 0:
        kept = np.mean(masks, axis=0)
        assert kept.min() > 0.3  # of 200: 0.5, give or take 0.035
        assert kept.max() < 0.7
    x = np.ones(shape, np.float32)
    y = layer.forward(x)
    assert (y.shape, y.dtype) == (shape, np.float32)
    assert layer.backward(x).shape == shape


@pytest.mark.parametrize("n", [64, 65, 66, 67])
def test_successive_masks_differ_and_the_same_seed_repeats_them(n):
    def draw():
        layer = nn.Dropout(0.5, rng=np.random.default_rng(3))
        return [layer.draw_mask((n,)) for _ in range(3)]

    first, second, third = draw()
    assert (first != second).any()
    assert (second != third).any()
    assert (first != third).any()
    for a, b in zip((first, second, third), draw(), strict=True):
        np.testing.assert_array_equal(a, b)
