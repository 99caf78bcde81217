"""What must hold of the functions in exercises/22.py."""

import numpy as np


def _velocity(x, t, m=1.5, s=0.4):
    noise = (1 - t) * (x - t * m) / ((t * s) ** 2 + (1 - t) ** 2)
    return (x - (1 - t) * noise) / max(t, 1e-12) - noise if t else m - x


def gaussian_velocity(answer):
    x = np.linspace(-2, 3, 11)
    assert np.allclose(answer(x, 0.0, 1.5, 0.4), 1.5 - x), (
        "at t = 0 x is x0 itself, and x1 is independent of it: the mean velocity is m − x"
    )
    for t in (0.3, 0.7, 0.95):
        found = answer(x, t, 1.5, 0.4)
        assert np.shape(found) == (11,), f"it should return {x.shape}, not {np.shape(found)}"
        assert np.allclose(found, _velocity(x, t)), (
            f"wrong at t = {t}: work out E[x0 | x] first, then E[x1 | x] from x = t x1 + (1 − t) x0"
        )


def midpoint(answer):
    def v(x, t):
        return np.stack([-x[1], x[0]]) * (1 + t)  # a rotation, by 1.5 radians in all

    asked = []
    answer(lambda x, t: asked.append(float(t)) or v(x, t), np.array([1.0, 0.0]), 4)
    assert len(asked) == 8, f"4 steps ask v {len(asked)} times: a step asks at its start and middle"
    assert np.allclose(sorted(asked), np.arange(8) / 8), (
        f"v is asked at the times {sorted(asked)}: the middle of a step from t is t + 1 / (2 n)"
    )
    start, end = np.array([1.0, 0.0]), np.array([np.cos(1.5), np.sin(1.5)])
    errors = [np.abs(answer(v, start, n) - end).max() for n in (10, 20, 40)]
    assert errors[0] < 0.05, f"10 steps are off by {errors[0]:.3f}: are the steps of length 1 / n?"
    factor = errors[1] / errors[2]
    assert factor > 3.5, (
        f"twice the steps divide the error by {factor:.1f}, and should by 4: is v taken at the "
        "middle, in place and in time?"
    )


def score(answer):
    x, t, m, s = np.linspace(-2, 3, 7), 0.6, 1.5, 0.4
    wanted = -(x - t * m) / ((t * s) ** 2 + (1 - t) ** 2)  # of a Gaussian
    assert np.allclose(answer(_velocity(x, t), x, t), wanted), (
        "for Gaussian data it should be −(x − mean) / variance: which noise E[x0 | x] follows from "
        "v, and what does the score do with it?"
    )


def noisy_step(answer):
    rng, steps = np.random.default_rng(0), 400
    x = rng.standard_normal(20_000)
    quiet = answer(_velocity, x, 0.5, 0.01, 0.0, rng.standard_normal(len(x)))
    assert np.allclose(quiet, x + 0.01 * _velocity(x, 0.5)), "with g = 0 it should be Euler's step"
    for i in range(steps - 1):
        x = answer(_velocity, x, i / steps, 1 / steps, 0.7, rng.standard_normal(len(x)))
    assert abs(x.mean() - 1.5) < 0.03, f"data N(1.5, 0.4²), drawn with the mean {x.mean():.2f}"
    assert abs(x.std() - 0.4) < 0.02, (
        f"data N(1.5, 0.4²), drawn with the standard deviation {x.std():.2f}: does the noise have "
        "g √h, and is the score multiplied by h g² / 2?"
    )
