"""The Fréchet distance against scipy's matrix root, closed forms and its invariances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan.metrics import frechet_distance, gaussian_frechet


def by_scipy(a, b):
    """The textbook formula, with the root of S_a S_b."""
    sqrtm = pytest.importorskip("scipy.linalg").sqrtm
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    shift = a.mean(axis=0) - b.mean(axis=0)
    return shift @ shift + np.trace(cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real)


def without_roots(a, b):
    """Tr (S_a^½ S_b S_a^½)^½ is the sum of the singular values of A Bᵀ, where S_a = AᵀA."""
    shift = a.mean(axis=0) - b.mean(axis=0)
    a = (a - a.mean(axis=0)) / np.sqrt(len(a) - 1)
    b = (b - b.mean(axis=0)) / np.sqrt(len(b) - 1)
    overlap = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return shift @ shift + (a**2).sum() + (b**2).sum() - 2 * overlap


def correlated(rng, n, d, scale=1.0, shift=0.0):
    return shift + scale * rng.standard_normal((n, d)) @ rng.standard_normal((d, d))


@pytest.mark.parametrize("d", [2, 7, 30])
def test_it_is_the_textbook_formula(rng, d):
    a, b = correlated(rng, 200, d), correlated(rng, 150, d, 1.3, 0.5)
    assert frechet_distance(a, b) == pytest.approx(by_scipy(a, b), rel=1e-9)
    assert frechet_distance(a, b) == pytest.approx(without_roots(a, b), rel=1e-9)


def test_for_one_column_it_is_the_squared_differences_of_mean_and_standard_deviation(rng):
    a, b = rng.normal(1, 2, (50, 1)), rng.normal(-1, 0.5, (70, 1))
    expected = (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-12)


def test_the_closed_form_for_gaussians_without_correlations():
    var_a, var_b = np.array([4.0, 0.0, 9.0]), np.array([1.0, 2.0, 16.0])
    found = gaussian_frechet(np.array([1.0, 0, 0]), np.diag(var_a), np.zeros(3), np.diag(var_b))
    expected = 1 + ((np.sqrt(var_a) - np.sqrt(var_b)) ** 2).sum()
    assert found == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(("n", "m", "d"), [(2, 2, 5), (5, 9, 40), (20, 300, 64), (50, 50, 50)])
def test_fewer_samples_than_dimensions(rng, n, m, d):
    a, b = correlated(rng, n, d), correlated(rng, m, d, 0.8, 0.1)
    assert frechet_distance(a, b) == pytest.approx(without_roots(a, b), rel=1e-10)


def test_columns_that_are_constant_or_copies_of_others(rng):
    a, b = rng.standard_normal((60, 4)), rng.standard_normal((50, 4))
    same = frechet_distance(a, b)
    wide = [np.column_stack([x, np.full(len(x), 3.3), np.zeros(len(x))]) for x in (a, b)]
    assert frechet_distance(*wide) == pytest.approx(same, rel=1e-9)
    twice = [np.column_stack([x, x]) for x in (a, b)]
    assert frechet_distance(*twice) == pytest.approx(2 * same, rel=1e-9)


def test_one_cluster_only(rng):
    point, cloud = np.full((10, 6), 2.5), rng.standard_normal((80, 6))
    assert frechet_distance(point, point + 1) == pytest.approx(6)
    expected = ((cloud.mean(axis=0) - 2.5) ** 2).sum() + cloud.var(axis=0, ddof=1).sum()
    assert frechet_distance(point, cloud) == pytest.approx(expected, rel=1e-10)


@given(
    n=st.integers(2, 40),
    d=st.integers(1, 30),
    rank=st.integers(0, 30),
    scale=st.sampled_from([1e-6, 1.0, 1e5]),
    shift=st.sampled_from([0.0, 1.0, 1e4]),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_set_is_at_distance_0_from_itself_in_any_order(n, d, rank, scale, shift, dtype, seed):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, d)) * scale + shift
    a = np.clip(a, -6e4, 6e4).astype(dtype)
    size = float((a.astype(np.float64) ** 2).sum(axis=1).mean())
    assert 0 <= frechet_distance(a, a) <= 1e-12 * size
    assert 0 <= frechet_distance(a, rng.permutation(a)) <= 1e-9 * size


def test_symmetric_and_invariant_to_a_common_rotation_and_shift(rng):
    a, b = correlated(rng, 90, 12), correlated(rng, 8, 12, 1.1, 0.4)
    here = frechet_distance(a, b)
    assert frechet_distance(b, a) == pytest.approx(here, rel=1e-10)
    turn = np.linalg.qr(rng.standard_normal((12, 12)))[0]
    assert frechet_distance(a @ turn + 5, b @ turn + 5) == pytest.approx(here, rel=1e-9)
    assert frechet_distance(3 * a, 3 * b) == pytest.approx(9 * here, rel=1e-10)


def test_more_shift_or_more_spread_is_farther(rng):
    a, b = correlated(rng, 400, 5), rng.standard_normal((400, 5))
    for worse in (lambda s: a + s, lambda s: a * (1 + s), lambda s: a + s * b):
        distances = [frechet_distance(a, worse(s)) for s in (0, 0.1, 0.3, 1)]
        assert distances == sorted(distances)
        assert distances[-1] > 0.1


def test_the_features_are_not_written_to_and_may_be_float32(rng):
    a, b = correlated(rng, 50, 6).astype(np.float32), correlated(rng, 50, 6).astype(np.float32)
    a.flags.writeable = b.flags.writeable = False
    found = frechet_distance(a, b)
    assert isinstance(found, float)
    assert found == frechet_distance(a.astype(np.float64), b.astype(np.float64))


@pytest.mark.parametrize("power", [-1000, -500, -300, 300, 500])
def test_the_unit_scales_the_distance_by_its_square(rng, power):
    """A power of two changes no digit, whatever the squares of the features would be."""
    a, b = correlated(rng, 40, 4), correlated(rng, 30, 4, 1.2, 0.5)
    expected = np.ldexp(frechet_distance(a, b), 2 * power)
    assert frechet_distance(np.ldexp(a, power), np.ldexp(b, power)) == expected
    assert (expected > 0) == (power > -1000)


@pytest.mark.parametrize("scale", [1e155, 1e200, 1e307])
def test_a_distance_beyond_float64_is_refused(rng, scale):
    a, b = rng.uniform(-1, 1, (2, 40, 4)) * scale
    with pytest.raises(ValueError, match="the distance is beyond float64: divide both sets"):
        frechet_distance(a, b + scale)


def test_float32_near_its_limits(rng):
    a, b = rng.uniform(-3, 3, (40, 4)), rng.uniform(-3, 2, (30, 4))
    for unit in (1e38, 1e-38):
        found = frechet_distance((a * unit).astype(np.float32), (b * unit).astype(np.float32))
        assert found == pytest.approx(frechet_distance(a, b) * unit**2, rel=1e-5)


@pytest.mark.parametrize("offset", [2.0**20, 2.0**30, -(2.0**40)])
def test_far_from_0_the_distance_is_the_same(rng, offset):
    a, b = (np.rint(correlated(rng, n, 5) * 1024) / 1024 for n in (80, 60))  # exact when moved
    found = frechet_distance(a + offset, b + offset)
    assert found == pytest.approx(frechet_distance(a, b), rel=1e-9)


@pytest.mark.parametrize("value", [0.1, 1e8, -1e40])
def test_a_constant_column_of_any_size_adds_nothing(rng, value):
    a, b = rng.standard_normal((60, 4)), rng.standard_normal((50, 4))
    wide = [np.column_stack([x, np.full(len(x), value)]) for x in (a, b)]
    assert frechet_distance(*wide) == pytest.approx(frechet_distance(a, b), rel=1e-9)


def test_one_row_far_out_decides_the_distance(rng):
    a, b = rng.standard_normal((50, 3)), rng.standard_normal((50, 3))
    a[7] = [1e12, 0, 0]
    assert frechet_distance(a, b) == pytest.approx(1e24 / 50**2 + 1e24 / 50, rel=1e-9)


@pytest.mark.parametrize("power", [-500, -200, 0, 200, 500])
def test_gaussians_of_any_size(power):
    mean, var = np.ldexp([1.0, 0, -3], power), np.ldexp(np.eye(3), 2 * power)
    found = gaussian_frechet(mean, var, -mean, 4 * var)
    assert found == pytest.approx(np.ldexp(40.0 + 3.0, 2 * power), rel=1e-14)
    far = np.full(3, 1e200)  # equal means have no part in the distance
    assert gaussian_frechet(far, var, far, 4 * var) == pytest.approx(np.ldexp(3.0, 2 * power))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"mean_a": [0.0, 0, 0]}, r"of one D are needed, got \[\(3,\), \(2, 2\)"),
        ({"cov_b": [1.0, 1.0]}, "covariances \\(D, D\\)"),
        ({"mean_b": [0.0, np.nan]}, "means and covariances must be finite"),
        ({"cov_a": np.full((2, 2), np.inf)}, "means and covariances must be finite"),
        ({"mean_b": [1e160, 0.0]}, "the distance is beyond float64"),
        ({"mean_a": [1.7e308, 0.0], "mean_b": [-1.7e308, 0.0]}, "the distance is beyond float64"),
    ],
)
def test_invalid_gaussians_are_refused(change, complaint):
    gaussians = {"mean_a": np.zeros(2), "cov_a": np.eye(2), "mean_b": np.zeros(2)}
    with pytest.raises(ValueError, match=complaint):
        gaussian_frechet(**(gaussians | {"cov_b": np.eye(2)} | change))


@pytest.mark.parametrize(
    ("a", "b", "complaint"),
    [
        (np.ones((5, 3)), np.ones((5, 4)), "same number of features, got 3 and 4"),
        (np.ones((5, 3)), np.ones((1, 3)), "features_b needs at least 2 rows"),
        (np.ones((5, 0)), np.ones((5, 0)), "1 column"),
        (np.ones(5), np.ones(5), r"numbers \(N, D\), got float64 \(5,\)"),
        (np.ones((5, 3)), np.full((5, 3), np.nan), "features_b must be finite"),
        (np.full((5, 3), np.inf), np.ones((5, 3)), "features_a must be finite"),
        (np.ones((5, 3)), np.ones((5, 3), complex), "numbers"),
        (np.ones((5, 3)), np.full((5, 3), np.longdouble("1e400")), "features_b must be finite"),
    ],
)
def test_invalid_features_are_refused(a, b, complaint):
    with pytest.raises(ValueError, match=complaint):
        frechet_distance(a, b)
