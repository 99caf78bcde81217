"""What must hold of the functions in exercises/02.py."""

import numpy as np

from tinygan import nn

RNG = np.random.default_rng(0)


def dense_backward(answer):
    x, gy = RNG.standard_normal((6, 4)), RNG.standard_normal((6, 3))
    layer = nn.Dense(4, 3, rng=RNG, std=1)
    for param in layer.params():
        param.data, param.grad = param.data.astype(float), param.grad.astype(float)
    layer.forward(x)
    wanted = layer.backward(gy), layer.W.grad, layer.b.grad
    found = answer(x, layer.W.data, gy)
    assert len(found) == 3, f"it should return gx, gW and gb, not {len(found)} arrays"
    hints = {
        "gx": "each x moves every y of its row",
        "gW": "each weight moves one y in every row",
        "gb": "each bias is added to every row",
    }
    for (name, hint), mine, theirs in zip(hints.items(), found, wanted, strict=True):
        assert np.shape(mine) == theirs.shape, (
            f"{name} is {np.shape(mine)}, and should be {theirs.shape}"
        )
        assert np.allclose(mine, theirs), f"{name} has the right shape, wrong numbers: {hint}"


def one_layer(answer):
    W1, b1 = RNG.standard_normal((4, 5)), RNG.standard_normal(5)
    W2, b2 = RNG.standard_normal((5, 3)), RNG.standard_normal(3)
    x = RNG.standard_normal((6, 4))
    W, b = answer(W1, b1, W2, b2)
    assert W.shape == (4, 3), f"W is {W.shape}: it takes 4 numbers to 3"
    assert np.allclose(W, W1 @ W2), "W: multiply out (x W₁ + b₁) W₂ + b₂; what stands at x?"
    assert np.allclose(x @ W + b, (x @ W1 + b1) @ W2 + b2), "b: b₁ goes through a layer too"


def gradient_of_parts(answer):
    x, gy = RNG.standard_normal((10, 4)), RNG.standard_normal((10, 3))
    cuts = ((0, 2), (2, 7), (7, 10))
    gW = answer((x[a:b], gy[a:b]) for a, b in cuts)
    assert np.shape(gW) == (4, 3), f"gW is {np.shape(gW)}: it has the shape of W, (4, 3)"
    assert np.allclose(gW, x.T @ gy), "over which index is gW a sum, and which of them has a part?"


def multiplications(answer):
    for sizes in ((1, 784, 256, 10), (64, 30, 20, 500)):
        n, n_in, hidden, n_out = sizes
        left, right = answer(*sizes)
        first, second = n * n_out * hidden, n * hidden * n_in
        assert left == first + second, f"from the left, {sizes}: the first product takes {first}"
        first, second = n_out * hidden * n_in, n * n_out * n_in
        assert right == first + second, f"from the right, {sizes}: the second takes {second}"
