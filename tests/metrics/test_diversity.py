"""Counts of classes and their entropy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan.metrics import class_histogram, entropy


def test_every_class_is_counted_even_those_that_never_occur():
    np.testing.assert_array_equal(
        class_histogram(np.array([3, 0, 3, 1], np.uint8), 5), [1, 1, 0, 2, 0]
    )
    np.testing.assert_array_equal(class_histogram(np.zeros(0, np.int64), 3), [0, 0, 0])


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        (np.array([0, 5]), "0 to 4, got 0 to 5"),
        (np.array([-1, 2]), "got -1 to 2"),
        (np.array([0.0, 1.0]), r"integers \(N,\), got float64"),
        (np.array([[0, 1]]), r"got int64 \(1, 2\)"),
    ],
)
def test_invalid_labels_are_refused(labels, complaint):
    with pytest.raises(ValueError, match=complaint):
        class_histogram(labels, 5)


def test_entropy_from_one_class_to_all_equal():
    assert entropy([0, 7, 0]) == 0
    assert entropy(np.full(10, 3)) == pytest.approx(np.log(10), rel=1e-14)
    assert entropy([1, 1, 2]) == pytest.approx(1.5 * np.log(2), rel=1e-14)


@pytest.mark.parametrize("scale", [5e-324, 1e-300, 1.0, 1e300])
def test_entropy_does_not_depend_on_the_scale(scale):
    counts = np.array([1, 2, 5, 0, 8], float)
    assert entropy(counts * scale) == pytest.approx(entropy(counts), rel=1e-14)


def test_entropy_of_counts_that_are_all_the_largest_or_beside_it_nothing():
    assert entropy(np.full(5, 1.7e308)) == pytest.approx(np.log(5), rel=1e-14)
    assert entropy([1e300, 1e-300]) == 0
    assert entropy([1.0, 1e-320]) == pytest.approx(7.4e-318, rel=0.01)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
def test_entropy_is_scipys_and_within_its_bounds(counts):
    scipy_stats = pytest.importorskip("scipy.stats")
    assert entropy(counts) == pytest.approx(scipy_stats.entropy(counts), rel=1e-12, abs=1e-12)
    assert 0 <= entropy(counts) <= np.log(len(counts)) + 1e-12


@pytest.mark.parametrize("counts", [[0, 0], [], [1, -1], [np.nan, 1], [[1, 2]]])
def test_invalid_counts_are_refused(counts):
    with pytest.raises(ValueError, match="counts must be"):
        entropy(counts)
