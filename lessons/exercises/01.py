"""Exercises of lesson 01. Fill in each function; then: python -m lessons check 01"""


def sigmoid_derivative(x):
    """1. The derivative of the sigmoid s(x) = 1 / (1 + e^−x), worked out on paper.

    x: an array. Returns s′(x) for each of its numbers.
    """
    raise NotImplementedError


def four_points(f, x, h):
    """2. A finite difference of four points: f at x ± h and at x ± 2h.

    Two central differences, one with the step h and one with 2h, are off by h²/6 f‴ and 4h²/6 f‴.
    Find the combination of the two in which these errors cancel. Returns the slope.
    """
    raise NotImplementedError


def best_step():
    """3. The h at which your `four_points` is best, for tanh on 41 points from −2 to 2, in float64.

    Measure the largest error for each h of np.logspace(-12, 0, 121), as the lesson does.
    Returns (h, whether that is larger than the best h of the central difference): a number and
    True or False.
    """
    raise NotImplementedError


def slopes_at_the_corner():
    """4. What the forward and the central difference say of |x| at x = 0, for any h above 0.

    Returns (forward, central), two numbers.
    """
    raise NotImplementedError


def wrong_ones(pairs):
    """5. Which of these derivatives are wrong?

    pairs: dict of name -> (f, derivative), functions of an array. All are smooth on [−2, 2].
    Returns the set of the names whose derivative is wrong anywhere on [−2, 2].
    """
    raise NotImplementedError
