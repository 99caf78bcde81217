"""Nearest training images: a copy is found, among those that the run trained on and no others."""

import numpy as np
import pytest

from tinygan.drawings import nearest, sheet
from tinygan.drawings.opened_run import OpenedRun
from tinygan.recipes import trained_model


@pytest.fixture
def beside(monkeypatch, make_run):
    """beside(samples, …): what stands below these samples: list of (image, distance)."""

    def made(samples, **changes):
        run = make_run(**changes)
        run._save()
        found = []
        monkeypatch.setattr(trained_model, "draw", lambda *_, **__: (samples, None))
        monkeypatch.setattr(sheet, "save", lambda out, rows, *_: found.extend(rows))
        nearest.draw(OpenedRun(run.folder, np), "nearest.png", n=len(samples))
        return [(image, float(text)) for _, row in found[1::2] for image, text in row]

    return made


def test_copies_of_training_images_are_found(beside, clothes):
    chosen = clothes.images[[3, 39, 0]]
    for (image, distance), copied in zip(beside(chosen), chosen, strict=True):
        assert distance == 0
        np.testing.assert_array_equal(image, copied)


def test_images_beyond_the_limit_are_no_copies(beside, clothes):
    for image, distance in beside(clothes.images[40:60]):
        assert distance > 0
        assert any((image == x).all() for x in clothes.images[:40])


def test_a_mirrored_copy_is_found_where_the_run_was_trained_on_such(beside, clothes):
    shoes = clothes.images[np.flatnonzero(clothes.labels[:40] == 9)][:2]
    mirrored = shoes[:, :, ::-1]
    for (image, distance), copied in zip(beside(mirrored, flip=True), mirrored, strict=True):
        assert distance == 0
        np.testing.assert_array_equal(image, copied)


def test_without_flip_a_mirrored_copy_counts_as_new(beside, clothes):
    shoes = clothes.images[np.flatnonzero(clothes.labels[:40] == 9)][:2]
    assert min(distance for _, distance in beside(shoes[:, :, ::-1])) > 0


def test_the_distance_is_that_of_pixels(beside, clothes):
    sample = clothes.images[100:101]
    differences = (clothes.images[:40].astype(float) - sample) / 255
    expected = np.sqrt((differences**2).sum(axis=(1, 2, 3)))
    [(image, distance)] = beside(sample)
    assert distance == pytest.approx(expected.min(), abs=0.006)
    np.testing.assert_array_equal(image, clothes.images[expected.argmin()])


def test_more_samples_than_a_row_holds_go_on_below(beside, clothes):
    assert len(beside(clothes.images[:23])) == 23


def test_of_a_conditional_run_the_part_that_trains_is_searched(make_run, clothes):
    run = make_run(recipe="cgan", limit=150)
    images, labels = OpenedRun(run.folder, np).trained_on()
    wanted = np.isin(clothes.labels[:150], (0, 1))
    assert len(images) == len(labels) == int(0.8 * wanted.sum())
    assert set(labels.tolist()) == {0, 1}
    np.testing.assert_array_equal(images, run.training.images)
