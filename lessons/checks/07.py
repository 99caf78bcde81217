"""What must hold of the functions in exercises/07.py."""

import numpy as np

from tinygan import nn

RNG = np.random.default_rng(0)


def sizes_before(answer):
    for oh, k, s, p in ((7, 5, 2, 2), (4, 3, 1, 1), (5, 4, 3, 0)):
        wanted = {h for h in range(1, 60) if (h + 2 * p - k) // s + 1 == oh}
        sizes, chosen = answer(oh, k, s, p)
        where = f"oh {oh}, k {k}, s {s}, p {p}"
        assert set(sizes) == wanted, (
            f"{where}: {sorted(sizes)}; try the formula on each h from 1 on"
        )
        layer = nn.ConvTranspose2d(1, 1, k, stride=s, padding=p, rng=RNG).eval()
        made = layer.forward(np.zeros((1, oh, oh, 1), np.float32)).shape[1]
        assert chosen == made, f"{where}: not {chosen}; how wide are oh stamps, s pixels apart?"


def matrix_of(answer):
    shape = 1, 4, 5, 2
    conv = nn.Conv2d(2, 3, 3, stride=2, padding=1, bias=False, rng=RNG, std=1).eval()
    maps = {
        "a convolution": conv.forward,
        "im2col": lambda x: nn.im2col(x, 3, 1, 1),
        "the sum of all pixels": lambda x: x.sum(keepdims=True),
    }
    for name, f in maps.items():
        A, x = answer(f, shape), RNG.standard_normal(shape)
        wanted = f(x).size, x.size
        assert A.shape == wanted, f"{name}: A is {A.shape}, and should be {wanted}"
        assert np.allclose(A @ x.ravel(), f(x).ravel()), f"{name}: A x is not f(x)"
    forward = answer(maps["im2col"], shape)
    back = answer(lambda cols: nn.col2im(cols[0, :, :, 0], shape, 3, 1, 1), (1, 20, 18, 1))
    assert np.array_equal(back, forward.T), "the matrix of col2im is not im2col's transposed"


def directions_lost(answer):
    conv = nn.Conv2d(1, 1, 4, stride=2, padding=1, bias=False, rng=RNG, std=1).eval()
    A = conv.forward(np.eye(36).reshape(36, 6, 6, 1)).reshape(36, 9).T
    assert answer(A) == 27, f"36 numbers become 9, and it says {answer(A)}: how many can y tell of?"
    assert answer(np.eye(5)) == 0, "the identity loses nothing"
    twice = np.array([[1.0, 2, 3], [2, 4, 6]])
    assert answer(twice) == 2, "one row is twice the other: y has fewer independent numbers"


def unevenness(answer):
    for k, s in ((3, 2), (4, 2), (5, 2), (7, 3), (3, 1), (2, 2)):
        layer = nn.ConvTranspose2d(1, 1, k, stride=s, bias=False, rng=RNG).eval()
        layer.W.data[:] = 1
        counts = layer.forward(np.ones((1, 20, 20, 1), np.float32))[
            0, 2 * k : -2 * k, 2 * k : -2 * k
        ]
        wanted = counts.max() / counts.min()
        found = answer(k, s)
        assert np.isclose(found, wanted), (
            f"k {k}, s {s}: {found:.2f}, counted {wanted:.2f}; begin with one axis"
        )
