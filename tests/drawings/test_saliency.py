"""∂D/∂x against finite differences, for the D of each kind; it leaves D as it was."""

import numpy as np
import pytest

from tinygan import nn, recipes
from tinygan.drawings import saliency

CONDITIONAL = ["cgan", "cgan-cnn"]
PLAIN = ["dcgan", "dcgan-fashion", "gan-dense-2", "gan-cnn", "wgan-gp", "dcgan-cifar10"]
KINDS = PLAIN + CONDITIONAL


@pytest.fixture
def game(rng):
    """game(recipe): (D with running statistics that are not 0 and 1, x float64, labels)."""

    def made(name):
        recipe = recipes.get(name)
        options = {} if name == "cgan" else {"width": 2}
        _, D = recipe.networks(rng, **options)
        labels = (np.array([0, 1, 1, 0]),) if name in CONDITIONAL else ()
        x = rng.uniform(-1, 1, (4, *recipe.image_shape))
        D.train()
        for layer in D.tree():
            if isinstance(layer, nn.Conv2d | nn.Dense):
                layer.W.data *= 3  # so that the logits are not all near 0
            if isinstance(layer, nn.BatchNorm):
                layer.gamma.data[...] = rng.uniform(0.5, 2, layer.features)
                layer.beta.data[...] = rng.normal(size=layer.features)
        for _ in range(3):
            D.forward(2 * x.astype(np.float32) + 1, *labels)
        return D, x, labels

    return made


def in_use(D, x, *labels):
    """D's output in eval mode."""
    D.eval()
    y = D.forward(x, *labels)[:, 0]
    D.train()
    return y


@pytest.mark.parametrize("name", KINDS)
def test_it_is_the_slope_of_d_as_it_is_used(game, rng, name):
    D, x, labels = game(name)
    outputs, gradient = saliency.image_gradient(D, x, *labels)
    assert gradient.dtype == outputs.dtype == np.float64
    assert gradient.shape == x.shape
    np.testing.assert_allclose(outputs, in_use(D, x, *labels), rtol=1e-12)
    places = rng.choice(x[0].size, 25, replace=False) + x[0].size * np.arange(25) % x.size
    measured = nn.numerical_gradient(lambda: float(in_use(D, x, *labels).sum()), x, places, h=1e-6)
    scale = np.abs(gradient).max()
    assert scale > 1e-6
    np.testing.assert_allclose(gradient.reshape(-1)[places], measured, atol=1e-5 * scale)


@pytest.mark.parametrize("name", KINDS)
def test_other_images_of_the_batch_do_not_matter(game, name):
    D, x, labels = game(name)
    outputs, gradient = saliency.image_gradient(D, x, *labels)
    alone, own = saliency.image_gradient(D, x[:1], *(label[:1] for label in labels))
    np.testing.assert_allclose(alone, outputs[:1], rtol=1e-10)
    np.testing.assert_allclose(own, gradient[:1], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("name", ["dcgan-fashion", "gan-dense-2", *CONDITIONAL])
def test_d_is_left_as_it_was(game, name):
    D, x, labels = game(name)
    D.layers[0].eval()  # modes may differ
    arrays = {key: array.copy() for key, array in D.named_arrays().items()}
    modes = [layer.training for layer in D.tree()]
    gradients = [p.grad.copy() for p in D.params()]
    bits = [str(generator.bit_generator.state) for generator in D.generators()]
    saliency.image_gradient(D, x.astype(np.float32), *labels)
    assert [layer.training for layer in D.tree()] == modes
    assert [str(generator.bit_generator.state) for generator in D.generators()] == bits
    for key, array in D.named_arrays().items():
        np.testing.assert_array_equal(array, arrays[key])
    for p, before in zip(D.params(), gradients, strict=True):
        np.testing.assert_array_equal(p.grad, before)


def test_float32_stays_float32(game):
    D, x, _ = game("dcgan-fashion")
    outputs, gradient = saliency.image_gradient(D, x.astype(np.float32))
    assert outputs.dtype == gradient.dtype == np.float32


def test_a_heat_map_goes_from_black_to_white():
    heat = saliency.heat(np.array([[0.0, 1.0, 2.0, 3.0]]))
    assert heat.tolist() == [[[0, 0, 0], [255, 0, 0], [255, 255, 0], [255, 255, 255]]]
    assert not saliency.heat(np.zeros((1, 2))).any()


def test_red_is_above_0_and_blue_below():
    colours = saliency.signed(np.array([[-2.0, 0.0, 2.0, 1.0]]))
    assert colours.tolist() == [[[0, 0, 255], [255] * 3, [255, 0, 0], [255, 128, 128]]]
