"""Exercises of lesson 04. Fill in each function; then: python -m lessons check 04"""


def largest_lr():
    """1. L = (w₀² + 50 w₁²) / 2: up to which lr does SGD come nearer to (0, 0)?

    Work it out from w₁ ← w₁ − lr · 50 w₁. Returns the lr, a number.
    """
    raise NotImplementedError


def adam_path(gradient, start, steps, lr=0.1, betas=(0.9, 0.999), eps=1e-8):
    """2. Adam from memory. Then multiply the loss by 1000: what happens to the path?

    gradient: function of w, an array (n,). start: w at the start. Returns w after each step,
    an array (steps, n).
    """
    raise NotImplementedError


def first_step_without_correction(lr, betas):
    """3. Leave the bias correction out altogether: how long is Adam's first step?

    Returns its length, a number (ε may be neglected).
    """
    raise NotImplementedError
