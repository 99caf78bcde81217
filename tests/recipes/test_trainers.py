"""What each Trainer trains on, measures, keeps and draws, with networks that are known by heart.

Where a test needs to know what a network says, its last layer is emptied and given a bias: then it
says that, whatever it is shown.
"""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import nn, recipes
from tinygan.data.pixels import to_float
from tinygan.evaluation.features import extractor_for
from tinygan.metrics import frechet_distance
from tinygan.models.conditional import Conditional
from tinygan.training.classifier_loop import mirrored
from tinygan.training.trainer import copy_into

TINY = {"width": 1, "batch_size": 4, "code": 3, "components": 2, "dims": 3}
STILL = 1e-12  # a learning rate with which nothing moves that one could see


def make(name, images, labels=None, build=None, seed=0, **options):
    """The Trainer of a recipe, tiny. build: other networks than the recipe's."""
    recipe = recipes.get(name)
    if build is not None:
        recipe = dataclasses.replace(recipe, build=build)
    tiny = {n: v for n, v in TINY.items() if n in recipe.options}
    options = recipe.options | tiny | recipe.fixed | options
    return recipe.trainer(recipe, options, seed, np, images, labels)


def noise_images(n, shape=(28, 28, 1), seed=5):
    """Images that all differ, and differ from their mirror images."""
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def watch(network):
    """A list of what network.forward is given from now on: its arguments, call by call."""
    seen, forward = [], network.forward

    def spy(*inputs):
        seen.append([np.array(x) for x in inputs])
        return forward(*inputs)

    network.forward = spy
    return seen


def say(network, bias):
    """Make a network that ends in a Dense layer, an activation aside, give this for all inputs."""
    W, b = network.params()[-2:]
    W.data[...] = 0
    b.data[...] = np.ravel(bias)


def pixels_of(x, low):
    """What float images in [low, 1] were as uint8."""
    return np.rint(x * 255 if low == 0 else (x + 1) * 127.5).astype(np.uint8)


def rows(images):
    return [image.tobytes() for image in images]


def softplus(x):
    return np.log1p(np.exp(x))


def values(measured):
    return {name: float(value) for name, value in measured.items()}


# Every GAN


GANS = [name for name in recipes.names() if recipes.get(name).noise_dim]


@pytest.mark.parametrize("recipe", GANS)
@pytest.mark.parametrize("extreme", [0, 255])
def test_black_and_white_are_the_same_for_the_data_and_for_g(recipe, extreme):
    images = noise_images(24, recipes.get(recipe).image_shape)
    labels = np.arange(24, dtype=np.uint8) % 2
    trainer = make(recipe, images, labels, batch_size=2, d_steps=1, instance_noise=0.0)
    trainer.G.params()[-1].data[...] = 50 if extreme else -50
    seen = watch(trainer.D)
    next(trainer.updates(0))
    real, fake = seen[0][0], seen[1][0]
    np.testing.assert_allclose(fake, real.max() if extreme else real.min(), atol=1e-6)
    assert (trainer.draw(3, np.random.default_rng(0)) == extreme).all()


def test_the_gradient_measured_is_that_of_g():
    trainer = make("gan-dense-1", noise_images(8))
    measured = next(trainer.updates(0))
    length = {
        name: np.sqrt(sum(np.square(p.grad, dtype=np.float64).sum() for p in net.params()))
        for name, net in {"G": trainer.G, "D": trainer.D}.items()
    }
    assert float(measured["g_grad"]) == pytest.approx(length["G"], rel=1e-5)
    assert abs(length["D"] / length["G"] - 1) > 0.01


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_label_smoothing_softens_the_targets_of_real_images_alone(smoothing):
    trainer = make("gan-dense-1", noise_images(8), lr=STILL, label_smoothing=smoothing)
    logit = 0.7
    say(trainer.D, logit)
    measured = values(next(trainer.updates(0)))
    real = (1 - smoothing) * softplus(-logit) + smoothing * softplus(logit)
    assert measured["d_loss"] == pytest.approx(real + softplus(logit), rel=1e-5)
    assert measured["g_loss"] == pytest.approx(softplus(-logit), rel=1e-5)


def test_smoothed_least_squares_soften_the_targets_of_real_images_alone():
    trainer = make("gan-dense-1", noise_images(8), lr=STILL, loss="lsgan", label_smoothing=0.3)
    say(trainer.D, 0.5)
    measured = values(next(trainer.updates(0)))
    assert measured["d_loss"] == pytest.approx(0.5 * 0.2**2 + 0.5 * 0.5**2, rel=1e-5)
    assert measured["g_loss"] == pytest.approx(0.5 * 0.5**2, rel=1e-5)


def test_each_of_several_updates_of_d_sees_other_images_all_of_the_batch_once():
    images = noise_images(12)
    trainer = make("gan-dense-1", images, d_steps=3)
    seen = watch(trainer.D)
    next(trainer.updates(0))
    real = [pixels_of(x, -1) for (x,) in seen[:6:2]]  # real, fake, three times, and fake for G
    assert len(seen) == 7
    assert [len(x) for x in real] == [4, 4, 4]
    assert sorted(rows(np.concatenate(real))) == sorted(rows(images))
    fake = rows(np.concatenate([x for (x,) in seen[1:6:2]]))
    assert len(set(fake)) == 12


def test_instance_noise_is_for_d_and_not_for_what_is_drawn():
    trainers = [make("dcgan", noise_images(8), instance_noise=width) for width in (0.0, 2.0)]
    np.testing.assert_array_equal(*[t.draw(4, np.random.default_rng(1)) for t in trainers])
    sheets = [t.sheet_images(np.random.default_rng(1))[0] for t in trainers]
    np.testing.assert_array_equal(*sheets)
    seen = [watch(t.D) for t in trainers]
    for t in trainers:
        next(t.updates(0))
    for (clean,), (blurred,) in zip(*seen, strict=True):  # real and fake for D, fake for G
        assert np.abs(clean).max() <= 1
        assert blurred.std() > 1.5


# Averages of weights


@given(keep=st.floats(0, 1), seed=st.integers(0, 100))
def test_copy_into_weighs_all_weights_and_copies_running_statistics(keep, seed):
    rng = np.random.default_rng(seed)
    nets = [
        nn.Sequential(nn.Dense(3, 4, rng=rng), nn.BatchNorm(4), nn.ReLU(), nn.Dense(4, 2, rng=rng))
        for _ in range(2)
    ]
    for net in nets:
        for array in [p.data for p in net.params()] + list(net.named_buffers().values()):
            array[...] = rng.standard_normal(array.shape)
    target, source = nets
    before = [[p.data.copy() for p in net.params()] for net in nets]
    buffers = [b.copy() for b in source.named_buffers().values()]
    copy_into(target, source, keep)
    assert len(before[0]) == 6
    for p, old, new in zip(target.params(), *before, strict=True):
        np.testing.assert_allclose(p.data, keep * old + (1 - keep) * new, rtol=1e-5, atol=1e-6)
    for net in nets:  # the source keeps its own
        for b, expected in zip(net.named_buffers().values(), buffers, strict=True):
            np.testing.assert_array_equal(b, expected)
    for p, old in zip(source.params(), before[1], strict=True):
        np.testing.assert_array_equal(p.data, old)
    copy_into(target, source)
    for p, q in zip(target.params(), source.params(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)
        assert not np.shares_memory(p.data, q.data)


def test_the_average_has_gs_running_statistics_from_the_start_and_after_each_update():
    trainer = make("dcgan", noise_images(12), ema=0.9)
    updates, seen = trainer.updates(0), []
    for _ in range(3):
        pairs = zip(
            trainer.networks["average"].named_buffers().values(),
            trainer.G.named_buffers().values(),
            strict=True,
        )
        for average, newest in pairs:
            np.testing.assert_array_equal(average, newest)
        seen.append(np.concatenate([b.copy() for b in trainer.G.named_buffers().values()]))
        next(updates)
    assert (seen[1] != seen[0]).any()
    assert (seen[2] != seen[1]).any()


def test_the_average_is_drawn_in_eval_mode():
    trainer = make("dcgan", noise_images(12), ema=0.5)
    next(trainer.updates(0))
    average = trainer.networks["average"]
    assert not average.training
    before = [b.copy() for b in average.named_buffers().values()]
    few, many = (trainer.draw(n, np.random.default_rng(3)).astype(int) for n in (2, 7))
    assert np.abs(many[:2] - few).max() <= 1  # whatever is drawn beside them
    for b, old in zip(average.named_buffers().values(), before, strict=True):
        np.testing.assert_array_equal(b, old)


# The Wasserstein GAN: a linear critic has the slope w everywhere, so its penalty is known


def _linear_critic(rng, *, noise_dim, width):
    G = nn.Sequential(nn.Dense(noise_dim, 784, rng=rng), nn.Tanh(), nn.Reshape((28, 28, 1)))
    return G, nn.Sequential(nn.Flatten(), nn.Dense(784, 1, rng=rng))


def test_the_wasserstein_critic_is_penalised_with_weight_10():
    trainer = make("wgan-gp", noise_images(4), build=_linear_critic, d_steps=1)
    W, b = trainer.D.params()
    w, seen = W.data.astype(np.float64), watch(trainer.D)
    measured = values(next(trainer.updates(0)))
    length = np.linalg.norm(w)
    penalty = 10 * (length - 1) ** 2
    assert penalty > 0.5
    apart = measured["fake_score"] - measured["real_score"]
    assert measured["d_loss"] - apart == pytest.approx(penalty, rel=1e-4)
    real, fake = (x.reshape(4, -1).astype(np.float64) for (x,) in seen[:2])
    slope = (fake.mean(axis=0) - real.mean(axis=0))[:, None] + 20 * (length - 1) * w / length
    np.testing.assert_allclose(W.grad, slope, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(b.grad, 0, atol=1e-5)


# The conditional GAN


def _painters(rng, *, noise_dim, classes):
    """Networks of one dense layer."""
    G = Conditional(
        nn.Embedding(classes, classes, rng=rng),
        nn.Dense(noise_dim + classes, 784, rng=rng),
        nn.Sigmoid(),
        nn.Reshape((28, 28, 1)),
    )
    embedding = nn.Embedding(classes, classes, rng=rng)
    return G, Conditional(embedding, nn.Dense(784 + classes, 1, rng=rng))


def paint(G, pictures):
    """Make such a G draw pictures[c], uint8 (28, 28, 1), when asked for class c."""
    share = np.clip(pictures.reshape(len(pictures), -1) / 255, 1e-4, 1 - 1e-4)
    G.embedding.W.data[...] = np.eye(len(pictures))
    W, b = G.layers[0].W.data, G.layers[0].b.data
    W[...], b[...] = 0, 0
    W[-len(pictures) :] = np.log(share / (1 - share))


def typical(images, labels, classes):
    """The mean image of each class."""
    means = [images[labels == c].mean(axis=0) for c in classes]
    return np.rint(means).astype(np.uint8)


@pytest.fixture(scope="module")
def clothes_of(clothes):
    """clothes_of("0,1", n): n images of these classes, with their labels."""

    def select(classes, n):
        wanted = np.isin(clothes.labels, [int(c) for c in classes.split(",")])
        return clothes.images[wanted][:n], clothes.labels[wanted][:n]

    return select


@pytest.fixture
def painter(clothes_of):
    """A conditional Trainer of painters, a good set of pictures for it and a bad one."""

    def build(**options):
        images, labels = clothes_of("0,1", 60)
        trainer = make("cgan", images, labels, build=_painters, **options)
        good = typical(images, labels, (0, 1))
        return trainer, good, 255 - good

    return build


def distance(pictures, part):
    """The Fréchet distance of a part from these pictures, one of its class for each image."""
    images, labels = part
    extract = extractor_for((28, 28, 1)).features
    return frechet_distance(extract(images), extract(pictures[labels]))


def test_every_image_keeps_its_label_until_d_sees_them(clothes_of):
    classes = (3, 7, 9)
    images, labels = clothes_of("3,7,9", 60)
    label_of = dict(zip(rows(images), labels.tolist(), strict=True))
    trainer = make("cgan", images, labels, build=_painters, classes="3,7,9", d_steps=2)
    asked, seen = watch(trainer.G), watch(trainer.D)
    updates = trainer.updates(0)
    for _ in range(trainer.steps_per_epoch):
        next(updates)
    parts = [trainer.validation, trainer.test]
    for i in range(trainer.steps_per_epoch):
        real, fake, real_2, fake_2, for_g = seen[5 * i : 5 * i + 5]
        z, z_2 = asked[2 * i : 2 * i + 2]
        for told, numbers in ((fake, z), (fake_2, z_2), (for_g, z_2)):  # what G was asked for
            np.testing.assert_array_equal(told[1], numbers[1])
        parts += [(pixels_of(x, 0), numbers) for x, numbers in (real, real_2)]
    assert sum(len(part) for part, _ in parts) == 60
    for part, numbers in parts:
        assert [label_of[row] for row in rows(part)] == [classes[i] for i in numbers]


def test_validation_measures_the_newest_g_and_result_the_best_on_the_test_part(painter):
    trainer, good, bad = painter()
    paint(trainer.G, good)
    trainer.end_epoch(1)
    paint(trainer.G, bad)
    trainer.end_epoch(2)
    noted = [row["fd"] for row in trainer.notes["validation"]]
    expected = [distance(pictures, trainer.validation) for pictures in (good, bad)]
    assert noted == pytest.approx(expected, rel=1e-4)
    assert noted[0] < noted[1]
    on_test = distance(good, trainer.test)
    assert abs(on_test / noted[0] - 1) > 0.01
    assert trainer.result() == {"test_fd": pytest.approx(on_test, rel=1e-4), "best_epoch": 1}


def test_the_best_g_draws_and_not_the_newest(painter):
    trainer, good, bad = painter()
    better = good.copy()
    better[0] = trainer.images[trainer.labels == 0][0]
    first, second = sorted((good, better), key=lambda p: -distance(p, trainer.validation))
    for epoch, (pictures, drawn) in enumerate(
        [(first, first), (bad, first), (second, second), (bad, second), (first, second)], 1
    ):
        paint(trainer.G, pictures)
        trainer.end_epoch(epoch)
        np.testing.assert_array_equal(trainer.draw(2, np.random.default_rng(0)), drawn)
        sheet, _ = trainer.sheet_images(np.random.default_rng(0))
        np.testing.assert_array_equal(sheet[[0, -1]], drawn)


def test_with_an_average_it_is_the_average_that_is_measured_and_kept(painter):
    trainer, good, bad = painter(ema=0.9)
    paint(trainer.networks["average"], good)
    paint(trainer.G, bad)
    trainer.end_epoch(1)
    expected = distance(good, trainer.validation)
    assert trainer.notes["best_fd"] == pytest.approx(expected, rel=1e-4)
    np.testing.assert_array_equal(trainer.draw(2, np.random.default_rng(0)), good)


def test_it_ends_twenty_epochs_after_the_best_one(painter):
    trainer, good, bad = painter()
    for epoch in range(1, 24):
        assert "finished" not in trainer.notes
        paint(trainer.G, good if epoch == 3 else bad)
        trainer.end_epoch(epoch)
    assert trainer.notes["best_epoch"] == 3
    assert trainer.notes["finished"].endswith("epoch 3")


@pytest.mark.parametrize("classes", ["0,1", "3,7,9"])
def test_a_sheet_shows_one_class_after_another_in_equal_parts(clothes_of, classes):
    k = len(classes.split(","))
    trainer = make("cgan", *clothes_of(classes, 60), build=_painters, classes=classes)
    pictures = np.arange(10, 10 + k, dtype=np.uint8)[:, None, None, None].repeat(784, axis=1)
    paint(trainer.G, pictures.reshape(k, 28, 28, 1))
    sheet, columns = trainer.sheet_images(np.random.default_rng(0))
    each = len(sheet) // k
    assert each % columns == 0  # a class begins a row
    np.testing.assert_array_equal(sheet[:, 0, 0, 0] - 10, np.repeat(np.arange(k), each))


# Autoencoders


AUTOENCODERS = ["ae", "vae"]


@pytest.mark.parametrize("recipe", AUTOENCODERS)
def test_the_decoder_learns_pixels_from_0_to_1_and_draws_through_a_sigmoid(recipe, rng):
    images = noise_images(6)
    logits = rng.normal(0, 2, (28, 28, 1)).astype(np.float32)
    trainer = make(recipe, images, batch_size=6, lr=STILL)
    say(trainer.decoder, logits)
    seen = watch(trainer.encoder)
    measured = values(next(trainer.updates(0)))
    ((x,),) = seen
    assert sorted(rows(pixels_of(x, 0))) == sorted(rows(images))
    cross_entropy = softplus(logits) - logits * (images / 255)
    assert measured["reconstruction"] == pytest.approx(cross_entropy.sum() / 6, rel=1e-5)
    trainer.prepare()
    brightness = np.rint(255 / (1 + np.exp(-logits)))
    for prior in ("normal", "gmm"):
        drawn = trainer.draw(3, np.random.default_rng(0), prior=prior)
        assert np.abs(drawn - brightness).max() <= 1
    assert np.abs(trainer.sheet_images(np.random.default_rng(0))[0] - brightness).max() <= 1


def test_a_variational_code_is_drawn_anew_around_its_mean():
    d, n = 100, 40
    trainer = make("vae", noise_images(n), batch_size=n, code=d, lr=STILL)
    mean, sigma = np.linspace(-2, 2, d), np.linspace(0.1, 3, d)
    say(trainer.encoder, [mean, 2 * np.log(sigma)])
    seen = watch(trainer.decoder)
    updates = trainer.updates(0)
    for _ in range(2):
        next(updates)
    eps = [(z - mean) / sigma for (z,) in seen]
    for e in eps:
        assert abs(e.mean()) < 0.07
        assert abs(e.std() - 1) < 0.05
        assert np.abs(e.mean(axis=0)).max() < 1  # no two images have the same
    assert abs((eps[0] * eps[1]).mean()) < 0.07  # nor two updates


@pytest.mark.parametrize(("recipe", "rest"), [("ae", []), ("vae", [7.0, 8.0, 9.0])])
def test_encode_gives_the_means(recipe, rest):
    images = noise_images(300)
    trainer = make(recipe, images)
    say(trainer.encoder, [1.0, 2.0, 3.0, *rest])
    np.testing.assert_array_equal(trainer.encode(images), np.tile([1.0, 2.0, 3.0], (300, 1)))
    assert trainer.encoder.training


@pytest.mark.parametrize("recipe", AUTOENCODERS)
def test_the_mixture_has_the_mean_and_covariance_of_the_codes(recipe, clothes):
    images = clothes.images[:200]
    trainer = make(recipe, images, prior="gmm")
    shift = trainer.encoder.params()[-1].data
    shift[...] = np.linspace(2, 4, len(shift))
    trainer.prepare()
    codes = trainer.encoder.forward(images.astype(np.float32) / 255)[:, :3].astype(np.float64)
    mean, covariance = codes.mean(axis=0), np.cov(codes.T, bias=True)
    p = trainer.prior
    np.testing.assert_allclose(p.weights @ p.means, mean, atol=1e-5)
    apart = p.means - mean
    total = np.einsum("k,kij->ij", p.weights, p.covariances + apart[:, :, None] * apart[:, None])
    np.testing.assert_allclose(total, covariance + 1e-4 * np.eye(3), rtol=1e-3, atol=1e-5)
    seen = watch(trainer.decoder)
    trainer.draw(2000, np.random.default_rng(0))
    drawn = np.concatenate([z for (z,) in seen])
    spread = np.sqrt(np.diag(covariance))
    assert drawn.shape == (2000, 3)
    assert (np.abs(drawn.mean(axis=0) - mean) < 0.15 * spread).all()
    np.testing.assert_allclose(drawn.std(axis=0), spread, rtol=0.15)


@pytest.mark.parametrize("recipe", AUTOENCODERS)
def test_the_mixture_of_codes_is_counted_beside_the_networks(recipe):
    trainer = make(recipe, noise_images(6), components=2, code=3)
    weights = trainer.weights()
    assert weights.keys() == {"encoder", "decoder", "mixture"}
    assert weights["decoder"] == sum(p.data.size for p in trainer.decoder.params())
    assert weights["mixture"] == 1 + 2 * 3 + 2 * 6  # weights, means, symmetric covariances


# The mixture of pixels


@pytest.mark.parametrize(
    ("covariance", "numbers"), [("full", 2 * 10), ("tied", 10), ("diag", 2 * 4), ("spherical", 2)]
)
def test_what_a_mixture_of_pixels_has_learned(covariance, numbers):
    trainer = make("gmm", noise_images(20), components=2, dims=4, covariance=covariance)
    assert trainer.weights() == {
        "mixture": 1 + 2 * 4 + numbers,
        "projection": 4 * 784 + 784,
    }


def test_a_mixture_draws_around_the_mean_of_the_data(rng):
    """The images vary in brightness and in two patterns, and none comes near 0 or 255."""
    base, *patterns = rng.uniform(-1, 1, (3, 28, 28, 1))
    base = 120 + 40 * base
    a, b, c = rng.uniform(-1, 1, (3, 400, 1, 1, 1))
    images = base * (1 + 0.2 * a) + 20 * b * patterns[0] + 20 * c * patterns[1]
    images = np.rint(images).astype(np.uint8)
    trainer = make("gmm", images)
    updates = trainer.updates(0)
    for _ in range(5):
        next(updates)
    m = trainer.mixture
    np.testing.assert_allclose(m.weights @ m.means, 0, atol=1e-4)  # of centred codes
    drawn = trainer.draw(4000, np.random.default_rng(1)).astype(np.float64)
    assert np.abs(drawn.mean(axis=0) - images.mean(axis=0)).max() < 2
    assert np.abs(drawn.std(axis=0) / images.std(axis=0) - 1).max() < 0.15


# The classifier


def test_held_out_images_are_no_training_images_and_each_keeps_its_label():
    images, labels = noise_images(100), np.random.default_rng(1).integers(0, 10, 100)
    trainer = make("classifier", images, labels)
    train, held = rows(trainer.images), rows(trainer.held_images)
    assert len(held) == 10
    assert not set(train) & set(held)
    assert sorted(train + held) == sorted(rows(images))
    label_of = dict(zip(rows(images), labels.tolist(), strict=True))
    for part, numbers in ((train, trainer.labels), (held, trainer.held_labels)):
        assert [label_of[row] for row in part] == numbers.tolist()


def test_training_sees_training_images_as_they_are_or_left_and_right_exchanged():
    images, labels = noise_images(100), np.arange(100) % 10
    trainer = make("classifier", images, labels)
    seen = watch(trainer.network)
    updates = trainer.updates(0)
    for _ in range(2 * trainer.steps_per_epoch):
        next(updates)
    shown = rows(pixels_of(np.concatenate([x for (x,) in seen]), -1))
    plain = {row: i for i, row in enumerate(rows(trainer.images))}
    flipped = {row: i for i, row in enumerate(rows(trainer.images[:, :, ::-1]))}
    assert set(shown) <= plain.keys() | flipped.keys()
    share = np.mean([row in flipped for row in shown])
    assert 0.3 < share < 0.7
    ways = [
        {plain.get(row, flipped.get(row)): row in flipped for row in half}
        for half in (shown[: len(shown) // 2], shown[len(shown) // 2 :])
    ]
    both = ways[0].keys() & ways[1].keys()
    assert 0.2 < np.mean([ways[0][i] != ways[1][i] for i in both]) < 0.8  # not the same each epoch


def test_mirrored_exchanges_left_and_right_of_each_second_image_at_random(rng):
    images = noise_images(1000, (3, 4, 2))
    out = mirrored(images, rng)
    same = (out == images).all(axis=(1, 2, 3))
    swapped = (out == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same | swapped).all()
    assert 400 < swapped.sum() < 600
    other = (mirrored(images, rng) == images).all(axis=(1, 2, 3))
    assert 400 < (same != other).sum() < 600
    again = mirrored(images, np.random.default_rng(0))
    np.testing.assert_array_equal(out, again)


def test_the_accuracy_noted_is_the_share_of_a_class_among_the_held_out_labels():
    """A network that says one class for everything is right as often as that class occurs."""
    images, labels = noise_images(100), np.random.default_rng(1).integers(0, 10, 100)
    trainer = make("classifier", images, labels)
    held = set(rows(trainer.held_images))
    of_held = [label for row, label in zip(rows(images), labels, strict=True) if row in held]
    for c in range(10):
        say(trainer.network, np.arange(10) == c)
        trainer.end_epoch(c + 1)
    noted = [row["accuracy"] for row in trainer.notes["validation"]]
    np.testing.assert_allclose(noted, np.bincount(of_held, minlength=10) / 10)


def test_the_accuracy_noted_is_that_of_the_network_in_eval_mode(clothes):
    trainer = make(
        "classifier", clothes.images[:400], clothes.labels[:400], width=4, batch_size=20, lr=1e-3
    )
    updates = trainer.updates(0)
    for _ in range(2 * trainer.steps_per_epoch):
        next(updates)
    trainer.end_epoch(2)
    assert trainer.network.training
    network = trainer.network.eval()
    named = network.forward(to_float(trainer.held_images)).argmax(axis=1)
    by_hand = (named == trainer.held_labels).mean()
    assert trainer.notes["validation"] == [{"epoch": 2, "accuracy": pytest.approx(by_hand)}]
    assert 0.15 < by_hand < 1


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
