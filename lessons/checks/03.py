"""What must hold of the functions in exercises/03.py."""

import warnings

import numpy as np

from tinygan import nn


def log_sigmoid(answer):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = answer(np.array([-1000.0, -20, -1, 0, 1, 20, 40, 1000]))
        except RuntimeWarning as warning:
            raise AssertionError(f"NumPy warns: {warning}. To which power is e raised?") from None
    wanted = [-1000, -20 - 2.0611536e-9, -1.3132616875, -np.log(2), -0.3132616875]
    assert np.allclose(found[:5], wanted), f"for l = −1000, −20, −1, 0, 1: {found[:5]}"
    assert np.all(found[5:7] < 0), "for l = 20 and 40 it is not quite 0: np.log1p keeps small sums"
    assert np.allclose(found[5:7], [-2.0611536e-9, -4.248354e-18], rtol=1e-6, atol=0), "l = 20, 40"


def squared_error_factor(answer):
    for l in (-8.0, 0.0, 3.0):
        p = nn.sigmoid(np.array(l))
        loss = [lambda l: -np.log(nn.sigmoid(l)), lambda l: (nn.sigmoid(l) - 1) ** 2]
        bce, square = ((f(l + 1e-5) - f(l - 1e-5)) / 2e-5 for f in map(_of_number, loss))
        found = answer(l)
        assert np.isclose(found, square / bce, rtol=1e-3), (
            f"l = {l:g} (p = {p:.4f}): {found:.3g}, measured {square / bce:.3g}"
        )


def _of_number(f):
    return lambda l: float(f(np.array(l)))


def steps_until_right(answer):
    bce, square = answer()
    assert bce == 9, f"{bce} by BCE: gl = p − t is nearly −1 while the answer is wrong"
    assert square > 100, f"{square} by squared error: it starts with steps of 0.0007"
    assert abs(square - 1507) <= 1, f"{square} by squared error: is the factor 2 there, is lr 1?"


def two_logits(answer):
    l = np.linspace(-20, 20, 9)
    found = np.asarray(answer(l))
    assert found.shape == (9, 2), f"it should be (9, 2), and is {found.shape}"
    e = np.exp(found - found.max(axis=1, keepdims=True))
    p = e[:, 0] / e.sum(axis=1)
    assert not np.allclose(p, nn.sigmoid(-l)), "the two classes have changed places"
    assert np.allclose(p, nn.sigmoid(l)), "divide e^a / (e^a + e^b) above and below by e^a"


def share_that_gets_back(answer):
    for activation, low, high in ((nn.Sigmoid, 1e-9, 1e-4), (nn.ReLU, 0.3, 3)):
        for seed in range(3):
            found = answer(activation, np.sqrt(2 / 64), np.random.default_rng(seed))
            assert low < found < high, (
                f"{activation.__name__}: {found:.1e}, not {low:g} to {high:g}"
            )
