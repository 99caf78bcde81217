"""Every layer with an input for it. The sizes of a case differ, so that a mix-up of axes shows.

No layer before a BatchNorm has a bias: its gradient would be exactly 0, and only rounding errors
could be compared.
"""

import numpy as np

from tinygan import nn


def conv_net(rng):
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, stride=2, padding=1, bias=False, rng=rng, std=0.5),
        nn.BatchNorm(3),
        nn.LeakyReLU(),
        nn.Dropout(0.3, rng=rng),
        nn.Flatten(),
        nn.Dense(3 * 4 * 3, 2, rng=rng, std=0.5),
    )


# The dtypes that layers, losses and the optimizer refuse
NOT_COMPUTED_IN = ["float16", "uint8", "int64", "bool", "complex64", "object"]
if np.dtype(np.longdouble) != np.float64:  # as on Linux
    NOT_COMPUTED_IN.append("longdouble")

# name: (rng -> layer, shape of x)
LAYERS = {
    "dense": (lambda r: nn.Dense(5, 3, rng=r, std=0.5), (7, 5)),
    "dense, no bias": (lambda r: nn.Dense(5, 3, bias=False, rng=r, std=0.5), (7, 5)),
    "dense, one row": (lambda r: nn.Dense(4, 1, rng=r, std=0.5), (1, 4)),
    "conv": (lambda r: nn.Conv2d(2, 3, 3, rng=r, std=0.5), (2, 6, 5, 2)),
    "conv, no bias": (lambda r: nn.Conv2d(2, 3, 2, bias=False, rng=r, std=0.5), (3, 4, 5, 2)),
    "conv, padding": (lambda r: nn.Conv2d(3, 2, 5, padding=2, rng=r, std=0.5), (2, 4, 3, 3)),
    "conv, stride": (
        lambda r: nn.Conv2d(1, 4, 5, stride=2, padding=2, rng=r, std=0.5),
        (3, 7, 6, 1),
    ),
    "conv, stride above kernel": (
        lambda r: nn.Conv2d(2, 3, 2, stride=3, padding=1, rng=r, std=0.5),
        (2, 9, 7, 2),
    ),
    "conv, 1×1": (lambda r: nn.Conv2d(3, 2, 1, rng=r, std=0.5), (2, 3, 4, 3)),
    "conv, rest at the edge": (
        lambda r: nn.Conv2d(2, 2, 3, stride=2, rng=r, std=0.5),
        (2, 8, 6, 2),
    ),
    "transposed": (lambda r: nn.ConvTranspose2d(2, 3, 3, rng=r, std=0.5), (2, 4, 5, 2)),
    "transposed, no bias": (
        lambda r: nn.ConvTranspose2d(2, 3, 2, bias=False, rng=r, std=0.5),
        (3, 2, 4, 2),
    ),
    "transposed, stride": (
        lambda r: nn.ConvTranspose2d(
            3, 2, 5, stride=2, padding=2, output_padding=1, rng=r, std=0.5
        ),
        (2, 4, 3, 3),
    ),
    "transposed, stride above kernel": (
        lambda r: nn.ConvTranspose2d(2, 3, 2, stride=3, output_padding=2, rng=r, std=0.5),
        (2, 3, 4, 2),
    ),
    "transposed, padding": (
        lambda r: nn.ConvTranspose2d(2, 1, 4, stride=2, padding=1, rng=r, std=0.5),
        (3, 2, 5, 2),
    ),
    "batchnorm, rows": (lambda r: nn.BatchNorm(4), (6, 4)),
    "batchnorm, images": (lambda r: nn.BatchNorm(3), (2, 4, 5, 3)),
    "groupnorm": (lambda r: nn.GroupNorm(2, 6), (3, 4, 5, 6)),
    "groupnorm, one group": (lambda r: nn.GroupNorm(1, 4), (2, 3, 4, 4)),
    "groupnorm, a channel each": (lambda r: nn.GroupNorm(3, 3), (2, 5, 4, 3)),
    "time embedding": (lambda r: nn.TimeEmbedding(6, fastest=20), (7,)),
    "relu": (lambda r: nn.ReLU(), (4, 5)),
    "leaky relu": (lambda r: nn.LeakyReLU(0.3), (2, 3, 4, 2)),
    "tanh": (lambda r: nn.Tanh(), (4, 5)),
    "sigmoid": (lambda r: nn.Sigmoid(), (4, 5)),
    "dropout": (lambda r: nn.Dropout(0.4, rng=r), (6, 7)),
    "noise": (lambda r: nn.GaussianNoise(0.5, rng=r), (3, 4, 2, 2)),
    "embedding": (lambda r: nn.Embedding(4, 3, rng=r), None),
    "flatten": (lambda r: nn.Flatten(), (2, 3, 4, 2)),
    "reshape": (lambda r: nn.Reshape((2, 3, 4)), (5, 24)),
    "upsample": (lambda r: nn.Upsample2d(3), (2, 3, 4, 2)),
    "sequential": (conv_net, (4, 7, 5, 2)),
    "nested": (
        lambda r: nn.Sequential(
            nn.Tanh(), nn.Sequential(nn.Dense(5, 3, bias=False, rng=r), nn.BatchNorm(3))
        ),
        (6, 5),
    ),
}


def make(name, dtype=np.float64, seed=0):
    """(layer, x) of the case `name`: the layer with parameters in `dtype` that are all non-zero,
    x in `dtype` and away from 0, where activations have their kink."""
    rng = np.random.default_rng(seed)
    build, shape = LAYERS[name]
    layer = build(rng)
    for p in layer.params():
        p.data = (p.data + 0.1 * rng.standard_normal(p.data.shape)).astype(dtype)
        p.grad = np.zeros_like(p.data)
    if shape is None:
        return layer, np.array([1, 3, 0, 3, 3])
    x = rng.standard_normal(shape)
    return layer, (x + 0.05 * np.sign(x)).astype(dtype)


def names_with_input_gradient():
    """The cases whose input is not labels."""
    return [name for name, (_, shape) in LAYERS.items() if shape is not None]


def names_with_params():
    """The cases with something to train."""
    return [name for name in LAYERS if make(name)[0].params()]
