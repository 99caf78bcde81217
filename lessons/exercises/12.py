"""Exercises of lesson 12. Fill in each function; then: python -m lessons check 12"""


def best_loss(p, q, dx):
    """1. The loss of the best D, mean over p of −log d plus mean over q of −log(1 − d).

    p, q: the densities of the data and of the fakes at places that are dx apart, arrays (n,); both
    are above 0. Returns a number: 2 log 2 where q = p, and 0 where they lie apart.
    """
    raise NotImplementedError


def pushes(l):
    """2. How hard does D push G at a fake with the logit l, by −log d and by log(1 − d)?

    Returns the derivatives of both by l, a pair of numbers. At l = −6, by which of them can G still
    learn?
    """
    raise NotImplementedError


def likelihood_fit():
    """3. Half of the data are from N(−2, 0.5²), half from N(3, 0.5²). Fit one Gaussian to them by
    the likelihood (lesson 09).

    Returns its mean and its standard deviation, a pair of numbers.
    """
    raise NotImplementedError


def two_humps(seed):
    """4. Play the lesson's game with those data and the same G. What does G learn?

    Use training.d_step and training.g_step, the lesson's D and rates, batches of 128 and 1500
    updates, both networks learning from the first. seed: for numpy.random.default_rng. Returns b
    and |W| of G at the end, a pair of numbers.
    """
    raise NotImplementedError
