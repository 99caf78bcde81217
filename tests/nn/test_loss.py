"""The losses: their gradients, huge logits, dtypes, and what they refuse."""

import numpy as np
import pytest
from layer_cases import NOT_COMPUTED_IN

from tinygan import backend, nn

TOLERANCE = 1e-6

LOSSES = {
    "bce, real": lambda x: nn.bce_with_logits(x, 1.0),
    "bce, fake": lambda x: nn.bce_with_logits(x, 0.0),
    "bce, smoothed": lambda x: nn.bce_with_logits(x, 0.9),
    "bce, array": lambda x: nn.bce_with_logits(x, np.linspace(0, 1, x.size).reshape(x.shape)),
    "mse": lambda x: nn.mse(x, np.linspace(-1, 1, x.size).reshape(x.shape)),
    "softmax": lambda x: nn.softmax_cross_entropy(x, np.arange(len(x)) % x.shape[1]),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (4, 5)])
def test_loss_gradients_agree_with_finite_differences(name, shape, rng):
    x = 2 * rng.standard_normal(shape)
    _, gradient = LOSSES[name](x)
    assert _loss_error(LOSSES[name], x, gradient) < TOLERANCE
    v = rng.standard_normal(shape)
    along = [LOSSES[name](x + h * v)[0] for h in (1e-5, -1e-5)]
    np.testing.assert_allclose(
        (gradient * v).sum(), (along[0] - along[1]) / 2e-5, rtol=1e-6, atol=1e-9
    )
    for wrong in (1.001 * gradient, -gradient, gradient * len(x) + 1e-4):
        if np.abs(gradient).max() > 0:
            assert _loss_error(LOSSES[name], x, wrong) > TOLERANCE


def _loss_error(loss, x, gradient):
    numeric = nn.numerical_gradient(lambda: float(loss(x)[0]), x)
    return nn.gradcheck.relative_error(gradient.ravel(), numeric)


def test_huge_logits_give_finite_losses_and_gradients(xp):
    values = np.array([-1e4, -40, 0, 40, 1e4])
    x = backend.to_device(values.astype(np.float32), xp)
    p = backend.to_numpy(nn.sigmoid(x))
    for target in (0.0, 1.0):
        loss, g = nn.bce_with_logits(x, target)
        expected = np.maximum(values * (1 - 2 * target), 0)
        expected[2] = np.log(2)
        np.testing.assert_allclose(float(loss), expected.mean(), rtol=1e-6)
        np.testing.assert_allclose(backend.to_numpy(g), (p - target) / 5, rtol=1e-6)
    logits = backend.to_device(np.array([[1e4, -1e4, 0]], np.float32), xp)
    loss, g = nn.softmax_cross_entropy(logits, backend.to_device(np.array([1]), xp))
    assert float(loss) == 2e4
    np.testing.assert_array_equal(backend.to_numpy(g), [[1, -1, 0]])


@pytest.mark.parametrize("target", [1, 1.0, np.float64(1), np.ones((3, 1)), np.ones((3, 1), int)])
def test_losses_stay_in_the_dtype_of_the_logits_whatever_the_target_is(target):
    loss, g = nn.bce_with_logits(np.zeros((3, 1), np.float32), target)
    assert (loss.dtype, g.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(loss, np.log(2), rtol=1e-6)


def test_mse_and_softmax_stay_float32():
    x = np.ones((2, 3), np.float32)
    for loss, g in (nn.mse(x, np.zeros((2, 3))), nn.softmax_cross_entropy(x, np.array([0, 2]))):
        assert (loss.dtype, g.dtype) == (np.float32, np.float32)


@pytest.mark.parametrize("dtype", NOT_COMPUTED_IN)
@pytest.mark.parametrize(
    "loss",
    [
        lambda x: nn.bce_with_logits(x, 1.0),
        lambda x: nn.mse(x, np.zeros(x.shape)),
        lambda x: nn.softmax_cross_entropy(x, np.array([0, 2])),
        nn.sigmoid,
    ],
    ids=["bce_with_logits", "mse", "softmax_cross_entropy", "sigmoid"],
)
def test_losses_refuse_the_dtypes_that_layers_refuse(loss, dtype, request):
    name = request.node.callspec.id.split("-")[0]
    says = rf"^{name} computes in float32 or float64, got {np.dtype(dtype)}: convert it with "
    with pytest.raises(TypeError, match=says):
        loss(np.ones((2, 3), dtype))


@pytest.mark.parametrize("dtype", ["float16", "float64", "bool", "complex64", "object"])
def test_softmax_takes_integer_labels_alone(dtype):
    with pytest.raises(ValueError, match=f"integer labels .* and {dtype}"):
        nn.softmax_cross_entropy(np.zeros((2, 2)), np.ones(2, dtype))
    for kind in ("uint8", "int16", "int64"):
        nn.softmax_cross_entropy(np.zeros((2, 2)), np.ones(2, kind))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: nn.bce_with_logits(np.zeros((3, 1)), np.zeros(3)), "one shape"),
        (lambda: nn.bce_with_logits(np.zeros((0, 1)), 1.0), "no elements"),
        (lambda: nn.mse(np.zeros(3), np.zeros((3, 1))), "one shape"),
        (lambda: nn.softmax_cross_entropy(np.zeros((3, 2)), np.zeros(3)), "integer labels"),
        (lambda: nn.softmax_cross_entropy(np.zeros((3, 2)), np.zeros(2, int)), "integer labels"),
        (lambda: nn.softmax_cross_entropy(np.zeros((2, 2)), np.array([0, 2])), "from 0 to 1"),
    ],
)
def test_losses_refuse_what_does_not_fit(call, says):
    with pytest.raises(ValueError, match=says):
        call()
