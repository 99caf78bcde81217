"""Exercises of lesson 22. Fill in each function; then: python -m lessons check 22"""


def gaussian_velocity(x, t, m, s):
    """1. The data are N(m, s²), one number each. The exact mean velocity E[x1 − x0 | x_t = x].

    x (N,), t a number from 0 to below 1. Returns (N,). (As in the lesson, with a single heap.)
    """
    raise NotImplementedError


def midpoint(v, x, n):
    """2. Solve dx/dt = v(x, t) from t = 0 to 1 in n steps of the midpoint method.

    A step goes with the velocity at its middle: at the place where half a step of Euler's leads,
    at the time in the middle. v: function of (x, t). Returns x at t = 1.
    """
    raise NotImplementedError


def score(v, x, t):
    """3. The score ∇ log p_t(x) from the mean velocity v = v(x, t), an array of x's shape."""
    raise NotImplementedError


def noisy_step(v, x, t, h, g, fresh):
    """4. A step of length h that adds noise and takes it out again.

    Fresh noise with the standard deviation g √h per number makes the crowd wider. To keep its
    density, move also along the score, by h g² / 2 times it. v: function of (x, t), the mean
    velocity. fresh: an array of x's shape from N(0, I). Returns x after the step.
    """
    raise NotImplementedError
