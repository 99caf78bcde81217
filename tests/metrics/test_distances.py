"""The fast distances stay within the error that they claim."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan.metrics.distances import blocks, direct, rounding, squared_distances


@pytest.mark.parametrize("unit", [1.0, 1e-157, 1e-160, 1e140])
@given(
    d=st.integers(1, 60),
    shift=st.sampled_from([0.0, 1.0, 1e4]),
    far=st.sampled_from([1.0, 1e6]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_error_of_the_products_is_at_most_rounding(d, shift, far, unit, seed):
    rng = np.random.default_rng(seed)
    x, y = shift + rng.standard_normal((9, d)), shift + rng.standard_normal((12, d))
    y[5] *= far
    x, y = x * unit, y * unit
    exact = np.stack([direct(y, row) for row in x])
    error = np.abs(squared_distances(x, y) - exact)
    assert (error <= rounding(x, y)[:, None]).all()
    scale = (x**2).sum(axis=1) + (y**2).sum(axis=1).max()
    assert (rounding(x, y) <= 1e-13 * (d + 8) * scale + 1e-300).all()


def test_the_direct_distance_of_a_row_and_its_copy_is_0():
    x = np.array([[0.1, 1e8, -3.3]])
    assert direct(x, x.copy()) == 0


def test_blocks_cover_every_row_once():
    for rows, columns in ((10, 5), (3000, 1000), (5, 10**7)):
        seen = np.concatenate([np.arange(rows)[part] for part in blocks(rows, columns)])
        np.testing.assert_array_equal(seen, np.arange(rows))
