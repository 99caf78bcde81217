"""Answers to the exercises of lesson 17. To check them: python -m lessons check 17 --answers"""

import numpy as np


def embedding_gradient(ge, labels, classes):
    # gW[labels] += ge reads all rows, adds, and writes them: where a label occurs twice, the second
    # write overwrites the first, and one of the gradients is lost. np.add.at adds one by one.
    gW = np.zeros((classes, ge.shape[1]), ge.dtype)
    np.add.at(gW, labels, ge)
    return gW


def stopped(distances, patience):
    # An equally good epoch is no improvement: the first of the best is kept.
    best = 1
    for epoch in range(1, len(distances) + 1):
        if distances[epoch - 1] < distances[best - 1]:
            best = epoch
        if epoch - best >= patience:
            break
    return epoch, best


def flattery(n):
    # 2.16 standard deviations for n = 40. The validation distance of the epoch that was chosen
    # flatters by this much at most, which is why the test part is kept back.
    return -np.random.default_rng(0).standard_normal((4000, n)).min(axis=1).mean()


def heeds_the_label(d_is_told):
    # To a D that is not told, a good picture of the wrong class is as good as one of the right
    # class. So G has no reason to heed the label: what it draws has nothing to do with it.
    return 1 if d_is_told else 0.5
