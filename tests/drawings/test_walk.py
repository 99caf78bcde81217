"""Walks between noises: exact ends, constant speed, the length of a noise all the way."""

import numpy as np
import pytest

from tinygan.drawings import latent, sheet, walk
from tinygan.drawings.opened_run import OpenedRun
from tinygan.progress import Progress
from tinygan.recipes import trained_model


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_ends_are_exact_and_the_dtype_stays(rng, dtype):
    a, b = rng.standard_normal((2, 100)).astype(dtype)
    for between in (walk.slerp, walk.straight):
        np.testing.assert_array_equal(between(a, b, 0.0), a)
        np.testing.assert_array_equal(between(a, b, 1.0), b)
        assert between(a, b, 0.3).dtype == dtype


def test_the_angle_grows_evenly_and_the_length_stays(rng):
    a, b = rng.standard_normal((2, 50))
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    points = np.stack([walk.slerp(a, b, t) for t in np.linspace(0, 1, 6)])
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), np.linalg.norm(a))
    unit = points / np.linalg.norm(a)
    angles = np.arccos((unit[1:] * unit[:-1]).sum(axis=1))
    np.testing.assert_allclose(angles, angles[0])
    middle = walk.straight(a, b, 0.5)
    assert np.linalg.norm(middle) < 0.8 * np.linalg.norm(a)  # why one walks on the sphere


def test_the_middle_is_the_one_known_by_hand():
    a, b = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    np.testing.assert_allclose(walk.slerp(a, b, 0.5), [np.sqrt(0.5)] * 2)
    np.testing.assert_allclose(walk.slerp(a, b, 1 / 3), [np.sqrt(3) / 2, 0.5])


@pytest.mark.parametrize("b", [[2.0, 4.0], [-2.0, -4.0], [0.0, 0.0]])
def test_where_there_is_no_arc_the_walk_is_straight(b):
    a, b = np.array([1.0, 2.0]), np.array(b)
    np.testing.assert_allclose(walk.slerp(a, b, 0.25), 0.75 * a + 0.25 * b)


def drawn(monkeypatch, make_run, recipe, given, **changes):
    """(the model, the images of the rows of a walk)."""
    run = make_run(recipe, recipe=recipe, epochs=1, **changes)
    run.train(Progress(quiet=True), lambda: False)
    found = []
    monkeypatch.setattr(sheet, "save", lambda out, rows, *_: found.extend(rows))
    opened = OpenedRun(run.folder, np)
    networks = opened.model.networks
    for p in networks.get("best", networks.get("decoder", networks.get("G"))).params():
        p.data *= 3  # so that images differ, which after so few updates they do not
    if recipe == "cgan":
        networks["best"].embedding.W.data[...] = 9 * np.eye(2)
    walk.draw(opened, "walk.png", **given)
    return opened.model, [(label, np.stack([image for image, _ in row])) for label, row in found]


def test_the_ends_of_the_rows_are_the_samples_of_the_seed(monkeypatch, make_run):
    model, rows = drawn(monkeypatch, make_run, "dcgan", {"n": 3, "steps": 4, "seed": 5})
    ends, _ = trained_model.draw(model, 6, 5)
    assert np.abs(np.diff(ends.astype(int), axis=0)).max(axis=(1, 2, 3)).min() > 20
    for i, (_, row) in enumerate(rows):
        assert len(row) == 4
        np.testing.assert_array_equal(row[[0, -1]], ends[2 * i : 2 * i + 2])


def test_the_class_stays_along_a_row(monkeypatch, make_run):
    model, rows = drawn(monkeypatch, make_run, "cgan", {"n": 2, "steps": 3}, limit=150)
    assert [label for label, _ in rows] == ["0 T-shirt/top", "1 Trouser"]
    G, labels = model.networks["best"], np.array([0, 0, 1, 1])
    ends = model.draw_classes(G, labels, np.random.default_rng(0))
    others = model.draw_classes(G, labels[::-1], np.random.default_rng(0))
    assert (np.abs(ends.astype(int) - others) > 20).any(axis=(1, 2, 3)).all()
    for i, (_, row) in enumerate(rows):
        np.testing.assert_array_equal(row[[0, -1]], ends[2 * i : 2 * i + 2])
        middle = [np.abs(row[1].astype(int) - x[2 * i : 2 * i + 2]).mean() for x in (ends, others)]
        assert middle[0] < middle[1]  # the class stays between them too


def test_codes_of_the_mixture_walk_straight(monkeypatch, make_run):
    given = {"n": 1, "steps": 3, "prior": "gmm"}
    model, rows = drawn(monkeypatch, make_run, "vae", given, components=2, code=3)
    a, b = latent.numbers(model, 2, np.random.default_rng(0), "gmm")
    middle = latent.images(model, ((a + b) / 2)[None])
    assert np.abs(rows[0][1][1].astype(int) - middle[0]).max() <= 1
