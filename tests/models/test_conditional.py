"""Conditional networks: the label reaches the output, and its gradient the embedding."""

import contextlib

import numpy as np
import pytest
from layer_cases import NOT_COMPUTED_IN

from tinygan import backend, nn
from tinygan.models.conditional import Conditional, ConditionalImages
from tinygan.nn import fast


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


def of_images(rng, dtype=np.float64):
    """Two channels and the label's, four pixels by three."""
    net = ConditionalImages(
        nn.Embedding(3, 12, rng=rng),
        nn.Conv2d(3, 2, 3, padding=1, rng=rng),
        nn.Tanh(),
        nn.Flatten(),
        nn.Dense(24, 2, rng=rng, std=0.5),
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

    def backward(self, gy, accumulate=True, input_grad=True):
        return self.net.backward(gy, accumulate, input_grad)


@pytest.fixture(params=[contextlib.nullcontext, nn.plain], ids=["fast", "plain"])
def version(request):
    """The test runs twice: with the fast functions and in plain mode."""
    with request.param():
        yield


def test_its_gradients_agree_with_finite_differences(rng, version):
    report = nn.check_gradients(OfImages(network(rng)), rng.standard_normal((5, 2, 3, 2)))
    assert "net.embedding.W" in report.errors
    assert report.worst < 1e-6, report


@pytest.mark.parametrize("dtype", NOT_COMPUTED_IN)
def test_the_dtypes_that_layers_refuse_are_refused(rng, dtype):
    net, says = network(rng), f"computes in float32 or float64, got {np.dtype(dtype)}"
    with pytest.raises(TypeError, match=f"Conditional {says}"):
        net.forward(np.ones((5, 12), dtype), LABELS)
    net.forward(np.ones((5, 12)), LABELS)
    with pytest.raises(TypeError, match=says):
        net.backward(np.ones((5, 2), dtype))


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


@pytest.mark.parametrize("accumulate", [True, False])
@pytest.mark.parametrize(("make", "shape"), [(network, (5, 3, 4)), (of_images, (5, 4, 3, 2))])
def test_without_input_grad_all_weights_get_the_same_gradients(
    rng, version, make, shape, accumulate
):
    net, x, grads = make(rng), rng.standard_normal(shape), []
    for input_grad in (True, False):
        for p in net.params():
            p.grad.fill(0)
        net.forward(x, LABELS)
        gx = net.backward(np.ones((5, 2)), accumulate, input_grad)
        assert (gx is None) is not input_grad
        grads.append([p.grad.copy() for p in net.params()])
    for a, b in zip(*grads, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
        assert a.any() == accumulate


def test_without_input_grad_only_the_labels_part_of_the_gradient_is_computed(rng, monkeypatch):
    net, seen = network(rng), []
    right = fast.input_gradient

    def spy(gy, W):
        seen.append(W.shape)
        return right(gy, W)

    monkeypatch.setattr(fast, "input_gradient", spy)
    net.forward(rng.standard_normal((5, 12)), LABELS)
    net.backward(np.ones((5, 2)), input_grad=False)
    assert seen == [(4, 2), (2, 4)]  # the last layer's weights; of the first, the label's two rows


def test_a_second_backward_raises(rng):
    net = network(rng)
    net.forward(rng.standard_normal((5, 12)), LABELS)
    net.backward(np.ones((5, 2)), input_grad=False)
    with pytest.raises(RuntimeError, match="needs a forward in training mode"):
        net.backward(np.ones((5, 2)))


@pytest.mark.parametrize("first", [nn.Tanh(), nn.Flatten()])
def test_its_first_layer_must_be_dense(first, rng):
    with pytest.raises(TypeError, match=f"Dense as its first layer, got {type(first).__name__}"):
        Conditional(nn.Embedding(3, 2, rng=rng), first, nn.Dense(14, 2, rng=rng))


def test_of_images_the_gradients_agree_with_finite_differences(rng, version):
    report = nn.check_gradients(OfImages(of_images(rng)), rng.standard_normal((5, 4, 3, 2)))
    assert "net.embedding.W" in report.errors
    assert report.worst < 1e-6, report


def test_of_images_the_label_is_one_more_channel(rng):
    net, x = of_images(rng), rng.standard_normal((5, 4, 3, 2))
    y = net.forward(x, LABELS)
    planes = net.embedding.W.data[LABELS].reshape(5, 4, 3, 1)
    plain = nn.Sequential(*net.layers)
    np.testing.assert_array_equal(y, plain.forward(np.concatenate([x, planes], axis=3)))
    assert next(iter(net.named_params())) == "embedding.W"


def test_of_images_float32_stays_float32_on_every_backend(xp, rng):
    net = of_images(rng, np.float32).to(xp)
    x = backend.to_device(rng.standard_normal((5, 4, 3, 2)).astype(np.float32), xp)
    y = net.forward(x, backend.to_device(LABELS, xp))
    assert y.dtype == net.backward(y).dtype == np.float32


def test_of_images_it_refuses_what_conditional_refuses(rng):
    net = of_images(rng)
    with pytest.raises(TypeError, match="ConditionalImages computes in float32 or float64"):
        net.forward(np.ones((5, 4, 3, 2), np.float16), LABELS)
    with pytest.raises(NotImplementedError, match="no jvp"):
        net.jvp(np.zeros((5, 4, 3, 2)))
