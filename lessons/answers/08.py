"""Answers to the exercises of lesson 08. Run it: every answer is checked."""

import numpy as np

from tinygan import nn

rng = np.random.default_rng(0)

# 1. None: to move the bias shifts the whole column, and the mean takes that out again. So layers
#    before a BatchNorm are built with bias=False.
dense, norm = nn.Dense(4, 3, rng=rng), nn.BatchNorm(3)
norm.forward(dense.forward(rng.standard_normal((16, 4))))
dense.backward(norm.backward(rng.standard_normal((16, 3))))
print(f"1. the bias's gradient is {np.abs(dense.b.grad).max():.0e} at most")
assert np.abs(dense.b.grad).max() < 1e-6

# 2. y stays as it is, but for ε. gx becomes a tenth: x has to move ten times as far for the same.
x, gy = rng.standard_normal((16, 3)), rng.standard_normal((16, 3))
y, gx = norm.forward(x), norm.backward(gy)
y10, gx10 = norm.forward(10 * x + 5), norm.backward(gy)
print(
    f"2. y differs by {np.abs(y10 - y).max():.0e}, gx is {np.median(gx10 / gx):.3f} of what it was"
)
assert np.allclose(y10, y, atol=1e-4)
assert np.allclose(gx10, gx / 10, atol=1e-4)

# 3. Two values lie as far above as below their mean, by just one standard deviation: y is gamma +
#    beta and −gamma + beta, whatever they were. Batches this small say next to nothing.
y = nn.BatchNorm(1).forward(np.array([[3.0], [17.0]]))
print(f"3. {y.ravel().round(3)}")
assert np.allclose(y.ravel(), [-1, 1], atol=1e-5)
