"""What must hold of the functions in exercises/01.py."""

import numpy as np

X = np.linspace(-5, 5, 101)


def sigmoid_derivative(answer):
    h = 1e-5
    measured = (1 / (1 + np.exp(-X - h)) - 1 / (1 + np.exp(-X + h))) / (2 * h)
    off = np.abs(answer(X) - measured)
    at = X[off.argmax()]
    assert off.max() < 1e-8, (
        f"off by {off.max():.2g} at x = {at:.1f}: write e for e^−x; its derivative is −e"
    )


def four_points(answer):
    line = answer(lambda x: 3 * x, 0.5, 0.01)
    assert np.isclose(line, 3), f"of 3 x it says {line:.3f}: what do the factors have to add up to?"
    errors = [abs(answer(np.exp, 0.5, h) - np.exp(0.5)) for h in (0.04, 0.02)]
    ratio = errors[0] / errors[1]
    assert 14 < ratio < 18, f"half of h leaves 1/{ratio:.1f} of the error; with h⁴ it would be 1/16"


def best_step(answer):
    h, larger = answer()
    errors = []
    for step in (h / 30, h, h * 30):
        points = np.linspace(-2, 2, 41)
        narrow, wide = (
            (np.tanh(points + k * step) - np.tanh(points - k * step)) / (2 * k * step)
            for k in (1, 2)
        )
        errors.append(np.abs((4 * narrow - wide) / 3 - 1 + np.tanh(points) ** 2).max())
    assert errors[1] < 1e-11, f"with h = {h:.0e} the largest error is {errors[1]:.0e}: look further"
    assert errors[1] < min(errors[0], errors[2]), f"h = {h:.0e} is not at the lowest point"
    assert larger is True or larger is np.True_, "compare your h with the 5e-06 of the lesson"


def slopes_at_the_corner(answer):
    forward, central = answer()
    assert forward == 1, f"forward {forward}: put f = abs, x = 0 and h = 0.1 into the formula"
    assert central == 0, f"central {central}: put f = abs, x = 0 and h = 0.1 into the formula"


def wrong_ones(answer):
    pairs = {
        "sine": (np.sin, np.cos),
        "square": (lambda x: x**2, lambda x: 2 * x),
        "large": (lambda x: 1e6 * x**2, lambda x: 2e6 * x),
        "forgotten square": (np.tanh, lambda x: 1 - np.tanh(x)),
        "wrong to the left of −1": (lambda x: x**3, lambda x: np.where(x < -1, -3, 3) * x**2),
        "off by a thousandth": (np.exp, lambda x: 1.001 * np.exp(x)),
    }
    found = set(answer(pairs))
    wrong = {"forgotten square", "wrong to the left of −1", "off by a thousandth"}
    assert found >= wrong, f"{len(wrong - found)} wrong ones are missed: look everywhere, closely"
    assert found == wrong, f"{found - wrong} are right: how exact is a measurement, in proportion?"
