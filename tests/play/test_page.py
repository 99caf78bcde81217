"""The page: one file that loads nothing, and whose policy allows its own script and a worker."""

import base64
import hashlib
import io
import re

import numpy as np
import pytest
from PIL import Image

from tinygan.play.page import page, policy, worker
from tinygan.play.still import COLUMNS, ROWS
from tinygan.recipes import trained_model


def test_the_policy_allows_the_script_the_style_and_a_worker(made):
    text = made("vae")[1].read_text(encoding="utf-8")
    directives = dict(part.split(" ", 1) for part in policy().split("; "))
    assert directives.keys() == {
        "default-src", "img-src", "worker-src", "style-src", "script-src", "base-uri", "form-action"
    }  # fmt: skip
    assert directives["default-src"] == "'none'"
    assert directives["worker-src"] == "blob:"
    assert "unsafe" not in policy()
    for tag in ("script", "style"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert directives[f"{tag}-src"] == f"'sha256-{digest}'"


def test_nothing_is_loaded_and_nothing_is_styled_or_run_in_an_attribute(made):
    text = made("vae")[1].read_text(encoding="utf-8").partition("<script")[0]
    assert re.findall(r'(?:src|href)="(?!data:)', text) == []
    assert re.findall(r"\s(?:style|on\w+)=", text) == []


def test_the_workers_source_stands_in_the_page_as_it_is(made):
    assert worker() in made("vae")[1].read_text(encoding="utf-8")
    assert not re.search(r"</script|<!--|<script|\beval\b|new Function", worker())


@pytest.mark.parametrize("name", ["dcgan", "ae", "dcgan-faces", "flow"])
def test_the_still_shows_what_the_model_draws(made, name):
    model, file = made(name)
    text = file.read_text(encoding="utf-8")
    (src,) = re.findall(r'id="still" src="data:image/png;base64,([^"]+)"', text)
    still = np.asarray(Image.open(io.BytesIO(base64.b64decode(src))))
    images, _ = trained_model.draw(model, COLUMNS * ROWS, 0)
    h, w, c = model.image_shape
    still = still.reshape(ROWS, h, COLUMNS, w, c).swapaxes(1, 2).reshape(-1, h, w, c)
    np.testing.assert_array_equal(still, images)


@pytest.mark.parametrize("name", ["gmm", "vae"])
def test_a_model_without_a_mixture_has_a_page(random_model, words, name):
    model = random_model(name)
    model.mixture.store(None)
    assert '"priors":[{"kind":"normal"' in page(model, words(name))
