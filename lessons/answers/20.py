"""Answers to the exercises of lesson 20. To check them: python -m lessons check 20 --answers"""

import numpy as np


def loss_of_a_bribed_d(d):
    # −log d for data and −log(1 − d) for fakes. The sum is least at d = 1/2, where it is 2 log 2:
    # for no other d is it as low. So D's loss shows the failure: 1.83 at d = 0.8.
    return -np.log(d) - np.log(1 - d)


def seen_in_losses():
    # 2: D's loss is far below that of a healthy game. 3: D's is above that of a guess. A step in
    # between (4) leaves D's own updates right and puts G's push off by only 13 % here; 5 happens
    # when pictures are drawn, after the losses; 6 computes the same losses with more digits.
    return {2, 3}


def asymmetry(push, x):
    # A central difference along each axis. Where it is not 0, no function has this push as its
    # gradient; where it is 0 everywhere in the plane, one has.
    step = 1e-5
    by_x1, by_x2 = (
        (np.asarray(push(x + e)) - np.asarray(push(x - e))) / (2 * step) for e in step * np.eye(2)
    )
    return abs(by_x2[0] - by_x1[1])


def becomes_float64():
    # np.sqrt(2) is a float64 scalar of NumPy, as is np.float64(2), and np.arange(3) is an array of
    # whole numbers of 64 bits. A Python number takes the dtype of the array beside it, np.float32
    # has the right one, and a mean keeps that of its array.
    return {"np.float64(2) * x", "x / np.sqrt(2)", "np.arange(3) * x"}
