"""Exercises of lesson 09. Fill in each function; then: python -m lessons check 09"""


def log_sum_exp(a):
    """1. log Σ e^a, also where every e^a is too small or too large for a computer.

    a: an array (n,), for example [−1000, −1000]. Returns a number.
    """
    raise NotImplementedError


def one_turn(z, w, mu, var):
    """2. One turn of EM, E then M, for a mixture of Gaussians of a single number.

    z (N,). w, mu, var (K,): weights, means, variances. Nothing is added to the variances. Returns
    the new (w, mu, var). Then try it with K = 1: how many turns does it need?
    """
    raise NotImplementedError


def draws(mu, S, n, rng):
    """3. Draw from a Gaussian, with no other random numbers than `rng.standard_normal`.

    mu (d,), S (d, d). Returns an array (n, d).
    """
    raise NotImplementedError


def right_number(z, z_new, numbers, rng):
    """4. Which number of Gaussians is right for the data?

    z (N, d): data to learn from. z_new: other examples of the same data. numbers: those to try.
    Use `tinygan.models.GaussianMixture(K, rng=rng)`: `fit(z)`, and `score(z)`, which is the
    log-likelihood. Returns one of the numbers.
    """
    raise NotImplementedError
