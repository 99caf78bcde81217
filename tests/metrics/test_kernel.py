"""The kernel distance against explicit sums, and on average over many draws."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from tinygan.metrics import kernel_distance, mmd2_unbiased


def written_out(a, b):
    def k(x, y):
        return (sum(float(p) * float(q) for p, q in zip(x, y, strict=True)) / len(x) + 1) ** 3

    def mean(pairs):
        values = [k(x, y) for x, y in pairs]
        return sum(values) / len(values)

    return (
        mean(itertools.permutations(a, 2))
        + mean(itertools.permutations(b, 2))
        - 2 * mean(itertools.product(a, b))
    )


def exact(a, b):
    """written_out without any rounding error."""
    a, b = ([[Fraction(float(value)) for value in row] for row in x] for x in (a, b))

    def k(x, y):
        return (sum(p * q for p, q in zip(x, y, strict=True)) / len(x) + 1) ** 3

    def mean(pairs):
        values = [k(x, y) for x, y in pairs]
        return sum(values) / len(values)

    return (
        mean(itertools.permutations(a, 2))
        + mean(itertools.permutations(b, 2))
        - 2 * mean(itertools.product(a, b))
    )


@pytest.mark.parametrize(("n", "m", "d"), [(2, 2, 1), (6, 9, 4), (12, 5, 20)])
def test_it_is_the_sum_over_pairs_of_different_samples(rng, n, m, d):
    a, b = rng.standard_normal((n, d)), 0.5 + rng.standard_normal((m, d))
    assert mmd2_unbiased(a, b) == pytest.approx(written_out(a, b), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 12, 13])
def test_the_sum_is_the_same_whatever_part_of_it_is_computed_at_a_time(rng, monkeypatch, rows):
    a, b = rng.standard_normal((12, 4)), 0.5 + rng.standard_normal((9, 4))
    monkeypatch.setattr("tinygan.metrics.kernel._ROWS", rows)
    assert mmd2_unbiased(a, b) == pytest.approx(written_out(a, b), rel=1e-10)


def test_it_agrees_with_scikit_learns_kernel(rng):
    kernel = pytest.importorskip("sklearn.metrics.pairwise").polynomial_kernel
    a, b = rng.standard_normal((80, 16)), rng.standard_normal((60, 16)) * 1.2 + 0.1
    kaa, kbb, kab = kernel(a, a), kernel(b, b), kernel(a, b)  # degree 3, gamma 1 / D, coef0 1
    np.fill_diagonal(kaa, 0)
    np.fill_diagonal(kbb, 0)
    expected = kaa.sum() / (80 * 79) + kbb.sum() / (60 * 59) - 2 * kab.mean()
    assert mmd2_unbiased(a, b) == pytest.approx(expected, rel=1e-10)


def test_two_draws_of_one_distribution_are_0_apart_on_average(rng):
    found = [
        mmd2_unbiased(rng.standard_normal((8, 3)), rng.standard_normal((6, 3))) for _ in range(4000)
    ]
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found)) < 3 * error
    assert error < 0.1
    assert min(found) < 0


def test_its_expectation_for_two_points_is_the_kernels():
    """One value each: k(1,1) + k(0,0) − 2 k(1,0) = 8 + 1 − 2."""
    assert mmd2_unbiased(np.ones((3, 1)), np.zeros((4, 1))) == pytest.approx(7)
    mean, std = kernel_distance(
        np.ones((30, 1)), np.zeros((40, 1)), subsets=5, rng=np.random.default_rng(0)
    )
    assert (mean, std) == pytest.approx((7, 0))


def test_mean_and_std_are_those_of_the_subsets(rng):
    a, b = rng.standard_normal((60, 4)), rng.standard_normal((50, 4)) + 0.3
    mean, std = kernel_distance(a, b, subsets=20, subset_size=10, rng=np.random.default_rng(3))
    again = np.random.default_rng(3)
    expected = []
    for _ in range(20):
        i, j = again.choice(60, 10, replace=False), again.choice(50, 10, replace=False)
        expected.append(written_out(a[i], b[j]))
    assert (mean, std) == pytest.approx((np.mean(expected), np.std(expected)), rel=1e-9)
    assert (mean, std) != kernel_distance(a, b, subsets=20, subset_size=10, rng=again)


def test_a_subset_is_no_larger_than_the_smaller_set(rng):
    a, b = rng.standard_normal((30, 4)), rng.standard_normal((12, 4)) + 1
    mean, std = kernel_distance(b, b[::-1], subsets=4, rng=rng)
    assert (mean, std) == pytest.approx((mmd2_unbiased(b, b), 0), abs=1e-12)
    mean, std = kernel_distance(a, b, subsets=50, rng=rng)  # all of b, 12 of a
    assert std > 0
    assert mean == pytest.approx(mmd2_unbiased(a, b), abs=4 * std)


def test_it_sees_means_variances_and_third_moments(rng):
    a = rng.standard_normal((4000, 2))
    skewed = rng.exponential(1, (4000, 2)) - 1  # mean 0, variance 1
    same, same_std = kernel_distance(a[:2000], a[2000:], subset_size=500, rng=rng)
    assert abs(same) < same_std
    for other in (a + 0.3, a * 1.3, skewed):
        assert kernel_distance(a[:2000], other[2000:], subset_size=500, rng=rng)[0] > 3 * same_std


@pytest.mark.parametrize("scale", [1e-150, 1e-80, 1e-9, 1.0, 1e9, 1e46])
@pytest.mark.parametrize("offset", [0.0, 1.0, 1e4])
def test_no_digits_are_lost_at_any_scale_and_offset(rng, scale, offset):
    a, b = (rng.standard_normal((9, 3)) + offset) * scale, rng.standard_normal((7, 3)) * scale
    for x, y in ((a, b), (a, a[:7] * 1.1)):
        truth = exact(x, y)
        assert abs(Fraction(mmd2_unbiased(x, y)) / truth - 1) < 1e-11


def test_two_sets_far_from_0_and_near_to_each_other(rng):
    """Each k is 10⁴⁸, and their rounding errors are as large as the distance."""
    a, b = 1e8 + rng.standard_normal((12, 3)), 1e8 + 1.2 * rng.standard_normal((9, 3))
    assert abs(Fraction(mmd2_unbiased(a, b)) / exact(a, b) - 1) < 1e-12


@pytest.mark.parametrize("far", [1e4, 1e12, 1e50])
@pytest.mark.parametrize("in_both", [False, True])
def test_one_row_far_out_takes_no_digits_from_the_result(rng, far, in_both):
    a, b = rng.standard_normal((12, 3)), rng.standard_normal((9, 3)) + 0.5
    a[5] = [far, -far, 0]
    if in_both:
        b[2] = a[5]
    assert abs(Fraction(mmd2_unbiased(a, b)) / exact(a, b) - 1) < 1e-11


def test_mean_and_std_are_finite_where_their_squares_would_not_be(rng):
    a, b = rng.standard_normal((30, 3)), rng.standard_normal((20, 3)) + 1
    options = {"subsets": 5, "subset_size": 10}
    mean, std = kernel_distance(a * 1e3, b * 1e3, rng=np.random.default_rng(0), **options)
    large = kernel_distance(a * 1e49, b * 1e49, rng=np.random.default_rng(0), **options)
    assert large == pytest.approx((mean * 1e276, std * 1e276), rel=1e-2)  # the 1 in k is left over


@pytest.mark.parametrize("scale", [1e52, 1e160, 1e307])
def test_features_whose_sixth_power_is_beyond_float64_are_refused(rng, scale):
    a, b = rng.uniform(1, 9, (2, 12, 3)) * scale
    says = r"features of up to .*e\+.* too large for the kernel.*: divide both sets"
    with pytest.raises(ValueError, match=says):
        mmd2_unbiased(a, b)
    with pytest.raises(ValueError, match=says):
        kernel_distance(a, b, rng=rng)


def test_degenerate_features_give_finite_numbers(rng):
    cloud = rng.standard_normal((5, 40))
    for other in (np.zeros((3, 40)), cloud, np.repeat(cloud[:1], 7, axis=0)):
        assert np.isfinite(kernel_distance(cloud, other, subsets=3, rng=rng)).all()


@pytest.mark.parametrize(
    ("a", "b", "options", "complaint"),
    [
        (np.ones((5, 3)), np.ones((5, 4)), {}, "same number of features"),
        (np.ones((5, 3)), np.ones((1, 3)), {}, "at least 2 rows"),
        (np.ones((5, 3)), np.full((5, 3), np.nan), {}, "finite"),
        (np.ones((5, 3)), np.ones((5, 3)), {"subsets": 0}, "0 of 1000"),
        (np.ones((5, 3)), np.ones((5, 3)), {"subset_size": 1}, "100 of 1"),
    ],
)
def test_invalid_arguments_are_refused(a, b, options, complaint, rng):
    with pytest.raises(ValueError, match=complaint):
        kernel_distance(a, b, rng=rng, **options)
