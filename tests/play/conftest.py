"""Fixtures: a small model of every recipe that draws from noise, with random weights; its page."""

import functools

import numpy as np
import pytest

from tinygan import nn, recipes
from tinygan.models.gmm import GaussianMixture
from tinygan.play import page

SMALL = {
    "gmm": {"components": 3, "dims": 4},
    "ae": {"code": 3, "components": 2, "width": 2},
    "vae": {"code": 3, "components": 2, "width": 2},
    "dcgan-faces": {"width": 1},
    "flow": {"code": 3, "width": 2, "flow_width": 8, "classes": "0,1,8", "ode_steps": 4},
    "flow-unet": {"width": 8, "classes": "0,8", "ode_steps": 3},
    "cgan": {"classes": "0,1"},
}
DRAWS = [name for name in recipes.names() if recipes.get(name).model.draws_images]
CLASSES = ("T-shirt/top", *map(str, range(1, 8)), "Bag", "9")


def _random_model(name, **changes):
    """A model on which nothing depends on how weights start: none is 0, and BatchNorm's statistics
    are those of no fresh network."""
    recipe, rng = recipes.get(name), np.random.default_rng(1)
    small = {"width": 2} | SMALL.get(name, {}) | changes
    options = recipe.options | {n: v for n, v in small.items() if n in recipe.options}
    model = recipe.new_model(options, 0)
    for network in model.networks.values():
        for layer in network.tree():
            _randomise(layer, rng)
    if "codes" in vars(model):
        model.codes["mean"][...], model.codes["var"][...] = rng.normal(size=3), rng.uniform(1, 2, 3)
    if "projection" in vars(model):
        for array, mean in zip(model.projection.values(), (0.5, 0), strict=True):
            array[...] = rng.normal(mean, 0.03, array.shape)
    if "mixture" in vars(model):
        mixture = model.mixture
        X = rng.normal(size=(60, mixture.dim)) * [1, 2, 3, 4][: mixture.dim]
        X[:20] += 5
        X[:, 1] += X[:, 0]
        fitted = GaussianMixture(mixture.components, covariance_type=mixture.kind, rng=rng)
        mixture.store(fitted.fit(X))
    return model


def _randomise(layer, rng):
    """Weights of a layer for which numbers neither grow nor shrink."""
    for param in (p for p in vars(layer).values() if isinstance(p, nn.layer.Param)):
        shape = param.data.shape
        if len(shape) > 1:
            n_in = np.prod(shape) / shape[-1]
            if isinstance(layer, nn.ConvTranspose2d):
                n_in = np.prod(shape) / shape[2] / layer.stride**2
            param.data[...] = rng.normal(0, 1.2 / np.sqrt(n_in), shape)
        else:
            param.data[...] = rng.normal(0.3, 0.3, shape)
    if isinstance(layer, nn.BatchNorm):
        layer.running_mean[...] = rng.normal(0, 0.3, layer.features)
        layer.running_var[...] = rng.uniform(0.5, 2, layer.features)


def _words(name):
    return {"title": name, "lead": "A lead.", "made": "Made.", "class_names": CLASSES}


@pytest.fixture(scope="session")
def draws():
    """The names of the recipes that draw from noise."""
    return DRAWS


@pytest.fixture(scope="session")
def random_model():
    return _random_model


@pytest.fixture(scope="session")
def words():
    """words(recipe): what a page says."""
    return _words


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """made(recipe, bits=16, **changes): (the model, with weights rounded as the page has them; the
    path of its page), made once."""
    folder = tmp_path_factory.mktemp("pages")

    @functools.cache
    def make(name, bits=16, **changes):
        model = _random_model(name, **changes)
        file = folder / f"{name}-{bits}-{'-'.join(map(str, changes.values()))}.html"
        file.write_text(page(model, _words(name), bits=bits), encoding="utf-8")
        return model, file

    return make
