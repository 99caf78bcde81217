"""Answers to the exercises of lesson 13. Run it: every answer is checked."""

import numpy as np

from tinygan import data, nn, training
from tinygan.models import gan

# 1. The gradients are d − 1 and −d: the ratio is (1 − d) / d, 999 at d = 0.001. They are of one
#    size at d = 1/2, where D guesses: a game in balance hardly cares for the choice of the loss.
d = 0.001
ratio = (1 - d) / d
print(f"1. {ratio:.0f} times; the same at d = 0.5")
assert round(ratio) == 999
assert abs(0.5 - 1) == abs(-0.5)

# 2. y is 2 or 0, each half of the time: mean 1, variance (2 − 1)² / 2 + (0 − 1)² / 2 = 1. For any p
#    it is x² p / (1 − p): dropout is noise in proportion to x.
y = nn.Dropout(0.5, rng=np.random.default_rng(0)).forward(np.ones(100_000))
print(f"2. mean {y.mean():.2f}, variance {y.var():.2f}")
assert abs(y.mean() - 1) < 0.02
assert abs(y.var() - 1) < 0.02

# 3. Take the two apart: each size with and without dropout, all against the same G, and compare
#    what G hears. Both count: a D with dropout is quieter, and a small one is quieter.
images = data.load("fashion-mnist-subset").images.astype(np.float32) / 127.5 - 1


def loudness(hidden, dropout):
    """The length of G's gradient, its mean over the second half of 200 updates."""
    rng = np.random.default_rng(0)
    G = gan.dense_generator(rng, width=16)
    D = gan.dense_discriminator(rng, hidden=hidden, dropout=dropout)
    adam_g, adam_d = nn.Adam(G.params()), nn.Adam(D.params())
    lengths = []
    for _ in range(200):
        fake = G.forward(rng.standard_normal((64, 100), np.float32))
        training.d_step(D, adam_d, images[rng.integers(0, len(images), 64)], fake)
        training.g_step(G, D, adam_g, fake)
        lengths.append(np.sqrt(sum(float((param.grad**2).sum()) for param in G.params())))
    return np.mean(lengths[100:])


found = {}
for name, hidden in (("small", (64, 32, 16)), ("large", (64, 128, 256))):
    for dropout in (0.0, 0.5):
        found[name, dropout] = loudness(hidden, dropout)
        print(f"3. D {name}, dropout {dropout}: {found[name, dropout]:.2f}")
for name in ("small", "large"):
    assert found[name, 0.5] < 0.8 * found[name, 0.0]
for dropout in (0.0, 0.5):
    assert found["small", dropout] < 0.6 * found["large", dropout]
