"""The classifier: what trains, what is set aside, what is noted."""

import numpy as np
import pytest
from small_training import (
    make,
    noise_images,
    pixels_of,
    rows,
    say,
    watch,
)

from tinygan.data.pixels import to_float


def test_held_out_images_are_no_training_images_and_each_keeps_its_label():
    images, labels = noise_images(100), np.random.default_rng(1).integers(0, 10, 100)
    training = make("classifier", images, labels)
    train, held = rows(training.images), rows(training.parts.validation[0])
    assert len(held) == 10
    assert not set(train) & set(held)
    assert sorted(train + held) == sorted(rows(images))
    label_of = dict(zip(rows(images), labels.tolist(), strict=True))
    for part, numbers in ((train, training.labels), (held, training.parts.validation[1])):
        assert [label_of[row] for row in part] == numbers.tolist()


def test_training_sees_training_images_as_they_are():
    images, labels = noise_images(100), np.arange(100) % 10
    training = make("classifier", images, labels)
    seen = watch(training.model.network)
    updates = training.updates(0)
    for _ in range(training.steps_per_epoch):
        next(updates)
    shown = rows(pixels_of(np.concatenate([x for (x,) in seen]), -1))
    assert set(shown) <= set(rows(training.images))


def test_with_flip_it_sees_them_as_they_are_or_left_and_right_exchanged():
    images, labels = noise_images(100), np.arange(100) % 10
    training = make("classifier", images, labels, flip=True)
    seen = watch(training.model.network)
    updates = training.updates(0)
    for _ in range(2 * training.steps_per_epoch):
        next(updates)
    shown = rows(pixels_of(np.concatenate([x for (x,) in seen]), -1))
    plain = {row: i for i, row in enumerate(rows(training.images))}
    flipped = {row: i for i, row in enumerate(rows(training.images[:, :, ::-1]))}
    assert set(shown) <= plain.keys() | flipped.keys()
    share = np.mean([row in flipped for row in shown])
    assert 0.3 < share < 0.7
    ways = [
        {plain.get(row, flipped.get(row)): row in flipped for row in half}
        for half in (shown[: len(shown) // 2], shown[len(shown) // 2 :])
    ]
    both = ways[0].keys() & ways[1].keys()
    assert 0.2 < np.mean([ways[0][i] != ways[1][i] for i in both]) < 0.8  # not the same each epoch


def test_the_accuracy_noted_is_the_share_of_a_class_among_the_held_out_labels():
    """A network that says one class for everything is right as often as that class occurs."""
    images, labels = noise_images(100), np.random.default_rng(1).integers(0, 10, 100)
    training = make("classifier", images, labels)
    held = set(rows(training.parts.validation[0]))
    of_held = [label for row, label in zip(rows(images), labels, strict=True) if row in held]
    for c in range(10):
        say(training.model.network, np.arange(10) == c)
        training.end_epoch(c + 1)
    noted = [row["accuracy"] for row in training.notes["validation"]]
    np.testing.assert_allclose(noted, np.bincount(of_held, minlength=10) / 10)


def test_the_accuracy_noted_is_that_of_the_network_in_eval_mode(clothes):
    training = make(
        "classifier", clothes.images[:400], clothes.labels[:400], width=4, batch_size=20, lr=1e-3
    )
    updates = training.updates(0)
    for _ in range(2 * training.steps_per_epoch):
        next(updates)
    training.end_epoch(2)
    assert training.model.network.training
    network = training.model.network.eval()
    named = network.forward(to_float(training.parts.validation[0])).argmax(axis=1)
    by_hand = (named == training.parts.validation[1]).mean()
    assert training.notes["validation"] == [{"epoch": 2, "accuracy": pytest.approx(by_hand)}]
    assert 0.15 < by_hand < 1
