"""Answers to the exercises of lesson 16. To check them: python -m lessons check 16 --answers"""

import numpy as np


def length_of_z(n):
    # The mean of ‖z‖² is n and its variance 2 n; the root varies by √(2 n) / (2 √n) = 0.71,
    # whatever n is. The longer z, the thinner is the shell beside its radius √n.
    return np.sqrt(n), np.sqrt(1 / 2)


def length_of_sum(n, k):
    # Each number of a mean has the variance 1 / k; three such means, added or taken away, 3 / k. So
    # with k = 3 the means are 5.8 long for n = 100, and the sum 10, if they are independent. They
    # are not quite (what is small in A is small in B), so the sum is brought back to the shell.
    return np.sqrt(n / k), np.sqrt(3 * n / k)


def by_heart(z, keys, photographs, sharpness):
    # A continuous function of z, so the finer the walk, the smaller its steps: no jumps. And yet
    # nearly all it draws are copies. Walks do not show what G has learned by heart.
    score = sharpness * (z @ keys.T)
    weights = np.exp(score - score.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True) @ photographs
