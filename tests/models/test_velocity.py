"""The velocity networks: gradients by finite differences, PyTorch's numbers, and what they heed."""

import numpy as np
import pytest

from tinygan import nn
from tinygan.models.unet import ResidualBlock, UNet
from tinygan.models.velocity import DenseVelocity

LABELS, TIMES = np.array([0, 3, 1]), np.array([0.1, 0.5, 0.9])
CASES = {  # name: (network, shape of x)
    "dense": (lambda rng: DenseVelocity(5, 3, width=7, blocks=2, rng=rng), (3, 5)),
    "unet": (lambda rng: UNet(2, 3, width=4, rng=rng), (3, 8, 4, 2)),
}
each = pytest.mark.parametrize("name", CASES)


def make(name, seed=0):
    """(network in float64 with weights that are all not 0, x)."""
    rng = np.random.default_rng(seed)
    build, shape = CASES[name]
    net = build(rng)
    for p in net.params():
        p.data = p.data + 0.1 * rng.standard_normal(p.data.shape)
        p.grad = np.zeros_like(p.data)
    return net, rng.standard_normal(shape)


class OfX(nn.Layer):
    """A velocity network as a function of x alone."""

    def __init__(self, net):
        self.net = net

    def forward(self, x):
        return self.net.forward(x, TIMES, LABELS)

    def backward(self, gy, accumulate=True, input_grad=True):
        return self.net.backward(gy, accumulate, input_grad)


@each
def test_the_gradients_agree_with_finite_differences(name):
    net, x = make(name)
    report = nn.check_gradients(OfX(net), x, max_elements=12)
    assert "net.condition.embedding.W" in report.errors
    assert report.worst < 2e-6, report


@each
def test_time_and_class_change_the_velocity_and_no_class_is_one_more(name):
    net, x = make(name)
    v = net.forward(x, TIMES, LABELS)
    assert v.shape == x.shape
    assert (net.forward(x, TIMES + 0.05, LABELS) != v).any(axis=tuple(range(1, x.ndim))).all()
    other = net.forward(x, TIMES, np.array([1, 2, 2]))
    assert (other != v).any(axis=tuple(range(1, x.ndim))).all()


@each
def test_at_first_nothing_moves(name):
    net = CASES[name][0](np.random.default_rng(0))
    x = make(name)[1].astype(np.float32)
    v = net.forward(x, TIMES.astype(np.float32), LABELS)
    assert v.dtype == np.float32
    assert not v.any()


@each
def test_accumulate_and_input_grad_do_what_they_say(name):
    net, x = make(name)
    net.forward(x, TIMES, LABELS)
    assert net.backward(np.ones_like(x), accumulate=False).shape == x.shape
    assert not any(p.grad.any() for p in net.params())
    net.forward(x, TIMES, LABELS)
    assert net.backward(np.ones_like(x), input_grad=False) is None
    assert all(p.grad.any() for p in net.params())


@each
def test_an_image_does_not_depend_on_its_batch(name):
    net, x = make(name)
    v = net.forward(x, TIMES, LABELS)
    alone = net.forward(x[1:2], TIMES[1:2], LABELS[1:2])
    np.testing.assert_allclose(alone, v[1:2], atol=1e-12)
    assert net.is_per_example()


@pytest.mark.parametrize("width", [1, 2, 3, 8])
def test_a_unet_may_be_of_any_width(width):
    net = UNet(1, 2, width=width, rng=np.random.default_rng(0))
    x = np.zeros((2, 8, 8, 1), np.float32)
    assert net.forward(x, np.zeros(2, np.float32), np.zeros(2, int)).shape == x.shape


def test_every_part_has_a_name_and_none_is_left_out():
    net = UNet(1, 2, width=2, rng=np.random.default_rng(0))
    names = {name.split(".")[0] for name in net.named_params()}
    assert names == {
        "condition", "first", "down", "half", "middle0", "middle1", "double", "up", "last"
    }  # fmt: skip
    net = DenseVelocity(3, 2, width=4, blocks=2, rng=np.random.default_rng(0))
    names = {name.split(".")[0] for name in net.named_params()}
    assert names == {"condition", "first", "block0", "block1", "last"}


def test_a_residual_block_agrees_with_pytorch(rng):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra: peers)")
    from torch_twins import Twin, nchw, nhwc

    block = ResidualBlock(4, 6, 5, rng=rng)
    for p in block.params():
        p.data = p.data + 0.1 * rng.standard_normal(p.data.shape)
        p.grad = np.zeros_like(p.data)
    x, c = rng.standard_normal((2, 4, 4, 4)), rng.standard_normal((2, 5))
    gy = rng.standard_normal((2, 4, 4, 6))
    y = block.forward(x, c)
    gx, gc = block.backward(gy)
    f, told, g, s = map(Twin, (block.f, block.told, block.g, block.s))
    x_twin, c_twin = nchw(x).requires_grad_(), torch.from_numpy(c.copy()).requires_grad_()
    y_twin = s(x_twin) + g(f(x_twin) + told(c_twin)[:, :, None, None])
    y_twin.backward(nchw(gy))
    np.testing.assert_allclose(y, nhwc(y_twin), atol=1e-10)
    np.testing.assert_allclose(gx, nhwc(x_twin.grad), atol=1e-10)
    np.testing.assert_allclose(gc, c_twin.grad.numpy(), atol=1e-10)
