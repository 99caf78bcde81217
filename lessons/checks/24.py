"""What must hold of the functions in exercises/24.py."""

import numpy as np


def guided_mean(answer):
    assert np.isclose(answer(1), 2), f"with s = 1 it is the class, with mean 2, not {answer(1)}"
    assert np.isclose(answer(0), 0), f"with s = 0 it is all data, with mean 0, not {answer(0)}"
    for s in (0.5, 3, 6):
        wanted = 8 * s / (1 + 3 * s)
        assert np.isclose(answer(s), wanted), (
            f"s = {s}: not {answer(s)}. Write the guided score as a x + b: where is it 0?"
        )


def guided_in_between(answer):
    a, b = np.array([1.0, 2.0]), np.array([0.5, 0.0])
    for t in (0.1, 0.95):
        assert np.allclose(answer(a, b, 5, t), a), f"at t = {t} the strength should be 1"
    for t in (0.2, 0.5, 0.8):
        assert np.allclose(answer(a, b, 5, t), b + 5 * (a - b)), f"at t = {t} it should be guided"
    assert np.allclose(answer(a, b, 3, 0.5), b + 3 * (a - b)), "does it use the strength s?"
    assert np.allclose(answer(a, b, 3, 0.5, 0.6, 0.9), a), "does it use first and last?"


def share_that_cannot_be_guided(answer):
    found = set(answer())
    assert len(found) == 2, f"two shares are asked for, not {len(found)}"
    assert found == {0, 1}, f"{found}: with which share does it never see a label, or always one?"


def best_strength(answer):
    table = [(0, 0.7, 0.8), (1, 0.8, 0.7), (3, 0.9, 0.4), (6, 0.85, 0.2)]
    for least, wanted in ((0.5, 1), (0.4, 3), (0.1, 3), (0.9, None)):
        found = answer(table, least)
        assert found == wanted, f"with a recall of {least} or more it is {wanted}, not {found}"
