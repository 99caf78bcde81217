"""A step computes no gradient that is not used.

D's step does not use the gradient with respect to the images, G's step neither the gradients of D's
weights nor the one with respect to the noise. What each layer's backward is asked for is recorded
here; that a layer computes no more than that is tested with the layer, in tests/nn.
"""

import numpy as np
import pytest

from tinygan import nn
from tinygan.models import gan
from tinygan.training import d_step, g_step

N = 5  # images

# name: (rng -> G, rng -> D, the labels of conditional networks)
NETWORKS = {
    "dcgan": (
        lambda rng: gan.dcgan_generator(rng, width=2),
        lambda rng: gan.dcgan_discriminator(rng, width=2),
        [],
    ),
    "dcgan-fashion": (
        lambda rng: gan.fashion_generator(rng, width=2),
        lambda rng: gan.fashion_discriminator(rng, width=2),
        [],
    ),
    "gan-cnn": (
        lambda rng: gan.cnn_generator(rng, width=2),
        lambda rng: gan.cnn_discriminator(rng, width=2),
        [],
    ),
    "gan-dense": (
        lambda rng: gan.dense_generator(rng, width=2),
        lambda rng: gan.dense_discriminator(rng, hidden=(8, 4)),
        [],
    ),
    "cgan": (
        lambda rng: gan.conditional_generator(rng, classes=3),
        lambda rng: gan.conditional_discriminator(rng, classes=3),
        [np.array([0, 2, 1, 1, 0])],
    ),
}


def record(network):
    """A list of (index of the layer, accumulate, input_grad) of each backward from now on."""
    asked = []
    for i, layer in enumerate(network.layers):

        def recorded(gy, accumulate=True, input_grad=True, *, i=i, right=layer.backward):
            asked.append((i, accumulate, input_grad))
            return right(gy, accumulate, input_grad)

        layer.backward = recorded
    return asked


def downwards(network, accumulate):
    """What is asked of a network that learns (or passes the gradient on) without waste: all layers
    from the last down to the first; one that learns ends at its first layer with parameters, whose
    input gradient is not used."""
    last = len(network.layers) - 1
    if not accumulate:
        return [(i, False, True) for i in range(last, -1, -1)]
    first = next(i for i, layer in enumerate(network.layers) if layer.params())
    return [(i, True, i > first) for i in range(last, first - 1, -1)]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_steps_ask_for_no_gradient_that_is_not_used(name, rng):
    build_g, build_d, labels = NETWORKS[name]
    G, D = build_g(rng), build_d(rng)
    opt_g, opt_d = nn.Adam(G.params()), nn.Adam(D.params())
    real = rng.uniform(0, 1, (N, 28, 28, 1)).astype(np.float32)
    z = rng.standard_normal((N, 100), dtype=np.float32)
    fake = G.forward(z, *labels)
    of_g, of_d = record(G), record(D)

    d_step(D, opt_d, real, fake, *labels)
    passes = (
        2 if name == "dcgan-fashion" else 1
    )  # with BatchNorm the real images, then the fake ones
    assert of_d == passes * downwards(D, accumulate=True)
    assert of_g == []

    of_d.clear()
    g_step(G, D, opt_g, fake, *labels)
    assert of_d == downwards(D, accumulate=False)
    assert of_g == downwards(G, accumulate=True)
