"""What must hold of the functions in exercises/08.py."""

import numpy as np

from tinygan import nn

RNG = np.random.default_rng(0)


def _norm(features):
    """A BatchNorm in float64, with gamma and beta drawn at random."""
    norm = nn.BatchNorm(features)
    for param in norm.params():
        param.data, param.grad = RNG.normal(size=features), np.zeros(features)
    return norm


def gradient(answer):
    x, gy, norm = RNG.normal(3, 2, (16, 5)), RNG.normal(size=(16, 5)), _norm(5)
    norm.forward(x)
    wanted = norm.backward(gy)
    gx = answer(gy, x, norm.gamma.data)
    assert gx.shape == x.shape, f"gx is {gx.shape}, and should be {x.shape}"
    sums = abs(gx.sum(axis=0)).max()
    assert sums < 1e-9, "each column of gx adds up to 0: what does a shift of all x change?"
    along = abs((gx * (x - x.mean(axis=0))).sum(axis=0)).max()
    assert along < 1e-3, "Σ gx xhat should be near 0: what does it change to stretch all x?"
    assert np.allclose(gx, wanted), "the direction is right, not the length: gamma? 1 / std?"


def of_pictures(answer):
    x, norm = RNG.normal(3, 2, (4, 6, 7, 5)) * np.arange(1, 6), _norm(5)
    y = answer(x, norm.gamma.data, norm.beta.data)
    assert y.shape == x.shape, f"y is {y.shape}, and should be {x.shape}"
    assert np.allclose(y, norm.forward(x)), "a channel has one mean, of which values is it?"


def learns_nothing(answer):
    name = answer()
    assert name in ("W", "b", "gamma", "beta"), f'"W", "b", "gamma" or "beta", not {name!r}'
    assert name == "b", f"{name} can change y: which one does the mean take out again?"


def stretched(answer):
    x, gy, norm = RNG.normal(size=(16, 3)), RNG.normal(size=(16, 3)), _norm(3)
    y, gx = norm.forward(x), norm.backward(gy)
    y10, gx10 = norm.forward(10 * x + 5), norm.backward(gy)
    factors = answer()
    assert np.isclose(factors[0], np.median(y10 / y), rtol=1e-3), "y: what happens to xhat?"
    assert np.isclose(factors[1], np.median(gx10 / gx), rtol=1e-3), "gx: where does std stand?"


def batch_of_two(answer):
    for a, b in ((3.0, 17.0), (1.0, -100.0)):
        norm = _norm(1)
        wanted = norm.forward(np.array([[a], [b]])).ravel()
        found = answer(a, b, norm.gamma.data[0], norm.beta.data[0])
        assert np.allclose(np.ravel(found), wanted, rtol=1e-4, atol=1e-6), (
            f"a = {a:g}, b = {b:g}: how many standard deviations are they from their mean?"
        )
