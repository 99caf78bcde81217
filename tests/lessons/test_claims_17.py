"""What the exercises of lesson 17 say of a D that is not told the label, over several seeds."""

import numpy as np
import pytest

from tinygan import nn, training
from tinygan.models import conditional

pytestmark = pytest.mark.slow


def share_as_asked(told, seed):
    rng = np.random.default_rng(seed)

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


@pytest.mark.parametrize("seed", range(3))
def test_g_heeds_the_label_only_when_d_is_told_it(seed):
    assert share_as_asked(True, seed) > 0.95
    assert share_as_asked(False, seed) < 0.85
