"""The gradient penalty without autograd, against finite differences of the penalty itself."""

import numpy as np
import pytest

from tinygan import backend, nn
from tinygan.models.gan import dcgan_discriminator
from tinygan.nn.gradcheck import numerical_gradient
from tinygan.training import d_step, gan_loss
from tinygan.training.gradient_penalty import gradient_penalty


def critic(dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    D = nn.Sequential(
        nn.Conv2d(2, 3, 3, stride=2, padding=1, rng=rng, std=0.5),
        nn.LeakyReLU(),
        nn.Reshape((12,)),
        nn.Dense(12, 4, rng=rng, std=0.5),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dense(4, 1, rng=rng, std=0.5),
    )
    for p in D.params():
        p.data = (p.data + 0.1 * rng.standard_normal(p.data.shape)).astype(dtype)
        p.grad = np.zeros_like(p.data)
    return D


def pictures(seed=3, dtype=np.float64, n=5):
    return np.random.default_rng(seed).standard_normal((2, n, 4, 4, 2)).astype(dtype)


def penalty(D, real, fake, weight=10.0):
    return gradient_penalty(D, real, fake, rng=np.random.default_rng(7), weight=weight)


def relative_errors(D, real, fake):
    """For every weight array: |analytic − numerical| over the larger of the two norms."""
    for p in D.params():
        p.grad[...] = 0
    penalty(D, real, fake)
    analytic = {name: p.grad.copy() for name, p in D.named_params().items()}
    errors = {}
    for name, p in D.named_params().items():
        numerical = numerical_gradient(lambda: penalty(D, real, fake), p.data)
        mine = analytic[name].ravel()
        scale = max(np.linalg.norm(numerical), np.linalg.norm(mine))
        if scale > 1e-9:  # the penalty does not depend on the last bias at all
            errors[name] = np.linalg.norm(mine - numerical) / scale
    return errors


def test_it_agrees_with_finite_differences_of_the_penalty_in_float64():
    errors = relative_errors(critic(), *pictures())
    assert len(errors) >= 3
    assert max(errors.values()) < 1e-6, errors


@pytest.mark.parametrize("fault", ["length not subtracted", "bias kept", "no second forward"])
def test_a_planted_fault_shows(fault, monkeypatch):
    D = critic()
    right = D.jvp

    def wrong(v):
        if fault == "length not subtracted":
            return right(1.5 * v)
        if fault == "bias kept":
            y = right(v)
            D.layers[3]._kept = (D.layers[3]._kept[0], D.layers[3].b)
            return y
        return D.forward(v)  # the layers themselves, not linearised at x̂

    monkeypatch.setattr(D, "jvp", wrong)
    errors = relative_errors(D, *pictures())
    assert max(errors.values()) > 1e-3, errors


def test_it_is_the_double_backward_of_pytorch():
    torch = pytest.importorskip("torch")
    D = critic()
    real, fake = pictures()
    share = np.random.default_rng(7).random((5, 1, 1, 1), dtype=np.float32).astype(np.float64)
    twin = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, 3, stride=2, padding=1),
        torch.nn.LeakyReLU(0.2),
    ).double()
    dense = [torch.tensor(D.named_params()[n].data, requires_grad=True) for n in ("3.W", "6.W")]
    biases = [torch.tensor(D.named_params()[n].data) for n in ("3.b", "6.b")]
    with torch.no_grad():
        twin[0].weight.copy_(torch.tensor(D.layers[0].W.data).permute(3, 2, 0, 1))
        twin[0].bias.copy_(torch.tensor(D.layers[0].b.data))
    x = torch.tensor(share * real + (1 - share) * fake, requires_grad=True)
    h = twin(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1).reshape(5, -1)
    y = torch.relu(h @ dense[0] + biases[0]) @ dense[1] + biases[1]
    (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    its = 10 * ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
    its.backward()
    mine = penalty(D, real, fake)
    assert mine == pytest.approx(its.item(), rel=1e-12)
    np.testing.assert_allclose(D.named_params()["3.W"].grad, dense[0].grad, atol=1e-12)
    np.testing.assert_allclose(D.named_params()["6.W"].grad, dense[1].grad, atol=1e-12)
    conv = twin[0].weight.grad.permute(2, 3, 1, 0)
    np.testing.assert_allclose(D.layers[0].W.grad, conv, atol=1e-12)


def test_a_critic_of_slope_one_has_no_penalty_and_one_of_slope_three_has_four_times_the_weight():
    rng = np.random.default_rng(0)
    D = nn.Sequential(nn.Flatten(), nn.Dense(4, 1, bias=False, rng=rng))
    x = rng.standard_normal((2, 6, 2, 2, 1))
    for slope, expected in ((1.0, 0.0), (3.0, 40.0)):
        D.layers[1].W.data = np.array([[slope], [0.0], [0.0], [0.0]])
        D.layers[1].W.grad = np.zeros((4, 1))
        assert penalty(D, *x) == pytest.approx(expected, abs=1e-12)
        np.testing.assert_allclose(D.layers[1].W.grad[0], 2 * 10 * (slope - 1), atol=1e-9)


def test_a_critic_that_is_flat_gives_numbers(rng):
    D = nn.Sequential(nn.Flatten(), nn.Dense(4, 1, rng=rng, std=0.0))
    x = rng.standard_normal((2, 3, 2, 2, 1)).astype(np.float32)
    assert penalty(D, *x) == pytest.approx(10)
    assert np.isfinite(D.layers[1].W.grad).all()


def test_batchnorm_is_refused(rng):
    D = nn.Sequential(nn.Flatten(), nn.BatchNorm(32), nn.Dense(32, 1, rng=rng))
    with pytest.raises(NotImplementedError, match="BatchNorm has no jvp"):
        penalty(D, *pictures(dtype=np.float32))


def test_float32_stays_float32_on_every_backend(xp, rng):
    D = dcgan_discriminator(rng, width=2, dropout=0.0).to(xp)
    real, fake = (
        backend.to_device(rng.standard_normal((3, 28, 28, 1)).astype(np.float32), xp)
        for _ in range(2)
    )
    loss = gradient_penalty(D, real, fake, rng=rng)
    assert loss.dtype == np.float32
    assert {p.grad.dtype for p in D.params()} == {np.dtype(np.float32)}
    optimizer = nn.Adam(D.params())

    def with_penalty(D, real, fake):
        return gradient_penalty(D, real, fake, rng=rng)

    loss = gan_loss.wasserstein()
    measured = d_step(D, optimizer, real, fake, loss=loss, penalty=with_penalty)
    assert float(measured["loss"]) > float(measured["fake_score"] - measured["real_score"])
