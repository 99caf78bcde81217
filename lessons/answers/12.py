"""Answers to the exercises of lesson 12. Run it: every answer is checked."""

import numpy as np

from tinygan import nn, training


def normal(x, mean, std):
    return np.exp(-(((x - mean) / std) ** 2) / 2) / (std * np.sqrt(2 * np.pi))


# 1. D's loss is the mean of −log d over the data plus that of −log(1 − d) over the fakes: the sum
#    over all x of −p log d − q log(1 − d), times the width of a step. The densities are held above
#    0, since far out both are too small for a float.
x = np.linspace(-40, 40, 80_001)


def loss_of_the_best(p, q):
    p, q = np.maximum(p, 1e-300), np.maximum(q, 1e-300)
    d = p / (p + q)
    one_minus_d = q / (p + q)  # not 1 − d, which would round to 0
    return float(np.sum(-p * np.log(d) - q * np.log(one_minus_d)) * (x[1] - x[0]))


same = loss_of_the_best(normal(x, 3, 0.5), normal(x, 3, 0.5))
apart = loss_of_the_best(normal(x, 3, 0.5), normal(x, -9, 0.5))
print(f"1. {same:.4f} where q = p, {apart:.4f} where they lie apart")
assert abs(same - 2 * np.log(2)) < 1e-6
assert apart < 1e-6


# 2. By the logit, −log s(l) has the derivative s(l) − 1 and log(1 − s(l)) has −s(l) (lesson 03).
#    At l = −6, where D is sure that it sees a fake, they are −0.998 and −0.002: the first pushes G
#    hard, the second hardly at all, just when G has everything to learn. This is why tinygan's G
#    minimises the first, as the paper's section 3 advises.
def sigmoid(l):
    return 1 / (1 + np.exp(-l))


l, h = -6.0, 1e-5
slopes = []
for loss in (lambda l: -np.log(sigmoid(l)), lambda l: np.log(1 - sigmoid(l))):
    slopes.append((loss(l + h) - loss(l - h)) / (2 * h))
print(f"2. by −log d: {slopes[0]:.4f}, by log(1 − d): {slopes[1]:.4f}")
s = sigmoid(l)
assert np.allclose(slopes, [s - 1, -s], atol=1e-8)
assert abs(slopes[0]) > 400 * abs(slopes[1])

# 3. W z + b has one hump and cannot have two. A fit by the likelihood (lesson 09) would spread it
#    over both and the empty place between. The game does not: D learns that between the humps all
#    is fake, and drives G out of there onto one of them. No fake lands on the other any more, so
#    nothing tells G that it exists: this is mode collapse, which lesson 20 makes on purpose.
rng = np.random.default_rng(0)
G = nn.Sequential(nn.Dense(1, 1, rng=rng))
G.layers[0].W.data[:] = 1
D = nn.Sequential(nn.Dense(1, 64, rng=rng, std=1), nn.Tanh(), nn.Dense(64, 1, rng=rng, std=0.1))
adam_g, adam_d = nn.Adam(G.params(), lr=3e-3), nn.Adam(D.params(), lr=1e-2)
for _ in range(4000):
    real = (rng.normal(0, 0.5, (256, 1)) + rng.choice([-2, 3], (256, 1))).astype(np.float32)
    fake = G.forward(rng.standard_normal((256, 1), np.float32))
    training.d_step(D, adam_d, real, fake)
    training.g_step(G, D, adam_g, fake)
b, W = float(G.layers[0].b.data[0]), abs(float(G.layers[0].W.data[0, 0]))
print(f"3. one hump at {b:.2f}, {W:.2f} wide; the likelihood's would be at 0.5, 2.55 wide")
assert min(abs(b + 2), abs(b - 3)) < 0.3
assert W < 0.8
