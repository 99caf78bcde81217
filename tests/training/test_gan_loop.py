"""One update of each network: what moves, what does not, and on which device."""

import numpy as np
import pytest
import strict_device

from tinygan import backend, nn, recipes
from tinygan.training import d_step, fit, g_step, gan_loop, generate


def small_gan(xp=np, seed=0):
    G, D = recipes.get("dcgan").networks(np.random.default_rng(seed), width=2)
    G.to(xp), D.to(xp)
    return G, D, nn.Adam(G.params()), nn.Adam(D.params())


def small_batch(xp, rng, n=4):
    real = rng.uniform(-1, 1, (n, 28, 28, 1)).astype(np.float32)
    z = rng.standard_normal((n, 100), dtype=np.float32)
    return backend.to_device(real, xp), backend.to_device(z, xp)


def weights(net):
    return [backend.to_numpy(p.data).copy() for p in net.params()]


def same(a, b):
    return [np.array_equal(x, y) for x, y in zip(a, b, strict=True)]


def test_d_step_updates_every_weight_of_d_and_nothing_of_g(xp, rng):
    G, D, _, opt_d = small_gan(xp)
    real, z = small_batch(xp, rng)
    fake = G.forward(z)
    g_before, d_before = weights(G), weights(D)
    d_step(D, opt_d, real, fake)
    assert all(same(weights(G), g_before))
    assert not any(same(weights(D), d_before))


def test_g_step_updates_every_weight_of_g_and_nothing_of_d(xp, rng):
    G, D, opt_g, opt_d = small_gan(xp)
    real, z = small_batch(xp, rng)
    fake = G.forward(z)
    d_step(D, opt_d, real, fake)
    g_before, d_before = weights(G), weights(D)
    d_grads = [backend.to_numpy(p.grad).copy() for p in D.params()]
    g_step(G, D, opt_g, fake)
    assert not any(same(weights(G), g_before))
    assert all(same(weights(D), d_before))
    assert all(same([backend.to_numpy(p.grad) for p in D.params()], d_grads))


def test_the_steps_improve_d_and_g(rng):
    """D separates real from fake better after its steps; G fools D better after its own."""
    G, D, opt_g, opt_d = small_gan()
    real, z = small_batch(np, rng, n=8)
    fake = G.forward(z)
    first = d_step(D, opt_d, real, fake)
    for _ in range(20):
        last = d_step(D, opt_d, real, fake)
    assert last["loss"] < first["loss"]
    assert last["real_score"] > last["fake_score"]
    G.forward(z)
    before = g_step(G, D, opt_g, fake)
    for _ in range(20):
        after = g_step(G, D, opt_g, G.forward(z))
    assert after["loss"] < before["loss"]


def test_the_whole_step_stays_float32_and_does_not_write_to_its_arguments(rng):
    G, D, opt_g, opt_d = small_gan()
    real, z = small_batch(np, rng)
    fake = G.forward(z)
    copies = real.copy(), z.copy(), fake.copy()
    for array in (real, z, fake):
        array.flags.writeable = False  # any write raises
    d = d_step(D, opt_d, real, fake)
    g = g_step(G, D, opt_g, fake)
    assert all(same((real, z, fake), copies))
    assert {value.dtype for value in (*d.values(), *g.values())} == {np.dtype(np.float32)}
    for net, optimizer in ((G, opt_g), (D, opt_d)):
        arrays = [a for p in net.params() for a in (p.data, p.grad)]
        arrays += [*optimizer.m, *optimizer.v, *net.named_buffers().values()]
        assert {a.dtype for a in arrays} == {np.dtype(np.float32)}
    assert fake.dtype == np.float32


@pytest.mark.parametrize("name", ["dcgan", "cgan", "dcgan-fashion"])
def test_real_and_fake_in_one_pass_give_the_gradients_of_two_passes(name, rng):
    """Also with dropout, whose bits are dealt out in blocks of 16; not with BatchNorm."""
    labels = [rng.integers(0, 2, 16)] if name == "cgan" else []
    how = {} if name == "cgan" else {"width": 2}
    real, fake = rng.uniform(-1, 1, (2, 16, 28, 28, 1))
    found = []
    for learn in (gan_loop._in_one_pass, gan_loop._one_after_the_other):
        _, D = recipes.get(name).networks(np.random.default_rng(1), **how)
        for p in D.params():
            p.data, p.grad = p.data.astype(float), p.grad.astype(float)
        logits = learn(D, real, fake, labels, gan_loop.BCE)
        found.append([*logits, *(p.grad for p in D.params())])
    equal = [np.allclose(a, b, rtol=1e-9, atol=1e-12) for a, b in zip(*found, strict=True)]
    assert all(equal) == D.is_per_example()
    assert D.is_per_example() == (name != "dcgan-fashion")


def test_a_layer_of_ones_own_is_not_taken_for_one_that_looks_at_each_example_by_itself():
    class Centred(nn.Layer):
        def forward(self, x):
            return x - x.mean(axis=0)

    class Batchwise(nn.Dense):
        def forward(self, x):
            return super().forward(x - x.mean(axis=0))

    class Own(nn.Sequential):
        def forward(self, x):
            return super().forward(x - x.mean(axis=0))

    dense = Batchwise(2, 2, rng=np.random.default_rng(0))
    for net in (nn.Sequential(nn.Flatten(), Centred()), nn.Sequential(dense), Own(nn.Tanh())):
        assert not net.is_per_example()
    assert nn.Sequential(nn.Flatten(), nn.Sequential(nn.Tanh())).is_per_example()


def test_a_step_never_waits_for_the_device(rng):
    G, D, opt_g, opt_d = small_gan(strict_device)
    real, z = small_batch(strict_device, rng)

    def step():
        fake = G.forward(z)
        return d_step(D, opt_d, real, fake), g_step(G, D, opt_g, fake)

    (d, g), waited = strict_device.counted(step)
    assert waited == 0
    assert d.keys() == {"loss", "real_score", "fake_score"}
    assert g.keys() == {"loss"}


def test_fit_yields_an_update_at_a_time_and_repeats_exactly(xp):
    def run():
        G, D, opt_g, opt_d = small_gan(xp)
        rng = np.random.default_rng(5)
        batches = iter([small_batch(xp, rng)[0] for _ in range(3)])
        measured = list(fit(G, D, opt_g, opt_d, batches, rng, noise_dim=100))
        return [{k: float(v) for k, v in m.items()} for m in measured], weights(G)

    (first, w1), (second, w2) = run(), run()
    assert len(first) == 3
    assert first == second
    assert all(same(w1, w2))
    assert all(0 < m["real_score"] < 1 and m["d_loss"] > 0 for m in first)


def test_fifty_losses_on_a_device_follow_those_on_numpy(device):
    def losses(xp):
        G, D, opt_g, opt_d = small_gan(xp)
        rng = np.random.default_rng(5)
        batches = iter([small_batch(xp, rng)[0] for _ in range(50)])
        measured = fit(G, D, opt_g, opt_d, batches, rng, noise_dim=100)
        return np.array([(float(m["d_loss"]), float(m["g_loss"])) for m in measured])

    assert np.abs(losses(device) - losses(np)).max() < 1e-3


def test_generate_is_the_same_for_one_image_or_many_and_leaves_the_network_alone(xp, rng):
    G, *_ = small_gan(xp)
    z = rng.standard_normal((5, 100), dtype=np.float32)
    G.forward(backend.to_device(z, xp))
    before = [backend.to_numpy(b).copy() for b in G.named_buffers().values()]
    images = generate(G, z)
    assert images.dtype == np.uint8
    assert images.shape == (5, 28, 28, 1)
    assert np.abs(generate(G, z, batch_size=2).astype(int) - images).max() <= 1
    assert G.training
    assert all(same([backend.to_numpy(b) for b in G.named_buffers().values()], before))


def test_g_step_without_a_forward_of_g_since_its_last_update_raises(rng):
    G, D, opt_g, opt_d = small_gan()
    real, z = small_batch(np, rng)
    fake = G.forward(z)
    d_step(D, opt_d, real, fake)
    g_step(G, D, opt_g, fake)
    with pytest.raises(RuntimeError, match="one forward for each backward"):
        g_step(G, D, opt_g, fake)


def test_fit_feeds_gaussian_noise_and_stays_in_float32(monkeypatch, rng):
    from tinygan.training import gan_loop

    seen = {}
    right = gan_loop.d_step

    def spy(D, opt_d, real, fake, **how):
        seen.update(real=real, fake=fake)
        return right(D, opt_d, real, fake, **how)

    G, D, opt_g, opt_d = small_gan()
    forward = G.forward
    monkeypatch.setattr(gan_loop, "d_step", spy)
    monkeypatch.setattr(G, "forward", lambda z: (seen.update(z=z), forward(z))[1])
    images = rng.uniform(-1, 1, (64, 28, 28, 1)).astype(np.float32)
    measured = next(fit(G, D, opt_g, opt_d, iter([images]), rng, noise_dim=100))
    assert {value.dtype for value in (*seen.values(), *measured.values())} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(seen["real"], images)
    assert abs(seen["z"].mean()) < 0.05
    assert abs(seen["z"].std() - 1) < 0.05
    assert np.abs(seen["z"]).max() > 2.5


def test_the_scores_are_the_mean_belief_that_images_are_real(rng):
    G, D, _, opt_d = small_gan()
    real, z = small_batch(np, rng)
    D.params()[-1].data[...] = 2.0
    scores = d_step(D, opt_d, real, G.forward(z))
    assert scores["real_score"] > 0.7
    assert scores["fake_score"] > 0.7
