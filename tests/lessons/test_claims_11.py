"""What lesson 11 says of codes, draws and walks, over three seeds (with a shorter training)."""

import numpy as np
import pytest

from tinygan import data, metrics, nn
from tinygan.evaluation import features
from tinygan.models import autoencoder
from tinygan.training import autoencoder_loop

EPOCHS = 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_codes_are_roughly_the_prior_and_a_walk_between_codes_beats_one_between_pixels(seed):
    rng = np.random.default_rng(seed)
    train, test = (data.load("fashion-mnist-subset", split).images for split in ("train", "test"))
    x_train, x_test = (images.astype(np.float32) / 255 for images in (train, test))
    encoder = autoencoder.dense_encoder(rng, outputs=32)
    decoder = autoencoder.dense_decoder(rng, code=16)
    adams = [nn.Adam(net.params(), lr=1e-3, betas=(0.9, 0.999)) for net in (encoder, decoder)]
    for epoch in range(EPOCHS):
        for adam in adams:
            adam.lr = 1e-3 * (1 - epoch / EPOCHS)
        for rows in rng.permutation(6000).reshape(-1, 60):
            noise = rng.standard_normal((60, 16), np.float32)
            autoencoder_loop.vae_step(encoder, decoder, adams, x_train[rows], noise)
    out = encoder.forward(x_train)
    codes = out[:, :16] + np.exp(out[:, 16:] / 2) * rng.standard_normal((6000, 16))
    assert np.abs(codes.mean(axis=0)).max() < 0.5
    assert 0.6 < codes.std(axis=0).min() < codes.std(axis=0).max() < 1.5

    def drawn(z):
        return nn.sigmoid(decoder.forward(z.astype(np.float32)))

    mu, other = encoder.forward(x_test)[:, :16], rng.permutation(1000)
    pixels = drawn(mu)
    pictures = {
        "N(0, I)": drawn(rng.standard_normal((1000, 16))),
        "reconstructions": pixels,
        "between codes": drawn((mu + mu[other]) / 2),
        "between pixels": (pixels + pixels[other]) / 2,
    }
    to_compare, fd = features.features_of(test), {}
    for name, p in pictures.items():
        found = features.features_of(np.rint(p * 255).astype(np.uint8))
        fd[name] = metrics.frechet_distance(found, to_compare)
    assert fd["reconstructions"] < 0.6 * fd["N(0, I)"]
    assert fd["between codes"] < 0.97 * fd["between pixels"]
