"""Exercises of lesson 24. Fill in each function; then: python -m lessons check 24"""


def guided_mean(s):
    """1. A class whose data are N(2, 1), among all data, N(0, 4): one number each. The guided score
    s_all + s (s_class − s_all) is that of a Gaussian. What is its mean?

    s: the strength. (The score of N(m, v) at x is −(x − m) / v.) Returns a number.
    """
    raise NotImplementedError


def guided_in_between(v_class, v_all, s, t, first=0.2, last=0.8):
    """2. Guidance in a part of the time only: with strength s for first ≤ t ≤ last, else with 1.

    v_class, v_all: arrays, the velocities with and without the class. Returns the velocity.
    """
    raise NotImplementedError


def share_that_cannot_be_guided():
    """3. For which two shares of labels left out in training is the network of no use for guidance,
    because it learns only one of the two velocities? Returns a set of two numbers.
    """
    raise NotImplementedError


def best_strength(table, least):
    """4. table: list of (strength, precision, recall). Of the strengths with a recall of at least
    `least`, which has the highest precision (no two have the same)? Returns a strength, or None if
    there is none.
    """
    raise NotImplementedError
