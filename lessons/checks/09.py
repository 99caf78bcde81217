"""What must hold of the functions in exercises/09.py."""

import warnings

import numpy as np


def log_sum_exp(answer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for a, wanted in (
            ([0.0, np.log(3)], np.log(4)),
            ([-1000.0, -1000], -1000 + np.log(2)),
            ([1000.0, 999], 1000.3132617),
            ([-2000.0, 0], 0.0),
        ):
            found = answer(np.array(a))
            assert np.isclose(found, wanted), (
                f"of [{a[0]:g}, {a[1]:g}] it says {found:.4f}, and it is {wanted:.4f}"
            )


def one_turn(answer):
    rng = np.random.default_rng(0)
    z = np.concatenate([rng.normal(-2, 0.5, 300), rng.normal(3, 1, 700)])
    all_of_it = answer(z, np.ones(1), np.array([9.0]), np.array([4.0]))
    assert np.isclose(all_of_it[0][0], 1), f"one Gaussian: its weight is {all_of_it[0][0]}"
    assert np.isclose(all_of_it[1][0], z.mean()), "one Gaussian: the mean is that of all data"
    assert np.isclose(all_of_it[2][0], z.var()), "one Gaussian: are deviations from the new mean?"
    found = np.array([0.2, 0.8]), np.array([-1.0, 1.0]), np.array([1.0, 4.0])
    wanted = _turn(z, *found)
    found = answer(z, *found)
    assert all(np.shape(a) == (2,) for a in found), "w, mu and var should be (2,), one for each k"
    assert np.isclose(found[0].sum(), 1), f"the weights add up to {found[0].sum():.3f}"
    assert np.allclose(found[0], wanted[0]), (
        "E: r is a share of w N; is the width in N in front too?"
    )
    assert np.allclose(found[1], wanted[1]), "M, means: r-weighted, divided by N_k"
    assert np.allclose(found[2], wanted[2]), "M, variances: around the new means, divided by N_k"
    for _ in range(60):
        found = answer(z, *found)
    wanted = [0.3, 0.7], [-2, 3], [0.25, 1]
    for name, mine, right in zip(("weights", "means", "variances"), found, wanted, strict=True):
        assert np.allclose(mine, right, atol=0.12), f"after 60 turns the {name} are {mine}"


def _turn(z, w, mu, var):
    densities = w * np.exp(-((z[:, None] - mu) ** 2) / (2 * var)) / np.sqrt(2 * np.pi * var)
    r = densities / densities.sum(axis=1, keepdims=True)
    mu = r.T @ z / r.sum(axis=0)
    return r.mean(axis=0), mu, (r * (z[:, None] - mu) ** 2).sum(axis=0) / r.sum(axis=0)


def draws(answer):
    mu, S = np.array([1.0, -2, 0]), np.array([[4.0, 1.2, 0], [1.2, 1, 0.3], [0, 0.3, 0.5]])
    found = answer(mu, S, 50_000, np.random.default_rng(0))
    assert found.shape == (50_000, 3), f"it should be (50000, 3), not {found.shape}"
    assert np.allclose(found.mean(axis=0), mu, atol=0.06), f"their mean is {found.mean(axis=0)}"
    covariance = np.cov(found.T)
    assert np.allclose(np.diag(covariance), np.diag(S), atol=0.15), (
        f"variances {np.diag(covariance).round(1)}, not {np.diag(S)}: is it L, is it transposed?"
    )
    assert np.allclose(covariance, S, atol=0.15), "variances are right, covariances are not: use L"


def right_number(answer):
    rng = np.random.default_rng(1)
    centres = np.array([[0.0, 0], [6, 0], [0, 6]])
    z, z_new = (centres[rng.integers(0, 3, n)] + rng.normal(size=(n, 2)) for n in (150, 600))
    found = answer(z, z_new, (1, 3, 20), rng)
    assert found != 20, "20 fit the data that they learned from best; do they fit other data?"
    assert found == 3, f"the data are three heaps, and it says {found}"
