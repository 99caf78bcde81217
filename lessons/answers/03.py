"""Answers to the exercises of lesson 03. To check them: python -m lessons check 03 --answers"""

import numpy as np

from tinygan import nn


def log_sigmoid(l):
    # −log s(l) is the stable BCE for t = 1. e is raised to a power of at most 0, and where that
    # e^−|l| is below the last digit of 1, log1p still keeps it.
    return np.minimum(l, 0) - np.log1p(np.exp(-np.abs(l)))


def squared_error_factor(l):
    # p − 1 by BCE, 2 (p − 1) · p (1 − p) by the squared error, which has to come back through the
    # sigmoid. At l = −8 it is 0.0007: about 1,500 times smaller, where there is most to learn.
    p = 1 / (1 + np.exp(-l))
    return 2 * p * (1 - p)


def steps_until_right():
    # By BCE each step is nearly 1 long for as long as the answer is wrong: 9 steps. By the squared
    # error it takes about 1,500, nearly all of them on the flat part of the sigmoid.
    counts = []
    for factor in (lambda l: 1.0, squared_error_factor):
        l, steps = -8.0, 0
        while l <= 0:
            l -= (1 / (1 + np.exp(-l)) - 1) * factor(l)
            steps += 1
        counts.append(steps)
    return tuple(counts)


def two_logits(l):
    # e^l / (e^l + e^0) = 1 / (1 + e^−l), and −log of that is BCE with t = 1. So a yes or no is the
    # softmax of two classes, one of which has its logit fixed at 0.
    return np.stack([l, np.zeros_like(l)], axis=1)


def share_that_gets_back(activation, std, rng):
    # With std = √(2 / 64) about 1e-5 comes back through ten sigmoids. The sigmoid passes at most a
    # quarter each time; ReLU passes half of the numbers whole, and weights of this size make up for
    # that half (lesson 05 derives it), so that about all of the gradient comes back.
    layers = []
    for _ in range(10):
        layers += [nn.Dense(64, 64, rng=rng, std=std), activation()]
    net = nn.Sequential(*layers)
    gy = rng.standard_normal(net.forward(rng.standard_normal((32, 64))).shape)
    return np.linalg.norm(net.backward(gy)) / np.linalg.norm(gy)
