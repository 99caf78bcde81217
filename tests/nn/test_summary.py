"""A network as a table: output shapes and weights of each layer, and nothing changed by looking."""

import numpy as np

from tinygan import nn, recipes
from tinygan.models.conditional import Conditional


def test_each_layer_has_its_output_shape_and_weights(rng):
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False, rng=rng),
        nn.BatchNorm(4),
        nn.Flatten(),
        nn.Dense(4 * 5 * 6, 2, rng=rng),
    )
    assert nn.summary(net, np.zeros((1, 5, 6, 1), np.float32)) == [
        ("0", "Conv2d", (5, 6, 4), 36),
        ("1", "BatchNorm", (5, 6, 4), 8),
        ("2", "Flatten", (120,), 0),
        ("3", "Dense", (2,), 242),
    ]


def test_the_weights_sum_to_those_of_the_network():
    model = recipes.get("cgan").new_model(recipes.get("cgan").options, seed=0)
    for name, inputs in model.examples().items():
        network = model.networks[name]
        assert isinstance(network, Conditional)
        rows = nn.summary(network, *inputs)
        assert sum(row[3] for row in rows) == sum(p.data.size for p in network.params())
        last = nn.summary_text(name, network, *inputs).splitlines()[-1].split()
        assert last == ["sum", f"{sum(row[3] for row in rows):,}"]


def test_a_layer_may_stand_twice(rng):
    relu = nn.ReLU()
    net = nn.Sequential(relu, nn.Dense(3, 3, rng=rng), relu)
    nn.summary(net, np.ones((1, 3), np.float32))
    assert net.training
    assert "forward" not in vars(relu)


def test_looking_changes_nothing(rng):
    net = nn.Sequential(nn.Dense(3, 4, rng=rng), nn.BatchNorm(4))
    before = {name: array.copy() for name, array in net.named_arrays().items()}
    nn.summary(net, np.ones((1, 3), np.float32))
    assert net.training
    assert all(layer.training for layer in net.layers)
    for name, array in net.named_arrays().items():
        np.testing.assert_array_equal(array, before[name])
    assert "forward" not in vars(net.layers[0])
