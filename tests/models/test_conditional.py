"""Conditional networks: the label reaches the output, and its gradient the embedding."""

import numpy as np
import pytest

from tinygan import backend, nn
from tinygan.models.conditional import Conditional


def network(rng, dtype=np.float64):
    net = Conditional(
        nn.Embedding(3, 2, rng=rng),
        nn.Dense(14, 4, rng=rng, std=0.5),
        nn.Tanh(),
        nn.Dense(4, 2, rng=rng, std=0.5),
    )
    for p in net.params():
        p.data, p.grad = p.data.astype(dtype), p.grad.astype(dtype)
    return net


LABELS = np.array([0, 2, 2, 1, 0])


class OfImages(nn.Layer):
    """The conditional network as a function of the images alone, for the finite differences."""

    def __init__(self, net):
        self.net = net

    def forward(self, x):
        return self.net.forward(x, LABELS)

    def backward(self, gy, accumulate=True):
        return self.net.backward(gy, accumulate)


def test_its_gradients_agree_with_finite_differences(rng):
    report = nn.check_gradients(OfImages(network(rng)), rng.standard_normal((5, 2, 3, 2)))
    assert "net.embedding.W" in report.errors
    assert report.worst < 1e-6, report


def test_accumulate_false_leaves_the_embedding_alone_and_input_grad_false_gives_none(rng):
    net, x = network(rng), rng.standard_normal((5, 12))
    net.forward(x, LABELS)
    assert net.backward(np.ones((5, 2)), accumulate=False).shape == (5, 12)
    assert not any(p.grad.any() for p in net.params())
    net.forward(x, LABELS)
    assert net.backward(np.ones((5, 2)), input_grad=False) is None
    assert all(p.grad.any() for p in net.params())


def test_the_label_decides_and_the_parameters_have_names(rng):
    net, x = network(rng), np.zeros((3, 12))
    rows = net.forward(x, np.array([0, 1, 2]))
    assert len(np.unique(rows.round(6), axis=0)) == 3
    assert list(net.named_params()) == ["embedding.W", "0.W", "0.b", "2.W", "2.b"]


def test_float32_stays_float32_on_every_backend(xp, rng):
    net = network(rng, np.float32).to(xp)
    x = backend.to_device(rng.standard_normal((5, 12)).astype(np.float32), xp)
    y = net.forward(x, backend.to_device(LABELS, xp))
    assert y.dtype == np.float32
    assert net.backward(y).dtype == np.float32


def test_it_has_no_jvp(rng):
    with pytest.raises(NotImplementedError, match="no jvp"):
        network(rng).jvp(np.zeros((5, 12)))


@pytest.mark.parametrize("first", [nn.Tanh(), nn.Sequential(nn.Tanh())])
def test_its_first_layer_may_be_any(first, rng):
    net = Conditional(nn.Embedding(3, 2, rng=rng), first, nn.Dense(14, 2, rng=rng))
    x, grads = rng.standard_normal((5, 3, 4)), []
    for input_grad in (True, False):
        for p in net.params():
            p.grad.fill(0)
        net.forward(x, LABELS)
        gx = net.backward(np.ones((5, 2)), input_grad=input_grad)
        assert (gx is None) is not input_grad
        grads.append([p.grad.copy() for p in net.params()])
    assert grads[0][0].any()
    for a, b in zip(*grads, strict=True):
        np.testing.assert_array_equal(a, b)
