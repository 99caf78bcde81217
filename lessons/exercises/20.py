"""Exercises of lesson 20. Fill in each function; then: python -m lessons check 20"""


def loss_of_a_bribed_d(d):
    """1. D believes all points with d, data and fakes alike. What is its loss, both halves?

    Returns a number. For which d is it no more than that of a guess, 2 log 2?
    """
    raise NotImplementedError


def seen_in_losses():
    """2. Which of the six failures would show in D's loss and G's loss, to one who knows what a
    healthy game has?

    Failure 1, collapse, moves them too, but no further than many a good game. Returns a set of
    numbers from 2 to 6.
    """
    raise NotImplementedError


def asymmetry(push, x):
    """3. By how much do the two mixed derivatives of a push differ at the point x?

    push: function of a point (2,) to a push (2,). x: a point (2,). Returns |dh₁/dx₂ − dh₂/dx₁|, a
    number, to within 1e-4, by finite differences (lesson 01).
    """
    raise NotImplementedError


def becomes_float64():
    """4. x is an array of float32. Which of these are float64?

    "np.float32(2) * x", "2.0 * x", "np.float64(2) * x", "x / np.sqrt(2)", "x.mean()",
    "np.arange(3) * x". Returns a set of these texts.
    """
    raise NotImplementedError
