"""PCA: scikit-learn, the properties that define it, every backend, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import backend
from tinygan.models import pca
from tinygan.models.pca import PCA


def table(rng, n=200, d=6, offset=0.0, dtype=np.float64):
    return (rng.normal(0, 1, (n, d)) @ rng.normal(0, 1, (d, d)) + offset).astype(dtype)


@pytest.mark.parametrize("offset", [0.0, 1000.0, 1e6])
@pytest.mark.parametrize(("n", "d", "c"), [(200, 6, 3), (200, 6, 6), (5, 9, 4)])
def test_as_scikit_learn(rng, n, d, c, offset):
    decomposition = pytest.importorskip("sklearn.decomposition")
    X = table(rng, n, d, offset)
    ours, theirs = PCA(c).fit(X), decomposition.PCA(c, svd_solver="full").fit(X)
    np.testing.assert_allclose(ours.mean_, theirs.mean_, rtol=1e-12)
    signs = np.sign((ours.components_ * theirs.components_).sum(axis=1))[:, None]
    np.testing.assert_allclose(ours.components_, signs * theirs.components_, atol=1e-8)
    for name in ("explained_variance_", "explained_variance_ratio_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-8)
    z = ours.transform(X)
    np.testing.assert_allclose(z, theirs.transform(X) * signs.T, atol=1e-6)
    np.testing.assert_allclose(
        ours.inverse_transform(z), theirs.inverse_transform(theirs.transform(X)), rtol=1e-8
    )


@given(n=st.integers(3, 30), d=st.integers(1, 8), seed=st.integers(0, 99), data=st.data())
def test_the_axes_are_orthonormal_point_one_way_and_give_the_best_rebuilding(n, d, seed, data):
    c = data.draw(st.integers(1, min(n, d)))
    X = table(np.random.default_rng(seed), n, d)
    model = PCA(c).fit(X)
    axes = model.components_
    np.testing.assert_allclose(axes @ axes.T, np.eye(c), atol=1e-10)
    assert (axes[np.arange(c), np.abs(axes).argmax(axis=1)] > 0).all()
    assert (np.diff(model.explained_variance_) <= 1e-12).all()
    assert (model.explained_variance_ >= 0).all()
    z = model.transform(X)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(np.cov(z.T), np.diag(model.explained_variance_).squeeze(), atol=1e-9)
    error = ((model.inverse_transform(z) - X) ** 2).sum()
    smallest = (np.linalg.svd(X - X.mean(axis=0), compute_uv=False)[c:] ** 2).sum()
    np.testing.assert_allclose(error, smallest, atol=1e-8)
    assert 0 < model.explained_variance_ratio_.sum() <= 1 + 1e-12


@pytest.mark.parametrize(
    ("sizes", "rtol"), [([1, 1e-3, 1e-6], 1e-8), ([1e9, 1, 1e-2], 1e-3), ([1e12, 1, 1], 1e-2)]
)
def test_small_variances_beside_a_large_one_keep_their_digits(xp, rng, sizes, rtol):
    """Along axes that no column has, so that a covariance would have only the largest's digits."""
    decomposition = pytest.importorskip("sklearn.decomposition")
    X = rng.normal(0, 1, (50, 3)) * sizes @ np.linalg.qr(rng.normal(0, 1, (3, 3)))[0]
    ours, theirs = PCA(3).fit(xp.asarray(X)), decomposition.PCA(3, svd_solver="full").fit(X)
    variances = backend.to_numpy(ours.explained_variance_)
    np.testing.assert_allclose(variances, theirs.explained_variance_, rtol=rtol)
    cosines = (backend.to_numpy(ours.components_) * theirs.components_).sum(axis=1)
    np.testing.assert_allclose(np.abs(cosines), 1, rtol=rtol)


@pytest.mark.parametrize("power", [-300, -20, 20, 300])
def test_the_unit_changes_only_the_unit(xp, rng, power):
    X = table(rng)
    plain, scaled = PCA(3).fit(X), PCA(3).fit(xp.asarray(np.ldexp(X, power)))
    for name, factor in (("mean_", 1), ("components_", 0), ("explained_variance_", 2),
                         ("explained_variance_ratio_", 0)):  # fmt: skip
        expected = np.ldexp(getattr(plain, name), factor * power)
        np.testing.assert_allclose(backend.to_numpy(getattr(scaled, name)), expected, rtol=1e-9)


@pytest.mark.parametrize("value", [0.1, 1e8, -1e30])
def test_a_constant_column_of_any_size_has_no_variance(rng, value):
    X = table(rng, d=3)
    model, plain = PCA(3).fit(np.column_stack([X, np.full(len(X), value)])), PCA(3).fit(X)
    np.testing.assert_allclose(model.components_[:, :3], plain.components_, atol=1e-9)
    np.testing.assert_array_equal(model.components_[:, 3], 0)
    assert model.mean_[3] == value


def test_one_row_far_out_takes_the_first_axis_and_leaves_the_next(rng):
    X = np.concatenate([table(rng, d=3), [[1e12, 0, 0]]])
    model, others = PCA(3).fit(X), PCA(2).fit(X[:, 1:])
    assert model.components_[0, 0] == pytest.approx(1)
    found, expected = model.explained_variance_[1:], others.explained_variance_
    np.testing.assert_allclose(found, expected, rtol=0.02)


def test_a_result_beyond_the_dtype_is_refused(rng):
    X = (table(rng) * 1e38).clip(-3e38, 3e38).astype(np.float32)
    model = PCA(6).fit(X)
    with pytest.raises(ValueError, match=r"e\+38 is beyond float32: convert X to float64"):
        model.transform(X)
    assert np.isfinite(model.transform(X.astype(np.float64))).all()
    with pytest.raises(ValueError, match="is beyond float32: convert X to float64"):
        model.inverse_transform(np.full((1, 6), 3e38, np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_every_backend_gives_the_same_and_keeps_the_datas_dtype(xp, rng, dtype):
    X = table(rng, offset=100, dtype=dtype)
    there, here = PCA(3).fit(xp.asarray(X)), PCA(3).fit(X)
    for name in ("mean_", "components_", "explained_variance_", "explained_variance_ratio_"):
        value = getattr(there, name)
        assert backend.array_module(value) is xp
        assert value.dtype == np.float64
        np.testing.assert_allclose(backend.to_numpy(value), getattr(here, name), rtol=1e-7)
    z = there.transform(xp.asarray(X))
    again = there.inverse_transform(z)
    assert backend.array_module(again) is xp
    assert z.dtype == again.dtype == (np.float64 if dtype == np.uint8 else dtype)
    np.testing.assert_allclose(backend.to_numpy(z), here.transform(X), rtol=1e-5, atol=1e-5)


def test_float32_far_from_zero_keeps_its_axes(rng):
    X = (table(rng) * 0.1 + 1000).astype(np.float32)
    single, double = PCA(2).fit(X), PCA(2).fit(X.astype(np.float64))
    np.testing.assert_array_equal(single.components_, double.components_)


def test_blocks_of_any_size_give_the_same_and_the_data_are_left_alone(rng, monkeypatch):
    X = table(rng)
    before, whole = X.copy(), PCA(4).fit(X)
    monkeypatch.setattr(pca, "_BLOCK", 50)
    np.testing.assert_allclose(PCA(4).fit(X).components_, whole.components_, atol=1e-10)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize(
    ("X", "c", "words"),
    [
        (np.zeros((0, 3)), 1, "X is empty"),
        (np.zeros(3), 1, "must be a table"),
        (np.ones((1, 3)), 1, "1 rows, fewer than the 2"),
        (np.eye(3)[:2], 3, "n_components is 3 but X has 2 rows and 3 columns: it can be at most 2"),
        (np.eye(3)[:, :2], 3, "it can be at most 2"),
        (np.array([[1.0], [np.nan]]), 1, "NaN or infinite"),
        (np.full((9, 2), 0.1), 1, "all 9 rows of X are equal"),
        (np.eye(3) * 1e150, 1, "too large to be squared: scale X"),
        (np.eye(3) * 1e-150, 1, "too little to be squared: scale X"),
        (np.eye(3) * 1e-300, 1, "too little to be squared: scale X"),
    ],
)
def test_data_that_cannot_be_fitted_are_refused_in_a_sentence(X, c, words):
    with pytest.raises(ValueError, match=words):
        PCA(c).fit(X)


def test_what_is_asked_of_a_model_is_checked(rng):
    with pytest.raises(ValueError, match="n_components must be at least 1, got 0"):
        PCA(0)
    model = PCA(2)
    for method in (model.transform, model.inverse_transform):
        with pytest.raises(ValueError, match="not fitted yet: call fit first"):
            method(np.ones((2, 2)))
    model.fit(table(rng))
    with pytest.raises(ValueError, match="5 columns but the model was fitted to 6"):
        model.transform(np.ones((2, 5)))
    with pytest.raises(ValueError, match="6 columns but the model was fitted to 2"):
        model.inverse_transform(np.ones((2, 6)))
    with pytest.raises(ValueError, match="NaN or infinite"):
        model.transform(np.full((2, 6), np.nan))


def test_no_variance_is_negative_where_rounding_alone_is_left(rng):
    X = rng.normal(0, 1, (30, 1)) @ rng.normal(0, 1, (1, 8))
    model = PCA(8).fit(X)
    assert (model.explained_variance_ >= 0).all()
    assert model.explained_variance_ratio_[0] == pytest.approx(1)
