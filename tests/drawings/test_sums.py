"""a − b + c: what the numbers name, and the length at which it is drawn."""

import numpy as np
import pytest

from tinygan.drawings import latent, sheet, sums
from tinygan.drawings.opened_run import OpenedRun
from tinygan.progress import Progress
from tinygan.recipes import trained_model


@pytest.fixture
def opened(make_run):
    run = make_run(epochs=1)
    run.train(Progress(quiet=True), lambda: False)
    opened = OpenedRun(run.folder, np)
    for p in opened.model.networks["G"].params():
        p.data *= 3  # so that images differ, which after so few updates they do not
    return opened


def rows_of(monkeypatch, opened, **given):
    found = []
    monkeypatch.setattr(sheet, "save", lambda out, rows, *_: found.extend(rows))
    sums.draw(opened, "sums.png", **given)
    return [[cell for cell in cells if not isinstance(cell[0], str)] for _, cells in found]


def test_the_length_is_that_of_a_noise(rng):
    z = np.concatenate([rng.standard_normal((3, 16)), np.zeros((1, 16))]).astype(np.float32)
    scaled = sums.to_typical_length(z)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(scaled, axis=1), [4, 4, 4, 0], rtol=1e-6)


def test_the_members_are_the_images_with_these_numbers(monkeypatch, opened):
    a, b, c, _ = rows_of(monkeypatch, opened, a=(4, 0), b=(9,), c=(2, 3, 7), seed=1)
    images, _ = trained_model.draw(opened.model, 64, 1)
    for row, numbers in ((a, (4, 0)), (b, (9,)), (c, (2, 3, 7))):
        for (image, text), number in zip(row, numbers, strict=False):
            assert text == str(number)
            np.testing.assert_array_equal(image, images[number])


def test_the_result_is_the_sum_of_the_averages(monkeypatch, opened):
    *_, last = rows_of(monkeypatch, opened, a=(0, 1), b=(2, 3), c=(4, 5))
    z = opened.model.noise(6, np.random.default_rng(0)).astype(np.float64)
    total = (z[0] + z[1] - z[2] - z[3] + z[4] + z[5]) / 2
    total *= 10 / np.linalg.norm(total)  # √100
    expected = latent.images(opened.model, total[None].astype(np.float32))[0].astype(int)
    assert np.abs(last[-1][0] - expected).max() <= 1
    assert last[-1][1] == "result"


def test_what_is_taken_away_again_leaves_c(monkeypatch, opened):
    _, _, c, last = rows_of(monkeypatch, opened, a=(0, 1), b=(0, 1), c=(4, 5, 6))
    np.testing.assert_allclose(last[-1][0].astype(int), c[-1][0].astype(int), atol=1)
