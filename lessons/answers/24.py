"""Answers to the exercises of lesson 24. To check them: python -m lessons check 24 --answers"""


def guided_mean(s):
    # −x/4 + s (−(x − 2) + x/4) = −(1/4 + 3s/4) x + 2 s, which is 0 at x = 8 s / (1 + 3 s). s = 1
    # gives 2, the class; more goes further, up to 8/3, away from what it shares with the rest.
    return 8 * s / (1 + 3 * s)


def guided_in_between(v_class, v_all, s, t, first=0.2, last=0.8):
    # By Kynkäänniemi et al. 2024 guidance costs variety early and changes little late.
    if not first <= t <= last:
        s = 1
    return v_all + s * (v_class - v_all)


def share_that_cannot_be_guided():
    # 0: it is never asked without a class. 1: it never hears of one.
    return {0, 1}


def best_strength(table, least):
    enough = [(precision, s) for s, precision, recall in table if recall >= least]
    return max(enough)[1] if enough else None
