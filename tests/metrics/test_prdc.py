"""Precision, recall, density and coverage against loops over all pairs, duplicates included."""

import tracemalloc
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan.metrics import prdc
from tinygan.metrics.distances import direct


def by_loops(real, fake, k):
    """The definitions, pair by pair; distances squared, so that integers are compared exactly."""
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)

    def d2(x, y):
        return float(((x - y) ** 2).sum())

    def radii(points):
        return [
            sorted(d2(points[i], points[j]) for j in range(len(points)) if j != i)[k - 1]
            for i in range(len(points))
        ]

    real_radii, fake_radii = radii(real), radii(fake)
    in_real = np.array([[d2(x, y) <= r for y in fake] for x, r in zip(real, real_radii)])  # noqa: B905
    in_fake = np.array([[d2(x, y) <= r for y, r in zip(fake, fake_radii)] for x in real])  # noqa: B905
    return {
        "precision": in_real.any(axis=0).mean(),
        "recall": in_fake.any(axis=1).mean(),
        "density": in_real.sum() / (k * len(fake)),
        "coverage": in_real.any(axis=1).mean(),
    }


@given(
    n=st.integers(7, 40),
    m=st.integers(7, 40),
    d=st.integers(1, 12),
    k=st.integers(1, 6),
    shift=st.sampled_from([0.0, 1e3]),
    seed=st.integers(0, 2**32 - 1),
)
def test_random_features(n, m, d, k, shift, seed):
    rng = np.random.default_rng(seed)
    real = rng.standard_normal((n, d)) + shift
    fake = rng.standard_normal((m, d)) * 0.8 + 0.2 + shift
    assert prdc(real, fake, k) == pytest.approx(by_loops(real, fake, k), rel=1e-12)


@given(
    n=st.integers(6, 30),
    m=st.integers(6, 30),
    d=st.integers(1, 4),
    levels=st.integers(1, 4),
    k=st.integers(1, 5),
    offset=st.sampled_from([0, 0.1, 12345.7]),
    seed=st.integers(0, 2**32 - 1),
)
def test_duplicates_and_ties(n, m, d, levels, k, offset, seed):
    """Few levels: many points and distances are equal, and ≤ has to hold exactly."""
    rng = np.random.default_rng(seed)
    real = rng.integers(0, levels, (n, d)) + offset
    fake = np.concatenate([rng.integers(0, levels, (m, d)) + offset, real[:2]])
    assert prdc(real, fake, k) == pytest.approx(by_loops(real, fake, k), rel=1e-12)


def test_fewer_samples_than_dimensions(rng):
    real, fake = rng.standard_normal((9, 200)), rng.standard_normal((8, 200))
    assert prdc(real, fake, 3) == pytest.approx(by_loops(real, fake, 3), rel=1e-12)


def test_two_tight_clusters_far_from_each_other(rng):
    """Here no digit of the products ‖x‖² − 2 x·y + ‖y‖² is correct."""
    middle = np.where(np.arange(40) < 20, 1e4, -1e4)[:, None]
    real = middle + 1e-5 * rng.standard_normal((40, 6))
    fake = middle + 1e-5 * rng.standard_normal((40, 6))
    assert prdc(real, fake, 3) == pytest.approx(by_loops(real, fake, 3), rel=1e-12)


def test_one_huge_outlier_changes_no_other_ball(rng):
    real, fake = rng.standard_normal((30, 4)), rng.standard_normal((30, 4))
    real[0] = 1e9
    assert prdc(real, fake, 2) == pytest.approx(by_loops(real, fake, 2), rel=1e-12)


@pytest.mark.parametrize("power", [-1020, -700, -500, 500, 700, 1020])
def test_the_unit_changes_nothing(rng, power):
    real, fake = rng.integers(-9, 9, (40, 3)) * 0.1, rng.integers(-9, 9, (30, 3)) * 0.1
    found = prdc(np.ldexp(real, power), np.ldexp(fake, power), 3)
    assert found == prdc(real, fake, 3) == pytest.approx(by_loops(real, fake, 3))


@pytest.mark.parametrize("offset", [1e8, 1e12])
def test_features_far_from_0(rng, offset):
    real, fake = rng.standard_normal((30, 4)) + offset, rng.standard_normal((25, 4)) + offset
    assert prdc(real, fake, 3) == pytest.approx(by_loops(real, fake, 3), rel=1e-12)


@pytest.mark.parametrize("far", [1e12, 1e100, 1e250])
def test_one_row_out_of_all_proportion_changes_no_other_ball(rng, far):
    real, fake = rng.standard_normal((30, 4)), rng.standard_normal((25, 4))
    plain = prdc(real, fake, 3)
    beside_real = prdc(np.concatenate([real, [[far, 0, 0, 0]]]), fake, 3)
    assert beside_real["recall"] == pytest.approx(plain["recall"] * 30 / 31)
    beside_fake = prdc(real, np.concatenate([fake, [[far, 0, 0, 0]]]), 3)
    for name in ("precision", "density"):
        assert beside_fake[name] == pytest.approx(plain[name] * 25 / 26)
    assert beside_fake["coverage"] == plain["coverage"]


@pytest.mark.parametrize("column", [0.1, 1e8, -1e100])
def test_a_constant_column_of_any_size_changes_nothing(rng, column):
    real, fake = rng.standard_normal((30, 4)), rng.standard_normal((25, 4))
    wide = [np.column_stack([x, np.full(len(x), column)]) for x in (real, fake)]
    assert prdc(*wide, 3) == prdc(real, fake, 3)


def test_float32_near_its_limits(rng):
    real, fake = (rng.uniform(-3, 3, (n, 4)).astype(np.float32) for n in (30, 25))
    real, fake = np.rint(real * 64) / 64, np.rint(fake * 64) / 64
    for power in (125, -140):
        scaled = [np.ldexp(x, power) for x in (real, fake)]
        assert scaled[0].dtype == np.float32
        assert prdc(*scaled, 3) == prdc(real, fake, 3)


@pytest.mark.parametrize(
    ("small", "large"), [(1e-160, 1e140), (1e-200, 1e140), (1e-300, 1e140), (1e-300, 1e300)]
)
def test_distances_lost_beside_the_largest_features_are_refused(rng, small, large):
    real, fake = rng.standard_normal((30, 4)) * small, rng.standard_normal((25, 4)) * small
    real[0], fake[0] = large, large
    with pytest.raises(ValueError, match=r"span too many orders of magnitude.*far out"):
        prdc(real, fake, 3)


def test_one_point_many_times():
    point = np.full((20, 5), 0.1)
    expected = {"precision": 1, "recall": 1, "density": 20 / 5, "coverage": 1}
    assert prdc(point, point.copy()) == pytest.approx(expected)
    assert prdc(point, point + 1e-9) == dict.fromkeys(expected, 0)


def test_a_set_and_itself(rng):
    """Each point is in its own ball and, on average, in the balls of k others."""
    x = rng.standard_normal((60, 8))
    expected = {"precision": 1, "recall": 1, "density": 6 / 5, "coverage": 1}
    assert prdc(x, x[::-1]) == pytest.approx(expected)


def test_of_one_distribution_density_and_coverage_are_what_the_paper_says(rng):
    """Naeem et al. 2020: density 1, coverage 1 − Π_i (N − i) / (2N − i) for N = M."""
    n, k = 2000, 5
    found = prdc(rng.standard_normal((n, 6)), rng.standard_normal((n, 6)), k)
    missed = np.prod([(n - i) / (2 * n - i) for i in range(1, k + 1)])
    assert found["coverage"] == pytest.approx(1 - missed, abs=0.02)
    assert found["density"] == pytest.approx(1, abs=0.05)


def test_real_and_fake_are_not_exchanged(rng):
    wide, narrow = rng.standard_normal((300, 3)) * 3, rng.standard_normal((300, 3)) * 0.5
    lacks_variety = prdc(wide, narrow)
    assert lacks_variety["precision"] > 0.95
    assert lacks_variety["recall"] < 0.2
    assert lacks_variety["coverage"] < 0.3
    lacks_realism = prdc(narrow, wide)
    assert lacks_realism["precision"] < 0.2
    assert lacks_realism["recall"] > 0.95


def test_many_blocks_agree_with_scikit_learns_distances(rng):
    pairwise = pytest.importorskip("sklearn.metrics").pairwise_distances
    real, fake = rng.standard_normal((1500, 10)), rng.standard_normal((1300, 10)) * 0.9
    real_radii = np.sort(pairwise(real), axis=1)[:, 5]  # column 0 is the point itself
    fake_radii = np.sort(pairwise(fake), axis=1)[:, 5]
    d = pairwise(real, fake)
    inside = d <= real_radii[:, None]
    assert prdc(real.astype(np.float64), fake) == pytest.approx(
        {
            "precision": inside.any(axis=0).mean(),
            "recall": (d <= fake_radii).any(axis=1).mean(),
            "density": inside.sum() / (5 * 1300),
            "coverage": inside.any(axis=1).mean(),
        },
        rel=1e-12,
    )


def test_memory_does_not_grow_with_the_number_of_pairs(rng):
    x = rng.standard_normal((4000, 2)).astype(np.float32)
    tracemalloc.start()
    prdc(x, x + 0.01)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6  # all pairs at once: 128 MB


@pytest.fixture
def settled(monkeypatch):
    """The number of pairs whose distance was computed directly: one entry per call."""
    counts = []

    def count(x, y):
        counts.append(len(x))
        return direct(x, y)

    monkeypatch.setattr(import_module("tinygan.metrics.prdc"), "direct", count)
    return counts


def test_a_collapsed_generator_costs_no_more_time(rng, settled):
    """All fakes are equal, so the radius of one is the radius of all."""
    assert prdc(rng.standard_normal((500, 8)), np.full((500, 8), 0.3))["recall"] == 0
    assert sum(settled) < 5 * 500


def test_features_far_from_0_cost_no_more_time(rng, settled):
    prdc(rng.standard_normal((500, 8)) + 1e7, rng.standard_normal((500, 8)) + 1e7)
    assert sum(settled) < 5 * 500


def test_the_features_are_not_written_to(rng):
    real, fake = rng.standard_normal((20, 3)), rng.standard_normal((20, 3))
    real.flags.writeable = fake.flags.writeable = False
    assert all(isinstance(value, float) for value in prdc(real, fake).values())


@pytest.mark.parametrize(
    ("real", "fake", "k", "complaint"),
    [
        (np.ones((9, 3)), np.ones((9, 4)), 5, "same number of features"),
        (np.ones((9, 3)), np.ones((5, 3)), 5, "k = 5 is out of range for 9 real and 5 fake"),
        (np.ones((9, 3)), np.ones((9, 3)), 0, "k = 0"),
        (np.ones((9, 3)), np.full((9, 3), np.inf), 5, "fake must be finite"),
    ],
)
def test_invalid_arguments_are_refused(real, fake, k, complaint):
    with pytest.raises(ValueError, match=complaint):
        prdc(real, fake, k)
