"""Pixels cross from 256 levels to [-1, 1] and back without a loss, on every backend."""

import numpy as np
import pytest

from tinygan import backend
from tinygan.data.pixels import to_float, to_uint8

LEVELS = np.arange(256, dtype=np.uint8)


def test_all_levels_survive_the_way_to_float_and_back(xp):
    levels = xp.asarray(LEVELS)
    back = to_uint8(to_float(levels))
    assert backend.array_module(back) is xp
    assert back.dtype == np.uint8
    np.testing.assert_array_equal(backend.to_numpy(back), LEVELS)
    np.testing.assert_array_equal(backend.to_numpy(levels), LEVELS)


def test_levels_become_equally_spaced_float32_from_minus_one_to_one(xp):
    x = to_float(xp.asarray(LEVELS))
    assert backend.array_module(x) is xp
    assert x.dtype == np.float32
    np.testing.assert_allclose(backend.to_numpy(x), np.linspace(-1, 1, 256), rtol=0, atol=1e-7)
    assert [float(x[0]), float(x[255])] == [-1.0, 1.0]


def test_float32_stays_float32(xp):
    assert to_float(xp.asarray(LEVELS.astype(np.float32))).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_nearest_level_is_taken(xp, dtype):
    centres = np.linspace(-1, 1, 256)
    for off in (-0.49, 0.49):
        x = xp.asarray((centres + off * 2 / 255).astype(dtype))
        np.testing.assert_array_equal(backend.to_numpy(to_uint8(x)), LEVELS)


def test_values_outside_are_clipped_and_do_not_wrap_around(xp):
    x = xp.asarray(np.array([-np.inf, -1e9, -3.0, -1.02, 1.02, 3.0, 1e9, np.inf], np.float32))
    expected = [0, 0, 0, 0, 255, 255, 255, 255]
    np.testing.assert_array_equal(backend.to_numpy(to_uint8(x)), expected)


def test_the_shape_is_kept(xp):
    images = xp.asarray(LEVELS.reshape(2, 8, 16, 1))
    assert to_uint8(to_float(images)).shape == (2, 8, 16, 1)
