"""Answers to the exercises of lesson 17. Run it: every answer is checked."""

import numpy as np

from tinygan import nn, training
from tinygan.models import conditional

# 1. NumPy reads gW[labels], adds, and writes: where a label occurs twice, the second write
#    overwrites the first, and one of the gradients is lost. np.add.at adds them one by one.
labels, gy = np.array([0, 2, 0]), np.array([[1.0], [10.0], [100.0]])
by_index, one_by_one = np.zeros((3, 1)), np.zeros((3, 1))
by_index[labels] += gy
np.add.at(one_by_one, labels, gy)
table = nn.Embedding(3, 1, rng=np.random.default_rng(0))
table.forward(labels)
table.backward(gy)
print(f"1. by index {by_index.ravel().tolist()}, the sum {table.W.grad.ravel().tolist()}")
assert by_index[0] == 100
assert np.array_equal(one_by_one, table.W.grad)
assert one_by_one[0] == 101

# 2. For such a D a fake of the wrong class is as good as one of the right class. In a world of one
#    number, data at −1 for class 0 and at 1 for class 1; G is a dense layer on [z, y]. Without
#    labels G learns both places, or one, but which one it draws has nothing to do with the label.


def play(told):
    rng = np.random.default_rng(2)

    def network(n):
        return conditional.Conditional(
            nn.Embedding(2, 2, rng=rng, std=0.1),
            nn.Dense(n + 2, 32, rng=rng, std=0.5), nn.Tanh(), nn.Dense(32, 1, rng=rng, std=0.2),
        )  # fmt: skip

    G, D = network(4), network(1)
    adam_g, adam_d = nn.Adam(G.params(), lr=2e-3), nn.Adam(D.params(), lr=2e-3)
    for _ in range(1500):
        asked = rng.integers(0, 2, 128)
        real = (2 * asked - 1 + 0.2 * rng.standard_normal(128)).astype(np.float32)[:, None]
        fake = G.forward(rng.standard_normal((128, 4), np.float32), asked)
        heard = asked if told else np.zeros(128, int)
        training.d_step(D, adam_d, real, fake, heard)
        training.g_step(G, D, adam_g, fake, heard)
    asked = np.arange(1000) % 2
    drawn = G.forward(rng.standard_normal((1000, 4), np.float32), asked)[:, 0]
    return np.mean((drawn > 0) == (asked == 1))


heeded = {told: play(told) for told in (True, False)}
print(f"2. as asked: {heeded[True]:.0%} when D is told, {heeded[False]:.0%} when it is not")
assert heeded[True] > 0.95
assert heeded[False] < 0.85

# 3. About 2.2 standard deviations: the mean of the lowest of 40 draws of N(0, 1) is −2.16. That is
#    what the validation distance flatters by, at most, and why the test part is kept back.
rng = np.random.default_rng(0)
lowest = rng.standard_normal((10_000, 40)).min(axis=1).mean()
print(f"3. the lowest of 40 lies {-lowest:.2f} standard deviations below the truth")
assert abs(lowest + 2.16) < 0.03
