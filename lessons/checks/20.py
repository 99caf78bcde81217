"""What must hold of the functions in exercises/20.py."""

import numpy as np

from tinygan import nn


def loss_of_a_bribed_d(answer):
    for d in (0.1, 0.5, 0.8):
        logits = np.full((4, 1), np.log(d / (1 - d)))
        wanted = nn.bce_with_logits(logits, 1.0)[0] + nn.bce_with_logits(logits, 0.0)[0]
        found = answer(d)
        assert np.isclose(found, wanted), (
            f"at d = {d} it gives {found:.3f}: data cost −log d, and what do fakes cost?"
        )


def seen_in_losses(answer):
    found = set(answer())
    assert 2 in found, "what did D's loss do when D had the higher rate?"
    assert 3 in found, "exercise 1 compares D's loss with that of a guess"
    assert 5 not in found, "failure 5 happens when pictures are drawn: is there a loss then?"
    assert 6 not in found, "float64 has more digits: does a loss change in the first ones?"
    assert 4 not in found, "D's own update is right in failure 4, and G's push is off by 13 % only"
    assert found == {2, 3}, "a number from 2 to 6 for each failure"


def asymmetry(answer):
    fields = {
        "the gradient of x₁ x₂²": (lambda x: np.array([x[1] ** 2, 2 * x[0] * x[1]]), 0.0),
        "a rotation, (−x₂, x₁)": (lambda x: np.array([-x[1], x[0]]), 2.0),
        "(x₁ x₂, 0)": (lambda x: np.array([x[0] * x[1], 0.0]), 0.7),
        "(x₁², x₂³)": (lambda x: np.array([x[0] ** 2, x[1] ** 3]), 0.0),
    }
    for name, (push, wanted) in fields.items():
        found = answer(push, np.array([0.7, -0.4]))
        assert np.isclose(found, wanted, atol=1e-4), (
            f"for {name} it gives {found:.4f}, not {wanted}: move x along one axis and take the "
            "other component of the push"
        )


def becomes_float64(answer):
    found, x = set(answer()), np.ones(3, np.float32)
    values = {
        "np.float32(2) * x": np.float32(2) * x,
        "2.0 * x": 2.0 * x,
        "np.float64(2) * x": np.float64(2) * x,
        "x / np.sqrt(2)": x / np.sqrt(2),
        "x.mean()": x.mean(),
        "np.arange(3) * x": np.arange(3) * x,
    }
    assert found <= set(values), f"not one of the six: {found - set(values)}"
    for text, value in values.items():
        assert (text in found) == (value.dtype == np.float64), (
            f"{text}: what is the dtype of the factor beside x, and is it a number of Python's?"
        )
