"""What the layers compute, where it can be said without another library."""

import numpy as np
import pytest

from tinygan import backend, nn


def test_conv_is_the_sum_over_windows_that_its_docstring_says(rng):
    conv = nn.Conv2d(2, 3, 3, stride=2, padding=1, rng=rng, std=0.5)
    conv.b.data += 0.7
    x = rng.standard_normal((2, 5, 6, 2))
    y = conv.forward(x)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    for n, u, v in np.ndindex(*y.shape[:3]):
        window = padded[n, 2 * u : 2 * u + 3, 2 * v : 2 * v + 3]
        expected = np.einsum("ijc,ijco->o", window, conv.W.data) + conv.b.data
        np.testing.assert_allclose(y[n, u, v], expected, rtol=1e-12, atol=1e-14)


def test_transposed_conv_stamps_its_kernel(rng):
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2, rng=rng)
    x = np.zeros((1, 2, 2, 1))
    x[0, 1, 0, 0] = 2.0
    y = layer.forward(x)
    assert y.shape == (1, 5, 5, 1)
    np.testing.assert_allclose(y[0, 2:5, 0:3, 0], 2 * layer.W.data[:, :, 0, 0])
    y[0, 2:5, 0:3] = 0
    assert not y.any()


def test_batchnorm_normalises_and_moves_its_statistics(rng):
    layer = nn.BatchNorm(3, momentum=0.25)
    x = 5 + 2 * rng.standard_normal((50, 4, 3))
    y = layer.forward(x)
    np.testing.assert_allclose(y.mean(axis=(0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=(0, 1)), 1, rtol=1e-4)
    rows = x.reshape(-1, 3)
    np.testing.assert_allclose(layer.running_mean, 0.25 * rows.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(layer.running_var, 0.75 + 0.25 * rows.var(axis=0, ddof=1), rtol=1e-6)
    z = layer.eval().forward(x)
    expected = (x - layer.running_mean) / np.sqrt(layer.running_var + 1e-5)
    np.testing.assert_allclose(z, expected, rtol=1e-6)


def test_dropout_drops_a_share_p_and_keeps_the_mean(xp, rng):
    layer = nn.Dropout(0.3, rng=rng)
    y = backend.to_numpy(layer.forward(xp.ones((200, 500), np.float32)))
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / layer.share_kept)}
    assert abs((y == 0).mean() - 0.3) < 0.01
    assert abs(y.mean() - 1) < 0.01
    again = backend.to_numpy(layer.forward(xp.ones((200, 500), np.float32)))
    assert (y != again).any()


@pytest.mark.parametrize("p", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("shape", [(40_001,), (40_002, 1), (3, 13_401), (80, 50, 10)])
def test_each_element_is_dropped_by_itself_with_probability_p(p, shape):
    layer = nn.Dropout(p, rng=np.random.default_rng(0))
    mask = layer.draw_mask(shape)
    assert (mask.shape, mask.dtype) == (shape, bool)
    dropped = ~mask.reshape(-1)
    for start in range(4):  # four of them come from one draw
        assert abs(dropped[start::4].mean() - p) < 0.02
        if start > 0:  # whatever becomes of its neighbours
            assert abs((dropped[start:] & dropped[:-start]).mean() - p * p) < 0.02


@pytest.mark.parametrize(
    "shape", [(), (1,), (1, 1), (0,), (0, 3), (5, 0), (2,), (3,), (5,), (7, 1)]
)
def test_a_mask_may_be_of_any_size(shape):
    layer = nn.Dropout(0.5, rng=np.random.default_rng(0))
    masks = [layer.draw_mask(shape) for _ in range(200)]
    assert {(mask.shape, mask.dtype) for mask in masks} == {(shape, np.dtype(bool))}
    if masks[0].size > 0:
        kept = np.mean(masks, axis=0)
        assert kept.min() > 0.3  # of 200: 0.5, give or take 0.035
        assert kept.max() < 0.7
    x = np.ones(shape, np.float32)
    y = layer.forward(x)
    assert (y.shape, y.dtype) == (shape, np.float32)
    assert layer.backward(x).shape == shape


@pytest.mark.parametrize("n", [64, 65, 66, 67])
def test_masks_in_a_row_differ_and_come_again_from_the_same_seed(n):
    def draw():
        layer = nn.Dropout(0.5, rng=np.random.default_rng(3))
        return [layer.draw_mask((n,)) for _ in range(3)]

    first, second, third = draw()
    assert (first != second).any()
    assert (second != third).any()
    assert (first != third).any()
    for a, b in zip((first, second, third), draw(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(7, 5), (1, 5), (7, 1), (1, 1), (0, 5)])
def test_dense_with_one_output_sends_back_its_gradient_times_the_weights(xp, rng, shape, dtype):
    n, n_in = shape
    layer = nn.Dense(n_in, 1, rng=rng, std=0.5)
    for p in layer.params():
        p.data, p.grad = p.data.astype(dtype), p.grad.astype(dtype)
    W = layer.W.data
    layer.to(xp)
    x, gy = rng.standard_normal((n, n_in)).astype(dtype), rng.standard_normal((n, 1)).astype(dtype)

    def back(**how):
        layer.forward(backend.to_device(x, xp))
        gx = layer.backward(backend.to_device(gy, xp), **how)
        return None if gx is None else backend.to_numpy(gx)

    gx = back()
    assert (gx.shape, gx.dtype) == ((n, n_in), dtype)
    np.testing.assert_allclose(gx, gy @ W.T, rtol=1e-6)
    np.testing.assert_allclose(backend.to_numpy(layer.W.grad), x.T @ gy, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(backend.to_numpy(layer.b.grad), gy.sum(axis=0), rtol=1e-5, atol=1e-6)
    assert back(input_grad=False) is None
    part = slice(0, (n_in + 1) // 2)
    np.testing.assert_allclose(back(input_grad=part), gy @ W[part].T, rtol=1e-6)


def test_noise_has_the_std_it_was_given_and_none_in_eval_mode(rng):
    layer = nn.GaussianNoise(0.5, rng=rng)
    x = np.ones((300, 300), np.float32)
    assert abs((layer.forward(x) - x).std() - 0.5) < 0.01
    layer.std = 0.0
    np.testing.assert_array_equal(layer.forward(x), x)
    layer.std = 0.5
    np.testing.assert_array_equal(layer.eval().forward(x), x)


def test_embedding_adds_up_the_gradients_of_a_label_that_occurs_twice(xp, rng):
    layer = nn.Embedding(4, 2, rng=rng).to(xp)
    y = layer.forward(backend.to_device(np.array([2, 0, 2]), xp))
    np.testing.assert_allclose(
        backend.to_numpy(y), backend.to_numpy(layer.W.data)[[2, 0, 2]], rtol=1e-6
    )
    layer.backward(backend.to_device(np.array([[1, 2], [3, 4], [5, 6]], np.float32), xp))
    np.testing.assert_allclose(
        backend.to_numpy(layer.W.grad), [[3, 4], [0, 0], [6, 8], [0, 0]], rtol=1e-6
    )


def test_upsample_repeats_pixels():
    y = nn.Upsample2d(2).forward(np.arange(4.0).reshape(1, 2, 2, 1))
    expected = [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    np.testing.assert_array_equal(y[0, :, :, 0], expected)


def test_activations_at_and_beside_zero():
    x = np.array([-2.0, 0.0, 3.0])
    np.testing.assert_array_equal(nn.ReLU().forward(x), [0, 0, 3])
    np.testing.assert_array_equal(nn.LeakyReLU(0.5).forward(x), [-1, 0, 3])
    np.testing.assert_array_equal(nn.LeakyReLU(0).forward(x), [0, 0, 3])
    np.testing.assert_array_equal(nn.LeakyReLU(1).forward(x), x)
    for layer, slopes in ((nn.ReLU(), [0, 0, 1]), (nn.LeakyReLU(0.5), [0.5, 0.5, 1])):
        layer.forward(x)
        np.testing.assert_array_equal(layer.backward(np.ones(3)), slopes)


def test_sigmoid_and_the_losses_survive_huge_logits(xp):
    x = backend.to_device(np.array([-1e4, -40.0, 0.0, 40.0, 1e4], np.float32), xp)
    y = backend.to_numpy(nn.sigmoid(x))
    np.testing.assert_allclose(y, [0, np.exp(-40.0), 0.5, 1, 1], rtol=1e-6)
    for target in (0.0, 1.0):
        loss, g = nn.bce_with_logits(x, target)
        expected = np.maximum(np.array([-1e4, -40, 0, 40, 1e4]) * (1 - 2 * target), 0)
        expected[2] = np.log(2)
        np.testing.assert_allclose(float(loss), expected.mean(), rtol=1e-6)
        np.testing.assert_allclose(backend.to_numpy(g), (y - target) / 5, rtol=1e-6)
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
