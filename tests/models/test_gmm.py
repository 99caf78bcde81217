"""The Gaussian mixture: scikit-learn from the same start, EM's properties, and refused input."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import backend
from tinygan.models import gmm
from tinygan.models.gmm import COVARIANCE_TYPES, ConvergenceWarning, GaussianMixture

every_type = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)


def clouds(rng, n=600, d=4, k=3, offset=0.0, apart=4.0):
    """Rows of k clouds that overlap a little, each with its own covariance."""
    label = rng.integers(0, k, n)
    shapes = rng.normal(0, 1, (k, d, d)) / np.sqrt(d) + np.eye(d)
    means = rng.normal(0, apart, (k, d)) + offset
    return means[label] + np.einsum("nd,nde->ne", rng.normal(0, 1, (n, d)), shapes[label])


def start(rng, X, k, covariance_type):
    """Initial values for both: rows of X as means, and the precision of the data."""
    d = X.shape[1]
    precision = np.linalg.inv(np.cov(X.T).reshape(d, d))
    return {
        "weights_init": np.full(k, 1 / k),
        "means_init": X[rng.choice(len(X), k, replace=False)],
        "precisions_init": {
            "full": np.tile(precision, (k, 1, 1)),
            "tied": precision,
            "diag": np.tile(np.diag(precision), (k, 1)),
            "spherical": np.full(k, np.trace(precision) / d),
        }[covariance_type],
    }


def reference(model, X):
    """log N(x; μ_k, Σ_k) + log w_k as (N, K), by inverse and determinant."""
    d = X.shape[1]
    columns = []
    for k, mean in enumerate(model.means_):
        covariance = {
            "full": lambda k: model.covariances_[k],
            "tied": lambda k: model.covariances_,
            "diag": lambda k: np.diag(model.covariances_[k]),
            "spherical": lambda k: model.covariances_[k] * np.eye(d),
        }[model.covariance_type](k)
        away = X - mean
        squares = np.einsum("nd,de,ne->n", away, np.linalg.inv(covariance), away)
        log_det = np.linalg.slogdet(2 * np.pi * covariance)[1]
        columns.append(np.log(model.weights_[k]) - 0.5 * (log_det + squares))
    return np.stack(columns, axis=1)


# scikit-learn


def assert_same(ours, theirs, X):
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.converged_ == theirs.converged_
    assert ours.lower_bound_ == ours.lower_bounds_[-1] == pytest.approx(theirs.lower_bound_)
    np.testing.assert_allclose(ours.lower_bounds_, theirs.lower_bounds_, rtol=1e-9)
    for name in ("weights_", "means_", "covariances_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), rtol=1e-7)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-7)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    for name in ("score", "bic", "aic"):
        assert getattr(ours, name)(X) == pytest.approx(getattr(theirs, name)(X), rel=1e-8)


def covariances_of(covariance_type, parts):
    """The covariances of rows that are already sorted into components, parts, from differences."""
    full = np.stack([np.cov(part.T, bias=True) for part in parts])
    return {
        "full": full,
        "tied": np.average(full, axis=0, weights=[len(part) for part in parts]),
        "diag": np.diagonal(full, axis1=1, axis2=2),
        "spherical": np.trace(full, axis1=1, axis2=2) / full.shape[1],
    }[covariance_type]


@every_type
@pytest.mark.parametrize("offset", [0.0, 30.0])
def test_as_scikit_learn_from_the_same_start(rng, covariance_type, offset):
    mixture = pytest.importorskip("sklearn.mixture")
    X = clouds(rng, offset=offset)
    common = {"covariance_type": covariance_type, "max_iter": 200, "tol": 1e-4}
    common |= start(rng, X, 3, covariance_type)
    ours = GaussianMixture(3, rng=rng, **common).fit(X)
    theirs = mixture.GaussianMixture(3, **common).fit(X)
    assert theirs.n_iter_ > 3
    assert_same(ours, theirs, X)


@every_type
def test_as_scikit_learn_from_the_clusters_of_k_means(rng, covariance_type):
    """Clusters so clear that both k-means agree, except for the order of the components."""
    mixture = pytest.importorskip("sklearn.mixture")
    X = clouds(rng, apart=30.0)
    ours = GaussianMixture(3, covariance_type=covariance_type, rng=rng).fit(X)
    theirs = mixture.GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), rtol=1e-7)
    order, their_order = (np.argsort(model.means_[:, 0]) for model in (ours, theirs))
    np.testing.assert_allclose(ours.means_[order], theirs.means_[their_order], rtol=1e-8)
    np.testing.assert_allclose(ours.weights_[order], theirs.weights_[their_order], rtol=1e-8)


@every_type
def test_as_scikit_learn_with_a_column_that_never_changes(rng, covariance_type):
    mixture = pytest.importorskip("sklearn.mixture")
    X = np.concatenate([clouds(rng), np.full((600, 1), 0.25)], axis=1)
    common = {"covariance_type": covariance_type, "means_init": X[:2], "reg_covar": 1e-3}
    common["weights_init"] = np.array([0.5, 0.5])
    d = X.shape[1]
    common["precisions_init"] = {
        "full": np.tile(np.eye(d), (2, 1, 1)),
        "tied": np.eye(d),
        "diag": np.ones((2, d)),
        "spherical": np.ones(2),
    }[covariance_type]
    ours = GaussianMixture(2, rng=rng, **common).fit(X)
    assert_same(ours, mixture.GaussianMixture(2, **common).fit(X), X)


@every_type
@pytest.mark.parametrize("scale", [1e-95, 1e-40, 1e-10, 1e10, 1e95])
def test_as_scikit_learn_at_every_scale(rng, covariance_type, scale):
    mixture = pytest.importorskip("sklearn.mixture")
    X = clouds(rng) * scale
    common = {"covariance_type": covariance_type, "max_iter": 30, "tol": 1e-4, "reg_covar": 0.0}
    common |= start(rng, X, 3, covariance_type)
    ours = GaussianMixture(3, rng=rng, **common).fit(X)
    theirs = mixture.GaussianMixture(3, **common).fit(X)
    assert ours.n_iter_ == theirs.n_iter_ > 3
    np.testing.assert_allclose(ours.means_ / scale, theirs.means_ / scale, rtol=1e-7)
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), rtol=1e-9)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("covariance_type", ["full", "tied"])
@pytest.mark.parametrize("apart", [1e2, 1e4, 1e6, 1e8, 1e10])
def test_densities_as_scikit_learns_however_far_apart_the_components(rng, covariance_type, apart):
    """Only those that scikit-learn computes from differences: the other two lose digits there."""
    mixture = pytest.importorskip("sklearn.mixture")
    parts = [clouds(rng, 100, k=1, offset=offset) for offset in (0.0, apart)]
    ours = GaussianMixture(2, covariance_type=covariance_type, rng=rng)
    ours.set_parameters(
        np.array([0.5, 0.5]),
        np.stack([part.mean(axis=0) for part in parts]),
        covariances_of(covariance_type, parts),
    )
    theirs = mixture.GaussianMixture(2, covariance_type=covariance_type)
    for name in ("weights_", "means_", "covariances_", "precisions_cholesky_"):
        setattr(theirs, name, getattr(ours, name))
    X = np.concatenate(parts)
    rtol = max(1e-9, 1e-15 * apart)  # of theirs: they subtract after multiplying
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), rtol=rtol)


def test_complete_initial_values_use_no_random_numbers(rng):
    X = clouds(rng)
    values = start(rng, X, 3, "full")
    before = rng.bit_generator.state
    GaussianMixture(3, rng=rng, **values).fit(X)
    assert rng.bit_generator.state == before


# Properties of EM


@every_type
@given(n=st.integers(10, 40), d=st.integers(1, 4), k=st.integers(1, 3), seed=st.integers(0, 99))
def test_the_densities_are_those_of_the_definition(covariance_type, n, d, k, seed):
    rng = np.random.default_rng(seed)
    X = clouds(rng, n, d, k)
    model = GaussianMixture(
        k, covariance_type=covariance_type, rng=rng, max_iter=2, tol=1e9, reg_covar=1e-2
    ).fit(X)
    joint = reference(model, X)
    log_p = np.logaddexp.reduce(joint, axis=1)
    np.testing.assert_allclose(model.score_samples(X), log_p, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(model.predict_proba(X), np.exp(joint - log_p[:, None]), atol=1e-7)
    np.testing.assert_array_equal(model.predict(X), model.predict_proba(X).argmax(axis=1))


@every_type
@given(seed=st.integers(0, 99), k=st.integers(1, 4))
def test_no_iteration_lowers_the_likelihood(covariance_type, seed, k):
    rng = np.random.default_rng(seed)
    X = clouds(rng, 60, 2, 3)
    weights, means = np.full(k, 1 / k), X[:k]
    covariances = gmm.m_step(X, np.full((60, k), 1 / k), 0.0, covariance_type)[2]
    bounds = []
    for _ in range(6):
        factors = gmm.precisions_cholesky(covariances, covariance_type)
        log_p, resp = gmm.e_step(X, weights, means, factors, covariance_type)
        np.testing.assert_allclose(resp.sum(axis=1), 1)
        bounds.append(log_p.mean())
        weights, means, covariances = gmm.m_step(X, resp, 0.0, covariance_type)
    assert np.all(np.diff(bounds) > -1e-10)


@every_type
def test_blocks_of_any_size_give_the_same(rng, covariance_type, monkeypatch):
    X = clouds(rng, 101)
    whole = GaussianMixture(3, covariance_type=covariance_type, rng=np.random.default_rng(1)).fit(X)
    monkeypatch.setattr(gmm, "_BLOCK", 10 * X.shape[1])
    parts = GaussianMixture(3, covariance_type=covariance_type, rng=np.random.default_rng(1)).fit(X)
    np.testing.assert_allclose(parts.covariances_, whole.covariances_, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(parts.score_samples(X), whole.score_samples(X), rtol=1e-8)


def test_points_far_from_every_component_have_finite_densities(rng):
    model = GaussianMixture(2, rng=rng).fit(clouds(rng))
    far = np.full((1, 4), 1e6)
    assert np.isfinite(model.score_samples(far)).all()
    np.testing.assert_allclose(model.predict_proba(far).sum(axis=1), 1)


@every_type
@pytest.mark.parametrize("offset", [2**20, 2**23])
def test_far_from_zero_the_fit_is_the_same(rng, covariance_type, offset):
    """Squares of numbers near 2²⁰ have steps of 2e-4, more than the differences of variance."""
    X = clouds(rng, apart=0.4).astype(np.float32) * np.float32(2**-6)  # exact when moved
    near, far = (
        GaussianMixture(
            2, rng=np.random.default_rng(0), covariance_type=covariance_type, max_iter=9, tol=0.1
        ).fit(x)
        for x in (X, X.astype(np.float64) + offset)
    )
    np.testing.assert_allclose(far.covariances_, near.covariances_, rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(
        far.score_samples(X.astype(np.float64) + offset), near.score_samples(X), rtol=1e-6
    )


@every_type
def test_a_component_far_from_all_rows_does_no_harm(rng, covariance_type):
    X = clouds(rng)
    values = start(rng, X, 2, covariance_type)
    values["means_init"][1] = 1e6
    model = GaussianMixture(2, rng=rng, covariance_type=covariance_type, **values).fit(X)
    assert model.weights_[1] < 1e-9
    assert model.score(X) == pytest.approx(
        GaussianMixture(covariance_type=covariance_type, rng=rng).fit(X).score(X)
    )


@every_type
@pytest.mark.parametrize("apart", [1e2, 900.0, 1e4, 1e6, 1e8, 1e10])
def test_components_far_apart_are_those_of_their_rows(xp, rng, covariance_type, apart):
    """In units of σ. The squares of such distances have no digit left for a variance of 1."""
    parts = [clouds(rng, n, 3, 1, offset=offset) for n, offset in ((90, 0.0), (60, apart))]
    X = np.concatenate(parts)
    model = GaussianMixture(2, covariance_type=covariance_type, reg_covar=0.0, rng=rng)
    model.fit(xp.asarray(X))
    order = np.argsort(backend.to_numpy(model.means_)[:, 0])
    weights, means, covariances = (
        backend.to_numpy(a) for a in (model.weights_, model.means_, model.covariances_)
    )
    np.testing.assert_allclose(weights[order], [0.6, 0.4])
    np.testing.assert_allclose(means[order], [part.mean(axis=0) for part in parts], rtol=1e-10)
    expected = covariances_of(covariance_type, parts)
    found = covariances if covariance_type == "tied" else covariances[order]
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)
    host = GaussianMixture(2, covariance_type=covariance_type, rng=rng)
    host.set_parameters(weights, means, covariances)
    log_p = np.logaddexp.reduce(reference(host, X), axis=1)
    found = backend.to_numpy(model.score_samples(xp.asarray(X)))
    np.testing.assert_allclose(found, log_p, rtol=1e-9)


@pytest.mark.parametrize("sizes", [[1.0, 1e5], [1e5, 1.0], [1.0, 1.0]])
def test_a_tied_covariance_loses_no_digits_in_directions_that_no_column_has(rng, sizes):
    """The means are apart along (1, 1), where σ is sizes[0]; along (1, −1) it is sizes[1]."""
    turn = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    parts = [rng.normal(0, 1, (100, 2)) * sizes @ turn + at for at in (-1e7, 1e7)]
    X = np.concatenate(parts)
    model = GaussianMixture(2, covariance_type="tied", reg_covar=0.0, rng=rng).fit(X)
    found = np.linalg.eigvalsh(model.covariances_)
    expected = np.linalg.eigvalsh(covariances_of("tied", parts))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("selected", [300, 4])
def test_the_scatter_within_is_the_sum_of_the_components(xp, rng, selected):
    """For responsibilities that are shared, and of a start from a few rows and none of the rest."""
    X, means = clouds(rng, 300), clouds(rng, 3)
    resp = rng.dirichlet(np.ones(3), 300)
    resp[selected:] = 0
    found = gmm._scatter_within(*(xp.asarray(a) for a in (X, resp, means)), gmm._same)
    expected = sum(
        np.einsum("n,nd,ne->de", r, X - mean, X - mean)
        for r, mean in zip(resp.T, means, strict=True)
    )
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=1e-10)


@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])  # not the common one
@pytest.mark.parametrize("far", [1e6, 1e12, 1e50])
def test_one_row_far_out_changes_nothing_for_the_others(rng, covariance_type, far):
    X = clouds(rng, 300, 3, 2, apart=20.0)
    settings = {"covariance_type": covariance_type, "reg_covar": 1e-3}
    alone = GaussianMixture(2, rng=np.random.default_rng(0), **settings).fit(X)
    X_and_row = np.concatenate([X, [[far, -far, 0]]])
    model = GaussianMixture(3, rng=np.random.default_rng(0), **settings).fit(X_and_row)
    others = model.score_samples(X) - np.log(300 / 301)
    np.testing.assert_allclose(others, alone.score_samples(X), rtol=1e-7)
    row_alone = -np.log(301) - 1.5 * np.log(2 * np.pi * 1e-3)
    assert model.score_samples(X_and_row[-1:])[0] == pytest.approx(row_alone)


@every_type
@pytest.mark.parametrize("value", [0.1, 1e8, -1e30])
def test_a_constant_column_of_any_size_adds_a_constant(rng, covariance_type, value):
    X, reg = clouds(rng), 1e-2
    settings = {"covariance_type": covariance_type, "reg_covar": reg, "max_iter": 500}
    settings["init_params"] = "random_from_data"
    with_column = np.concatenate([X, np.full((600, 1), value)], axis=1)
    plain, wide = (
        GaussianMixture(2, rng=np.random.default_rng(0), **settings).fit(x)
        for x in (np.concatenate([X, np.zeros((600, 1))], axis=1), with_column)
    )
    np.testing.assert_allclose(wide.score_samples(with_column), plain.score_samples(
        np.concatenate([X, np.zeros((600, 1))], axis=1)), rtol=1e-7)  # fmt: skip


@pytest.mark.parametrize("covariance_type", ["diag", "spherical"])
def test_a_variance_is_never_below_reg_covar(rng, covariance_type):
    X = np.repeat(rng.normal(0, 1e7, (6, 3)), 20, axis=0)  # six points: variances of rounding only
    model = GaussianMixture(6, covariance_type=covariance_type, n_init=3, rng=rng).fit(X)
    assert model.covariances_.min() >= 1e-6


@every_type
def test_float32_far_from_zero_keeps_its_covariance(rng, covariance_type):
    """Float32 squares near 1,000² have steps of 0.06, more than a variance of 0.01."""
    X = (clouds(rng, apart=0.4) * 0.1 + 1000).astype(np.float32)
    settings = {"covariance_type": covariance_type, "max_iter": 5, "tol": 0.1}
    single, double = (
        GaussianMixture(2, rng=np.random.default_rng(0), **settings).fit(x)
        for x in (X, X.astype(np.float64))
    )
    np.testing.assert_array_equal(single.covariances_, double.covariances_)
    assert single.score_samples(X).dtype == single.means_.dtype == np.float64
    spread = X.astype(np.float64).var(axis=0).mean()
    covariance = single.covariances_
    trace = {
        "full": lambda: np.trace(covariance, axis1=1, axis2=2).mean() / 4,
        "tied": lambda: np.trace(covariance) / 4,
        "diag": lambda: covariance.mean(),
        "spherical": lambda: covariance.mean(),
    }[covariance_type]()
    assert 0.3 * spread < trace <= 1.1 * spread


@pytest.mark.parametrize("init_params", gmm.INIT_PARAMS)
@every_type
def test_every_start_finds_clear_clouds(init_params, covariance_type):
    rng = np.random.default_rng(4)
    truth = np.repeat([0, 1, 2], 100)
    X = np.array([[0.0, 0], [20, 0], [0, 20]])[truth] + rng.normal(0, 1, (300, 2))
    settings = {"covariance_type": covariance_type, "init_params": init_params}
    model = GaussianMixture(3, n_init=8, reg_covar=0.1, rng=rng, **settings).fit(X)
    assert model.converged_
    np.testing.assert_allclose(model.weights_, 1 / 3, atol=1e-6)
    found = model.predict(X)
    assert len({*zip(truth, found, strict=True)}) == 3


def test_starts_from_rows_are_rows_of_the_data(rng):
    X = clouds(rng, 50)
    for init_params in ("k-means++", "random_from_data"):
        model = GaussianMixture(4, init_params=init_params, rng=rng)
        _, means, _ = model._start(X)
        assert all((np.abs(X - mean).max(axis=1) < 1e-9).any() for mean in means)
    X = clouds(rng, 7)
    model = GaussianMixture(7, init_params="random_from_data", rng=rng)
    np.testing.assert_allclose(np.sort(model._start(X)[1], axis=0), np.sort(X, axis=0))


def test_the_best_of_several_starts_is_kept():
    X = clouds(np.random.default_rng(2), 200, 2, 6)
    settings = {"init_params": "random_from_data", "reg_covar": 0.05, "max_iter": 300}
    rng = np.random.default_rng(0)
    singles = [GaussianMixture(6, rng=rng, **settings).fit(X).lower_bound_ for _ in range(6)]
    rng = np.random.default_rng(0)
    best = GaussianMixture(6, n_init=6, rng=rng, **settings).fit(X)
    assert best.lower_bound_ == max(singles)
    assert max(singles) > min(singles)
    assert best.score(X) == pytest.approx(best.lower_bound_, abs=2e-3)


def test_too_few_iterations_warn_and_the_fit_can_be_used(rng):
    X = clouds(rng)
    with pytest.warns(ConvergenceWarning, match="has not converged in 2 iterations"):
        model = GaussianMixture(3, max_iter=2, tol=0.0, rng=rng).fit(X)
    assert issubclass(ConvergenceWarning, UserWarning)
    assert (model.converged_, model.n_iter_) == (False, 2)
    assert np.isfinite(model.score(X))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert GaussianMixture(3, rng=rng).fit(X).converged_


# Samples


@every_type
def test_samples_have_the_mixtures_moments(rng, covariance_type):
    X = clouds(rng)
    model = GaussianMixture(3, covariance_type=covariance_type, rng=rng).fit(X)
    drawn, labels = model.sample(40_000)
    assert drawn.shape == (40_000, 4)
    np.testing.assert_allclose(np.bincount(labels) / 40_000, model.weights_, atol=0.015)
    for k in range(3):
        mine = drawn[labels == k]
        covariance = {
            "full": lambda k: model.covariances_[k],
            "tied": lambda k: model.covariances_,
            "diag": lambda k: np.diag(model.covariances_[k]),
            "spherical": lambda k: model.covariances_[k] * np.eye(4),
        }[covariance_type](k)
        scale = np.sqrt(np.trace(covariance))
        np.testing.assert_allclose(mine.mean(axis=0), model.means_[k], atol=0.05 * scale)
        np.testing.assert_allclose(np.cov(mine.T), covariance, atol=0.02 * scale**2)
    assert model.score(drawn) == pytest.approx(model.score(model.sample(40_000)[0]), abs=0.05)


def test_the_seed_decides_the_fit_and_the_samples():
    X = clouds(np.random.default_rng(0))
    first, second = (GaussianMixture(3, rng=np.random.default_rng(7)).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.means_, second.means_)
    np.testing.assert_array_equal(first.sample(9)[0], second.sample(9)[0])
    assert not np.array_equal(first.sample(9)[0], second.sample(8)[0])


@pytest.mark.parametrize(
    ("dtype", "drawn"), [(np.float32, np.float32), (np.float64, np.float64), (np.uint8, np.float64)]
)
def test_samples_have_the_dtype_of_the_data(rng, dtype, drawn):
    X = (clouds(rng) * 5 + 100).astype(dtype)
    assert GaussianMixture(2, rng=rng).fit(X).sample(3)[0].dtype == drawn


def test_a_mixture_that_was_never_fitted_can_be_given_its_parameters(rng):
    fitted = GaussianMixture(3, rng=np.random.default_rng(1)).fit(clouds(rng))
    given = GaussianMixture(3, rng=np.random.default_rng(1))
    fitted.rng = np.random.default_rng(1)
    for name in ("weights_", "means_", "covariances_"):
        setattr(given, name, getattr(fitted, name))
    np.testing.assert_array_equal(given.sample(9)[0], fitted.sample(9)[0])


# Devices


@every_type
@pytest.mark.parametrize("init_params", gmm.INIT_PARAMS)
def test_fit_and_sample_on_every_backend(xp, rng, covariance_type, init_params):
    X = clouds(rng, 80, 3).astype(np.float32)
    settings = {"covariance_type": covariance_type, "init_params": init_params, "reg_covar": 1e-3}
    there, here = (
        GaussianMixture(2, rng=np.random.default_rng(3), **settings).fit(x)
        for x in (xp.asarray(X), X)
    )
    for name in ("weights_", "means_", "covariances_"):
        value = getattr(there, name)
        assert backend.array_module(value) is xp
        np.testing.assert_allclose(backend.to_numpy(value), getattr(here, name), rtol=1e-6)
    assert there.score(xp.asarray(X)) == pytest.approx(here.score(X), rel=1e-7)
    assert there.bic(xp.asarray(X)) == pytest.approx(here.bic(X), rel=1e-7)
    drawn, labels = there.sample(50)
    assert backend.array_module(drawn) is backend.array_module(labels) is xp
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(backend.to_numpy(drawn), here.sample(50)[0], rtol=1e-4, atol=1e-5)
    labels = backend.to_numpy(there.predict(drawn))
    np.testing.assert_array_equal(labels, here.predict(backend.to_numpy(drawn)))


def test_initial_values_may_be_on_the_host_or_the_device(xp, rng):
    X = clouds(rng, 80)
    values = start(rng, X, 2, "full")
    fits = [
        GaussianMixture(2, rng=rng, **{k: move(v) for k, v in values.items()}).fit(xp.asarray(X))
        for move in (np.asarray, xp.asarray)
    ]
    assert fits[0].lower_bound_ == fits[1].lower_bound_


# What is refused


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.zeros((0, 3)), "X is empty"),
        (np.zeros(3), "must be a table"),
        (np.array([[1.0], [2.0]]), "2 rows, fewer than the 3"),
        (np.array([[1.0], [2.0], [np.nan]]), "NaN or infinite"),
        (np.array([[1.0], [2.0], [-np.inf]]), "NaN or infinite"),
        (np.full((9, 2), 7.0), "all 9 rows of X are equal"),
    ],
)
def test_data_that_cannot_be_fitted_are_refused_in_a_sentence(rng, X, words):
    with pytest.raises(ValueError, match=words):
        GaussianMixture(3, rng=rng).fit(X)


def test_one_row_has_no_spread(rng):
    with pytest.raises(ValueError, match="1 rows, fewer than the 2"):
        GaussianMixture(rng=rng).fit(np.ones((1, 2)))


@every_type
def test_a_covariance_that_cannot_be_factorised_names_the_remedy(rng, covariance_type):
    X = np.concatenate([np.zeros((5, 2)), np.ones((5, 2)) * [1, 0]])  # each component a point
    with pytest.raises(ValueError, match="raise reg_covar, or use fewer components"):
        GaussianMixture(2, reg_covar=0.0, covariance_type=covariance_type, rng=rng).fit(X)
    GaussianMixture(2, covariance_type=covariance_type, rng=rng).fit(X)


@every_type
@pytest.mark.parametrize("init_params", gmm.INIT_PARAMS)
@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e110, 1e300])
def test_numbers_that_cannot_be_squared_are_refused(rng, covariance_type, init_params, scale):
    model = GaussianMixture(
        2, covariance_type=covariance_type, init_params=init_params, reg_covar=0.0, rng=rng
    )
    says = "too small: raise reg_covar|too little to be squared: scale X|squared: scale X"
    with pytest.raises(ValueError, match=says):
        model.fit(clouds(rng) * scale)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag"])
def test_a_variance_that_has_lost_its_digits_is_refused(rng, covariance_type):
    X = clouds(rng) * [1, 1, 1, 1e-155]
    model = GaussianMixture(2, covariance_type=covariance_type, reg_covar=0.0, rng=rng)
    with pytest.raises(ValueError, match=r"variance is \S*e-3\d\d, too small: raise reg_covar"):
        model.fit(X)


@every_type
def test_rows_too_far_away_for_a_density_are_refused(rng, covariance_type):
    X = clouds(rng) * 1e-80
    model = GaussianMixture(2, covariance_type=covariance_type, reg_covar=0.0, rng=rng).fit(X)
    assert np.isfinite(model.score_samples(X * 1e80)).all()
    for ask in (model.score_samples, model.predict, model.predict_proba, model.bic):
        with pytest.raises(ValueError, match=r"too far from every component: .* scale X"):
            ask(X * 1e175)
    values = start(rng, X, 2, covariance_type)
    values["means_init"] = values["means_init"] + 1e95
    with pytest.raises(ValueError, match="too far from every component"):
        GaussianMixture(2, covariance_type=covariance_type, rng=rng, **values).fit(X)


def test_float32_near_its_limit_is_fitted_and_samples_beyond_it_are_refused(rng):
    X = (clouds(rng, k=1, apart=0.0) * 1e38).clip(-3e38, 3e38).astype(np.float32)
    model = GaussianMixture(1, rng=rng).fit(X)
    np.testing.assert_allclose(model.means_[0], X.astype(np.float64).mean(axis=0), rtol=1e-9)
    with pytest.raises(ValueError, match=r"a result of .*e\+38 is beyond float32: convert X to"):
        model.sample(1000)


@pytest.mark.parametrize(
    "ask", ["score_samples", "score", "predict", "predict_proba", "bic", "aic", "sample"]
)
def test_an_unfitted_model_says_so(rng, ask):
    with pytest.raises(ValueError, match="not fitted yet: call fit first"):
        getattr(GaussianMixture(rng=rng), ask)(np.ones((2, 2)) if ask != "sample" else 1)


def test_what_is_asked_of_a_fitted_model_is_checked(rng):
    model = GaussianMixture(2, rng=rng).fit(clouds(rng))
    with pytest.raises(ValueError, match="5 columns but the model was fitted to 4"):
        model.predict(np.ones((2, 5)))
    with pytest.raises(ValueError, match="NaN or infinite"):
        model.score(np.full((2, 4), np.nan))
    with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
        model.sample(0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"covariance_type": "round"}, "unknown covariance_type 'round': choose one of full, tied"),
        ({"init_params": "guess"}, "unknown init_params 'guess': choose one of kmeans"),
        ({"n_components": 0}, "n_components must be at least 1, got 0"),
        ({"max_iter": 0}, "max_iter must be at least 1, got 0"),
        ({"n_init": 0}, "n_init must be at least 1, got 0"),
        ({"tol": -1.0}, "tol must be"),
        ({"reg_covar": float("nan")}, "reg_covar must be"),
    ],
)
def test_settings_out_of_range_are_refused(rng, settings, words):
    with pytest.raises(ValueError, match=words):
        GaussianMixture(rng=rng, **settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"means_init": np.zeros((2, 3))},
            r"means_init must be finite and have the shape \(2, 4\)",
        ),
        ({"weights_init": np.array([0.9, 0.9])}, "weights_init must be above 0 and sum to 1"),
        ({"weights_init": np.array([1.0, 0.0])}, "weights_init must be above 0 and sum to 1"),
        ({"precisions_init": -np.tile(np.eye(4), (2, 1, 1))}, "must be positive definite"),
        ({"precisions_init": np.zeros((2, 4)), "covariance_type": "diag"}, "must be above 0"),
    ],
)
def test_invalid_initial_values_are_refused(rng, settings, words):
    with pytest.raises(ValueError, match=words):
        GaussianMixture(2, rng=rng, **settings).fit(clouds(rng))


def test_the_data_are_left_alone(rng):
    X = clouds(rng)
    before = X.copy()
    GaussianMixture(2, rng=rng).fit(X).score(X)
    np.testing.assert_array_equal(X, before)
