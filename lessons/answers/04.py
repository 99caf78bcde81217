"""Answers to the exercises of lesson 04. To check them: python -m lessons check 04 --answers"""

import numpy as np


def largest_lr():
    # A step multiplies w₁ by 1 − 50 lr, and comes nearer where that lies between −1 and 1.
    return 2 / 50


def adam_path(gradient, start, steps, lr=0.1, betas=(0.9, 0.999), eps=1e-8):
    # A factor on the loss stands above and below the line of m̂ / √v̂ and cancels: the path is the
    # same, except for ε. SGD would take steps a thousand times as long and leave the valley.
    w, m, v, path = start, 0, 0, []
    for t in range(1, steps + 1):
        g = gradient(w)
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        mhat, vhat = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
        w = w - lr * mhat / (np.sqrt(vhat) + eps)
        path.append(w)
    return np.array(path)


def first_step_without_correction(lr, betas):
    # m = (1 − β₁) g and √v = √(1 − β₂) |g|. With β = (0.5, 0.999) that is 15.8 lr: the first steps
    # throw the weights far off, in a direction that one batch has chosen.
    return lr * (1 - betas[0]) / np.sqrt(1 - betas[1])
