"""Lesson 22: with any seed the flow draws all eight heaps of the ring."""

import numpy as np
import pytest

from tinygan import nn
from tinygan.models.ode import heun_steps, solve
from tinygan.models.velocity import DenseVelocity
from tinygan.training.flow_loop import flow_step

TURNS = np.arange(8) * np.pi / 4
CENTRES = 2 * np.stack([np.cos(TURNS), np.sin(TURNS)], axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_flow_draws_all_eight_heaps(seed):
    rng, none = np.random.default_rng(seed), np.zeros(128, int)
    net = DenseVelocity(2, 1, width=64, blocks=2, rng=rng)
    adam = nn.Adam(net.params(), betas=(0.9, 0.999))
    for update in range(1500):
        adam.lr = 3e-3 * (1 - update / 1500)
        x1 = CENTRES[rng.integers(0, 8, 128)] + 0.05 * rng.standard_normal((128, 2))
        x0, t = rng.standard_normal((128, 2), np.float32), rng.random(128).astype(np.float32)
        flow_step(net, adam, x0, x1.astype(np.float32), t, none)

    def velocity(x, t):
        return net.forward(x, np.full(len(x), t, np.float32), np.zeros(len(x), int))

    points = solve(heun_steps, velocity, rng.standard_normal((1000, 2), np.float32), 20)
    close = np.linalg.norm(points[:, None] - CENTRES, axis=2) < 0.15  # 3 standard deviations
    assert (close.mean(axis=0) > 0.02).all()
    assert close.any(axis=1).mean() > 0.3
