"""python -m tinygan.play: a page out of a run folder."""

import json
import re
import shutil

import numpy as np
import pytest

from tinygan.npz import read_arrays, write_arrays
from tinygan.play.__main__ import main
from tinygan.progress import Progress

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def play(cli):
    return lambda words: cli(main, words)


@pytest.fixture(scope="session")
def held():
    """Run folders by recipe, trained once."""
    return {}


@pytest.fixture
def trained(make_run, tmp_path, tmp_path_factory, held):
    """trained(recipe): tmp_path/run, a tiny run that is finished."""

    def make(recipe="dcgan", **changes):
        if recipe not in held:
            run = make_run("first", recipe=recipe, epochs=1, **changes)
            run.train(Progress(quiet=True), lambda: False)
            held[recipe] = shutil.move(run.folder, tmp_path_factory.mktemp("held") / recipe)
        shutil.copytree(held[recipe], tmp_path / "run")
        return tmp_path / "run"

    return make


def change_arrays(folder, change):
    """Let change(arrays) write into those of the checkpoint."""
    file = folder / "checkpoint.npz"
    meta, arrays = read_arrays(file)
    arrays = {name: array.copy() for name, array in arrays.items()}
    change(arrays)
    write_arrays(file, meta, arrays)


def test_a_page_is_made_in_the_runs_folder(trained, play):
    folder = trained()
    code, out, err = play("run")
    assert (code, err) == (0, "")
    first, last = out.splitlines()
    assert re.fullmatch(
        r"run/play.html \(0.\d\d MB\), one file that opens in a browser and needs no network", first
    )
    assert last.endswith("tinygan.evaluate run")
    assert "<title>run: dcgan on fashion-mnist-subset</title>" in (folder / "play.html").read_text()


def test_it_draws_with_the_weights_that_are_asked_for(make_run, play):
    run = make_run("run", epochs=1, ema=0.9, lr=0.01)
    run.train(Progress(quiet=True), lambda: False)
    pages = {}
    for name in ("own", "average", "last"):
        words = "" if name == "own" else f"--weights {name}"
        assert play(f"run {words} --out {name}.html")[0] == 0
        text = (run.folder.parent / f"{name}.html").read_text(encoding="utf-8")
        pages[name] = re.search(r'id="weights">([^<]+)<', text)[1]
    assert pages["own"] == pages["average"] != pages["last"]
    assert "has kept no best weights" in play("run --weights best")[2]


def test_it_goes_where_it_is_asked_to_and_can_be_half_as_large(trained, play, tmp_path):
    trained()
    assert play("run --out a.html")[0] == play("run --bits 8 --out b.html")[0] == 0
    sixteen, eight = ((tmp_path / name).read_text() for name in ("a.html", "b.html"))
    sizes = [len(t.partition('id="weights">')[2].partition("<")[0]) for t in (sixteen, eight)]
    assert 0.45 < sizes[1] / sizes[0] < 0.75  # vectors stay as they are


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("nothing", "nothing is not a run folder: there is no such folder"),
        ("run --out page.pdf", "--out page.pdf should end in .html"),
        ("run --out no/page.html", "cannot write no/page.html: there is no folder no"),
    ],
)
def test_mistakes_are_one_sentence(trained, play, words, sentence):
    trained()
    assert play(words) == (2, "", f"tinygan: {sentence}\n")


def test_a_classifier_is_refused(trained, play):
    trained("classifier", limit=100)
    code, out, err = play("run")
    assert (code, out) == (2, "")
    assert err == "tinygan: run is of the recipe classifier, which draws no images\n"


def test_a_run_without_a_checkpoint_is_refused(trained, play):
    (trained() / "checkpoint.npz").unlink()
    code, out, err = play("run")
    assert (code, out) == (2, "")
    assert err.startswith("tinygan: run has no checkpoint yet: wait")


@pytest.mark.parametrize(
    ("name", "number", "sentence"),
    [
        ("0.W", np.nan, "run/checkpoint.npz is corrupt: G/0.W has values that are not finite"),
        (
            "1.running_var",  # of which the page has the square root
            -1.0,
            "the weights of this run are not finite: there is nothing to play with",
        ),
        (
            "0.W",
            1e6,
            "the weights of this run go up to 1e+06, more than a page can hold (65504): its "
            "training has gone astray",
        ),
    ],
)
def test_impossible_weights_are_refused(trained, play, name, number, sentence):
    folder = trained()
    change_arrays(folder, lambda arrays: arrays[f"G/{name}"].reshape(-1).__setitem__(0, number))
    assert play("run") == (2, "", f"tinygan: {sentence}\n")
    assert not (folder / "play.html").exists()


def test_an_autoencoder_without_a_mixture_draws_from_normal_noise(trained, play):
    folder = trained("ae", code=3, components=2)

    def empty(arrays):
        for name in ("weights", "means", "covariances"):
            arrays[f"prior/{name}"][...] = 0

    change_arrays(folder, empty)
    code, _, err = play("run")
    assert (code, err) == (0, "")
    text = (folder / "play.html").read_text()
    description = json.loads(text.partition('id="description">')[2].partition("</script>")[0])
    assert [prior["kind"] for prior in description["priors"]] == ["normal"]


def test_no_name_in_a_run_is_html(trained, play, tmp_path):
    folder = trained()
    config = json.loads((folder / "config.json").read_text())
    config["trained_on"]["name"] = HOSTILE
    (folder / "config.json").write_text(json.dumps(config))
    assert play("run")[0] == 0
    text = (folder / "play.html").read_text()
    assert "<img src=x" not in text
    assert text.count("<script") == 4
    assert "&lt;img src=x" in text
