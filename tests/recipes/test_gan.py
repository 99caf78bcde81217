"""What a GAN's training shows D, measures and draws."""

import numpy as np
import pytest
from small_training import (
    STILL,
    apart,
    make,
    noise_images,
    pixels_of,
    rows,
    say,
    softplus,
    values,
    watch,
)

from tinygan import nn, recipes

GANS = [name for name in recipes.names() if "noise_dim" in recipes.get(name).fixed]


@pytest.mark.parametrize("recipe", GANS)
@pytest.mark.parametrize("extreme", [0, 255])
def test_black_and_white_are_the_same_for_the_data_and_for_g(recipe, extreme):
    images = noise_images(24, recipes.get(recipe).image_shape)
    labels = np.arange(24, dtype=np.uint8) % 2
    plain = {"d_steps": 1, "instance_noise": 0.0, "ema": None}
    training = make(recipe, images, labels, batch_size=2, **plain)
    training.model.networks["G"].params()[-1].data[...] = 50 if extreme else -50
    seen = watch(training.model.networks["D"])
    next(training.updates(0))
    (real, *_), (fake, *_), *_ = apart(seen, 2)
    np.testing.assert_allclose(fake, real.max() if extreme else real.min(), atol=1e-6)
    training.prepare()
    assert (training.model.draw(3, np.random.default_rng(0))[0] == extreme).all()


def test_the_gradient_measured_is_that_of_g():
    training = make("gan-dense-1", noise_images(8))
    measured = next(training.updates(0))
    length = {
        name: np.sqrt(sum(np.square(p.grad, dtype=np.float64).sum() for p in net.params()))
        for name, net in {
            "G": training.model.networks["G"],
            "D": training.model.networks["D"],
        }.items()
    }
    assert float(measured["g_grad"]) == pytest.approx(length["G"], rel=1e-5)
    assert abs(length["D"] / length["G"] - 1) > 0.01


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_label_smoothing_softens_the_targets_of_real_images_alone(smoothing):
    training = make("gan-dense-1", noise_images(8), lr=STILL, label_smoothing=smoothing)
    logit = 0.7
    say(training.model.networks["D"], logit)
    measured = values(next(training.updates(0)))
    real = (1 - smoothing) * softplus(-logit) + smoothing * softplus(logit)
    assert measured["d_loss"] == pytest.approx(real + softplus(logit), rel=1e-5)
    assert measured["g_loss"] == pytest.approx(softplus(-logit), rel=1e-5)


def test_smoothed_least_squares_soften_the_targets_of_real_images_alone():
    training = make("gan-dense-1", noise_images(8), lr=STILL, loss="lsgan", label_smoothing=0.3)
    say(training.model.networks["D"], 0.5)
    measured = values(next(training.updates(0)))
    assert measured["d_loss"] == pytest.approx(0.5 * 0.2**2 + 0.5 * 0.5**2, rel=1e-5)
    assert measured["g_loss"] == pytest.approx(0.5 * 0.5**2, rel=1e-5)


def test_each_of_several_updates_of_d_sees_other_images_all_of_the_batch_once():
    images = noise_images(12)
    training = make("gan-dense-1", images, d_steps=3)
    seen = watch(training.model.networks["D"])
    next(training.updates(0))
    seen = apart(seen, 4)
    real = [pixels_of(x, -1) for (x,) in seen[:6:2]]  # real, fake, three times, and fake for G
    assert len(seen) == 7
    assert [len(x) for x in real] == [4, 4, 4]
    assert sorted(rows(np.concatenate(real))) == sorted(rows(images))
    fake = rows(np.concatenate([x for (x,) in seen[1:6:2]]))
    assert len(set(fake)) == 12


def test_instance_noise_is_for_d_and_not_for_what_is_drawn():
    trainings = [make("dcgan", noise_images(8), instance_noise=width) for width in (0.0, 2.0)]
    np.testing.assert_array_equal(
        *[t.model.draw(4, np.random.default_rng(1))[0] for t in trainings]
    )
    sheets = [t.sheet(np.random.default_rng(1))[0] for t in trainings]
    np.testing.assert_array_equal(*sheets)
    seen = [watch(t.model.networks["D"]) for t in trainings]
    for t in trainings:
        next(t.updates(0))
    for (clean,), (blurred,) in zip(*seen, strict=True):  # real and fake for D, fake for G
        assert np.abs(clean).max() <= 1
        assert blurred.std() > 1.5


# Averages of weights


def test_the_average_has_gs_running_statistics_from_the_start_and_after_each_update():
    training = make("dcgan", noise_images(12), ema=0.9)
    updates, seen = training.updates(0), []
    for _ in range(3):
        pairs = zip(
            training.model.networks["average"].named_buffers().values(),
            training.model.networks["G"].named_buffers().values(),
            strict=True,
        )
        for average, newest in pairs:
            np.testing.assert_array_equal(average, newest)
        seen.append(
            np.concatenate(
                [b.copy() for b in training.model.networks["G"].named_buffers().values()]
            )
        )
        next(updates)
    assert (seen[1] != seen[0]).any()
    assert (seen[2] != seen[1]).any()


def test_the_average_is_drawn_in_eval_mode():
    training = make("dcgan", noise_images(12), ema=0.5)
    next(training.updates(0))
    average = training.model.networks["average"]
    assert not average.training
    before = [b.copy() for b in average.named_buffers().values()]
    few, many = (training.model.draw(n, np.random.default_rng(3))[0].astype(int) for n in (2, 7))
    assert np.abs(many[:2] - few).max() <= 1  # whatever is drawn beside them
    for b, old in zip(average.named_buffers().values(), before, strict=True):
        np.testing.assert_array_equal(b, old)


# The Wasserstein GAN: a linear critic has the slope w everywhere, so its penalty is known


def _linear_critic(rng, *, noise_dim, width):
    G = nn.Sequential(nn.Dense(noise_dim, 784, rng=rng), nn.Tanh(), nn.Reshape((28, 28, 1)))
    return G, nn.Sequential(nn.Flatten(), nn.Dense(784, 1, rng=rng))


def test_the_wasserstein_critic_is_penalised_with_weight_10():
    training = make("wgan-gp", noise_images(4), build=_linear_critic, d_steps=1)
    W, b = training.model.networks["D"].params()
    w, seen = W.data.astype(np.float64), watch(training.model.networks["D"])
    measured = values(next(training.updates(0)))
    length = np.linalg.norm(w)
    penalty = 10 * (length - 1) ** 2
    assert penalty > 0.5
    difference = measured["fake_score"] - measured["real_score"]
    assert measured["d_loss"] - difference == pytest.approx(penalty, rel=1e-4)
    real, fake = (x.reshape(4, -1).astype(np.float64) for (x,) in apart(seen, 4)[:2])
    slope = (fake.mean(axis=0) - real.mean(axis=0))[:, None] + 20 * (length - 1) * w / length
    np.testing.assert_allclose(W.grad, slope, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(b.grad, 0, atol=1e-5)


# Networks


@pytest.mark.parametrize("recipe", ["dcgan-fashion", "dcgan-cifar10", "dcgan-faces"])
def test_batchnorm_follows_each_convolution_but_the_outermost(recipe):
    G, D = recipes.get(recipe).networks(np.random.default_rng(0), width=1)
    for net, first in ((G, [1]), (D, [0])):
        kinds = [type(layer).__name__ for layer in net.layers]
        at = [i for i, kind in enumerate(kinds) if kind.startswith("Conv")]
        pieces = [kinds[i:j] for i, j in zip(at, [*at[1:], None], strict=True)]
        assert len(at) >= 3
        assert [piece.count("BatchNorm") for piece in pieces] == first + [1] * (len(at) - 2) + [0]
        assert all(p[1] == "BatchNorm" for p in pieces if "BatchNorm" in p)
        assert "BatchNorm" not in kinds[: at[0]]


@pytest.mark.parametrize("recipe", ["gan-dense-1", "cgan", "wgan-gp"])
def test_with_flip_half_of_the_real_images_are_mirrored_and_their_labels_stay(recipe):
    images, labels = noise_images(40), np.arange(40, dtype=np.uint8) % 2
    where = {row: i for i, row in enumerate(rows(images))}
    mirrored = {row: i for i, row in enumerate(rows(images[:, :, ::-1]))}
    shares = {}
    for flip in (False, True):
        narrow = {} if recipe == "cgan" else {"width": 2}
        training = make(recipe, images, labels, flip=flip, batch_size=4, d_steps=1, **narrow)
        seen = watch(training.model.networks["D"])
        updates, shown = training.updates(0), []
        for _ in range(4 * training.steps_per_epoch):
            seen.clear()
            next(updates)
            real, *its_labels = apart(seen, 4)[0]
            shown += zip(rows(pixels_of(real, training.options["low"])), *its_labels, strict=True)
        assert all(row in where or row in mirrored for row, *_ in shown)
        for row, *label in shown:
            if label:
                assert labels[where.get(row, mirrored.get(row))] == label[0]
        shares[flip] = np.mean([row in mirrored for row, *_ in shown])
    assert shares[False] == 0
    assert 0.3 < shares[True] < 0.7


def test_flip_changes_neither_the_order_of_the_images_nor_the_noise():
    images, seen = noise_images(40), {}
    for flip in (False, True):
        training = make("gan-dense-1", images, flip=flip)
        of_d, of_g = (watch(training.model.networks[name]) for name in "DG")
        next(training.updates(0))
        real = pixels_of(of_d[0][0], -1)
        seen[flip] = [{frozenset({i.tobytes(), i[:, ::-1].tobytes()}) for i in real}, of_g[0][0]]
    assert seen[False][0] == seen[True][0]
    np.testing.assert_array_equal(seen[False][1], seen[True][1])
