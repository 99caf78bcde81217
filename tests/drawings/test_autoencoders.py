"""Reconstructions and the map of codes: the numbers that are printed and drawn."""

import numpy as np
import pytest

from tinygan import data
from tinygan.drawings import codes, latent, reconstructions, sheet
from tinygan.drawings.opened_run import OpenedRun
from tinygan.errors import UserError
from tinygan.progress import Progress


@pytest.fixture
def opened(make_run):
    def made(**changes):
        run = make_run(recipe="ae", epochs=1, components=2, **({"code": 5} | changes))
        run.train(Progress(quiet=True), lambda: False)
        return OpenedRun(run.folder, np)

    return made


def test_reconstructions_are_those_of_test_images(monkeypatch, opened):
    run, found = opened(), []
    monkeypatch.setattr(sheet, "save", lambda out, rows, *_: found.extend(rows))
    said, _ = reconstructions.draw(run, "x.png", n=12, seed=3)
    test = data.load("fashion-mnist-subset", "test").images
    above = [image for _, row in found[::2] for image, _ in row]
    below = [cell for _, row in found[1::2] for cell in row]
    assert len(above) == len(below) == 12
    decoded = latent.images(run.model, run.model.encode(test))
    errors = ((decoded / 255.0 - test / 255.0) ** 2).mean(axis=(1, 2, 3))
    for image, (reconstruction, text) in zip(above, below, strict=True):
        i = next(i for i, x in enumerate(test) if (x == image).all())
        assert np.abs(decoded[i].astype(int) - reconstruction).max() <= 1
        assert float(text) == pytest.approx(errors[i], abs=2e-4)
    assert f"over 1,000: {errors.mean():.4f}" in said
    variance = (test / 255.0).var(axis=0).mean()
    assert f"{100 * errors.mean() / variance:.0f} % of the pixels' variance" in said


def test_a_variational_encoder_gives_the_mean(make_run):
    run = make_run(recipe="vae", epochs=1, code=3, components=2)
    run.train(Progress(quiet=True), lambda: False)
    model = OpenedRun(run.folder, np).model
    assert latent.images(model, model.encode(run.training.images)).shape == (40, 28, 28, 1)


def test_the_map_has_a_dot_for_each_image_at_its_principal_components(
    monkeypatch, opened, tmp_path
):
    run, drawn = opened(), []
    monkeypatch.setattr(codes, "_scatter", lambda figure, *rest: drawn.extend(rest))
    said, _ = codes.draw(run, tmp_path / "codes.png", n=300, seed=1)
    _, places, labels, shares = drawn
    images, all_labels = run.test()
    chosen = np.sort(np.random.default_rng(1).permutation(1000)[:300])
    np.testing.assert_array_equal(labels, all_labels[chosen])
    z = run.model.encode(images[chosen]).astype(np.float64)
    z -= z.mean(axis=0)
    assert places.shape == (300, 2)
    total = (z**2).sum()
    np.testing.assert_allclose((places**2).sum(axis=0) / total, np.array(shares) / 100)
    # no two directions have a larger part: they are those of the singular value decomposition
    np.testing.assert_allclose(sum(shares) / 100, (np.linalg.svd(z)[1][:2] ** 2).sum() / total)
    assert f"have {sum(shares):.0f} % of their variance" in said


def test_the_legend_names_the_classes(opened, monkeypatch, tmp_path):
    from matplotlib.figure import Figure

    run, seen = opened(), []
    before = Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *a, **k: (seen.append(self), before(self, *a, **k))
    )
    codes.draw(run, tmp_path / "codes.png")
    [legend] = seen[0].legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts[0] == "0 T-shirt/top"
    assert len(texts) == 10
    assert "% of their variance" in seen[0].axes[0].get_xlabel()


def test_codes_without_two_directions_are_refused(opened, tmp_path):
    with pytest.raises(UserError, match="codes of one number have no map"):
        codes.draw(opened(code=1), tmp_path / "codes.png")


def test_codes_that_are_all_equal_are_refused(opened, tmp_path):
    run = opened()
    for p in run.model.networks["encoder"].params():
        p.data[...] = 0
    with pytest.raises(UserError, match="the codes of this run have no map"):
        codes.draw(run, tmp_path / "codes.png")


def test_a_mixture_that_was_not_fitted_is_refused(opened, tmp_path):
    from tinygan.drawings import mixture

    run = opened()
    run.model.mixture.store(None)
    for draw in (mixture.draw_means, mixture.draw_component):
        with pytest.raises(UserError, match="no Gaussian mixture could be fitted"):
            draw(run, tmp_path / "x.png")
