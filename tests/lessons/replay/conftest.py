"""Small quick games for the tests of the pages that replay a game."""

import copy

import numpy as np
import pytest

from lessons import replay
from tinygan import nn, training


class Played:
    """A game in one or two dimensions. game: as recorded, or None. copies: of G and D before each
    update, when D has learned, and when G has. losses: (D's, G's) of each update."""

    def __init__(self, dimensions, updates, *, seed=0, record=True, **how):
        rng = np.random.default_rng(seed)
        G = nn.Sequential(
            nn.Dense(3, 8, rng=rng, std=0.5), nn.BatchNorm(8), nn.ReLU(),
            nn.Dense(8, dimensions, rng=rng, std=0.5),
        )  # fmt: skip
        hidden = nn.Dense(dimensions, 16, rng=rng, std=1)
        D = nn.Sequential(hidden, nn.LeakyReLU(), nn.Dense(16, 1, rng=rng, std=0.5))
        adam_g, adam_d = nn.Adam(G.params(), lr=0.02), nn.Adam(D.params(), lr=0.02)
        self.real, self.z = draw(np.random.default_rng(9), 30, dimensions)
        on_line = np.linspace(-3, 6, 41, dtype=np.float32)[:, None]
        self.grid = on_line if dimensions == 1 else replay.square(3, 12)
        self.copies, self.losses, self.game = [], [], None
        if record:
            arguments = G, D, self.real, self.z, self.grid, self.about
            self.game = replay.Game(*arguments, **how)
        for _ in range(updates):
            states = [copy.deepcopy((G, D))]
            real, z = draw(rng, 32, dimensions)
            fake = G.forward(z)
            d_loss = training.d_step(D, adam_d, real, fake)["loss"]
            if record:
                self.game.d_learned(d_loss)
            states.append((states[0][0], copy.deepcopy(D)))
            g_loss = training.g_step(G, D, adam_g, fake)["loss"]
            if record:
                self.game.g_learned(g_loss)
            states.append(copy.deepcopy((G, D)))
            self.copies.append(states)
            self.losses.append((float(d_loss), float(g_loss)))
        self.arrays = [*G.named_arrays().values(), *D.named_arrays().values()]
        self.arrays += [param.grad for param in G.params() + D.params()]
        self.next_random = rng.random()

    def about(self, G):
        fakes = G.forward(self.z)
        about = {"spread": fakes.std(), "heaps": 3}
        if self.grid.shape[1] == 1:
            q = np.exp(-((self.grid[:, 0] - fakes.mean()) ** 2) / 2)
            about |= {"p": q * 0.5, "q": q, "best": 1 - q}
        return about


def draw(rng, n, dimensions):
    real = rng.normal(2, 0.5, (n, dimensions)).astype(np.float32)
    return real, rng.standard_normal((n, 3), np.float32)


@pytest.fixture(scope="session")
def play():
    return Played


@pytest.fixture(scope="session")
def on_line():
    """All of 50 updates."""
    return Played(1, 50, every=1)


@pytest.fixture(scope="session")
def in_plane():
    """The updates 1 to 5 of 30, and then each fifth."""
    return Played(2, 30, first=5, every=5)


@pytest.fixture(scope="session")
def other():
    return Played(2, 30, seed=1, first=5, every=5)
