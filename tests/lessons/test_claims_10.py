"""What lesson 10 says of codes and priors, over three seeds (with a shorter training)."""

import numpy as np
import pytest

from tinygan import data, metrics, models, nn
from tinygan.evaluation import features
from tinygan.models import autoencoder
from tinygan.training import autoencoder_loop

EPOCHS = 6


def nearest(z, codes):
    squares = (z**2).sum(axis=1)[:, None] + (codes**2).sum(axis=1) - 2 * z @ codes.T
    return np.sqrt(squares.min(axis=1))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_decoder_has_hardly_seen_codes_of_the_usual_prior_and_a_mixture_fits(seed):
    rng = np.random.default_rng(seed)
    train, test = (data.load("fashion-mnist-subset", split).images for split in ("train", "test"))
    x_train, x_test = (images.astype(np.float32) / 255 for images in (train, test))
    encoder = autoencoder.dense_encoder(rng, outputs=16)
    decoder = autoencoder.dense_decoder(rng, code=16)
    adams = [nn.Adam(net.params(), lr=1e-3, betas=(0.9, 0.999)) for net in (encoder, decoder)]
    for epoch in range(EPOCHS):
        for adam in adams:
            adam.lr = 1e-3 * (1 - epoch / EPOCHS)
        for rows in rng.permutation(6000).reshape(-1, 60):
            autoencoder_loop.ae_step(encoder, decoder, adams, x_train[rows])
    codes, unseen = encoder.forward(x_train), encoder.forward(x_test)
    mixture = models.GaussianMixture(20, tol=0.01, rng=rng).fit(codes)
    drawn = {
        "N(0, I)": rng.standard_normal((1000, 16), np.float32),
        "mixture": mixture.sample(1000)[0].astype(np.float32),
        "reconstructions": unseen,
    }
    distance = {name: nearest(z, codes) for name, z in drawn.items()}
    assert np.percentile(distance["N(0, I)"], 5) > np.percentile(distance["reconstructions"], 95)
    assert np.median(distance["N(0, I)"]) > 1.8 * np.median(distance["mixture"])
    fd = {}
    for name, z in drawn.items():
        pictures = np.rint(nn.sigmoid(decoder.forward(z)) * 255).astype(np.uint8)
        fd[name] = metrics.frechet_distance(*map(features.features_of, (pictures, test)))
    assert fd["reconstructions"] < fd["mixture"] < fd["N(0, I)"] / 2
