"""Answers to the exercises of lesson 01. Run it: every answer is checked."""

import numpy as np


def central_difference(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


# 1. s = 1 / (1 + e), with e = e^−x and e′ = −e. So s′ = e / (1 + e)² = s · e / (1 + e) = s (1 − s).
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


x = np.linspace(-5, 5, 101)
s = sigmoid(x)
error = np.abs(central_difference(sigmoid, x, 1e-5) - s * (1 - s)).max()
print(f"1. s (1 − s) is off by {error:.0e} at most")
assert error < 1e-9


# 2. The terms up to h³ go out, so the error left falls as h⁴. Rounding still grows as 1 / h, and
#    the two meet at a larger h: to the right of the central difference's, and lower.
def four_points(f, x, h):
    return (-f(x + 2 * h) + 8 * f(x + h) - 8 * f(x - h) + f(x - 2 * h)) / (12 * h)


points, steps = np.linspace(-2, 2, 41), np.logspace(-12, 0, 121)
best = {}
for difference in (central_difference, four_points):
    errors = [
        np.abs(difference(np.tanh, points, h) - (1 - np.tanh(points) ** 2)).max() for h in steps
    ]
    best[difference] = steps[np.argmin(errors)], min(errors)
    print(f"2. {difference.__name__}: {min(errors):.0e} at h = {steps[np.argmin(errors)]:.0e}")
assert best[four_points][0] > 10 * best[central_difference][0]
assert best[four_points][1] < best[central_difference][1]

# 3. To the right of 0 the slope is 1, to the left −1. The forward difference looks to the right
#    only; the central one takes the mean of both, 0. Where there is no derivative, each has an
#    opinion.
forward = (abs(0 + 1e-5) - abs(0)) / 1e-5
central = central_difference(abs, 0, 1e-5)
print(f"3. forward {forward:.0f}, central {central:.0f}")
assert forward == 1
assert central == 0
