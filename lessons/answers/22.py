"""Answers to the exercises of lesson 22. To check them: python -m lessons check 22 --answers"""

import numpy as np


def gaussian_velocity(x, t, m, s):
    # With d = x − t m and σ² = t² s² + (1 − t)²: E[x0 | x] = (1 − t) d / σ² and, as x1's share of
    # the variance is t² s², E[x1 | x] = m + t s² d / σ².
    d, variance = x - t * m, (t * s) ** 2 + (1 - t) ** 2
    return m + (t * s**2 - (1 - t)) * d / variance


def midpoint(v, x, n):
    h = 1 / n
    for i in range(n):
        middle = x + h / 2 * v(x, i * h)
        x = x + h * v(middle, (i + 0.5) * h)
    return x


def score(v, x, t):
    # E[x0 | x] = x − t v, and the score is −E[x0 | x] / (1 − t).
    return -(x - t * v) / (1 - t)


def noisy_step(v, x, t, h, g, fresh):
    # The noise spreads the crowd by a diffusion of g² / 2, and the score, of the same strength,
    # draws it back: together they leave the density as it is (the Fokker-Planck equation).
    velocity = v(x, t)
    return x + h * (velocity + g**2 / 2 * score(velocity, x, t)) + g * np.sqrt(h) * fresh
