"""The two halves of a dense autoencoder for 28×28 images. Each builder returns a new Sequential.

Initial weights: N(0, 2 / n_in), He et al. 2015, section 2.2; the last layer of each half, which no
LeakyReLU follows, N(0, 1 / n_in).
"""

import math

from tinygan import nn


def dense_encoder(rng, *, outputs, width=64):
    """images (N, 28, 28, 1) -> 8 width -> 4 width -> (N, outputs), with LeakyReLU between.

    outputs: the length of the code, or for a variational encoder twice that: means,
    then log variances.
    """
    return nn.Sequential(
        nn.Flatten(),
        *_dense(28 * 28, 8 * width, rng),
        *_dense(8 * width, 4 * width, rng),
        nn.Dense(4 * width, outputs, rng=rng, std=math.sqrt(1 / (4 * width))),
    )


def dense_decoder(rng, *, code, width=64):
    """codes (N, code) -> 4 width -> 8 width -> logits (N, 28, 28, 1) of images in [0, 1]."""
    return nn.Sequential(
        *_dense(code, 4 * width, rng),
        *_dense(4 * width, 8 * width, rng),
        nn.Dense(8 * width, 28 * 28, rng=rng, std=math.sqrt(1 / (8 * width))),
        nn.Reshape((28, 28, 1)),
    )


def _dense(n_in, n_out, rng):
    return nn.Dense(n_in, n_out, rng=rng, std=math.sqrt(2 / n_in)), nn.LeakyReLU()
