"""What must hold of the functions in exercises/13.py."""

import numpy as np

from tinygan import nn


def ratio(answer):
    for d in (0.001, 0.2, 0.5, 0.9):
        wanted, found = abs(d - 1) / abs(-d), answer(d)
        assert np.isclose(found, wanted), (
            f"at d = {d} it gives {found:.4g}: the gradients by the logit are d − 1 and −d"
        )


def dropout_variance(answer):
    for x, p in ((1.0, 0.5), (3.0, 0.25)):
        y = nn.Dropout(p, rng=np.random.default_rng(0)).forward(np.full(200_000, x))
        found = answer(x, p)
        assert abs(found / y.var() - 1) < 0.03, (
            f"for x = {x}, p = {p} it gives {found:.3f}, and 200,000 draws have {y.var():.3f}: "
            "which two values does y take, and how often?"
        )


def steps_after_a_change(answer):
    for size in (1, 1e-3, 1e3):
        w, wanted = nn.Param(np.zeros(1)), []
        adam = nn.Adam([w], lr=1.0, eps=1e-30)
        for gradient in [1] * 1000 + [size] * 20:
            w.grad[:], before = gradient, w.data.copy()
            adam.step()
            wanted.append(abs(w.data - before)[0])
        found, wanted = np.asarray(answer(size, 20)), np.array(wanted[1000:])
        assert found.shape == (20,), f"it should return an array (20,), not {found.shape}"
        assert np.allclose(found, wanted, rtol=1e-6), (
            f"for size {size} the first step should be {wanted[0]:.4f} and is {found[0]:.4f}, the "
            f"last {wanted[-1]:.4f} and is {found[-1]:.4f}: do m and v remember the 1000 ones, and "
            "does t go on from 1000?"
        )


def designs(answer):
    found = {(size, float(dropout)) for size, dropout in answer()}
    missing = {("small", 0.5), ("large", 0.0)} - found
    assert not missing, f"the two pairs of the lesson are needed too: {missing}"
    assert ("small", 0.0) in found, "the size alone is not tried"
    assert ("large", 0.5) in found, "dropout alone is not tried"
    assert len(found) == 4, "four are enough"
