"""Answers to the exercises of lesson 12. To check them: python -m lessons check 12 --answers"""

import numpy as np

from tinygan import nn, training


def best_loss(p, q, dx):
    # The mean over p is the sum of p times the width of a step. 1 − d is q / (p + q): written as
    # 1 − p / (p + q) it would round to 0 where p is far larger than q.
    d, one_minus_d = p / (p + q), q / (p + q)
    return float(np.sum(-p * np.log(d) - q * np.log(one_minus_d)) * dx)


def pushes(l):
    # By the logit, −log s(l) has the derivative s(l) − 1 and log(1 − s(l)) has −s(l) (lesson 03).
    # At l = −6, where D is sure that it sees a fake, they are −0.998 and −0.002. Plain gradient
    # descent follows the first and hardly moves by the second, just when G has everything to
    # learn. What Adam, which divides by the size of the gradient, makes of both: lesson 13.
    s = 1 / (1 + np.exp(-l))
    return s - 1, -s


def likelihood_fit():
    # The likelihood of one Gaussian is highest at the mean and variance of the data. The mean is
    # 0.5; the variance is 0.5² within a hump and 2.5² between them. Most of the fit lies where
    # there are no data at all.
    return 0.5, np.sqrt(0.5**2 + 2.5**2)


def two_humps(seed):
    # W z + b has one hump and cannot have two. D learns that between the humps all is fake, and
    # drives G out of there onto one of them. Then no fake lands on the other hump, so nothing tells
    # G that it exists: this is mode collapse, which lesson 20 makes on purpose.
    rng = np.random.default_rng(seed)
    G = nn.Sequential(nn.Dense(1, 1, rng=rng))
    G.layers[0].W.data[:] = 1
    D = nn.Sequential(nn.Dense(1, 64, rng=rng, std=1), nn.Tanh(), nn.Dense(64, 1, rng=rng, std=0.1))
    adam_g, adam_d = nn.Adam(G.params(), lr=3e-3), nn.Adam(D.params(), lr=1e-2)
    for _ in range(1500):
        real = rng.choice([-2, 3], (128, 1)) + rng.normal(0, 0.5, (128, 1))
        fake = G.forward(rng.standard_normal((128, 1), np.float32))
        training.d_step(D, adam_d, real.astype(np.float32), fake)
        training.g_step(G, D, adam_g, fake)
    return float(G.layers[0].b.data[0]), abs(float(G.layers[0].W.data[0, 0]))
