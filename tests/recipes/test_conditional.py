"""The conditional GAN: labels, validation, the best G, the end."""

import numpy as np
import pytest
from small_training import (
    apart,
    make,
    pixels_of,
    rows,
    watch,
)

from tinygan import nn, recipes
from tinygan.evaluation.features import extractor_for
from tinygan.metrics import frechet_distance
from tinygan.models.conditional import Conditional
from tinygan.recipes.options import stored_options


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
    """A Training of painters, a good set of pictures for it and a bad one."""

    def build(**options):
        images, labels = clothes_of("0,1", 60)
        training = make("cgan", images, labels, build=_painters, **options)
        good = typical(images, labels, (0, 1))
        return training, good, 255 - good

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
    training = make("cgan", images, labels, build=_painters, classes="3,7,9", d_steps=2)
    asked, seen = watch(training.model.networks["G"]), watch(training.model.networks["D"])
    updates = training.updates(0)
    for _ in range(training.steps_per_epoch):
        next(updates)
    seen = apart(seen, training.options["batch_size"])
    parts = [training.parts.validation, training.parts.test]
    for i in range(training.steps_per_epoch):
        real, fake, real_2, fake_2, for_g = seen[5 * i : 5 * i + 5]
        z, z_2 = asked[2 * i : 2 * i + 2]
        for told, numbers in ((fake, z), (fake_2, z_2), (for_g, z_2)):  # what G was asked for
            np.testing.assert_array_equal(told[1], numbers[1])
        parts += [(pixels_of(x, 0), np.take(classes, told)) for x, told in (real, real_2)]
    assert sum(len(part) for part, _ in parts) == 60
    for part, labels in parts:
        assert [label_of[row] for row in rows(part)] == labels.tolist()


def test_validation_measures_the_newest_g_and_result_the_best_on_the_test_part(painter):
    training, good, bad = painter()
    paint(training.model.networks["G"], good)
    training.measure(1)
    paint(training.model.networks["G"], bad)
    training.measure(2)
    noted = [row["fd"] for row in training.notes["validation"]]
    expected = [distance(pictures, training.parts.validation) for pictures in (good, bad)]
    assert noted == pytest.approx(expected, rel=1e-4)
    assert noted[0] < noted[1]
    on_test = distance(good, training.parts.test)
    assert abs(on_test / noted[0] - 1) > 0.01
    assert training.result() == {"test_fd": pytest.approx(on_test, rel=1e-4), "best_epoch": 1}


def test_the_best_g_draws_and_not_the_newest(painter):
    training, good, bad = painter()
    better = good.copy()
    better[0] = training.images[training.labels == 0][0]
    first, second = sorted((good, better), key=lambda p: -distance(p, training.parts.validation))
    for epoch, (pictures, drawn) in enumerate(
        [(first, first), (bad, first), (second, second), (bad, second), (first, second)], 1
    ):
        paint(training.model.networks["G"], pictures)
        training.measure(epoch)
        np.testing.assert_array_equal(training.model.draw(2, np.random.default_rng(0))[0], drawn)
        sheet, _ = training.sheet(np.random.default_rng(0))
        np.testing.assert_array_equal(sheet[[0, -1]], drawn)


def test_with_an_average_it_is_the_average_that_is_measured_and_kept(painter):
    training, good, bad = painter(ema=0.9)
    paint(training.model.networks["average"], good)
    paint(training.model.networks["G"], bad)
    training.measure(1)
    expected = distance(good, training.parts.validation)
    assert training.notes["validation"][0]["fd"] == pytest.approx(expected, rel=1e-4)
    np.testing.assert_array_equal(training.model.draw(2, np.random.default_rng(0))[0], good)


def test_it_ends_twenty_epochs_after_the_best_one(painter):
    training, good, bad = painter()
    for epoch in range(1, 24):
        assert "finished" not in training.notes
        paint(training.model.networks["G"], good if epoch == 3 else bad)
        training.measure(epoch)
    assert training.notes["finished"].endswith("epoch 3")


def test_without_patience_it_never_ends_and_still_keeps_the_best(painter):
    training, good, bad = painter(patience=0)
    for epoch in range(1, 40):
        paint(training.model.networks["G"], good if epoch == 3 else bad)
        training.measure(epoch)
    assert "finished" not in training.notes
    np.testing.assert_array_equal(training.model.draw(2, np.random.default_rng(0))[0], good)


def test_it_draws_with_the_best_the_last_or_the_average(painter):
    training, good, bad = painter(ema=0.9)
    averaged = np.full_like(good, 128)
    for name, pictures in {"best": good, "G": bad, "average": averaged}.items():
        paint(training.model.networks[name], pictures)
    shown = {None: good, "best": good, "last": bad, "average": averaged}
    for weights in ("last", None, "average", "best", "last", "average", None):
        training.model.use(weights)
        drawn, _ = training.model.draw(2, np.random.default_rng(0))
        assert np.abs(drawn.astype(int) - shown[weights]).max() <= 1


def test_a_run_from_before_there_was_patience_has_twenty_epochs_of_it():
    recipe = recipes.get("cgan")
    old = {n: v for n, v in recipe.options.items() if n != "patience"}
    assert stored_options(recipe, old, "config.json")["patience"] == 20


@pytest.mark.parametrize("classes", ["0,1", "3,7,9"])
def test_a_sheet_shows_one_class_after_another_in_equal_parts(clothes_of, classes):
    k = len(classes.split(","))
    training = make("cgan", *clothes_of(classes, 60), build=_painters, classes=classes)
    pictures = np.arange(10, 10 + k, dtype=np.uint8)[:, None, None, None].repeat(784, axis=1)
    paint(training.model.networks["G"], pictures.reshape(k, 28, 28, 1))
    training.prepare()
    sheet, columns = training.sheet(np.random.default_rng(0))
    each = len(sheet) // k
    assert each % columns == 0  # a class begins a row
    np.testing.assert_array_equal(sheet[:, 0, 0, 0] - 10, np.repeat(np.arange(k), each))


def test_after_loading_the_newest_g_draws_only_before_the_first_epoch_is_complete(painter):
    """In a checkpoint of the first edition "best" is the initial G until then."""
    training, good, bad = painter()
    model = training.model
    paint(model.networks["G"], bad)
    for network, notes, drawn in (
        ("best", {"validation": [{"epoch": 1, "fd": 9.0}], "best_epoch": 0}, good),
        ("best", {"validation": [], "best_epoch": 0}, bad),
    ):
        paint(model.networks[network], good)
        model.loaded("checkpoint.npz", notes)
        np.testing.assert_array_equal(model.draw(2, np.random.default_rng(0))[0], drawn)


def test_it_says_that_it_needs_features(clothes_of):
    images, labels = clothes_of("0,1", 60)
    recipe = recipes.get("cgan")
    options = recipe.options | {"batch_size": 4}
    with pytest.raises(ValueError, match="cgan needs features"):
        recipe.new_training(options, 0, images, labels)
