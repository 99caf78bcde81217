"""What must hold of the functions in exercises/10.py."""

import numpy as np

from tinygan import models

RNG = np.random.default_rng(0)


def least_error(answer):
    x = RNG.standard_normal((300, 6)) @ RNG.standard_normal((6, 12)) + 3
    for code in (1, 4):
        pca = models.PCA(code).fit(x)
        wanted = ((pca.inverse_transform(pca.transform(x)) - x) ** 2).mean()
        found = answer(x, code)
        assert np.isclose(found, wanted, rtol=0.02), (
            f"{code} numbers for 12: {found:.4f}, not {wanted:.4f}; which method has the least?"
        )


def smallest_loss(answer):
    found = np.asarray(answer(np.array([0.0, 0.2, 0.5, 1.0])))
    assert np.isfinite(found).all(), f"of 0, 0.2, 0.5 and 1 it says {found}: 0 · log 0 is 0 here"
    p = np.linspace(0.0001, 0.9999, 9999)
    for t, value in zip((0.0, 0.2, 0.5, 1.0), found, strict=True):
        wanted = (-t * np.log(p) - (1 - t) * np.log(1 - p)).min()
        assert np.isclose(value, wanted, atol=2e-4), (
            f"t = {t}: it says {value:.3f}; at which p is the derivative of the loss 0?"
        )


def nearest_code(answer):
    z, codes = RNG.standard_normal((20, 3)), RNG.standard_normal((50, 3))
    codes[7] = z[4]
    found = answer(z, codes)
    assert np.shape(found) == (20,), f"it should be (20,), one for each z, not {np.shape(found)}"
    assert np.isfinite(found).all(), "a square of about 0 can round to below 0"
    wanted = [min(np.linalg.norm(a - b) for b in codes) for a in z]
    assert not np.allclose(found, np.square(wanted)), "these are the squares of the distances"
    assert np.allclose(found, wanted, atol=1e-6), "distances are not right: Σ over which axis?"


def typical_length(answer):
    for n in (1, 2, 16, 500):
        drawn = np.sqrt((RNG.standard_normal((200_000 // n, n)) ** 2).sum(axis=1).mean())
        found = answer(n)
        assert np.isclose(found, drawn, rtol=0.02), (
            f"n = {n}: {found:.2f}, and draws have {drawn:.2f}; what is the mean of one square?"
        )
