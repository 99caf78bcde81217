"""A run folder is read without trust: what is damaged is left out, and the rest is told."""

import json
import os

import pytest

from tinygan.errors import UserError
from tinygan.report.folder import read_run
from tinygan.report.story import story
from tinygan.runs.lock import only_one


def test_a_run_is_read(trained):
    run = read_run(trained())
    assert (run.step, run.steps_per_epoch, run.epochs) == (20, 5, "4")
    assert run.state == "finished"
    assert run.image_shape == (28, 28, 1)
    assert run.class_names[9] == "Ankle boot"
    assert run.has_checkpoint
    assert run.recipe.name == "dcgan"


def test_a_run_that_nobody_trains_any_more_is_interrupted(trained, edit):
    folder = trained()
    edit(folder / "report.json", state="running")
    assert read_run(folder).state == "interrupted"
    with only_one(folder):
        assert read_run(folder).state == "running"


def test_without_report_json_the_tables_tell(trained):
    folder = trained()
    (folder / "report.json").unlink()
    run = read_run(folder)
    assert (run.step, run.steps_per_epoch, run.state) == (20, 5, "")
    assert run.image_shape == (28, 28, 1)


def test_a_folder_with_config_json_alone_is_a_run(trained):
    folder = trained()
    for file in folder.iterdir():
        if file.is_file() and file.name != "config.json":
            file.unlink()
    run = read_run(folder)
    assert (run.step, run.epochs, run.metrics, run.has_checkpoint) == (0, "0", ([], []), False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "<b>\n"},
        {"step": -1},
        {"step": 1e3},
        {"steps_per_epoch": 0},
        {"image_shape": [28, 28]},
        {"image_shape": [-2, 28, 1]},
        {"image_shape": [10**9, 28, 1]},
        {"weights": {"G": "many"}},
        {"networks": None},
        {"panels": {}},
    ],
)
def test_a_damaged_report_json_is_left_out(trained, edit, wrong):
    folder = trained()
    edit(folder / "report.json", **wrong)
    assert read_run(folder).data is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"means": [1.0]},
        {"means": ["1"] * 20},
        {"highs": [1e200] * 20},
        {"steps": [-1] * 20},
        {"steps": [0.5] * 20},
        {name: [1] * 5000 for name in ("steps", "means", "lows", "highs")},
    ],
)
def test_a_line_that_cannot_be_drawn_is_left_out(trained, wrong):
    folder = trained()
    data = json.loads((folder / "report.json").read_text())
    data["panels"][0]["lines"][0] |= wrong
    (folder / "report.json").write_text(json.dumps(data))
    left = [panel["label"] for panel in read_run(folder).data["panels"]]
    assert left == ["D's mean score", "length of G's gradient"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"limits": [1, 0]},
        {"limits": [0, 0]},
        {"limits": [0, "1"]},
        {"guides": [{"name": "a", "level": 1e300}]},
        {"label": "x" * 1000},
        {"lines": [{}]},
        {"log": 1},
    ],
)
def test_a_panel_that_cannot_be_drawn_is_left_out(trained, wrong):
    folder = trained()
    data = json.loads((folder / "report.json").read_text())
    data["panels"][0] |= wrong
    (folder / "report.json").write_text(json.dumps(data))
    assert len(read_run(folder).data["panels"]) == 2


@pytest.mark.parametrize("row", [["a", [1]], ["a", "b", "c"], ["a", [1], "many"], "abc"])
def test_a_network_that_is_none_is_left_out(trained, edit, row):
    folder = trained()
    networks = [{"name": "G", "input": [1], "rows": [row]}, {"name": "D", "input": [1], "rows": []}]
    edit(folder / "report.json", networks=networks, panels=[{}] * 30)
    data = read_run(folder).data
    assert [network["name"] for network in data["networks"]] == ["D"]
    assert data["panels"] == []


@pytest.mark.parametrize(
    "name",
    "report.json metrics.csv validation.csv timing.csv result.json evaluation.json evaluation.npz "
    "samples/epoch_0001.png curves.png".split(),
)
def test_a_pipe_in_place_of_a_file_is_left_out(trained, name):
    folder = trained()
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    story([folder])  # and does not wait


def test_a_damaged_table_is_read_up_to_the_damage(trained):
    folder = trained()
    lines = (folder / "metrics.csv").read_text().splitlines()
    (folder / "metrics.csv").write_text("\n".join([*lines[:3], "3,15,nan", *lines[3:]]))
    (folder / "report.json").unlink()
    assert read_run(folder).step == 10


@pytest.mark.parametrize("text", ["", "\0", "a,b\n1,2\n", "epoch,step,x\n1,-5,2\n"])
def test_a_table_that_is_none_is_empty(trained, text):
    folder = trained()
    (folder / "metrics.csv").write_text(text)
    (folder / "report.json").unlink()
    assert read_run(folder).step in (0, 2)


def test_a_recipe_that_is_not_known_is_none(trained, edit):
    folder = trained()
    edit(folder / "config.json", recipe="gan-of-tomorrow")
    assert read_run(folder).recipe is None


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="not a run folder"):
        read_run(tmp_path)
