"""What must hold of the functions in exercises/23.py."""

import numpy as np

from tinygan import nn


def weight_in_average(answer):
    for k, age in ((0.9, 0), (0.9, 3), (0.999, 700)):
        found = answer(k, age)
        assert np.isclose(found, (1 - k) * k**age), (
            f"for k = {k} and age {age} it gives {found}: with what do they come in, and what does "
            "each later update do to them?"
        )
    total = sum(answer(0.9, age) for age in range(500))
    assert np.isclose(total, 1), f"all shares should add up to 1, not {total:.3f}"


def residual_backward(answer):
    rng = np.random.default_rng(0)
    f = nn.Sequential(nn.Dense(3, 4, rng=rng, std=1), nn.Tanh(), nn.Dense(4, 3, rng=rng, std=1))
    for param in f.params():
        param.data, param.grad = param.data.astype(float), param.grad.astype(float)
    h, c, r = rng.standard_normal((3, 5, 3))
    loss = lambda: ((h + f.forward(h + c)) * r).sum()  # noqa: E731
    slopes = [nn.numerical_gradient(loss, array).reshape(5, 3) for array in (h, c)]
    f.forward(h + c)
    found = answer(f, r)
    assert len(found) == 2, "it should return two arrays: gh and gc"
    assert np.allclose(found[1], slopes[1], atol=1e-6), "gc is wrong: by which ways does c reach y?"
    assert np.allclose(found[0], slopes[0], atol=1e-6), "gh is wrong: by which ways does h reach y?"


def calls(answer):
    for method, steps, wanted in (("Euler", 8, 8), ("Heun", 8, 15), ("Heun", 1, 1)):
        found = answer(method, steps)
        assert found == wanted, (
            f"{method}, {steps} steps: not {found}. How often does a step ask, and how the last?"
        )


def which_is_the_floor(answer):
    names = (
        "N(0, I)",
        "mixture",
        "GAN",
        "flow, last",
        "flow, average",
        "reconstructed",
        "photographs",
    )
    fd = dict.fromkeys(names, 1.0)
    found = answer(fd)
    assert found in fd, f"{found!r} is none of {names}"
    assert found == "reconstructed", (
        f"{found}: what would a perfect flow draw, with codes like those of photographs?"
    )
