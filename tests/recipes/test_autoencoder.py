"""Autoencoders: what they learn, and the two ways to draw."""

from types import SimpleNamespace

import numpy as np
import pytest
from small_training import (
    STILL,
    make,
    noise_images,
    pixels_of,
    rows,
    say,
    softplus,
    values,
    watch,
)

AUTOENCODERS = ["ae", "vae"]


@pytest.mark.parametrize("recipe", AUTOENCODERS)
def test_the_decoder_learns_pixels_from_0_to_1_and_draws_through_a_sigmoid(recipe, rng):
    images = noise_images(6)
    logits = rng.normal(0, 2, (28, 28, 1)).astype(np.float32)
    training = make(recipe, images, batch_size=6, lr=STILL)
    say(training.model.networks["decoder"], logits)
    seen = watch(training.model.networks["encoder"])
    measured = values(next(training.updates(0)))
    ((x,),) = seen
    assert sorted(rows(pixels_of(x, 0))) == sorted(rows(images))
    cross_entropy = softplus(logits) - logits * (images / 255)
    assert measured["reconstruction"] == pytest.approx(cross_entropy.sum() / 6, rel=1e-5)
    training.prepare()
    brightness = np.rint(255 / (1 + np.exp(-logits)))
    for prior in ("normal", "gmm"):
        drawn = training.model.draw(3, np.random.default_rng(0), prior=prior)[0]
        assert np.abs(drawn - brightness).max() <= 1
    assert np.abs(training.sheet(np.random.default_rng(0))[0] - brightness).max() <= 1


def test_a_variational_code_is_drawn_anew_around_its_mean():
    d, n = 100, 40
    training = make("vae", noise_images(n), batch_size=n, code=d, lr=STILL)
    mean, sigma = np.linspace(-2, 2, d), np.linspace(0.1, 3, d)
    say(training.model.networks["encoder"], [mean, 2 * np.log(sigma)])
    seen = watch(training.model.networks["decoder"])
    updates = training.updates(0)
    for _ in range(2):
        next(updates)
    eps = [(z - mean) / sigma for (z,) in seen]
    for e in eps:
        assert abs(e.mean()) < 0.07
        assert abs(e.std() - 1) < 0.05
        assert np.abs(e.mean(axis=0)).max() < 1  # no two images have the same
    assert abs((eps[0] * eps[1]).mean()) < 0.07  # nor two updates


@pytest.mark.parametrize(("recipe", "rest"), [("ae", []), ("vae", [7.0, 8.0, 9.0])])
def test_encode_gives_the_means(recipe, rest):
    images = noise_images(300)
    training = make(recipe, images)
    say(training.model.networks["encoder"], [1.0, 2.0, 3.0, *rest])
    np.testing.assert_array_equal(training.model.encode(images), np.tile([1.0, 2.0, 3.0], (300, 1)))
    assert training.model.networks["encoder"].training


@pytest.mark.parametrize("recipe", AUTOENCODERS)
def test_the_mixture_has_the_mean_and_covariance_of_the_codes(recipe, clothes):
    images = clothes.images[:200]
    training = make(recipe, images, prior="gmm")
    shift = training.model.networks["encoder"].params()[-1].data
    shift[...] = np.linspace(2, 4, len(shift))
    training.prepare()
    codes = (
        training.model.networks["encoder"]
        .forward(images.astype(np.float32) / 255)[:, :3]
        .astype(np.float64)
    )
    mean, covariance = codes.mean(axis=0), np.cov(codes.T, bias=True)
    p = SimpleNamespace(**training.model.mixture.arrays)
    np.testing.assert_allclose(p.weights @ p.means, mean, atol=1e-5)
    apart = p.means - mean
    total = np.einsum("k,kij->ij", p.weights, p.covariances + apart[:, :, None] * apart[:, None])
    np.testing.assert_allclose(total, covariance + 1e-4 * np.eye(3), rtol=1e-3, atol=1e-5)
    seen = watch(training.model.networks["decoder"])
    training.model.draw(2000, np.random.default_rng(0))[0]
    drawn = np.concatenate([z for (z,) in seen])
    spread = np.sqrt(np.diag(covariance))
    assert drawn.shape == (2000, 3)
    assert (np.abs(drawn.mean(axis=0) - mean) < 0.15 * spread).all()
    np.testing.assert_allclose(drawn.std(axis=0), spread, rtol=0.15)


@pytest.mark.parametrize("recipe", AUTOENCODERS)
def test_the_mixture_of_codes_is_counted_beside_the_networks(recipe):
    training = make(recipe, noise_images(6), components=2, code=3)
    weights = training.model.weights()
    assert weights.keys() == {"encoder", "decoder", "mixture"}
    assert weights["decoder"] == sum(
        p.data.size for p in training.model.networks["decoder"].params()
    )
    assert weights["mixture"] == 1 + 2 * 3 + 2 * 6  # weights, means, symmetric covariances
