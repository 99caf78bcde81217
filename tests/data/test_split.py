"""Splits: whatever the sizes, no example is in two parts and none is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan.data.split import split

parts_of_one = st.lists(st.integers(1, 9), min_size=1, max_size=5).map(
    lambda sizes: tuple(size / sum(sizes) for size in sizes)
)


@given(n=st.integers(0, 300), fractions=parts_of_one, seed=st.integers(0, 2**32))
def test_the_parts_never_overlap_and_cover_everything(n, fractions, seed):
    parts = split(n, fractions, seed=seed)
    assert len(parts) == len(fractions)
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))
    for part, fraction in zip(parts, fractions, strict=True):
        assert np.issubdtype(part.dtype, np.integer)
        assert (np.diff(part) > 0).all()
        assert abs(len(part) - n * fraction) <= 1


@given(n=st.integers(2, 200), fractions=parts_of_one, seed=st.integers(0, 99))
def test_the_seed_decides(n, fractions, seed):
    first, second = (split(n, fractions, seed=seed) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_another_seed_gives_other_parts_of_the_same_sizes():
    first, second = (split(1000, (0.8, 0.1, 0.1), seed=seed) for seed in (0, 1))
    assert [len(part) for part in first] == [len(part) for part in second] == [800, 100, 100]
    assert not np.array_equal(first[1], second[1])
    assert len(np.intersect1d(first[1], second[1])) < 40  # by chance, about 10


def test_every_example_is_as_likely_to_be_in_a_part_as_any_other():
    kept = np.zeros(20)
    for seed in range(400):
        kept[split(20, (0.9, 0.1), seed=seed)[1]] += 1
    assert kept.sum() == 800
    assert kept.min() > 15
    assert kept.max() < 75


@pytest.mark.parametrize(
    "fractions", [(), (0.5, 0.4), (0.9, 0.2), (1.1, -0.1), (1.0, 0.0), (float("nan"), 1.0)]
)
def test_fractions_that_do_not_divide_the_whole_are_refused(fractions):
    with pytest.raises(ValueError, match="above 0 and add up to 1"):
        split(10, fractions, seed=0)
