"""The losses of D and G: their values, their gradients, and what they refuse."""

import numpy as np
import pytest

from tinygan import backend
from tinygan.training import gan_loss

LOSSES = {
    "bce": gan_loss.bce(),
    "bce, smooth": gan_loss.bce(0.1),
    "lsgan": gan_loss.lsgan(),
    "lsgan, smooth": gan_loss.lsgan(0.2),
    "hinge": gan_loss.hinge(),
    "wasserstein": gan_loss.wasserstein(),
}


@pytest.mark.parametrize("player", ["real", "fake", "generator"])
@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_the_slope_of_the_loss(name, player, rng):
    function = getattr(LOSSES[name], player)
    logits = 2 * rng.standard_normal((7, 1))  # none of them within 1e-6 of a kink
    _, gradient = function(logits)
    numerical = np.zeros_like(logits)
    for i in range(7):
        step = np.zeros_like(logits)
        step[i] = 1e-6
        numerical[i] = (function(logits + step)[0] - function(logits - step)[0]) / 2e-6
    np.testing.assert_allclose(gradient, numerical, rtol=1e-6, atol=1e-9)


def test_the_values_are_those_of_the_table():
    l = np.array([[-2.0], [0.5], [3.0]])
    p = 1 / (1 + np.exp(-l))
    expected = {
        "bce": (-np.log(p), -np.log(1 - p), -np.log(p)),
        "bce, smooth": (
            -0.9 * np.log(p) - 0.1 * np.log(1 - p), -np.log(1 - p), -np.log(p)
        ),
        "lsgan": ((l - 1) ** 2 / 2, l**2 / 2, (l - 1) ** 2 / 2),
        "lsgan, smooth": ((l - 0.8) ** 2 / 2, l**2 / 2, (l - 1) ** 2 / 2),
        "hinge": (np.maximum(0, 1 - l), np.maximum(0, 1 + l), -l),
        "wasserstein": (-l, l, -l),
    }  # fmt: skip
    for name, (real, fake, generator) in expected.items():
        loss = LOSSES[name]
        np.testing.assert_allclose(loss.real(l)[0], real.mean(), err_msg=name)
        np.testing.assert_allclose(loss.fake(l)[0], fake.mean(), err_msg=name)
        np.testing.assert_allclose(loss.generator(l)[0], generator.mean(), err_msg=name)


@pytest.mark.parametrize("name", LOSSES)
def test_float32_stays_float32_on_every_backend(name, xp, rng):
    logits = backend.to_device(rng.standard_normal((4, 1)).astype(np.float32), xp)
    for function in LOSSES[name][:3]:
        loss, gradient = function(logits)
        assert (loss.dtype, gradient.dtype) == (np.float32, np.float32)
        assert gradient.shape == (4, 1)
    assert LOSSES[name].score(logits).dtype == np.float32


def test_by_name_gives_the_loss_and_refuses_invalid_arguments():
    for name in (*gan_loss.NAMES, "wasserstein"):
        assert gan_loss.by_name(name).real(np.zeros((2, 1)))[1].shape == (2, 1)
    zero = np.zeros((1, 1))
    assert gan_loss.by_name("lsgan", 0.3).real(zero)[0] == pytest.approx(0.245)
    with pytest.raises(ValueError, match="unknown loss 'l2': choose one of bce, lsgan, hinge"):
        gan_loss.by_name("l2")
    with pytest.raises(ValueError, match="label smoothing needs a target to soften, and the hin"):
        gan_loss.by_name("hinge", 0.1)
