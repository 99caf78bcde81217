"""What lesson 12 says of the game, over several seeds."""

import numpy as np
import pytest

from tinygan import nn, training

pytestmark = pytest.mark.slow


def normal(x, mean, std):
    return np.exp(-(((x - mean) / std) ** 2) / 2) / std


@pytest.mark.parametrize("seed", range(3))
def test_g_grows_wider_while_it_moves_and_narrows_at_the_data(seed):
    rng = np.random.default_rng(seed)

    def batch():
        real = rng.normal(3, 0.5, (256, 1)).astype(np.float32)
        return real, rng.standard_normal((256, 1), np.float32)

    G = nn.Sequential(nn.Dense(1, 1, rng=rng))
    G.layers[0].W.data[:] = 1
    D = nn.Sequential(nn.Dense(1, 64, rng=rng, std=1), nn.Tanh(), nn.Dense(64, 1, rng=rng, std=0.1))
    adam_g, adam_d = nn.Adam(G.params(), lr=3e-3), nn.Adam(D.params(), lr=1e-2)
    for _ in range(500):
        real, z = batch()
        training.d_step(D, adam_d, real, G.forward(z))

    z = rng.standard_normal((20_000, 1), np.float32)
    logit = D.forward(z)
    push = (1 - nn.sigmoid(logit)) * D.backward(np.ones_like(logit), accumulate=False)
    assert push.mean() > 1
    assert (push * z).mean() > 0.5
    assert push[z > 1].mean() > 3 * abs(push[z < 0].mean())
    p, q = normal(z, 3, 0.5), normal(z, 0, 1)
    best = q / (p + q) * (12 - 3 * z)
    assert best.mean() > 1
    assert (best * z).mean() < -1

    path = []
    for step in range(2001):
        if step % 100 == 0:
            path.append((float(G.layers[0].b.data[0]), float(G.layers[0].W.data[0, 0])))
        real, z = batch()
        fake = G.forward(z)
        training.d_step(D, adam_d, real, fake)
        training.g_step(G, D, adam_g, fake)
    b, W = np.array(path).T
    assert W.max() > 1.8
    assert 1 < b[W.argmax()] < 2.6
    assert abs(b[-1] - 3) < 0.1
    assert abs(W[-1] - 0.5) < 0.1
    ends = np.linspace(2, 4, 50, dtype=np.float32)[:, None]
    assert np.abs(nn.sigmoid(D.forward(ends)) - 0.5).max() < 0.1
