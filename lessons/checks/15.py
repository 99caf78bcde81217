"""What must hold of the functions in exercises/15.py."""

import numpy as np


def noise_for_slope(answer):
    for m, slope, std in ((3, 1, 0.2), (3, 2.5, 0.2), (2, 0.5, 1.0)):
        s = answer(m, slope, std)
        variance = std**2 + s**2
        logits = [((x - m) ** 2 - x**2) / (2 * variance) for x in (1.0, 2.0)]
        found = abs(logits[1] - logits[0])
        assert np.isclose(found, slope), (
            f"with s = {s:.3f} the logit's slope is {found:.3f}, not {slope}: the variance that D "
            "sees is the sum of both"
        )
    assert answer(0.01, 1, 0.2) == 0, "at m = 0.01 the slope is 0.25 without any noise"


def where_js_is_flat(answer):
    for std in (0.2, 0.5):
        m, x = answer(std), np.linspace(-5, 10, 40_001)

        def missing(m, x=x, std=std):  # log 2 − JS
            p, q = (np.exp(-(((x - mean) / std) ** 2) / 2) for mean in (0, m))
            logit = (m**2 - 2 * m * x) / (2 * std**2)
            terms = p * np.logaddexp(0, -logit) + q * np.logaddexp(0, logit)
            return terms.sum() / p.sum() / 2

        assert missing(m + 0.02) < 0.01, f"at m = {m} it is still {missing(m):.3f} short of log 2"
        assert missing(m - 0.02) > 0.01, f"m = {m} is far enough, but not the first that is"


def has_direction(answer):
    found = set(answer())
    assert ("saturating", False) not in found, (
        "a fake there has d = 0, and the saturating push has the factor d"
    )
    assert ("saturating", True) in found, "with noise d is above 0 at the fakes"
    assert ("non-saturating", False) in found, "1 − d is 1 there: how steep is the logit?"
    assert ("non-saturating", True) in found, "1 − d and the logit's slope are both above 0"
    assert len(found) == 3, "there are four pairs, and one of them is wrong"
