"""What lesson 13 says of a D that has won and of games in balance, over several seeds."""

import copy

import numpy as np
import pytest

from tinygan import data, nn, training
from tinygan.models import gan

pytestmark = pytest.mark.slow
GRADIENTS = {"saturating": lambda d: -d, "non-saturating": lambda d: d - 1}


@pytest.fixture(scope="module")
def images():
    return data.load("fashion-mnist-subset").images.astype(np.float32) / 127.5 - 1


def pair(rng, width, hidden, dropout=0.0):
    G = gan.dense_generator(rng, width=width)
    D = gan.dense_discriminator(rng, hidden=hidden, dropout=dropout)
    return G, D, nn.Adam(G.params()), nn.Adam(D.params())


def belief(G, D, rng):
    return float(
        nn.sigmoid(D.forward(G.forward(rng.standard_normal((256, 100), np.float32)))).mean()
    )


def update_d(G, D, adam_d, images, rng):
    fake = G.forward(rng.standard_normal((128, 100), np.float32))
    training.d_step(D, adam_d, images[rng.integers(0, len(images), 128)], fake)
    return fake


def updates_until_back(G, D, adam_g, adam_d, images, loss):
    G, D, adam_g, adam_d = copy.deepcopy((G, D, adam_g, adam_d))
    rng = np.random.default_rng(99)
    for update in range(1, 301):
        fake = update_d(G, D, adam_d, images, rng)
        adam_g.zero_grad()
        glogits = GRADIENTS[loss](nn.sigmoid(D.forward(fake))) / np.float32(128)
        G.backward(D.backward(glogits, accumulate=False))
        adam_g.step()
        if belief(G, D, rng) > 0.2:
            return update
    return update


@pytest.mark.parametrize("seed", range(3))
def test_g_comes_back_after_d_has_won_and_adams_memory_says_how_soon(images, seed):
    rng = np.random.default_rng(seed)
    G, D, adam_g, adam_d = pair(rng, 16, (64, 128, 256))
    for _ in range(300):
        fake = update_d(G, D, adam_d, images, rng)
        training.g_step(G, D, adam_g, fake)
    for _ in range(200):
        update_d(G, D, adam_d, images, rng)
    assert belief(G, D, rng) < 0.01
    found = {
        (loss, new): updates_until_back(
            G, D, nn.Adam(G.params()) if new else adam_g, adam_d, images, loss
        )
        for loss in GRADIENTS
        for new in (False, True)
    }
    assert found["non-saturating", False] < 10
    assert found["non-saturating", True] < 20
    assert found["saturating", True] < 20
    assert 25 < found["saturating", False] < 200


@pytest.mark.parametrize("seed", range(3))
def test_a_game_in_balance_can_have_collapsed(images, seed):
    varied, photos = {}, images[:500]
    for hidden, dropout in (((64, 128, 256), 0.0), ((64, 32, 16), 0.5)):
        rng = np.random.default_rng(seed)
        G, D, adam_g, adam_d = pair(rng, 16, hidden, dropout)
        for _ in range(500):
            fake = update_d(G, D, adam_d, images, rng)
            training.g_step(G, D, adam_g, fake)
        assert 0.35 < belief(G, D.eval(), rng) < 0.65
        assert 0.35 < nn.sigmoid(D.forward(photos)).mean() < 0.7
        pictures = G.forward(rng.standard_normal((500, 100), np.float32))
        varied[dropout] = variety(pictures) / variety(photos)
    assert varied[0.5] < 0.1 < 0.25 < varied[0.0]


def variety(pictures):
    return pictures.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).var(axis=0).sum()
