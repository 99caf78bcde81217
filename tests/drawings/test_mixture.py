"""A mixture's components: their order, their numbers, and draws from one alone."""

import numpy as np
import pytest

from tinygan.drawings import latent, mixture, sheet
from tinygan.drawings.opened_run import OpenedRun
from tinygan.progress import Progress


@pytest.fixture
def opened(make_run):
    run = make_run(recipe="gmm", epochs=1, components=3, dims=6, limit=100)
    run.train(Progress(quiet=True), lambda: False)
    opened = OpenedRun(run.folder, np)
    opened.model.mixture.arrays["weights"][...] = 0.2, 0.7, 0.1
    return opened


def rows_of(monkeypatch, draw, *given, **options):
    found = []
    monkeypatch.setattr(sheet, "save", lambda out, rows, *_: found.extend(rows))
    draw(*given, "x.png", **options)
    return [cell for _, row in found for cell in row]


def test_the_heaviest_mean_comes_first_with_its_number(monkeypatch, opened):
    cells = rows_of(monkeypatch, mixture.draw_means, opened)
    assert [text for _, text in cells] == ["1: 70.0 %", "0: 20.0 %", "2: 10.0 %"]
    projection, means = opened.model.projection, opened.model.mixture.arrays["means"]
    for (image, _), k in zip(cells, (1, 0, 2), strict=True):
        pixels = 255 * (projection["mean"] + means[k] @ projection["components"])
        np.testing.assert_allclose(image.ravel(), pixels.clip(0, 255), atol=0.51)
    assert len(rows_of(monkeypatch, mixture.draw_means, opened, n=2)) == 2


def test_a_components_draws_are_its_own(opened, rng):
    model = opened.model
    for k in range(3):
        x = mixture.draws(model, k, 4000, rng)
        assert x.dtype == np.float32
        covariance = model.mixture.arrays["covariances"][k]
        spread = np.sqrt(np.diag(covariance))
        error = (x.mean(axis=0) - model.mixture.arrays["means"][k]) / spread
        assert np.abs(error).max() < 5 / np.sqrt(4000)
        np.testing.assert_allclose(np.cov(x.T) / np.outer(spread, spread),
                                   covariance / np.outer(spread, spread), atol=0.12)  # fmt: skip
    assert model.mixture.arrays["weights"].tolist() == [0.2, 0.7, 0.1]  # as they were


def test_the_mean_stands_before_the_draws(monkeypatch, opened):
    cells = rows_of(monkeypatch, mixture.draw_component, opened, component=2, n=5)
    assert len(cells) == 6
    mean = opened.model.mixture.arrays["means"][2:3].astype(np.float32)
    np.testing.assert_array_equal(cells[0][0], latent.images(opened.model, mean)[0])
    first = rows_of(monkeypatch, mixture.draw_component, opened, n=5)
    heaviest = opened.model.mixture.arrays["means"][1:2].astype(np.float32)
    np.testing.assert_array_equal(first[0][0], latent.images(opened.model, heaviest)[0])
