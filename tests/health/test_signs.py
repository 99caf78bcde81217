"""What a look measures: each sign on networks and images of which it is known."""

import copy

import numpy as np
import pytest

from tinygan import nn
from tinygan.health import signs
from tinygan.models import gan
from tinygan.training import d_step, g_step, gan_loss

LOSS = gan_loss.bce()


def plain(images):
    return images


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def pair(rng):
    return gan.cnn_generator(rng, width=2), gan.cnn_discriminator(rng, width=2)


@pytest.fixture
def batch(rng):
    real = rng.uniform(-1, 1, (8, 28, 28, 1)).astype(np.float32)
    return real, rng.standard_normal((8, 100), dtype=np.float32)


def look(G, D, real, z, labels=(), loss=LOSS, seen=plain):
    return signs.of_networks(G, D, real, z, labels, loss, seen)


def state(*networks):
    """All that a training has in two networks: weights, gradients, statistics, generators."""
    arrays = [a.copy() for n in networks for a in n.named_arrays().values()]
    gradients = [p.grad.copy() for n in networks for p in n.params()]
    return arrays, gradients, [g.bit_generator.state for n in networks for g in n.generators()]


def test_every_sign_has_a_meaning_and_comes_in_that_order(pair, batch, rng):
    clothes = rng.integers(0, 256, (20, 28, 28, 1), dtype=np.uint8)
    reference = signs.Reference(clothes, np.arange(20) % 2, lambda x: x.reshape(len(x), -1)[:, :9])
    found = look(*pair, *batch) | reference.signs(clothes[:6])
    assert list(found) == list(signs.MEANINGS)
    assert all(type(value) is float for value in found.values())


def test_nothing_changes_and_a_forward_that_waits_for_its_backward_still_can(pair, batch):
    G, D = pair
    adams = nn.Adam(G.params()), nn.Adam(D.params())
    real, z = batch
    d_step(D, adams[1], real, fake := G.forward(z))
    before = state(G, D)
    look(G, D, real, z)
    after = state(G, D)
    for a, b in zip(before[0] + before[1], after[0] + after[1], strict=True):
        np.testing.assert_array_equal(a, b)
    assert repr(before[2]) == repr(after[2])
    g_step(G, D, adams[0], fake)  # G has kept its forward


def test_the_lengths_are_those_of_an_update_with_the_same_batch(rng, batch):
    G, D = gan.dense_generator(rng, width=2), gan.dense_discriminator(rng, hidden=(8, 4))
    real, z = batch
    found = look(G, D, real, z)
    D.forward(real)
    for param in D.params():
        param.clear()
    _, glogits = LOSS.real(D.forward(real))
    D.backward(glogits)
    fake = G.forward(z)
    _, glogits = LOSS.fake(D.forward(fake))
    D.backward(glogits)
    d_grad = np.sqrt(sum((p.grad**2).sum() for p in D.params()))
    _, glogits = LOSS.generator(D.forward(fake))
    G.backward(D.backward(glogits, accumulate=False))
    g_grad = np.sqrt(sum((p.grad**2).sum() for p in G.params()))
    np.testing.assert_allclose([found["d_grad"], found["g_grad"]], [d_grad, g_grad], rtol=1e-5)
    assert found["ratio"] == pytest.approx(g_grad / d_grad, rel=1e-5)


@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [([1, 2], [-3, 0], 0), ([1, 2], [3, 4], 1), ([1, 1], [1, 1], 0.5), ([0, 2], [1, -1], 0.25)],
)
def test_overlap_is_the_share_of_pairs_that_d_has_the_wrong_way_round(real, fake, expected):
    assert signs.overlap(np.array(real), np.array(fake)) == expected


def test_overlap_sees_logits_where_both_beliefs_are_one():
    real, fake = np.array([60.0, 61.0]), np.array([40.0, 41.0])
    assert (nn.sigmoid(np.float32(fake)) == 1).all()
    assert signs.overlap(real, fake) == 0


def test_agreement_is_one_where_every_noise_asks_for_the_same(rng, batch):
    """G ignores z, so that both halves of the batch are the same images."""
    G, D = gan.dense_generator(rng, width=2), gan.dense_discriminator(rng, hidden=(8, 4))
    G.layers[0].W.data[:] = 0
    assert look(G, D, *batch)["agreement"] > 0.999


def test_dead_is_the_largest_share_of_a_layer(rng, batch):
    G, D = gan.cnn_generator(rng, width=4), gan.cnn_discriminator(rng, width=2)
    assert look(G, D, *batch)["g_dead"] == 0
    last = [layer for layer in G.layers if isinstance(layer, nn.BatchNorm)][-1]
    last.beta.data[:3] = -100  # three channels of four are below 0 for all images: ReLU gives 0
    assert look(G, D, *batch)["g_dead"] == 0.75


def test_saturated_counts_what_real_images_do_not_have(rng, batch):
    G, D = gan.dense_generator(rng, width=2), gan.dense_discriminator(rng, hidden=(8, 4))
    last = next(layer for layer in reversed(G.layers) if isinstance(layer, nn.Dense))
    last.W.data[:], last.b.data[:] = 0, 9  # tanh(9) = 1 everywhere
    real, z = batch
    real = np.zeros_like(real)
    assert look(G, D, real, z)["saturated"] == 1
    real[:, :14] = -1  # half of each image is black
    assert look(G, D, real, z)["saturated"] == 1  # the other half is not, and should not be
    last.b.data[:] = 0
    assert look(G, D, real, z)["saturated"] == -1  # less than in real images


def test_the_samples_are_compared_with_real_images(rng):
    real = rng.integers(0, 256, (40, 4, 4, 1), dtype=np.uint8)
    reference = signs.Reference(real, np.arange(40) % 4)
    same = reference.signs(real)
    assert same == {"diversity": pytest.approx(1), "off": pytest.approx(0, abs=1e-12)}
    one = np.repeat(real[:1], 30, axis=0)
    assert reference.signs(one)["diversity"] == 0
    assert reference.signs(one)["off"] > 0.5
    grey = (real.astype(int) // 2 + 64).astype(np.uint8)  # half as far from each other
    assert reference.signs(grey)["diversity"] == pytest.approx(0.5, abs=0.01)


def test_classes_are_counted_by_the_nearest_mean_of_their_features(rng):
    real = np.repeat(np.arange(4, dtype=np.uint8) * 60, 10).reshape(40, 1, 1, 1)
    labels = np.repeat(np.arange(4), 10)
    reference = signs.Reference(real, labels, lambda x: x.reshape(-1, 1).astype(np.float32))
    assert reference.signs(real)["classes"] == pytest.approx(1)
    assert reference.signs(real[:20])["classes"] == pytest.approx(1 / 3)  # one more, of three more
    assert reference.signs(real[10:20] + 3)["classes"] == pytest.approx(0)
    assert reference.signs(real[10:20])["kind"] == 1
    assert reference.signs(real)["varied"] == pytest.approx(1)


def test_without_features_there_are_no_such_signs_and_without_classes_none_of_classes(rng):
    real = rng.integers(0, 256, (40, 4, 4, 1), dtype=np.uint8)
    assert "varied" not in signs.Reference(real, np.zeros(40, int)).signs(real)
    one_class = signs.Reference(real, np.zeros(40, int), lambda x: x.reshape(-1, 16)).signs(real)
    assert "varied" in one_class
    assert "classes" not in one_class


def test_a_conditional_pair_is_given_its_labels(rng, batch):
    G = gan.conditional_generator(rng, classes=2)
    D = gan.conditional_discriminator(rng, classes=2)
    real, z = batch
    before = copy.deepcopy(D.embedding.W.data)
    found = look(G, D, abs(real), z, (np.arange(8) % 2,))
    assert np.isfinite(list(found.values())).all()
    np.testing.assert_array_equal(D.embedding.W.data, before)


def test_seen_is_what_d_is_shown(pair, batch):
    """A blur that makes all images the same leaves D nothing to tell them by."""
    same = look(*pair, *batch, seen=lambda images: images * 0)
    assert same["overlap"] == pytest.approx(0.5, abs=0.35)  # dropout alone scatters the logits
    assert look(*pair, *batch)["overlap"] != same["overlap"]
