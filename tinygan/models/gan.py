"""Generators and discriminators. Each builder returns a new Sequential on the host.

width: scales the sizes of the layers, at least 1; the shapes in each docstring show how. rng draws
the weights, and gives the dropout masks their keys. noise_dim: length of the noise vector z.

Initial weights: N(0, 0.02²), as in the DCGAN paper. In a stack of dense layers without BatchNorm
each layer would shrink the signal by them, so all layers of such a stack but its last start from
N(0, 2 / n_in), where init_std does not say otherwise.
Sources: Radford et al. 2016, sections 3 and 4 (DCGAN); He et al. 2015, section 2.2 (2 / n_in); the
five documents that the recipes follow, named in tinygan/recipes.
"""

import itertools
import math

from tinygan import nn
from tinygan.models.conditional import Conditional, ConditionalImages


def dense_generator(rng, *, noise_dim=100, width=64, init_std="he"):
    """z (N, noise_dim) -> 4 width -> 8 width -> 16 width -> images (N, 28, 28, 1) in [-1, 1].

    init_std: the standard deviation of the initial weights of all layers but the last; "he" is
    √(2 / n_in), as He et al. 2015 have it.
    """
    return nn.Sequential(
        *_dense_stack([noise_dim, 4 * width, 8 * width, 16 * width], rng, init_std=init_std),
        nn.Dense(16 * width, 28 * 28, rng=rng),
        nn.Tanh(),
        nn.Reshape((28, 28, 1)),
    )


def dense_discriminator(rng, *, hidden=(256, 512, 1024), dropout=0.0, init_std="he"):
    """images (N, 28, 28, 1) -> hidden[0] -> hidden[1] -> … -> logits (N, 1).

    hidden: sizes of the hidden layers. dropout: the dropout probability after each of them.
    init_std: as in dense_generator.
    """
    return nn.Sequential(
        nn.Flatten(),
        *_dense_stack([28 * 28, *hidden], rng, dropout, init_std),
        nn.Dense(hidden[-1], 1, rng=rng),
    )


def cnn_generator(rng, *, noise_dim=100, width=64):
    """Noise to 28×28 images by upsampling and convolution.

    z (N, noise_dim) -> (7, 7, 2 width) -> (14, 14, 2 width) -> (28, 28, width)
    -> images (N, 28, 28, 1) in [-1, 1].
    Upsampling followed by a 3×3 convolution cannot cause the checkerboard pattern of a transposed
    convolution (Odena et al. 2016), but costs more: the convolution works on the large image.
    """
    return nn.Sequential(
        nn.Dense(noise_dim, 7 * 7 * 2 * width, bias=False, rng=rng),
        nn.BatchNorm(7 * 7 * 2 * width),
        nn.ReLU(),
        nn.Reshape((7, 7, 2 * width)),
        nn.Upsample2d(2),
        nn.Conv2d(2 * width, 2 * width, 3, padding=1, bias=False, rng=rng),
        nn.BatchNorm(2 * width),  # (N, 14, 14, 2 width)
        nn.ReLU(),
        nn.Upsample2d(2),
        nn.Conv2d(2 * width, width, 3, padding=1, bias=False, rng=rng),
        nn.BatchNorm(width),  # (N, 28, 28, width)
        nn.ReLU(),
        nn.Conv2d(width, 1, 3, padding=1, rng=rng),
        nn.Tanh(),
    )


def cnn_discriminator(rng, *, width=64):
    """28×28 images to one logit by three convolutions with stride 2, LeakyReLU and dropout.

    images (N, 28, 28, 1) -> (14, 14, width) -> (7, 7, 2 width) -> (4, 4, 4 width) -> (N, 1).
    """
    layers = []
    for c_in, c_out in ((1, width), (width, 2 * width), (2 * width, 4 * width)):
        layers += [
            nn.Conv2d(c_in, c_out, 3, stride=2, padding=1, rng=rng),
            nn.LeakyReLU(),
            nn.Dropout(0.25, rng=rng),
        ]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dense(4 * 4 * 4 * width, 1, rng=rng))


def dcgan_generator(rng, *, noise_dim=100, width=64):
    """Noise to 28×28 images in three steps of transposed convolution.

    z (N, noise_dim) -> images (N, 28, 28, 1) in [-1, 1]. width: channels of the last hidden layer,
    at least 1; the earlier ones have 2 and 4 times as many.
    There is no bias before a BatchNorm, which would subtract it again with the mean.
    LeakyReLU replaces the paper's ReLU, as in github.com/kohjlalex/DCGAN.
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


def dcgan_discriminator(rng, *, channels=1, width=64, dropout=0.3):
    """28×28 images to one logit each: above 0 means real, below 0 fake.

    images (N, 28, 28, channels) -> logits (N, 1). width: channels of the first convolution, at
    least 1; the second has twice as many. dropout: the probability; dropout replaces the paper's
    BatchNorm. With 0 there is neither, as a Wasserstein critic needs.
    """
    layers = []
    for c_in, c_out in ((channels, width), (width, 2 * width)):
        layers += [nn.Conv2d(c_in, c_out, 5, stride=2, padding=2, rng=rng), nn.LeakyReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout, rng=rng))
    # the output is (N, 7, 7, 2 width)
    return nn.Sequential(*layers, nn.Flatten(), nn.Dense(7 * 7 * 2 * width, 1, rng=rng))


def all_conv_generator(rng, *, size, channels, noise_dim=100, width=64, activation=nn.ReLU):
    """Noise to square images by transposed convolutions alone, as in the DCGAN paper.

    z (N, noise_dim), taken as one pixel -> 4×4 -> 8×8 -> … -> images (N, size, size, channels) in
    [-1, 1]. size: 4 times a power of two, at least 8. The last hidden layer, of size / 2, has
    `width` channels; each earlier layer has twice as many as the next.
    """
    steps = _doublings(size)
    c = width * 2 ** (steps - 1)
    layers = [
        nn.Reshape((1, 1, noise_dim)),
        nn.ConvTranspose2d(noise_dim, c, 4, bias=False, rng=rng),  # (N, 4, 4, c)
        nn.BatchNorm(c),
        activation(),
    ]
    for _ in range(steps - 1):
        layers += [
            nn.ConvTranspose2d(c, c // 2, 4, stride=2, padding=1, bias=False, rng=rng),
            nn.BatchNorm(c // 2),
            activation(),
        ]
        c //= 2
    layers += [nn.ConvTranspose2d(c, channels, 4, stride=2, padding=1, rng=rng), nn.Tanh()]
    return nn.Sequential(*layers)


def all_conv_discriminator(rng, *, size, channels, width=64):
    """Square images to one logit by convolutions alone, the mirror of all_conv_generator.

    images (N, size, size, channels) -> size / 2 -> … -> 4×4 -> logits (N, 1). LeakyReLU throughout;
    BatchNorm after every convolution except the first and the last, as in the paper.
    """
    layers = [
        nn.Conv2d(channels, width, 4, stride=2, padding=1, rng=rng),
        nn.LeakyReLU(),
    ]
    c = width
    for _ in range(_doublings(size) - 1):
        layers += [
            nn.Conv2d(c, 2 * c, 4, stride=2, padding=1, bias=False, rng=rng),
            nn.BatchNorm(2 * c),
            nn.LeakyReLU(),
        ]
        c *= 2
    return nn.Sequential(*layers, nn.Conv2d(c, 1, 4, rng=rng), nn.Flatten())


def fashion_generator(rng, *, noise_dim=100, width=64):
    """Noise to 28×28 images by 4×4 transposed convolutions with BatchNorm and LeakyReLU.

    z -> (7, 7, 2 width) -> (14, 14, width) -> images (N, 28, 28, 1) in [-1, 1]. The first step, 1×1
    to 7×7, is itself a transposed convolution, with a 7×7 kernel.
    """
    return nn.Sequential(
        nn.Reshape((1, 1, noise_dim)),
        nn.ConvTranspose2d(noise_dim, 2 * width, 7, bias=False, rng=rng),
        nn.BatchNorm(2 * width),  # (N, 7, 7, 2 width)
        nn.LeakyReLU(),
        nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1, bias=False, rng=rng),
        nn.BatchNorm(width),  # (N, 14, 14, width)
        nn.LeakyReLU(),
        nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1, rng=rng),
        nn.Tanh(),
    )


def fashion_discriminator(rng, *, width=64):
    """28×28 images to one logit by 4×4 convolutions with BatchNorm and LeakyReLU.

    images (N, 28, 28, 1) -> (14, 14, width) -> (7, 7, 2 width) -> logits (N, 1).
    """
    return nn.Sequential(
        nn.Conv2d(1, width, 4, stride=2, padding=1, rng=rng),
        nn.LeakyReLU(),
        nn.Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=False, rng=rng),
        nn.BatchNorm(2 * width),
        nn.LeakyReLU(),
        nn.Conv2d(2 * width, 1, 7, rng=rng),
        nn.Flatten(),
    )


def conditional_generator(rng, *, classes, noise_dim=100):
    """z (N, noise_dim), labels (N,) -> 128 -> 256 -> 512 -> 1024 -> images (N, 28, 28, 1).

    Images are in [0, 1]. The label's embedding has length `classes` and is appended to z.
    """
    return Conditional(
        nn.Embedding(classes, classes, rng=rng),
        *_dense_stack([noise_dim + classes, 128, 256, 512, 1024], rng),
        nn.Dense(1024, 28 * 28, rng=rng),
        nn.Sigmoid(),
        nn.Reshape((28, 28, 1)),
    )


def conditional_discriminator(rng, *, classes):
    """images (N, 28, 28, 1), labels (N,) -> 512 -> 1024 -> 1024 -> 512 -> logits (N, 1).

    The label's embedding has length `classes` and is appended to the pixels.
    """
    return Conditional(
        nn.Embedding(classes, classes, rng=rng),
        *_dense_stack([28 * 28 + classes, 512, 1024, 1024, 512], rng),
        nn.Dense(512, 1, rng=rng),
    )


def conditional_dcgan_generator(rng, *, classes, noise_dim=100, width=64):
    """dcgan_generator whose first layer is given the label too.

    z (N, noise_dim), labels (N,) -> images (N, 28, 28, 1) in [-1, 1]. The label's embedding has
    length `classes` and is appended to z.
    """
    plain = dcgan_generator(rng, noise_dim=noise_dim + classes, width=width)
    return Conditional(nn.Embedding(classes, classes, rng=rng), *plain.layers)


def conditional_dcgan_discriminator(rng, *, classes, width=64):
    """dcgan_discriminator of images with one more channel, a learned picture for each class.

    images (N, 28, 28, 1), labels (N,) -> logits (N, 1).
    """
    plain = dcgan_discriminator(rng, channels=2, width=width)
    return ConditionalImages(nn.Embedding(classes, 28 * 28, rng=rng), *plain.layers)


def _dense_stack(sizes, rng, dropout=0.0, init_std="he"):
    """Dense and LeakyReLU from each size to the next, then dropout if it is not 0."""
    layers = []
    for n_in, n_out in itertools.pairwise(sizes):
        std = math.sqrt(2 / n_in) if init_std == "he" else init_std
        layers += [nn.Dense(n_in, n_out, rng=rng, std=std), nn.LeakyReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout, rng=rng))
    return layers


def _doublings(size):
    """How often 4×4 must double to reach size×size. Raises ValueError if it never does."""
    steps = (size // 4).bit_length() - 1
    if size < 8 or 4 * 2**steps != size:
        raise ValueError(f"size must be 4 times a power of two and at least 8, got {size}")
    return steps
