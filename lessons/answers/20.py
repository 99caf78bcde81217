"""Answers to the exercises of lesson 20. Run it: every answer is checked."""

import numpy as np

from tinygan import nn, training

# 1. The losses show 2 (D's is near 0) and, if one knows what to expect, 3: D's loss is above that
#    of a guess, 2 log 2 = 1.386, since D's belief in real and in fake points is high alike.
#    Collapse, steps in the wrong order, the wrong mode when drawing and float64 leave them as they
#    are.
belief = 0.8  # the same for real points and for fakes
bribed_loss = -np.log(belief) - np.log(1 - belief)
print(f"1. D's loss when it believes all with {belief}: {bribed_loss:.2f}")
assert bribed_loss > 2 * np.log(2)

# 2. Here it does not: a plane of noise is folded onto a ring in a plane more easily than eight
#    dimensions are, and all heaps are drawn.
turns = np.arange(8) * np.pi / 4
CENTRES = 2 * np.stack([np.cos(turns), np.sin(turns)], axis=1)


def dense(rng, n, out):
    sizes = (n, 64), (64, 64), (64, out)
    layers = [(nn.Dense(a, b, rng=rng, std=np.sqrt(2 / a)), nn.LeakyReLU()) for a, b in sizes]
    return nn.Sequential(*sum(layers, ())[:-1])


heaps = {}
for noise_dim in (2, 8):
    rng = np.random.default_rng(0)
    G, D = dense(rng, noise_dim, 2), dense(rng, 2, 1)
    adam_g, adam_d = nn.Adam(G.params(), lr=1e-3), nn.Adam(D.params(), lr=1e-3)
    for _ in range(3000):
        real = CENTRES[rng.integers(0, 8, 128)] + 0.05 * rng.standard_normal((128, 2))
        fake = G.forward(rng.standard_normal((128, noise_dim), np.float32))
        training.d_step(D, adam_d, real.astype(np.float32), fake)
        training.g_step(G, D, adam_g, fake)
    fakes = G.forward(rng.standard_normal((1000, noise_dim), np.float32))
    distance = np.linalg.norm(fakes[:, None] - CENTRES, axis=2)
    heaps[noise_dim] = ((distance < 0.3).mean(axis=0) > 0.02).sum()
    print(f"2. with noise of {noise_dim} numbers: {heaps[noise_dim]} of 8 heaps")
assert heaps[2] > heaps[8]

# 3. np.float64(2) * x and x / np.sqrt(2), whose root is a float64 scalar of NumPy, and an array of
#    integers, np.arange(3) * x. A Python number has no dtype to insist on, np.float32 has the right
#    one, and a mean keeps that of its array.
x = np.ones(3, np.float32)
found = {
    "np.float32(2) * x": np.float32(2) * x,
    "2.0 * x": 2.0 * x,
    "np.float64(2) * x": np.float64(2) * x,
    "x / np.sqrt(2)": x / np.sqrt(2),
    "x.mean()": x.mean(),
    "np.arange(3) * x": np.arange(3) * x,
}
for text, value in found.items():
    print(f"3. {text:<18} {value.dtype}")
wide = {text for text, value in found.items() if value.dtype == np.float64}
assert wide == {"np.float64(2) * x", "x / np.sqrt(2)", "np.arange(3) * x"}
