"""A trained network applied to many inputs, one batch at a time."""

import numpy as np
import pytest

from tinygan import backend, nn
from tinygan.models.conditional import Conditional


def network(rng):
    net = nn.Sequential(nn.Dense(3, 4, rng=rng, std=1), nn.BatchNorm(4), nn.Dropout(0.5, rng=rng))
    for _ in range(3):
        net.forward(rng.standard_normal((8, 3)).astype(np.float32))  # moves the statistics
    net.drop()
    return net


@pytest.mark.parametrize("batch_size", [1, 4, 10, 99])
def test_any_batch_size_gives_the_rows_of_one_batch_in_order(xp, rng, batch_size):
    net, x = network(rng), rng.standard_normal((10, 3)).astype(np.float32)
    expected = net.eval().forward(x)
    found = nn.in_batches(net.to(xp), x, batch_size=batch_size)
    assert type(found) is np.ndarray
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_batches_are_no_larger_than_asked(rng):
    net, sizes = network(rng), []

    def before(x):
        sizes.append(len(x))
        return x

    nn.in_batches(net, np.ones((10, 3), np.float32), before=before, batch_size=4)
    assert sizes == [4, 4, 2]


def test_before_prepares_the_first_input_and_after_the_output_on_the_device(xp, rng):
    net, x = network(rng).to(xp), np.arange(30, dtype=np.uint8).reshape(10, 3)

    def before(x):
        assert backend.array_module(x) is xp
        return x.astype(np.float32) / 30.0

    def after(y):
        assert backend.array_module(y) is xp
        return y.argmax(axis=1)

    found = nn.in_batches(net, x, before=before, after=after, batch_size=4)
    expected = nn.in_batches(net, x.astype(np.float32) / 30.0).argmax(axis=1)
    np.testing.assert_array_equal(found, expected)


def test_further_inputs_are_cut_along_with_the_first(rng):
    net = Conditional(nn.Embedding(3, 2, rng=rng), nn.Dense(5, 4, rng=rng, std=1))
    x, labels = rng.standard_normal((7, 3)).astype(np.float32), np.array([0, 1, 2, 2, 1, 0, 1])
    found = nn.in_batches(net, x, labels, batch_size=3)
    np.testing.assert_allclose(found, net.eval().forward(x, labels), rtol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_restored_and_nothing_else_changes(rng, training):
    net = network(rng)
    net.train() if training else net.eval()
    before = {name: array.copy() for name, array in net.named_arrays().items()}
    state = rng.bit_generator.state
    nn.in_batches(net, np.ones((5, 3), np.float32))
    assert {layer.training for layer in net.tree()} == {training}
    assert rng.bit_generator.state == state  # no dropout mask was drawn
    for name, array in net.named_arrays().items():
        np.testing.assert_array_equal(array, before[name])


def test_the_mode_is_restored_after_an_error_too(rng):
    net = network(rng)
    with pytest.raises(ValueError, match="Dense expects shape"):
        nn.in_batches(net, np.ones((5, 4), np.float32))
    assert net.training
