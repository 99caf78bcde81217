"""Answers to the exercises of lesson 18. To check them: python -m lessons check 18 --answers"""

import numpy as np

from tinygan import metrics


def fd_on_a_line(x, y):
    # Sorted, the smallest with the smallest: where two pairs cross, uncrossing them makes the sum
    # of squares smaller. With 2000 draws it is within about 0.5 of 10.
    return np.mean((np.sort(x) - np.sort(y)) ** 2)


def trace_of_root(S_a, S_b):
    # With R the root of S_a, R⁻¹ (S_a S_b) R = R S_b R: the two matrices are similar, so they have
    # the same eigenvalues, and the trace of a root is the sum of the roots of those.
    return np.sqrt(np.maximum(np.linalg.eigvals(S_a @ S_b).real, 0)).sum()


def precision_with_an_outlier(real, fakes, outlier):
    # The outlier's ball reaches to its fifth neighbour, however far that is, and all that lies
    # within counts as realistic. One outlier is enough to let nearly everything in.
    strange = np.concatenate([real, outlier[None]])
    return tuple(metrics.prdc(points, fakes)["precision"] for points in (real, strange))


def fooled():
    # Each fault is missed by some figure, and seen by another: so look at all of them. (fd takes
    # copies for photographs, and Gaussian features for something better.)
    return {
        "fd": {"copied", "Gaussian features"},
        "precision": {"copied", "pure noise"},
        "recall": {"copied", "Gaussian features"},
        "ratio": {"pure noise"},
    }
