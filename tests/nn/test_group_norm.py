"""GroupNorm: which values belong together, and what it refuses."""

import numpy as np
import pytest

from tinygan import nn


def test_each_group_of_each_example_has_mean_0_and_variance_1(rng, version):
    x = 5 + 2 * rng.standard_normal((3, 4, 5, 6))
    y = nn.GroupNorm(2, 6).forward(x)
    for group in (y[..., :3], y[..., 3:]):
        np.testing.assert_allclose(group.mean(axis=(1, 2, 3)), 0, atol=1e-12)
        np.testing.assert_allclose(group.var(axis=(1, 2, 3)), 1, rtol=1e-5)


def test_an_example_does_not_depend_on_its_batch_and_eval_changes_nothing(rng, version):
    layer, x = nn.GroupNorm(2, 4), rng.standard_normal((5, 3, 3, 4)).astype(np.float32)
    y = layer.forward(x)
    np.testing.assert_allclose(layer.forward(x[2:3]), y[2:3], atol=1e-6)
    np.testing.assert_array_equal(layer.eval().forward(x), y)
    assert layer.is_per_example()
    assert not layer.named_buffers()


def test_gamma_and_beta_are_for_each_channel(rng, version):
    layer, x = nn.GroupNorm(1, 2), rng.standard_normal((2, 3, 3, 2))
    plain = layer.forward(x)
    layer.gamma.data, layer.beta.data = np.array([2.0, 1.0]), np.array([0.0, 7.0])
    np.testing.assert_allclose(layer.forward(x), plain * [2, 1] + [0, 7])


def test_float32_stays_precise_far_from_zero(rng, version):
    x = rng.standard_normal((4, 8, 8, 8))
    gy = rng.standard_normal(x.shape)
    found = {}
    for dtype, offset in ((np.float64, 0), (np.float32, 100)):
        layer = nn.GroupNorm(4, 8)
        y = layer.forward((x + offset).astype(dtype))
        found[dtype] = y, layer.backward(gy.astype(dtype)), layer.gamma.grad
        assert y.dtype == dtype
    for a, b in zip(*found.values(), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-3)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((3, 4), "cannot make 3 groups of 4 channels"),
        ((0, 4), "needs groups to be a whole number of at least 1"),
        ((2, 4.0), "needs channels to be a whole number"),
    ],
)
def test_groups_that_do_not_divide_the_channels_are_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        nn.GroupNorm(*arguments)


def test_wrong_eps_and_shapes_are_refused(rng):
    with pytest.raises(ValueError, match="eps above 0"):
        nn.GroupNorm(1, 2, eps=0)
    with pytest.raises(ValueError, match=r"GroupNorm expects shape \(any, any, any, 4\)"):
        nn.GroupNorm(2, 4).forward(np.zeros((2, 3, 3, 5)))
