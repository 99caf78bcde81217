"""What must hold of the functions in exercises/06.py."""

import numpy as np

from tinygan import nn

RNG = np.random.default_rng(0)


def weights(answer):
    convolution, dense = answer(28, 28, 32, 32, 3)
    assert convolution == 3 * 3 * 32 * 32, f"convolution {convolution}: what is the shape of W?"
    assert dense == (28 * 28 * 32) ** 2, f"dense {dense}: how many numbers go in, and come out?"
    convolution, dense = answer(10, 20, 3, 8, 5)
    assert convolution == 600, f"3 → 8 channels, k = 5: {convolution}"
    assert dense == 200 * 3 * 200 * 8, f"10 × 20 pixels, 3 → 8 channels: {dense}"


def edge_kernel(answer):
    layer = nn.Conv2d(1, 1, 3, bias=False, rng=RNG).eval()
    W = np.asarray(answer(), float)
    assert W.shape == (3, 3), f"it should be (3, 3), not {W.shape}"
    layer.W.data = W.reshape(3, 3, 1, 1)
    picture = np.zeros((1, 5, 8, 1))
    picture[:, :, 4:] = 1  # bright from column 4 on
    y = layer.forward(picture)[0, 0, :, 0]
    assert np.allclose(y[[0, 1, 4, 5]], 0), f"where the picture is even it says {y[[0, 1, 4, 5]]}"
    assert y[2] > 0 < y[3], f"at the edge, dark on the left, it says {y[2:4]}"
    y = layer.forward(1 - picture)[0, 0, :, 0]
    assert y[2] < 0 > y[3], f"at the edge, bright on the left, it says {y[2:4]}"
    y = layer.forward(picture.transpose(0, 2, 1, 3))
    assert np.allclose(y, 0), f"an edge between above and below gives up to {abs(y).max():g}"


def one_by_one(answer):
    layer = nn.Conv2d(3, 5, 1, rng=RNG, std=1).eval()
    layer.b.data = RNG.standard_normal(5)
    x = RNG.standard_normal((2, 4, 6, 3))
    y = answer(x, layer.W.data, layer.b.data)
    assert y.shape == (2, 4, 6, 5), f"it should be (2, 4, 6, 5), not {y.shape}"
    assert np.allclose(y, layer.forward(x)), "for each pixel by itself it is a layer that you know"


def windows_of_each_pixel(answer):
    for h, k, s, p in ((4, 2, 1, 0), (5, 3, 1, 1), (7, 3, 2, 1), (6, 4, 2, 1), (6, 3, 2, 0)):
        wanted = np.zeros((h + 2 * p, h + 2 * p), int)
        for i in range(0, h + 2 * p - k + 1, s):
            for j in range(0, h + 2 * p - k + 1, s):
                wanted[i : i + k, j : j + k] += 1
        wanted = wanted[p : p + h, p : p + h]
        found = np.asarray(answer(h, k, s, p))
        where = f"h {h}, k {k}, s {s}, p {p}"
        assert found.shape == (h, h), f"{where}: the shape is {found.shape}, not {(h, h)}"
        row = np.flatnonzero((found != wanted).any(axis=1))
        assert row.size == 0, (
            f"{where}: row {row[0]} is {found[row[0]].tolist()}, not {wanted[row[0]].tolist()}"
        )
