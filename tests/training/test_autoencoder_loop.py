"""The autoencoder's updates: the whole gradient against finite differences of the whole loss."""

import numpy as np
import pytest

from tinygan import nn
from tinygan.nn.gradcheck import numerical_gradient
from tinygan.training.autoencoder_loop import ae_step, gaussian_kl, reconstruction, vae_step

CODE = 2


def halves(variational, seed=0):
    rng = np.random.default_rng(seed)
    outputs = 2 * CODE if variational else CODE
    encoder = nn.Sequential(
        nn.Flatten(), nn.Dense(6, 5, rng=rng, std=0.5), nn.Tanh(),
        nn.Dense(5, outputs, rng=rng, std=0.5),
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Dense(CODE, 4, rng=rng, std=0.5), nn.Tanh(), nn.Dense(4, 6, rng=rng, std=0.5),
        nn.Reshape((2, 3, 1)),
    )  # fmt: skip
    for p in (*encoder.params(), *decoder.params()):
        p.data, p.grad = p.data.astype(np.float64), p.grad.astype(np.float64)
    return encoder, decoder


class Still:
    """An optimizer that clears gradients and never moves."""

    def __init__(self, net):
        self.net = net

    def zero_grad(self):
        for p in self.net.params():
            p.grad[...] = 0

    def step(self):
        pass


@pytest.mark.parametrize("variational", [False, True])
def test_every_weight_has_the_gradient_of_the_loss(variational):
    rng = np.random.default_rng(3)
    encoder, decoder = halves(variational)
    images, noise = rng.random((4, 2, 3, 1)), rng.standard_normal((4, CODE))
    optimizers = [Still(encoder), Still(decoder)]

    def loss():
        if variational:
            measured = vae_step(encoder, decoder, optimizers, images, noise)
        else:
            measured = ae_step(encoder, decoder, optimizers, images)
        return sum(measured.values())

    loss()
    params = encoder.params() + decoder.params()
    analytic = [p.grad.copy() for p in params]
    for p, mine in zip(params, analytic, strict=True):
        numerical = numerical_gradient(loss, p.data)
        np.testing.assert_allclose(mine.ravel(), numerical, rtol=1e-6, atol=1e-8)


def test_the_kl_is_that_of_pytorch_and_zero_for_the_standard_normal():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    mean, log_var = rng.standard_normal((2, 5, 3))
    normal = torch.distributions.Normal(torch.tensor(mean), torch.tensor(log_var).div(2).exp())
    its = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0))
    assert gaussian_kl(mean, log_var)[0] == pytest.approx(its.sum().item() / 5, rel=1e-12)
    kl, gmean, glog_var = gaussian_kl(np.zeros((2, 3)), np.zeros((2, 3)))
    assert (kl, gmean.any(), glog_var.any()) == (0, False, False)


def test_the_reconstruction_is_summed_over_pixels_and_averaged_over_images():
    loss, glogits = reconstruction(np.zeros((5, 2, 3, 1)), np.ones((5, 2, 3, 1)))
    assert loss == pytest.approx(6 * np.log(2))
    np.testing.assert_allclose(glogits, -0.5 / 5)


def test_a_few_hundred_updates_learn_to_copy_and_stay_float32():
    rng = np.random.default_rng(0)
    encoder, decoder = halves(False)
    for p in (*encoder.params(), *decoder.params()):
        p.data, p.grad = p.data.astype(np.float32), p.grad.astype(np.float32)
    optimizers = [nn.Adam(net.params(), 1e-2, (0.9, 0.999)) for net in (encoder, decoder)]
    images = np.repeat(rng.integers(0, 2, (2, 2, 3, 1)), 4, axis=0).astype(np.float32)
    losses = [ae_step(encoder, decoder, optimizers, images)["reconstruction"] for _ in range(300)]
    assert losses[0].dtype == np.float32
    assert losses[-1] < 0.1 * losses[0]
