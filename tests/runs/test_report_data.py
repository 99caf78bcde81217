"""report.json: the state, curves and networks of a run, in every situation that a run gets into."""

import itertools
import json

import numpy as np
import pytest
from small_run import QUIET, after, never

from tinygan.errors import RunError
from tinygan.progress import Progress
from tinygan.runs import report_data
from tinygan.runs import run as run_module


def told(run):
    return json.loads((run.folder / "report.json").read_text())


def test_a_finished_run_tells_its_curves_and_networks(make_run):
    run = make_run()
    run.train(QUIET, never)
    data = told(run)
    assert (data["state"], data["step"], data["last_step"]) == ("finished", 20, 20)
    assert (data["steps_per_epoch"], data["images_per_step"], data["images"]) == (5, 8, 40)
    assert data["image_shape"] == [28, 28, 1]
    losses = data["panels"][0]
    assert [line["name"] for line in losses["lines"]] == ["discriminator", "generator"]
    assert losses["lines"][0]["steps"] == list(range(1, 21))
    np.testing.assert_allclose(losses["lines"][0]["means"], run.history[:, 0], rtol=1e-5)
    assert [guide["name"] for guide in losses["guides"]] == ["2 ln 2", "ln 2"]
    weights = {n["name"]: sum(row[2] for row in n["rows"]) for n in data["networks"]}
    assert weights == run.training.model.weights()
    assert data["networks"][0]["rows"][-1][:2] == ["11 Tanh", [28, 28, 1]]


@pytest.mark.parametrize("recipe", ["gmm", "vae", "cgan", "classifier", "wgan-gp"])
def test_every_kind_of_recipe_has_a_report_json(make_run, recipe):
    options = {"components": 2} if recipe in ("gmm", "vae") else {}
    options |= {"dims": 3} if recipe == "gmm" else {}
    options |= {"limit": 200} if recipe == "cgan" else {}
    run = make_run(recipe=recipe, steps=1, epochs=None, **options)
    run.train(QUIET, never)
    assert told(run)["panels"]


def test_the_state_follows_the_run(make_run, monkeypatch):
    states = []
    write = report_data.write

    def spy(folder, run, networks, state, why=""):
        states.append(state)
        write(folder, run, networks, state, why)

    monkeypatch.setattr(report_data, "write", spy)
    monkeypatch.setattr(run_module, "TOLD_EVERY", -1)
    run = make_run()
    run.train(QUIET, after(7))
    assert told(run)["state"] == "stopped"
    assert told(run)["step"] == 7
    run = make_run(resume=True)
    run.train(QUIET, never)
    in_turn = [state for state, _ in itertools.groupby(states)]
    assert in_turn == ["running", "stopped", "running", "finished"]


def test_a_long_epoch_is_told_of_before_it_ends(make_run, monkeypatch):
    steps = []
    monkeypatch.setattr(run_module, "TOLD_EVERY", -1)
    monkeypatch.setattr(report_data, "write", lambda folder, run, *rest: steps.append(run.step))

    class Impatient(Progress):
        def due(self):
            return True

    make_run(epochs=1).train(Impatient(quiet=True), never)
    assert steps == [0, 1, 2, 3, 4, 5]


def test_a_failure_is_told_with_its_reason(make_run):
    run = make_run()
    run.training.model.networks["G"].params()[0].data[...] = np.nan
    with pytest.raises(RunError):
        run.train(QUIET, never)
    data = told(run)
    assert data["state"] == "failed"
    assert "is nan at step 1" in data["why"]


def test_a_failure_is_raised_even_where_it_cannot_be_told(make_run, monkeypatch):
    run = make_run()

    def full(*_):
        raise OSError(28, "No space left on device", "report.json")

    monkeypatch.setattr(report_data, "write", full)
    with pytest.raises(RunError, match="no space left on device"):
        run.train(QUIET, never)


def test_why_a_run_has_finished_early_is_told(make_run):
    run = make_run(recipe="gmm", components=1, dims=2)
    run.train(QUIET, never)
    assert told(run)["why"].startswith("converged")


def test_short_epochs_are_not_all_told_of(make_run, monkeypatch):
    steps = []
    monkeypatch.setattr(run_module, "TOLD_EVERY", 1000)
    monkeypatch.setattr(report_data, "write", lambda folder, run, *rest: steps.append(run.step))
    make_run(sample_every=3).train(QUIET, never)
    assert steps == [0, 15, 20]


def test_the_report_is_asked_for_at_each_sheet_and_at_the_end(make_run, monkeypatch):
    monkeypatch.setattr(run_module, "TOLD_EVERY", 1000)
    asked = []

    def report(run, last=False):
        asked.append((run.step, last))

    run = make_run(sample_every=2)
    run.train(QUIET, never, lambda **how: report(run, **how))
    assert asked == [(0, False), (10, False), (20, True)]


def test_curves_are_thinned_to_means_and_ranges():
    line = report_data.thinned(np.arange(1000.0), most=4)
    assert line["ends"] == [250, 500, 750, 1000]
    assert line["means"] == [124.5, 374.5, 624.5, 874.5]
    assert line["lows"] == [0, 250, 500, 750]
    assert line["highs"] == [249, 499, 749, 999]


@pytest.mark.parametrize("n", [0, 1, 399, 400, 401, 799, 801, 12_345])
def test_thinning_keeps_the_end_and_few_points(n):
    line = report_data.thinned(np.ones(n))
    assert len(line["ends"]) <= report_data.POINTS
    assert line["ends"][-1:] == ([n] if n else [])
    assert set(line["means"]) <= {1.0}
