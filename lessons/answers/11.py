"""Answers to the exercises of lesson 11. To check them: python -m lessons check 11 --answers"""

import numpy as np


def kl(mu, sigma, to_mu, to_sigma):
    # log q − log p = log(to_sigma / sigma) − (z − mu)² / 2 sigma² + (z − to_mu)² / 2 to_sigma², and
    # the means over q of the squares are sigma² and sigma² + (mu − to_mu)². N(0, 1) from itself: 0.
    # N(1, 1) from N(0, 1): ½. It is not the same in both directions: N(0, 4) from N(0, 1) is 0.81,
    # N(0, 1) from N(0, 4) is 0.32. To be wide where p is narrow costs more.
    apart = (sigma**2 + (mu - to_mu) ** 2) / (2 * to_sigma**2)
    return np.log(to_sigma / sigma) - 1 / 2 + apart


def mean_over_p(values, log_p, log_q):
    # Each draw counts p / q times: where q draws too often, less.
    return (values * np.exp(log_p - log_q)).mean()


def gradient_by_log_var(gz, log_var, epsilon):
    # Without ε nothing comes from the reconstruction. Only the KL is left, and it wants λ = 0. So σ
    # is 1 whatever the picture, and the decoder meets no code but μ: it is an autoencoder again.
    sigma = np.exp(log_var / 2)
    return gz * sigma * epsilon / 2 + (sigma**2 - 1) / 2, 0.0


def probability_of_all(p, values):
    # Black and white: (1 − p) + p = 1. Grey: less than 1 for every p, 0.5 for p = 0.5. So it is no
    # density, the loss of grey pixels is not −log p(x|z), and the sum with the KL is no bound.
    if values == "black and white":
        return (1 - p) + p
    x = (np.arange(10_000) + 0.5) / 10_000
    return (p**x * (1 - p) ** (1 - x)).mean()
