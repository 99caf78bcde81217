"""Exercises of lesson 11. Fill in each function; then: python -m lessons check 11"""


def kl(mu, sigma, to_mu, to_sigma):
    """1. The KL of q = N(mu, sigma²) from p = N(to_mu, to_sigma²), for one number.

    It is the mean over q of log(q(z) / p(z)). Returns a number.
    """
    raise NotImplementedError


def mean_over_p(values, log_p, log_q):
    """2. The mean of a function over p, from draws of q.

    values (n,): the function at n draws z of q. log_p, log_q (n,): the logarithms of both densities
    at those z. Returns a number.
    """
    raise NotImplementedError


def gradient_by_log_var(gz, log_var, epsilon):
    """3. The gradient of the whole loss, reconstruction and KL, by λ = log σ², of one picture.

    gz (d,): gradient of the reconstruction loss by z = μ + σ ε. log_var, epsilon (d,). Returns (the
    gradient (d,), the λ at which training ends if ε is replaced by 0).
    """
    raise NotImplementedError


def probability_of_all(p, values):
    """4. The reconstruction loss of a pixel x is −log(p^x (1 − p)^(1 − x)). Is that a probability?

    p: the brightness that the decoder gives. values: "black and white", where x is 0 or 1, or
    "grey", where x is any number from 0 to 1. Returns the sum of p^x (1 − p)^(1 − x) over all x;
    for grey, the integral from 0 to 1 (a mean over many even steps is exact enough).
    """
    raise NotImplementedError
