"""A network as JSON: every layer that draws is known, there and in the page's JavaScript."""

import re

import numpy as np
import pytest

from tinygan import nn, web
from tinygan.play import drawn, network
from tinygan.play.network import described
from tinygan.play.page import _FOLDER, worker
from tinygan.play.weights import Weights


def test_batch_norm_is_a_scale_and_a_shift(rng):
    layer = nn.BatchNorm(5)
    for array in (layer.gamma.data, layer.beta.data, layer.running_mean):
        array[...] = rng.normal(size=5)
    layer.running_var[...] = rng.uniform(0.1, 2, 5)
    kept, weights = [], Weights()
    weights.exact = lambda array: kept.append(array) or {}
    described(layer, weights)
    x = rng.normal(size=(4, 5)).astype(np.float32)
    np.testing.assert_allclose(kept[0] * x + kept[1], layer.eval().forward(x), rtol=1e-5, atol=1e-6)


def test_the_page_has_a_function_for_every_kind_of_layer():
    table = worker().partition("const LAYERS = {")[2].partition("}")[0]
    names = {item.partition(":")[0].strip() for item in table.split(",")} - {""}
    assert {kind.__name__ for kind in network._KINDS} <= names
    functions = set(re.findall(r"^function\*? (\w+)\(", worker(), re.MULTILINE))
    assert names - functions == {"BatchNorm"}  # ScaleShift


def test_the_page_has_words_for_every_layer_that_it_shows(random_model, draws):
    words = web.read(_FOLDER, "words.js")
    known = set(re.findall(r"^  (\w+): \(", words, re.MULTILINE))
    shown = set()

    def look(node):
        if isinstance(node, list):
            for inner in node:
                look(inner)
        elif isinstance(node, dict):
            if "name" in node:
                shown.add(node["kind"])
            look(list(node.values()))

    for name in draws:
        look(drawn(random_model(name), Weights()))
    assert shown <= known
    assert {"Dense", "ConvTranspose2d", "ResidualBlock", "ScaleShift"} <= shown


def test_names_of_layers_are_those_of_the_network(rng):
    net = nn.Sequential(nn.Dense(2, 3, rng=rng), nn.Sequential(nn.ReLU(), nn.Tanh()))
    found = described(net, Weights())
    assert [layer["name"] for layer in found["layers"]] == ["0", "1"]
    assert all("name" not in layer for layer in found["layers"][1]["layers"])
    assert "name" not in found


def test_a_layer_that_no_page_knows_is_an_error(rng):
    with pytest.raises(KeyError):
        described(nn.Sequential(nn.Dropout(0.5, rng=rng)), Weights())
