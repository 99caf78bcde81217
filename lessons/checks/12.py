"""What must hold of the functions in exercises/12.py."""

import numpy as np


def _normal(x, mean):
    return np.exp(-(((x - mean) / 0.5) ** 2) / 2) / (0.5 * np.sqrt(2 * np.pi))


def best_loss(answer):
    x = np.linspace(-9, 9, 20_001)
    dx, p = x[1] - x[0], _normal(x, 3) + 1e-300
    for mean, wanted, where in (
        (3, 2 * np.log(2), "q = p"),
        (-3, 0, "they lie apart"),
        (2.5, 1.1635, "q lies one standard deviation from p"),
    ):
        found = answer(p, _normal(x, mean) + 1e-300, dx)
        assert np.isclose(found, wanted, atol=1e-3), (
            f"where {where} it gives {found:.4f}, not {wanted:.4f}: a mean over p is a sum of p · "
            "… times dx, and the best d is p / (p + q)"
        )


def pushes(answer):
    for l in (-6.0, 0.0, 2.0):
        wanted = []
        for loss in (lambda l: np.log1p(np.exp(-l)), lambda l: -np.log1p(np.exp(l))):
            wanted.append((loss(l + 1e-5) - loss(l - 1e-5)) / 2e-5)
        found = answer(l)
        assert np.allclose(found, wanted, atol=1e-5), (
            f"at l = {l:.0f} it gives {found[0]:.4f} and {found[1]:.4f}, but the measured slopes "
            f"are {wanted[0]:.4f} and {wanted[1]:.4f}: what is the derivative of sigmoid?"
        )


def likelihood_fit(answer):
    mean, std = answer()
    assert np.isclose(mean, 0.5), f"the mean of the data is not {mean}"
    data = np.array([-2.5, -1.5, 2.5, 3.5])  # of the same mean and variance
    assert np.isclose(std, data.std()), (
        f"{std:.2f} is not the standard deviation: the variance within a hump and that of the "
        "humps' centres add up"
    )


def two_humps(answer):
    b, W = answer(1)
    assert min(abs(b + 2), abs(b - 3)) < 0.4, (
        f"G sits at {b:.2f}, but D soon calls all fake that lies between the humps: do both learn "
        "in each round, D first, from the same fakes?"
    )
    assert 0.2 < W < 0.9, f"G is {W:.2f} wide, and a hump 0.5: is W that of G's only layer?"
