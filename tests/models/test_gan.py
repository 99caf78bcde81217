"""Generators and discriminators: the layers of their documents, shapes that fit, equal seeds."""

import numpy as np
import pytest

from tinygan import nn, recipes
from tinygan.models import gan

GANS = [name for name in recipes.names() if "noise_dim" in recipes.get(name).fixed]


def kinds(net):
    return [type(layer) for layer in net.layers]


def sizes(net):
    return [(d.n_in, d.n_out) for d in net.layers if isinstance(d, nn.Dense)]


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("name", GANS)
def test_the_two_networks_fit_each_other_at_any_width(name, width):
    recipe = recipes.get(name)
    options = {"width": width} if "width" in recipe.options else {}
    G, D = recipe.networks(np.random.default_rng(0), **options)
    assert isinstance(G, nn.Sequential)
    labels = [np.array([0, 1])] if "classes" in recipe.options else []
    z = np.random.default_rng(1).standard_normal((2, recipe.fixed["noise_dim"]), dtype=np.float32)
    images = G.forward(z, *labels)
    assert images.shape == (2, *recipe.image_shape)
    assert images.dtype == np.float32
    assert np.abs(images).max() <= 1
    assert D.forward(images, *labels).shape == (2, 1)


@pytest.mark.parametrize("name", GANS)
def test_no_layer_occurs_twice_in_a_network(name):
    for net in recipes.get(name).networks(np.random.default_rng(0)):
        layers = list(net.tree())
        assert len({id(layer) for layer in layers}) == len(layers)


def test_the_dense_gans_have_the_sizes_of_their_document():
    G, D = recipes.get("gan-dense-1").networks(np.random.default_rng(0))
    assert sizes(D) == [(784, 256), (256, 512), (512, 1024), (1024, 1)]
    assert nn.Dropout not in kinds(D)
    assert set(kinds(G)) == {nn.Dense, nn.LeakyReLU, nn.Tanh, nn.Reshape}
    G, D = recipes.get("gan-dense-2").networks(np.random.default_rng(0))
    assert sizes(D) == [(784, 256), (256, 128), (128, 64), (64, 1)]
    assert [layer.p for layer in D.layers if isinstance(layer, nn.Dropout)] == [0.5] * 3


@pytest.mark.parametrize("name", ["gan-dense-1", "gan-dense-2"])
def test_the_dense_gans_start_from_what_init_std_says(name):
    """Of each network's last layer it says nothing: that starts from 0.02, as everywhere."""
    recipe = recipes.get(name)
    for init_std in ("he", 0.05):
        for net in recipe.networks(np.random.default_rng(0), width=16, init_std=init_std):
            *hidden, last = (layer for layer in net.layers if isinstance(layer, nn.Dense))
            expected = [np.sqrt(2 / d.n_in) if init_std == "he" else init_std for d in hidden]
            assert [layer.W.data.std() for layer in hidden] == pytest.approx(expected, rel=0.05)
            assert last.W.data.std() == pytest.approx(0.02, rel=0.3)


def test_each_dense_gan_starts_from_what_it_learns_faster_from():
    for name, expected in {"gan-dense-1": np.sqrt(2 / 100), "gan-dense-2": 0.02}.items():
        G, _ = recipes.get(name).networks(np.random.default_rng(0))
        assert G.layers[0].W.data.std() == pytest.approx(expected, rel=0.05)


def test_the_convolutional_gans_have_the_layers_of_their_document():
    G, D = recipes.get("gan-cnn").networks(np.random.default_rng(0))
    assert {nn.Upsample2d, nn.Conv2d, nn.ReLU, nn.Tanh} <= set(kinds(G))
    assert nn.ConvTranspose2d not in kinds(G)
    assert {nn.Conv2d, nn.LeakyReLU, nn.Dropout} <= set(kinds(D))
    G, half = recipes.get("gan-dense-cnn").networks(np.random.default_rng(0))
    assert nn.Conv2d not in kinds(G)
    channels = [
        [layer.c_out for layer in net.layers if isinstance(layer, nn.Conv2d)] for net in (D, half)
    ]
    assert channels[0] == [2 * c for c in channels[1]]


@pytest.mark.parametrize(
    ("name", "activation"), [("dcgan-fashion", nn.LeakyReLU), ("dcgan-faces", nn.LeakyReLU)]
)
def test_the_4x4_dcgans_have_batchnorm_in_both_networks(name, activation):
    G, D = recipes.get(name).networks(np.random.default_rng(0))
    assert {activation, nn.BatchNorm, nn.ConvTranspose2d, nn.Tanh} <= set(kinds(G))
    assert {activation, nn.BatchNorm, nn.Conv2d} <= set(kinds(D))
    strided = [layer for net in (G, D) for layer in net.layers if getattr(layer, "stride", 1) == 2]
    assert {layer.kernel for layer in strided} == {4}


def test_the_cifar10_dcgan_has_no_dense_layer_and_relu_in_g():
    G, D = recipes.get("dcgan-cifar10").networks(np.random.default_rng(0))
    assert nn.Dense not in kinds(G) + kinds(D)
    assert nn.ReLU in kinds(G)
    assert nn.LeakyReLU not in kinds(G)
    assert nn.LeakyReLU in kinds(D)
    assert recipes.get("dcgan-cifar10").options["instance_noise"] > 0


def test_the_conditional_gan_has_the_sizes_of_its_document_read_bottom_to_top():
    G, D = recipes.get("cgan").networks(np.random.default_rng(0))
    assert sizes(G) == [(102, 128), (128, 256), (256, 512), (512, 1024), (1024, 784)]
    assert sizes(D) == [(786, 512), (512, 1024), (1024, 1024), (1024, 512), (512, 1)]
    assert (G.embedding.classes, D.embedding.dim) == (2, 2)
    ten, _ = recipes.get("cgan").networks(np.random.default_rng(0), classes=10)
    assert ten.embedding.classes == 10


def test_a_wasserstein_critic_neither_normalises_nor_drops():
    _, D = recipes.get("wgan-gp").networks(np.random.default_rng(0))
    assert not {nn.BatchNorm, nn.Dropout} & set(kinds(D))


@pytest.mark.parametrize("size", [4, 12, 33, 0])
def test_a_size_that_is_not_4_times_a_power_of_two_is_refused(size, rng):
    with pytest.raises(ValueError, match="size must be 4 times a power of two and at least 8"):
        gan.all_conv_generator(rng, size=size, channels=3)
