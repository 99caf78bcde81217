"""Answers to the exercises of lesson 06. Run it: every answer is checked."""

import numpy as np

from tinygan import nn

rng = np.random.default_rng(0)

# 1. k·k·C·O = 9,216, whatever the size of the picture. The dense one has (28·28·32)²: 629 million.
conv = nn.Conv2d(32, 32, 3, padding=1, bias=False, rng=rng)
dense = (28 * 28 * 32) ** 2
print(f"1. {conv.W.data.size:,} and {dense:,}")
assert conv.W.data.size == 9216
assert conv.forward(np.zeros((1, 28, 28, 32), np.float32)).shape == (1, 28, 28, 32)

# 2. −1 on the left, 0 in the middle, 1 on the right: bright minus dark.
edge = nn.Conv2d(1, 1, 3, bias=False, rng=rng)
edge.W.data[:] = np.array([-1, 0, 1], np.float32).reshape(1, 3, 1, 1)
picture = np.zeros((1, 5, 8, 1), np.float32)
picture[:, :, 4:] = 1  # bright from column 4 on
print(f"2. along a row: {edge.forward(picture)[0, 0, :, 0]}")
assert np.array_equal(edge.forward(picture)[0, 0, :, 0], [0, 0, 3, 3, 0, 0])

# 3. It is a dense layer from C to O channels, for each pixel by itself.
one = nn.Conv2d(3, 5, 1, rng=rng)
x = rng.standard_normal((2, 4, 4, 3))
as_dense = x.reshape(-1, 3) @ one.W.data.reshape(3, 5) + one.b.data
difference = np.abs(one.forward(x).reshape(-1, 5) - as_dense).max()
print(f"3. as a dense layer on pixels: off by {difference:.0e}")
assert difference < 1e-12
