"""Answers to the exercises of lesson 02. Run it: every answer is checked."""

import numpy as np

from tinygan import nn

rng = np.random.default_rng(0)

# 1. (x W₁ + b₁) W₂ + b₂ = x (W₁ W₂) + (b₁ W₂ + b₂): again a weighted sum of the inputs and a bias.
#    Something that is not a weighted sum has to stand between them: an activation, lesson 03.
x = rng.standard_normal((6, 4))
W1, b1 = rng.standard_normal((4, 5)), rng.standard_normal(5)
W2, b2 = rng.standard_normal((5, 3)), rng.standard_normal(3)
two = (x @ W1 + b1) @ W2 + b2
one = x @ (W1 @ W2) + (b1 @ W2 + b2)
print(f"1. two layers and the one made of them differ by {np.abs(two - one).max():.0e}")
assert np.allclose(two, one)

# 2. gW = Σ_n x[n,i] gy[n,j] is a sum over the rows, and backward adds to what is there. So two
#    halves leave what the whole batch would have left: how to train with a batch too large for
#    the memory.
layer = nn.Dense(4, 3, rng=rng)
gy = rng.standard_normal((6, 3))
for half in (slice(0, 3), slice(3, 6)):
    layer.forward(x[half])
    layer.backward(gy[half])
print(f"2. W.grad of the halves and gW differ by {np.abs(layer.W.grad - x.T @ gy).max():.0e}")
assert np.allclose(layer.W.grad, x.T @ gy, rtol=1e-5, atol=1e-6)  # W.grad is float32

# 3. From the left: (1, 10) (10, 256), then (1, 256) (256, 784). From the right, first the product
#    of the two matrices, (10, 256) (256, 784), then (1, 10) (10, 784). The result is the same. To
#    begin with the one row gy, as backward does, is cheap since a loss is one number.
from_left = 1 * 10 * 256 + 1 * 256 * 784
from_right = 10 * 256 * 784 + 1 * 10 * 784
print(f"3. from the left {from_left:,}, from the right {from_right:,}")
gy, W2, W1 = rng.standard_normal((1, 10)), rng.standard_normal((256, 10)), np.ones((784, 256))
assert np.allclose((gy @ W2.T) @ W1.T, gy @ (W2.T @ W1.T))
assert from_right > 9 * from_left
