"""Generators and discriminators. Each builder returns a fresh Sequential on the host.

Source of the DCGAN: Radford et al. 2016, section 3, in the form of github.com/kohjlalex/DCGAN: that
has LeakyReLU in G (the paper: ReLU), and in D dropout where the paper has BatchNorm.
"""

from tinygan import nn


def dcgan_generator(rng, *, noise_dim=100, width=64):
    """Noise to 28×28 images in three steps of transposed convolution.

    z (N, noise_dim) -> images (N, 28, 28, 1) in [-1, 1]. width: channels of the last hidden layer,
    at least 1; the earlier ones have 2 and 4 times as many.
    A bias right before a BatchNorm would be taken out again by its mean, so there is none.
    """
    return nn.Sequential(
        nn.Dense(noise_dim, 7 * 7 * 4 * width, bias=False, rng=rng),
        nn.BatchNorm(7 * 7 * 4 * width),
        nn.LeakyReLU(),
        nn.Reshape((7, 7, 4 * width)),
        nn.ConvTranspose2d(4 * width, 2 * width, 5, padding=2, bias=False, rng=rng),
        nn.BatchNorm(2 * width),  # (N, 7, 7, 2 width)
        nn.LeakyReLU(),
        nn.ConvTranspose2d(
            2 * width, width, 5, stride=2, padding=2, output_padding=1, bias=False, rng=rng
        ),
        nn.BatchNorm(width),  # (N, 14, 14, width)
        nn.LeakyReLU(),
        nn.ConvTranspose2d(width, 1, 5, stride=2, padding=2, output_padding=1, rng=rng),
        nn.Tanh(),  # (N, 28, 28, 1)
    )


def dcgan_discriminator(rng, *, width=64):
    """28×28 images to one logit each: above 0 says real, below 0 says fake.

    images (N, 28, 28, 1) -> logits (N, 1). width: channels of the first convolution, at least 1;
    the second has twice as many. rng draws the weights now and the dropout masks later.
    """
    return nn.Sequential(
        nn.Conv2d(1, width, 5, stride=2, padding=2, rng=rng),
        nn.LeakyReLU(),  # (N, 14, 14, width)
        nn.Dropout(0.3, rng=rng),
        nn.Conv2d(width, 2 * width, 5, stride=2, padding=2, rng=rng),
        nn.LeakyReLU(),  # (N, 7, 7, 2 width)
        nn.Dropout(0.3, rng=rng),
        nn.Flatten(),
        nn.Dense(7 * 7 * 2 * width, 1, rng=rng),
    )
