"""What must hold of the functions in exercises/11.py."""

import numpy as np

RNG = np.random.default_rng(0)


def kl(answer):
    z = np.linspace(-60, 60, 600_001)
    for q, p in (((0, 1), (0, 1)), ((1, 1), (0, 1)), ((0, 2), (0, 1)), ((0, 1), (0, 2)),
                 ((2, 0.5), (-1, 3))):  # fmt: skip
        log_q, log_p = (-(((z - m) / s) ** 2) / 2 - np.log(s) for m, s in (q, p))
        wanted = (np.exp(log_q) * (log_q - log_p)).sum() * (z[1] - z[0]) / np.sqrt(2 * np.pi)
        found = answer(*q, *p)
        assert np.isclose(found, wanted, atol=1e-6), (
            f"N({q[0]}, {q[1]}²) from N({p[0]}, {p[1]}²): {found:.3f}, and it is {wanted:.3f}"
        )


def mean_over_p(answer):
    # p = N(1, 1), q = N(0, 2²): the mean of z over p is 1, that of z² is 2
    z = RNG.normal(0, 2, 400_000)
    log_p = -((z - 1) ** 2) / 2 - np.log(2 * np.pi) / 2
    log_q = -(z**2) / 8 - np.log(2) - np.log(2 * np.pi) / 2
    for name, values, wanted in (("1", np.ones_like(z), 1), ("z", z, 1), ("z²", z**2, 2)):
        found = answer(values, log_p, log_q)
        assert np.isclose(found, wanted, atol=0.03), (
            f"the mean of {name} over p is {wanted}, not {found:.2f}: how often does z count?"
        )


def gradient_by_log_var(answer):
    gz, log_var, epsilon = RNG.normal(size=(3, 4))
    found, end = answer(gz, log_var, epsilon)
    assert np.shape(found) == (4,), f"the gradient should be (4,), not {np.shape(found)}"

    def loss(log_var):  # a reconstruction loss that is a straight line in z, whose slope is gz
        return gz * np.exp(log_var / 2) * epsilon + (np.exp(log_var) - 1 - log_var) / 2

    wanted = (loss(log_var + 1e-5) - loss(log_var - 1e-5)) / 2e-5
    without = (np.exp(log_var) - 1) / 2
    assert not np.allclose(found, wanted - without), "the KL has a gradient by λ too"
    assert not np.allclose(found, without), "the reconstruction has one too, through z = μ + σ ε"
    assert np.allclose(found, wanted, atol=1e-6), "it is not the slope: is σ = e^(λ/2) in it?"
    assert end == 0, f"at λ = {end} and ε = 0 the gradient is not 0"


def probability_of_all(answer):
    for p in (0.3, 0.5, 0.9):
        found = answer(p, "black and white")
        assert np.isclose(found, 1), f"black and white, p = {p}: {found:.3f}; put in x = 0 and 1"
        found, x = answer(p, "grey"), np.linspace(0, 1, 2001)
        heights = p**x * (1 - p) ** (1 - x)
        wanted = (heights[1:] + heights[:-1]).sum() / 4000
        assert np.isclose(found, wanted, atol=2e-3), (
            f"grey, p = {p}: {found:.3f}; is it an integral?"
        )
