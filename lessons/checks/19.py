"""What must hold of the functions in exercises/19.py."""

import numpy as np

from tinygan import nn


def best_slope(answer):
    for gap, weight in ((2.0, 10.0), (1.0, 0.5)):
        found, s = answer(gap, weight), np.linspace(0, 4, 40_001)
        wanted = s[np.argmin(-gap * s + weight * (s - 1) ** 2)]
        assert abs(found - wanted) < 1e-3, (
            f"for a gap of {gap}, weight {weight} it gives {found:.3f}: where is the derivative by "
            "s 0?"
        )


def r1_by_hand(answer):
    rng = np.random.default_rng(0)
    x, W1, b1, W2 = (rng.standard_normal(shape) for shape in ((6, 3), (3, 5), 5, (5, 1)))

    def P():
        s = np.where(x @ W1 + b1 > 0, 1, 0.2)
        return (((s * W2.T) @ W1.T) ** 2).sum(axis=1).mean()

    found, gW1, gW2 = answer(x, W1, b1, W2)
    assert np.isclose(found, P()), f"P is {found:.4f} and should be {P():.4f}: a sum over n, a mean"
    for name, W, gW in (("W1", W1, gW1), ("W2", W2, gW2)):
        assert np.shape(gW) == W.shape, f"the gradient by {name} has the shape {np.shape(gW)}"
        wanted = nn.numerical_gradient(P, W)
        assert np.allclose(np.ravel(gW), wanted, rtol=1e-5, atol=1e-7), (
            f"the gradient by {name} is off: what is v = dP/dg for this P, and does the linearised "
            "D leave the biases out?"
        )


def largest_singular_value(answer):
    rng = np.random.default_rng(1)
    for shape in ((5, 3), (3, 6), (4, 4)):
        W = rng.standard_normal(shape)
        kept, true = W.copy(), np.linalg.svd(W, compute_uv=False).max()
        found = answer(W, 500)
        assert np.array_equal(W, kept), "W itself should stay as it is"
        assert np.isclose(found, true, rtol=1e-4), (
            f"after 500 turns it gives {found:.4f}, and the largest singular value is {true:.4f}"
        )
    W = np.diag([2.0, 1.0])
    found = answer(W, 1)
    v = np.ones(2)
    u = W @ v / np.linalg.norm(W @ v)
    v = W.T @ u / np.linalg.norm(W.T @ u)
    wanted = u @ W @ v
    assert np.isclose(found, wanted), (
        f"for diag(2, 1) one turn gives {wanted:.4f}, not {found:.4f}: start from ones, and take s "
        "with the new u and the new v"
    )


def reaches_others(answer):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((6, 4))
    for middle, touched in ((nn.LeakyReLU(), False), (nn.BatchNorm(8), True)):
        D = nn.Sequential(nn.Dense(4, 8, rng=rng, std=1), middle, nn.Dense(8, 1, rng=rng, std=1))
        gy = np.zeros_like(D.forward(x))
        gy[0] = 1
        wanted = np.abs(D.backward(gy)[1:]).max()
        found = answer(D, x)
        assert np.isclose(found, wanted, atol=1e-9), (
            f"with {type(middle).__name__} it gives {found:.4f} and should give {wanted:.4f}: send "
            "back a gradient that asks for example 0 only, and leave its own row out"
        )
        assert (wanted > 1e-3) == touched
