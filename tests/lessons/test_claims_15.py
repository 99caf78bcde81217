"""What lesson 15 says of instance noise on a ring of eight heaps, over several seeds."""

import itertools

import numpy as np
import pytest

from tinygan import nn, training

pytestmark = pytest.mark.slow
CENTRES = 2 * np.stack([(np.cos(k), np.sin(k)) for k in np.arange(8) * np.pi / 4])


def dense(rng, *sizes):
    layers = []
    for n, m in itertools.pairwise(sizes):
        layers += [nn.Dense(n, m, rng=rng, std=np.sqrt(2 / n)), nn.LeakyReLU()]
    return nn.Sequential(*layers[:-1])


def heaps_found(seed, first, updates=2500):
    rng = np.random.default_rng(seed)
    G, D = dense(rng, 8, 64, 64, 2), dense(rng, 2, 64, 64, 1)
    adam_g, adam_d = nn.Adam(G.params(), lr=1e-3), nn.Adam(D.params(), lr=1e-3)
    for update in range(updates):
        blur = nn.GaussianNoise(first * 0.5 ** (5 * update / updates), rng=rng)
        real = CENTRES[rng.integers(0, 8, 128)] + 0.05 * rng.standard_normal((128, 2))
        fake = G.forward(rng.standard_normal((128, 8), np.float32))
        real = blur.forward(real.astype(np.float32))
        training.d_step(D, adam_d, real, blur.forward(fake))
        training.g_step(G, D, adam_g, blur.forward(fake))
    fakes = G.forward(rng.standard_normal((1000, 8), np.float32))
    near = np.linalg.norm(fakes[:, None] - CENTRES, axis=2) < 0.15
    return int((near.mean(axis=0) > 0.01).sum())


@pytest.mark.parametrize("seed", range(3))
def test_noise_on_what_d_sees_cures_the_collapse_of_the_ring(seed):
    without, with_noise = heaps_found(seed, 0.0), heaps_found(seed, 1.0)
    assert without < 6 <= with_noise
