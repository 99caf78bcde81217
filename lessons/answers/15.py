"""Answers to the exercises of lesson 15. To check them: python -m lessons check 15 --answers"""

import numpy as np


def noise_for_slope(m, slope, std=0.2):
    # The slope is m / (std² + s²). For a slope of 1 at m = 3, s² is 3 − 0.04: s = 1.72.
    return np.sqrt(max(m / slope - std**2, 0))


def where_js_is_flat(std=0.2):
    # From 1.08 on, 5.4 times the width: then each hill has died away before the other begins. The
    # sums are written with log(1 + e^±logit), which neither overflows nor takes the log of 0.
    x = np.linspace(-8 * std, 20 * std, 6001)
    p = np.exp(-((x / std) ** 2) / 2)
    for m in np.arange(0, 10 * std, 0.01):
        logit = (m**2 - 2 * m * x) / (2 * std**2)
        q = np.exp(-(((x - m) / std) ** 2) / 2)
        loss = (p * np.logaddexp(0, -logit) + q * np.logaddexp(0, logit)).sum() / p.sum()
        if loss / 2 < 0.01:  # JS is log 2 − loss / 2
            return m
    return None


def has_direction():
    # Only one of the four has none: by the saturating loss the push has the factor d, and without
    # noise d is 0 at the fakes. The logit's slope, 75, is there for both; −log d uses it in full.
    return {("saturating", True), ("non-saturating", False), ("non-saturating", True)}
