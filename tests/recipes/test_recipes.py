"""The recipes: names, suggestions, and networks as the documents describe them."""

import numpy as np
import pytest

from tinygan import nn, recipes
from tinygan.errors import UserError
from tinygan.recipes.recipe import check_validation


def test_dcgan_has_the_layers_of_its_document():
    G, D = recipes.get("dcgan").networks(np.random.default_rng(0))
    assert [type(layer) for layer in G.layers] == [
        nn.Dense, nn.BatchNorm, nn.LeakyReLU, nn.Reshape,
        nn.ConvTranspose2d, nn.BatchNorm, nn.LeakyReLU,
        nn.ConvTranspose2d, nn.BatchNorm, nn.LeakyReLU,
        nn.ConvTranspose2d, nn.Tanh,
    ]  # fmt: skip
    assert (G.layers[0].n_in, G.layers[0].n_out) == (100, 7 * 7 * 256)
    ups = [layer for layer in G.layers if isinstance(layer, nn.ConvTranspose2d)]
    assert [(up.c_out, up.kernel, up.stride) for up in ups] == [(128, 5, 1), (64, 5, 2), (1, 5, 2)]
    downs = [layer for layer in D.layers if isinstance(layer, nn.Conv2d)]
    assert [(down.c_out, down.kernel, down.stride) for down in downs] == [(64, 5, 2), (128, 5, 2)]
    assert [layer.p for layer in D.layers if isinstance(layer, nn.Dropout)] == [0.3, 0.3]
    assert D.layers[-1].n_out == 1


@pytest.mark.parametrize("width", [1, 3, 8])
def test_networks_fit_each_other_at_any_width(width):
    G, D = recipes.get("dcgan").networks(np.random.default_rng(0), width=width)
    z = np.zeros((2, 100), np.float32)
    images = G.forward(z)
    assert images.shape == (2, *recipes.get("dcgan").image_shape)
    assert np.abs(images).max() <= 1
    assert D.forward(images).shape == (2, 1)


def test_the_same_rng_gives_the_same_networks():
    nets = [recipes.get("dcgan").networks(np.random.default_rng(7), width=2)[0] for _ in range(2)]
    for p, q in zip(*(net.params() for net in nets), strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_weights_start_as_in_the_dcgan_paper():
    G, _ = recipes.get("dcgan").networks(np.random.default_rng(0), width=16)
    assert abs(G.layers[0].W.data.std() - 0.02) < 1e-3
    assert abs(G.layers[0].W.data.mean()) < 1e-3


def test_an_unknown_recipe_suggests_the_nearest():
    with pytest.raises(UserError, match="did you mean 'dcgan'"):
        recipes.get("dc-gan")


def test_every_recipe_has_a_one_line_summary_and_its_own_name():
    for name in recipes.names():
        recipe = recipes.get(name)
        assert recipe.name == name
        assert "\n" not in recipe.summary


def test_dcgan_has_the_settings_of_the_paper():
    recipe = recipes.get("dcgan")
    assert recipe.options.items() >= {"lr": 2e-4, "batch_size": 128, "width": 64}.items()
    assert recipe.fixed.items() >= {"betas": (0.5, 0.999), "noise_dim": 100}.items()
    assert recipe.data == "fashion-mnist"
    for net in recipe.networks(np.random.default_rng(0), width=1):
        assert {layer.slope for layer in net.layers if isinstance(layer, nn.LeakyReLU)} == {0.2}


@pytest.mark.parametrize(
    "rows",
    [
        None,
        [{"epoch": 1}],
        [{"epoch": 1, "fd": 2.0, "more": 1}],
        [{"epoch": 0, "fd": 2.0}],
        [{"epoch": 10**12, "fd": 2.0}],
        [{"epoch": 1, "fd": float("nan")}],
        [{"epoch": 1, "fd": float("inf")}],
        [{"epoch": 1, "fd": -1.0}],
    ],
)
def test_validation_rows_that_no_run_has_are_refused(rows):
    check_validation([{"epoch": 1, "fd": 2.0}], "fd", "checkpoint.npz")
    with pytest.raises(UserError, match=r"checkpoint.npz is corrupt: its validation rows"):
        check_validation(rows, "fd", "checkpoint.npz")
