"""What lesson 16 says of walks and of memory, where it does not depend on a training."""

import numpy as np
import pytest

from tinygan import data, metrics


@pytest.mark.parametrize("seed", range(3))
def test_half_way_a_straight_walk_has_a_short_z_and_slerp_has_not(seed):
    z0, z1 = np.random.default_rng(seed).standard_normal((2, 1000, 100))
    lengths = np.linalg.norm(z0, axis=1) * np.linalg.norm(z1, axis=1)
    angle = np.arccos((z0 * z1).sum(axis=1) / lengths)[:, None]
    slerp = np.sin(angle / 2) * (z0 + z1) / np.sin(angle)
    assert abs(np.linalg.norm((z0 + z1) / 2, axis=1).mean() - 7.1) < 0.1
    assert abs(np.linalg.norm(slerp, axis=1).mean() - 10) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_walks_of_a_g_that_knows_photographs_by_heart_have_no_jumps(seed):
    rng = np.random.default_rng(seed)
    shown, fresh = (data.load("fashion-mnist-subset", split).images for split in ("train", "test"))
    known, keys = shown[:300].reshape(300, -1) / 255, rng.standard_normal((300, 20))

    def by_heart(z, sharpness):
        score = sharpness * (z @ keys.T)
        weights = np.exp(score - score.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True) @ known

    z0, z1 = rng.standard_normal((2, 1, 20))
    steps = []
    for n in (400, 800):
        t = np.linspace(0, 1, n + 1)[:, None]
        walk = by_heart((1 - t) * z0 + t * z1, 4.0)
        steps.append(np.linalg.norm(np.diff(walk, axis=0), axis=1).max())
    assert steps[1] < 0.6 * steps[0]
    drawn = np.rint(255 * by_heart(rng.standard_normal((200, 20)), 20.0)).astype(np.uint8)
    assert metrics.memorisation_ratio(drawn.reshape(-1, 28, 28, 1), shown[:300], fresh) < 0.4
