"""The offset of a column: removed without any rounding error, or not at all."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import backend
from tinygan.models.offset import without_offset


@given(
    low=st.floats(-1e9, 1e9).filter(lambda value: value == 0 or abs(value) > 1e-9),
    factor=st.one_of(st.floats(1, 2), st.floats(-3, 9)),
    seed=st.integers(0, 99),
)
def test_no_number_is_rounded(low, factor, seed):
    rng = np.random.default_rng(seed)
    column = low * (1 + (factor - 1) * rng.random(20))
    rows, offset = without_offset(np.column_stack([column, np.ones(20)]))
    exact = [Fraction(float(x)) - Fraction(float(offset[0])) for x in column]
    assert [Fraction(float(x)) for x in rows[:, 0]] == exact
    assert not rows[:, 1].any()


@pytest.mark.parametrize(
    ("column", "offset"),
    [
        ([5.0, 4.0, 7.9], 5.0),
        ([-5.0, -4.0, -7.9], -5.0),
        ([5.0, 4.0, 8.1], 0.0),
        ([-5.0, -4.0, -8.1], 0.0),
        ([5.0, -5.0, 5.0], 0.0),
        ([0.0, 0.0, 0.0], 0.0),
        ([1e12, 1.0, 2.0], 0.0),
        ([-1e30, -1e30, -1e30], -1e30),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_column_within_a_factor_of_2_loses_its_first_number(xp, column, offset, dtype):
    X = np.array(column, dtype)[:, None]
    before = X.copy()
    rows, found = without_offset(xp.asarray(X))
    assert backend.array_module(rows) is backend.array_module(found) is xp
    assert rows.dtype == found.dtype == np.float64
    assert backend.to_numpy(found)[0] == dtype(offset)
    np.testing.assert_array_equal(backend.to_numpy(rows), before - np.float64(dtype(offset)))
    np.testing.assert_array_equal(X, before)


def test_differences_too_small_to_be_squared_are_refused():
    for X in ([[1.0, 0.0], [1.0, 1e-120]], [[1e-110], [2e-110]]):
        with pytest.raises(ValueError, match=r"differ by at most 1e-1.0, too little to be squared"):
            without_offset(np.array(X))
    without_offset(np.zeros((3, 2)))
