"""k-means: against scikit-learn from the same start, and with clusters that become empty."""

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import backend
from tinygan.models.kmeans import kmeans, plusplus_rows

module = importlib.import_module("tinygan.models.kmeans")  # the package has a function of that name


def blobs(rng, per_cluster=40, spread=0.05, dtype=np.float64, offset=0.0):
    """Rows around the corners of a square, and the corner of each row."""
    corners = np.array([[0.0, 0, 1], [0, 5, 1], [5, 0, 1], [5, 5, 1]]) + offset
    truth = rng.permutation(np.repeat(np.arange(4), per_cluster))
    return (corners[truth] + rng.normal(0, spread, (len(truth), 3))).astype(dtype), truth


def distances(X, centres):
    return ((X[:, None] - centres) ** 2).sum(axis=2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_separate_clusters_are_found(xp, rng, dtype):
    X, truth = blobs(rng, dtype=dtype)
    centres, labels, inertia = kmeans(xp.asarray(X), 4, rng=rng, n_init=5)
    assert backend.array_module(centres) is xp
    assert backend.array_module(labels) is xp
    assert (centres.dtype, labels.dtype) == (dtype, np.int64)
    centres, labels = backend.to_numpy(centres), backend.to_numpy(labels)
    for k in range(4):
        mine = truth == truth[np.flatnonzero(labels == k)[0]]
        np.testing.assert_array_equal(labels == k, mine)
        np.testing.assert_allclose(centres[k], X[mine].mean(axis=0), rtol=1e-5)
    assert type(inertia) is float
    assert inertia == pytest.approx(distances(X, centres).min(axis=1).sum(), rel=1e-4)


@pytest.mark.parametrize(("offset", "tol"), [(0.0, 1e-4), (1e4, 1e-4), (1e8, 1e-4), (0.0, 0.05)])
def test_as_scikit_learn_from_the_same_start(rng, monkeypatch, offset, tol):
    cluster = pytest.importorskip("sklearn.cluster")
    X = rng.normal(0, 1, (500, 7)) + offset
    start = plusplus_rows(X, 6, rng=rng)
    monkeypatch.setattr(module, "_plusplus", lambda *_: start)
    centres, labels, inertia = kmeans(X, 6, rng=rng, tol=tol)
    theirs = cluster.KMeans(6, init=X[start], n_init=1, algorithm="lloyd", tol=tol).fit(X)
    np.testing.assert_allclose(centres, theirs.cluster_centers_, rtol=1e-8)
    np.testing.assert_array_equal(labels, theirs.labels_)
    assert inertia == pytest.approx(theirs.inertia_, rel=1e-9)


def test_blocks_of_any_size_give_the_same(rng, monkeypatch):
    X = rng.normal(0, 1, (101, 5))
    whole = kmeans(X, 4, rng=np.random.default_rng(1))
    monkeypatch.setattr(module, "_BLOCK", 50)
    parts = kmeans(X, 4, rng=np.random.default_rng(1))
    np.testing.assert_allclose(whole[0], parts[0], rtol=1e-12)
    np.testing.assert_array_equal(whole[1], parts[1])


@given(
    n=st.integers(1, 30),
    d=st.integers(1, 4),
    k=st.integers(1, 6),
    values=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_for_any_data_every_row_has_its_nearest_centre_and_no_cluster_is_empty(
    n, d, k, values, seed
):
    rng = np.random.default_rng(seed)
    k = min(k, n)
    X = rng.integers(0, values, (n, d)).astype(np.float64)
    centres, labels, inertia = kmeans(X, k, rng=rng, tol=0.0)
    away = distances(X, centres)
    own = away[np.arange(n), labels]
    np.testing.assert_allclose(own, away.min(axis=1), atol=1e-12)
    assert inertia == pytest.approx(own.sum(), abs=1e-12)
    if len(np.unique(X, axis=0)) >= k:
        assert set(labels) == set(range(k))
        for c in range(k):
            np.testing.assert_allclose(centres[c], X[labels == c].mean(axis=0), atol=1e-12)


@pytest.mark.parametrize("far", [1e6, 1e12, 1e50, 1e99])
def test_one_row_far_out_changes_nothing_for_the_others(xp, rng, far):
    X, truth = blobs(rng)
    X = np.concatenate([X, [[far, 0, -far]]])
    centres, labels, inertia = kmeans(xp.asarray(X), 5, rng=rng, n_init=5)
    centres, labels = backend.to_numpy(centres), backend.to_numpy(labels)
    assert len({*zip(truth, labels[:-1], strict=True)}) == 4
    assert np.bincount(labels).tolist().count(1) == 1
    np.testing.assert_array_equal(centres[labels[-1]], X[-1])
    assert inertia == pytest.approx(((X - centres[labels]) ** 2).sum(), rel=1e-12)
    assert inertia == pytest.approx(sum(part.var(axis=0).sum() * len(part) for part in (
        X[:-1][truth == k] for k in range(4))), rel=1e-9)  # fmt: skip


def test_clusters_within_two_far_regions_are_found(xp, rng):
    """A region is 10¹⁰ from the other, so no digit of the expanded squares is correct."""
    near, truth = blobs(rng, spread=0.1)
    X = np.concatenate([near, near[::-1] + 1e10])
    truth = np.concatenate([truth, truth[::-1] + 4])
    centres, labels, inertia = kmeans(xp.asarray(X), 8, rng=rng, n_init=3)
    centres, labels = backend.to_numpy(centres), backend.to_numpy(labels)
    assert len({*zip(truth, labels, strict=True)}) == 8
    np.testing.assert_array_equal(labels, distances(X, centres).argmin(axis=1))
    assert inertia == pytest.approx(distances(X, centres).min(axis=1).sum(), rel=1e-12)


@pytest.mark.parametrize("value", [0.1, 1e8, -1e30])
def test_a_constant_column_of_any_size_changes_nothing(xp, rng, value):
    X, _ = blobs(rng)
    wide = xp.asarray(np.column_stack([X, np.full(len(X), value)]))
    plain, found = (kmeans(x, 7, rng=np.random.default_rng(5)) for x in (X, wide))
    np.testing.assert_array_equal(backend.to_numpy(found[1]), plain[1])
    np.testing.assert_array_equal(backend.to_numpy(found[0])[:, 3], value)
    assert found[2] == pytest.approx(plain[2], rel=1e-12)


@pytest.mark.parametrize("power", [-300, -120, -20, 20, 120, 300])
def test_the_unit_changes_no_label(xp, rng, power):
    X, _ = blobs(rng)
    plain, scaled = (
        kmeans(xp.asarray(x), 7, rng=np.random.default_rng(5)) for x in (X, np.ldexp(X, power))
    )
    centres, labels = (backend.to_numpy(found) for found in plain[:2])
    np.testing.assert_array_equal(backend.to_numpy(scaled[0]), np.ldexp(centres, power))
    np.testing.assert_array_equal(backend.to_numpy(scaled[1]), labels)
    assert scaled[2] == np.ldexp(plain[2], 2 * power)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_numbers_near_the_limit_of_their_dtype(rng, dtype):
    unit = float(np.finfo(dtype).max) / 6
    X, truth = blobs(rng)
    centres, labels, inertia = kmeans((X * unit).astype(dtype), 4, rng=rng, n_init=5)
    assert len({*zip(truth, labels, strict=True)}) == 4
    assert np.isfinite(centres).all()
    assert inertia == pytest.approx(distances(X, X.dtype.type(centres) / unit).min(1).sum()
                                    * unit**2, rel=1e-2)  # fmt: skip


def test_a_centre_that_loses_its_rows_moves_to_the_farthest_row(rng, monkeypatch):
    X = np.concatenate([rng.normal(0, 0.1, (30, 2)), [[9.0, 9.0]]])
    monkeypatch.setattr(module, "_plusplus", lambda *_: np.array([0, 0]))  # the same start twice
    centres, labels, _ = kmeans(X, 2, rng=rng)
    np.testing.assert_array_equal(np.bincount(labels, minlength=2), [30, 1])
    np.testing.assert_allclose(centres[labels[-1]], [9, 9])


def test_the_only_row_of_a_cluster_is_not_taken_from_it():
    labels = module._refill(np.array([0, 0, 1]), np.array([0.1, 0.2, 5.0]), 3)
    assert labels.tolist() == [0, 2, 1]


def test_more_starts_are_never_worse():
    X = np.random.default_rng(3).normal(0, 1, (200, 2))
    inertias = [kmeans(X, 8, rng=np.random.default_rng(0), n_init=n)[2] for n in (1, 10)]
    assert inertias[1] < inertias[0]


def test_the_seed_decides_and_the_data_are_left_alone(rng):
    X, _ = blobs(rng)
    before = X.copy()
    first, second = (kmeans(X, 7, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(X, before)


def test_the_start_prefers_rows_far_from_those_already_drawn():
    """Each of four distant pairs gets one of the four centres."""
    X = np.array([[0.0], [0.001], [10], [10.001], [20], [20.001], [30], [30.001]])
    for seed in range(20):
        rows = plusplus_rows(X, 4, rng=np.random.default_rng(seed))
        assert sorted(rows // 2) == [0, 1, 2, 3]


def test_the_start_is_drawn_in_proportion_to_the_squared_distance():
    """From 0, the rows at 1 and 2 are drawn with 1/5 and 4/5; from 2, the one at 0 with 4/5, …"""
    X = np.array([[0.0], [1.0], [2.0]])
    rng = np.random.default_rng(0)
    pairs = np.array([plusplus_rows(X, 2, rng=rng) for _ in range(3000)])
    second = pairs[pairs[:, 0] == 0, 1]
    assert len(second) / 3000 == pytest.approx(1 / 3, abs=0.04)
    assert (second == 2).mean() == pytest.approx(0.8, abs=0.04)


def test_the_start_never_draws_a_row_twice(xp):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = xp.asarray(rng.normal(0, 1, (3, 7)).repeat(3, axis=0))
        rows = backend.to_numpy(plusplus_rows(X, 9, rng=rng))
        assert sorted(rows) == list(range(9))


@pytest.mark.parametrize(
    ("X", "k", "words"),
    [
        (np.zeros((0, 3)), 1, "X is empty"),
        (np.zeros((3, 0)), 1, "X is empty"),
        (np.zeros(3), 1, "must be a table"),
        (np.zeros((2, 3)), 3, "2 rows, fewer than the 3"),
        (np.array([[1.0], [np.nan]]), 1, "NaN or infinite"),
        (np.array([[1.0], [np.inf]]), 1, "NaN or infinite"),
        (np.array([[1.0], [1e150]]), 1, "too large to be squared"),
        (np.array([[0.0], [1e-150]]), 1, "at most 1e-150, too little to be squared: scale X"),
        (np.array([[1.0, 0.0], [1.0, 1e-200]]), 1, "too little to be squared"),
        (np.array([["a"], ["b"]]), 1, "real numbers"),
        (np.zeros((2, 3)), 0, "n_clusters must be at least 1"),
    ],
)
@pytest.mark.parametrize("function", [kmeans, plusplus_rows])
def test_data_that_cannot_be_clustered_are_refused_in_a_sentence(function, X, k, words, rng):
    with pytest.raises(ValueError, match=words):
        function(X, k, rng=rng)


@pytest.mark.parametrize("settings", [{"n_init": 0}, {"max_iter": 0}])
def test_settings_below_one_are_refused(settings, rng):
    with pytest.raises(ValueError, match="at least 1"):
        kmeans(np.ones((3, 1)), 1, rng=rng, **settings)
