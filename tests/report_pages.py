"""Fixtures: run folders of every kind with their report.html, made once, for tests that only look.

For test modules of tests/report that name this one in pytest_plugins.
"""

import contextlib
import shutil

import numpy as np
import pytest

from tinygan import plots
from tinygan.evaluation import protocol
from tinygan.evaluation.measure_run import evaluate_run, measured_against
from tinygan.report import page, story, write_report
from tinygan.runs.lock import only_one


@pytest.fixture
def pictured(trained, clothes):
    """pictured(name, **changes): a finished run, its four sheets real clothes, so that each looks
    different and has different classes."""

    def make(name="run", **changes):
        folder = trained(name, **changes)
        for epoch in range(1, 5):
            sheet = plots.grid(clothes.images[64 * epoch : 64 * epoch + 64], columns=8, scale=2)
            plots.save_png(folder / "samples" / f"epoch_{epoch:04}.png", sheet)
        write_report(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def kept():
    """Run folders by what they are, for tests that only look at them."""
    return {}


@pytest.fixture
def finished(pictured, kept):
    """The folder of a finished run with pictures, made once."""
    if "finished" not in kept:
        kept["finished"] = pictured("finished")
    return kept["finished"]


@pytest.fixture
def evaluated(pictured, kept, monkeypatch):
    """The folder of a finished run that was evaluated, made once."""
    if "evaluated" not in kept:
        folder = pictured("evaluated")
        monkeypatch.setitem(protocol.SETTINGS, "bins_fitted_on", 300)  # sorting takes longest
        against = measured_against(100, 0, xp=np, say=_silent, warn=_silent)
        evaluate_run(folder, against, seed=0, data_dir=None, xp=np, say=_silent)
        write_report(folder)
        kept["evaluated"] = folder
    return kept["evaluated"]


def _silent(text):
    pass


@pytest.fixture
def make_page(trained, finished, evaluated, edit, kept, tmp_path):
    """make_page(kind): the folder of that kind's page, made once."""

    def make(kind):
        if kind not in kept:
            kept[kind] = makers[kind]()
        return kept[kind]

    def with_state(**changes):
        folder = trained(changes["state"])
        edit(folder / "report.json", step=7, **changes)
        with only_one(folder) if changes["state"] == "running" else contextlib.nullcontext():
            write_report(folder)
        return folder

    def empty():
        folder = tmp_path / "empty"
        folder.mkdir()
        shutil.copy(finished / "config.json", folder)
        write_report(folder)
        return folder

    def first_edition():
        folder = trained("first-edition")
        (folder / "report.json").unlink()
        write_report(folder)
        return folder

    def comparison():
        names = ("one", "two", "three-with-a-long-name_" + 40 * "x")
        runs = [shutil.copytree(evaluated, tmp_path / name) for name in names]
        edit(runs[1] / "config.json", seed=1)
        folder = tmp_path / "comparison"
        folder.mkdir()
        (folder / "report.html").write_text(page(story(runs)), encoding="utf-8")
        return folder

    makers = {
        "finished": lambda: finished,
        "evaluated": lambda: evaluated,
        "training": lambda: with_state(state="running"),
        "failed": lambda: with_state(state="failed", why="g_loss is nan at step 8"),
        "long": lambda: trained("a-very_long.name" + 60 * "W"),
        "empty": empty,
        "first-edition": first_edition,
        "gmm": lambda: trained("gmm", recipe="gmm", components=2, dims=3, epochs=3),
        "cgan": lambda: trained("cgan", recipe="cgan", limit=200, epochs=2),
        "comparison": comparison,
    }
    return make
