"""Answers to the exercises of lesson 13. To check them: python -m lessons check 13 --answers"""

import numpy as np


def ratio(d):
    # The gradients are d − 1 and −d. The ratio is 999 at d = 0.001, and 1 at d = 1/2, where D
    # guesses: in a game in balance the choice of the loss hardly matters.
    return (1 - d) / d


def dropout_variance(x, p):
    # y is x / (1 − p) with probability 1 − p and else 0: the mean of y² is x² / (1 − p), less the
    # square of the mean, x². So dropout is noise in proportion to x.
    return x**2 * p / (1 - p)


def steps_after_a_change(size, n, betas=(0.5, 0.999)):
    # After 1000 updates m is 1 and v is 1 − 0.999¹⁰⁰⁰ = 0.63. m forgets the ones within some ten
    # updates, v only within thousands. With 0.001 the steps shrink to 0.001 and are half of lr
    # again only after about 12,250 updates. With 1000 they are leaps of up to 13 lr at once, and
    # down to 2 lr after 190 updates.
    m, v, steps = 0.0, 0.0, []
    for t in range(1, 1001 + n):
        g = 1 if t <= 1000 else size
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        steps.append(abs(m / (1 - betas[0] ** t)) / np.sqrt(v / (1 - betas[1] ** t)))
    return np.array(steps[1000:])


def designs():
    # All four: then each change is seen alone. After 500 updates at half the lesson's width, with
    # three seeds each, a small D collapses without dropout (variety 0.02) as with it (0.02, 0.03);
    # the large one has 0.34 to 0.42 without and 0.04 to 0.23 with. So the small size is enough, and
    # dropout makes it worse.
    return {(size, dropout) for size in ("small", "large") for dropout in (0, 0.5)}
