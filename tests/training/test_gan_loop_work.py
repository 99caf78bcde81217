"""What a step leaves undone: no gradient is computed that nobody asks for.

D's step has no use for the gradient by the images, G's step none for D's weights.
"""

from collections import Counter
from unittest.mock import patch

import numpy as np
import pytest

from tinygan import nn, recipes
from tinygan.nn.fast import slabs
from tinygan.training import d_step, g_step

N = 5  # images; no layer has so many units, so a product of N rows is not a weight's gradient


def steps(recipe, rng, **options):
    """G, D, and two functions, D's step and G's step, ready to go."""
    G, D = recipes.get(recipe).networks(rng, **options)
    opt_g, opt_d = nn.Adam(G.params()), nn.Adam(D.params())
    z = rng.standard_normal((N, recipes.get(recipe).noise_dim), dtype=np.float32)
    real = rng.uniform(0, 1, (N, 28, 28, 1)).astype(np.float32)
    labels = [np.array([0, 2, 1, 1, 0])] if recipe == "cgan" else []
    return (
        (G, D),
        lambda real, fake: d_step(D, opt_d, real, fake, *labels),
        lambda fake: g_step(G, D, opt_g, fake, *labels),
        (real, G.forward(z, *labels)),
    )


# Convolutions: the three maps are counted


def convolutions(network):
    return [a for a in network.layers if isinstance(a, nn.Conv2d | nn.ConvTranspose2d)]


@pytest.fixture
def calls(monkeypatch):
    """A list of (name of the map, W) or, for weight_gradient, (name, gW's shape)."""
    found = []

    def spy(name, note):
        right = getattr(slabs, name)

        def spied(*args):
            result = right(*args)
            found.append((name, note(args, result)))
            return result

        monkeypatch.setattr(slabs, name, spied)

    spy("weight_gradient", lambda args, gW: gW.shape)
    for name in ("correlate", "correlate_adjoint"):
        spy(name, lambda args, _: args[1])
    return found


def input_gradients(layer, calls):
    """How often gx was computed, by the map that is not the layer's forward."""
    name = "correlate_adjoint" if isinstance(layer, nn.Conv2d) else "correlate"
    return sum(W is layer.W.data for called, W in calls if called == name)


def weight_gradients(calls):
    return Counter(shape for called, shape in calls if called == "weight_gradient")


def shapes(layers, times=1):
    return Counter([layer.W.data.shape for layer in layers] * times)


CONVOLUTIONAL = ["dcgan", "dcgan-fashion", "gan-cnn"]


@pytest.mark.parametrize("recipe", CONVOLUTIONAL)
def test_ds_step_computes_no_gradient_by_the_images(recipe, rng, calls):
    (G, D), step_d, _, (real, fake) = steps(recipe, rng, width=2)
    calls.clear()
    step_d(real, fake)
    first, *others = convolutions(D)
    assert input_gradients(first, calls) == 0
    assert [input_gradients(layer, calls) for layer in others] == [2] * len(others)  # real, fake
    assert weight_gradients(calls) == shapes([first, *others], times=2)
    assert not any(input_gradients(layer, calls) for layer in convolutions(G))


@pytest.mark.parametrize("recipe", CONVOLUTIONAL)
def test_gs_step_computes_no_gradient_by_ds_weights_nor_by_the_noise(recipe, rng, calls):
    (G, D), _, step_g, (_, fake) = steps(recipe, rng, width=2)
    calls.clear()
    step_g(fake)
    assert weight_gradients(calls) == shapes(convolutions(G))
    assert all(input_gradients(layer, calls) == 1 for layer in convolutions(D))
    lowest = next(layer for layer in G.layers if layer.params())
    for layer in convolutions(G):
        assert input_gradients(layer, calls) == (layer is not lowest)


# Dense layers: every matrix product is seen by its operands


class Watched(np.ndarray):
    """An array like any other, whose matrix products are written down, and so on for results."""

    products = []  # noqa: RUF012

    @staticmethod
    def empty(*args, right=np.empty):
        """np.empty: what a layer fills itself is watched too."""
        return right(*args).view(Watched)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        def plain(arrays):
            return tuple(a.view(np.ndarray) if isinstance(a, Watched) else a for a in arrays)

        if out is not None:
            getattr(ufunc, method)(*plain(inputs), out=plain(out), **kwargs)
            return out[0]
        result = np.asarray(getattr(ufunc, method)(*plain(inputs), **kwargs))
        if ufunc is np.matmul:
            Watched.products.append(result.shape)
        return result.view(Watched)


def products(networks, step, *images):
    """Counter of the shapes of all matrix products in step(*images)."""
    for network in networks:
        for p in network.params():
            p.data = p.data.view(Watched)
    Watched.products = []
    with patch.object(np, "empty", Watched.empty):
        step(*(image.view(Watched) for image in images))
    return Counter(Watched.products)


def of_weights(found):
    return Counter({shape: times for shape, times in found.items() if shape[0] != N})


def weights(network, times=1):
    return Counter([p.data.shape for p in network.params() if p.data.ndim == 2] * times)


DENSE = {"gan-dense-1": {"width": 2}, "cgan": {"classes": 3}}


@pytest.mark.parametrize("recipe", DENSE)
def test_ds_step_multiplies_for_its_weights_and_not_for_the_images(recipe, rng):
    networks, step_d, _, images = steps(recipe, rng, **DENSE[recipe])
    found = products(networks, step_d, *images)
    assert of_weights(found) == weights(networks[1], times=2)
    label = DENSE[recipe].get("classes", 0)
    assert not any(found[N, 28 * 28 + columns] for columns in range(label + 1))


@pytest.mark.parametrize("recipe", DENSE)
def test_gs_step_multiplies_for_its_own_weights_and_not_for_ds(recipe, rng):
    networks, _, step_g, (_, fake) = steps(recipe, rng, **DENSE[recipe])
    found = products(networks, step_g, fake)
    label = DENSE[recipe].get("classes", 0)
    assert of_weights(found) == weights(networks[0])
    assert found[N, 28 * 28 + label] == 1  # by the images, through D
    assert not any(found[N, 100 + columns] for columns in range(label + 1))  # by the noise
