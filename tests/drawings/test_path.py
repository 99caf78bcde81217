"""Paths: from the noise of the seed to the image that sample draws, in the class asked for."""

from types import SimpleNamespace

import numpy as np
import pytest
from small_training import make, noise_images

from tinygan.drawings import path, sheet

LABELS = np.array([2, 5] * 8)


@pytest.mark.parametrize(
    ("name", "size"), [("flow", {"code": 3, "flow_width": 4}), ("flow-unet", {"width": 4})]
)
def test_a_row_leads_from_its_noise_to_the_sample_of_the_seed(name, size, monkeypatch, tmp_path):
    options = {"ode_steps": 6, "classes": "2,5"} | size
    model = make(name, noise_images(16), LABELS, **options).model
    for p in model.networks["average velocity"].params():
        p.data[...] += 0.1
    saved = []
    monkeypatch.setattr(sheet, "save", lambda out, rows, title, scale: saved.append(rows))
    run = SimpleNamespace(model=model, class_text=str, next_line=lambda *words: "")
    lines = path.draw(run, tmp_path / "path.png", n=4, steps=5, seed=3)
    (rows,) = saved
    assert [label for label, _ in rows] == ["2", "2", "5", "5"]
    ends, _ = model.draw(4, np.random.default_rng(3))
    for (_, cells), end in zip(rows, ends, strict=True):
        assert [text for _, text in cells] == [
            "t = 0.00", "t = 0.33", "t = 0.50", "t = 0.67", "t = 1.00"
        ]  # fmt: skip
        np.testing.assert_array_equal(cells[-1][0], end)
        assert (cells[0][0] != end).any()
    assert lines[0].startswith("4 paths of 5 images in")
