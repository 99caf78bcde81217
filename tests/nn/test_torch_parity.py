"""The same numbers as PyTorch: every layer, every loss, Adam. float64, to 1e-10."""

import numpy as np
import pytest
from layer_cases import LAYERS, make

from tinygan import backend, nn

torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra: peers)")
from torch_twins import Twin, nchw, nhwc  # noqa: E402

TOLERANCE = 1e-10


def relative(a, b):
    """The largest difference, against the largest value."""
    assert a.shape == b.shape
    return np.abs(a - b).max() / max(np.abs(b).max(), 1e-300)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_agrees_with_pytorch_forward_and_back(name, version):
    check_layer(name, np)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_on_a_device_agrees_with_pytorch_forward_and_back(name, device):
    """The kernels, that is."""
    check_layer(name, device, TOLERANCE if name != "noise" else 1e-5)  # which is float32


def check_layer(name, xp, tolerance=TOLERANCE):
    layer, x = make(name)
    twin = Twin(layer)
    states = [(g, g.bit_generator.state) for g in layer.generators()]
    layer.to(xp)
    y = backend.to_numpy(layer.forward(backend.to_device(x, xp)))
    gy = np.random.default_rng(1).standard_normal(y.shape)
    gx = layer.backward(backend.to_device(gy, xp))
    gx = None if gx is None else backend.to_numpy(gx)
    layer.to(np)
    for generator, state in states:
        generator.bit_generator.state = state
    x_twin = nchw(x)
    x_twin.requires_grad_(x.dtype.kind == "f")
    y_twin = twin(x_twin)
    assert relative(y, nhwc(y_twin)) < tolerance
    if not y_twin.requires_grad:
        return
    y_twin.backward(nchw(gy))
    if gx is not None:
        assert relative(gx, nhwc(x_twin.grad)) < tolerance
    assert twin.pairs.keys() == layer.named_params().keys()
    for key, (tensor, back) in twin.pairs.items():
        gradient = tensor.grad.numpy().transpose(back)
        assert relative(layer.named_params()[key].grad, gradient) < tolerance, key


@pytest.mark.parametrize("name", ["batchnorm, rows", "batchnorm, images"])
def test_batchnorm_moves_its_running_statistics_as_pytorch_does(name):
    layer, x = make(name)
    layer.running_mean = layer.running_mean.astype(np.float64)
    layer.running_var = layer.running_var.astype(np.float64)
    twin = Twin(layer)
    for step in range(3):
        layer.forward(x + step)
        twin(nchw(x + step))
    assert relative(layer.running_mean, twin.mean.numpy()) < TOLERANCE
    assert relative(layer.running_var, twin.var.numpy()) < TOLERANCE
    layer.eval()
    twin.eval()
    assert relative(layer.forward(x), nhwc(twin(nchw(x)))) < TOLERANCE


@pytest.mark.parametrize(("h", "kernel", "stride", "padding"), [
    (7, 3, 1, 0), (7, 3, 2, 1), (8, 3, 2, 1), (5, 2, 3, 1), (6, 5, 2, 2), (4, 4, 4, 0),
])  # fmt: skip
def test_output_sizes_are_those_of_pytorch(h, kernel, stride, padding, rng):
    x = rng.standard_normal((2, h, h + 1, 1))
    conv = nn.Conv2d(1, 1, kernel, stride=stride, padding=padding, rng=rng)
    assert conv.forward(x).shape == nhwc(Twin(conv).double()(nchw(x))).shape
    for output_padding in range(stride):
        if (h - 1) * stride - 2 * padding + kernel + output_padding < 1:
            continue
        up = nn.ConvTranspose2d(
            1, 1, kernel, stride=stride, padding=padding, output_padding=output_padding, rng=rng
        )
        assert up.forward(x).shape == nhwc(Twin(up).double()(nchw(x))).shape


@pytest.mark.parametrize("target", [0.0, 1.0, 0.9])
def test_bce_agrees_with_pytorch(target, rng):
    logits = 5 * rng.standard_normal((7, 3))
    loss, gradient = nn.bce_with_logits(logits, target)
    twin = torch.from_numpy(logits.copy()).requires_grad_()
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        twin, torch.full_like(twin, target)
    )
    expected.backward()
    assert relative(loss, expected.detach().numpy()) < TOLERANCE
    assert relative(gradient, twin.grad.numpy()) < TOLERANCE


def test_mse_and_softmax_cross_entropy_agree_with_pytorch(rng):
    x, labels = 3 * rng.standard_normal((6, 4)), np.array([0, 3, 1, 1, 2, 0])
    target = rng.standard_normal((6, 4))
    f = torch.nn.functional
    for (loss, gradient), expected in (
        (nn.mse(x, target), lambda t: f.mse_loss(t, torch.from_numpy(target))),
        (
            nn.softmax_cross_entropy(x, labels),
            lambda t: f.cross_entropy(t, torch.from_numpy(labels)),
        ),
    ):
        twin = torch.from_numpy(x.copy()).requires_grad_()
        value = expected(twin)
        value.backward()
        assert relative(loss, value.detach().numpy()) < TOLERANCE
        assert relative(gradient, twin.grad.numpy()) < TOLERANCE


@pytest.mark.parametrize("settings", [
    {}, {"lr": 0.05, "betas": (0.9, 0.999)}, {"lr": 0.01, "betas": (0.0, 0.9), "eps": 1e-3},
])  # fmt: skip
def test_adam_agrees_with_pytorch_over_a_hundred_steps(settings, rng, version):
    start = [rng.standard_normal((3, 4)), rng.standard_normal(5)]
    params = [nn.Param(data.copy()) for data in start]
    mine = nn.Adam(params, **settings)
    tensors = [torch.nn.Parameter(torch.from_numpy(data.copy())) for data in start]
    its = torch.optim.Adam(tensors, lr=mine.lr, betas=mine.betas, eps=mine.eps)
    for _ in range(100):
        for p, tensor in zip(params, tensors, strict=True):
            p.grad[...] = np.sin(p.data) + rng.standard_normal(p.data.shape)
            tensor.grad = torch.from_numpy(p.grad.copy())
        mine.step()
        its.step()
    for p, tensor in zip(params, tensors, strict=True):
        assert relative(p.data, tensor.detach().numpy()) < TOLERANCE
