"""Answers to the exercises of lesson 01. To check them: python -m lessons check 01 --answers"""

import numpy as np


def sigmoid_derivative(x):
    # s = 1 / (1 + e), with e = e^−x and e′ = −e. So s′ = e / (1 + e)² = s · e / (1 + e), and
    # e / (1 + e) = 1 − s.
    s = 1 / (1 + np.exp(-x))
    return s * (1 - s)


def four_points(f, x, h):
    # Four times the central difference of h, less that of 2h: the errors 4 · h²/6 f‴ and 4h²/6 f‴
    # cancel, and three slopes are left. Written out, it is
    # (−f(x + 2h) + 8 f(x + h) − 8 f(x − h) + f(x − 2h)) / 12h; the next term of Taylor's is h⁴.
    narrow = (f(x + h) - f(x - h)) / (2 * h)
    wide = (f(x + 2 * h) - f(x - 2 * h)) / (4 * h)
    return (4 * narrow - wide) / 3


def best_step():
    # The error of Taylor's series is smaller now, h⁴, and rounding is as before, about ε / h: the
    # two meet at a larger h, near ε^(1/5), and lower.
    points, steps = np.linspace(-2, 2, 41), np.logspace(-12, 0, 121)
    right = 1 - np.tanh(points) ** 2
    errors = [np.abs(four_points(np.tanh, points, h) - right).max() for h in steps]
    return steps[np.argmin(errors)], True


def slopes_at_the_corner():
    # To the right of 0 the slope is 1, to the left −1. The forward difference looks to the right
    # only; the central one takes the mean of both. Where there is no derivative, the two disagree
    # and neither is right. (ReLU of lesson 03 has such a corner.)
    return 1.0, 0.0


def wrong_ones(pairs):
    # Many places, since a wrong derivative can be right at some; float64; and what is accepted lies
    # far above the error of the measurement, 1e-10, and far below that of a bug.
    x, h = np.linspace(-2, 2, 401), 1e-5
    wrong = set()
    for name, (f, derivative) in pairs.items():
        measured = (f(x + h) - f(x - h)) / (2 * h)
        if np.abs(measured - derivative(x)).max() > 1e-6 * np.abs(measured).max():
            wrong.add(name)
    return wrong
