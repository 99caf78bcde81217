"""Answers to the exercises of lesson 14. Run it: every answer is checked."""

import numpy as np

from tinygan import models, nn

# 1. Dense 100 · 49 · 4c; each BatchNorm 2 a feature; the kernels 5 · 5 · in · out; one bias at the
#    end.
c = 32
dense = 100 * 49 * 4 * c + 2 * 49 * 4 * c
stamps = 25 * (4 * c * 2 * c + 2 * c * c + c * 1) + 1
norms = 2 * (2 * c + c)
by_hand = dense + stamps + norms
G = models.dcgan_generator(np.random.default_rng(0), width=c)
counted = sum(param.data.size for param in G.params())
print(f"1. {by_hand:,} by hand, {counted:,} counted")
assert by_hand == counted

# 2. A window of 5 in the small picture covers 5 places that lie 2 apart, each of which sees 5
#    pixels: 2 · 4 + 5 = 13. To measure it, see which pixels get a gradient from one number.
rng = np.random.default_rng(0)
two = nn.Sequential(
    nn.Conv2d(1, 3, 5, stride=2, padding=2, rng=rng),
    nn.Conv2d(3, 1, 5, stride=2, padding=2, rng=rng),
)
gy = np.zeros_like(two.forward(np.zeros((1, 28, 28, 1))))
gy[0, 3, 3] = 1
seen = two.backward(gy)[0, :, :, 0] != 0
height, width = seen.any(axis=1).sum(), seen.any(axis=0).sum()
print(f"2. it sees {height} × {width} pixels")
assert height == width == 13
