"""Whole DCGAN updates against PyTorch: the same start, batches, noise and dropout masks."""

import numpy as np
import pytest

from tinygan import data, nn, recipes
from tinygan.data.pixels import to_float
from tinygan.training import d_step, g_step

torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra: peers)")
from torch_twins import Twin, nchw  # noqa: E402

STEPS = 20


def losses_of_both(dtype, width=8, batch=16):
    """(tinygan's, PyTorch's) losses of D and G over 20 steps: two arrays (20, 2)."""
    recipe = recipes.get("dcgan")
    G, D = recipe.networks(np.random.default_rng(3), width=width)
    for p in G.params() + D.params():
        p.data, p.grad = p.data.astype(dtype), p.grad.astype(dtype)
    dropout = D.generators()
    twin_G, twin_D = Twin(G), Twin(D)
    opt_g, opt_d = nn.Adam(G.params()), nn.Adam(D.params())
    adam = {"lr": opt_g.lr, "betas": opt_g.betas, "eps": opt_g.eps}
    twin_opt_g = torch.optim.Adam(twin_G.parameters(), **adam)
    twin_opt_d = torch.optim.Adam(twin_D.parameters(), **adam)
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    images = to_float(data.load("fashion-mnist-subset").images[: STEPS * batch]).astype(dtype)
    rng = np.random.default_rng(4)
    mine, its = [], []
    for step in range(STEPS):
        real = images[step * batch : (step + 1) * batch]
        z = rng.standard_normal((batch, recipe.fixed["noise_dim"])).astype(dtype)
        before = [g.bit_generator.state for g in dropout]
        fake = G.forward(z)
        mine.append((d_step(D, opt_d, real, fake)["loss"], g_step(G, D, opt_g, fake)["loss"]))

        for generator, state in zip(dropout, before, strict=True):  # the same masks again
            generator.bit_generator.state = state
        fake = twin_G(nchw(z))
        twin_opt_d.zero_grad()
        logits = twin_D(nchw(real))
        d_loss = bce(logits, torch.ones_like(logits))
        logits = twin_D(fake.detach())
        d_loss = d_loss + bce(logits, torch.zeros_like(logits))
        d_loss.backward()
        twin_opt_d.step()
        twin_opt_g.zero_grad()
        logits = twin_D(fake)
        g_loss = bce(logits, torch.ones_like(logits))
        g_loss.backward()
        twin_opt_g.step()
        its.append((d_loss.item(), g_loss.item()))
    return np.array(mine), np.array(its)


def test_twenty_dcgan_steps_agree_in_float32():
    mine, its = losses_of_both(np.float32)
    assert mine.dtype == np.float32
    assert np.ptp(its[:, 0]) > 0.01  # something happened
    assert np.abs(mine - its).max() < 1e-4


def test_twenty_dcgan_steps_do_not_drift_in_float64():
    mine, its = losses_of_both(np.float64)
    assert np.abs(mine - its).max() < 1e-10


@pytest.mark.parametrize("fault", ["forgotten real term", "saturating generator"])
def test_a_planted_fault_in_the_steps_shows(fault, monkeypatch):
    from tinygan.training import gan_loss

    right = gan_loss.bce_with_logits

    def wrong(logits, target):
        loss, gradient = right(logits, target)
        if fault == "forgotten real term" and target == 1.0:
            return loss, 0 * gradient
        return loss, -gradient if fault == "saturating generator" and target == 1.0 else gradient

    monkeypatch.setattr(gan_loss, "bce_with_logits", wrong)
    mine, its = losses_of_both(np.float64)
    assert np.abs(mine - its).max() > 1e-4
