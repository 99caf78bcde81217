"""The commands on a page: typed, they repeat the run and go on with it."""

import json
import shlex

import pytest

from tinygan import train
from tinygan.recipes import get
from tinygan.recipes.settings import settings
from tinygan.report.commands import commands
from tinygan.report.folder import read_run


def named(folder):
    return {entry["what"].split(",")[0]: entry["command"] for entry in commands(read_run(folder))}


def asked(command):
    """What the train command makes of a command line."""
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "tinygan.train"]
    return vars(train._parser().parse_args(words[3:]))


@pytest.mark.parametrize(
    ("recipe", "changes"),
    [
        ("dcgan", {}),
        ("dcgan", {"epochs": None, "steps": 7, "seed": 3, "lr_d": 1e-5, "flip": True}),
        ("dcgan", {"sample_every": 2, "checkpoint_every": 3, "ema": 0.9, "loss": "hinge"}),
        ("dcgan", {"fd_every": 2, "keep_best": True, "instance_noise": 0.1}),
        ("dcgan", {"fd_every": 0}),
        ("gmm", {"components": 2, "dims": 3, "covariance": "diag", "epochs": 3}),
        ("cgan", {"limit": 200, "classes": "0,1,5", "epochs": 1}),
    ],
)
def test_the_command_to_repeat_asks_for_the_same_settings(trained, recipe, changes):
    folder = trained(recipe=recipe, **changes)
    config = json.loads((folder / "config.json").read_text())
    wanted = asked(named(folder)["Repeat this run"])
    found = settings(wanted, get(wanted["recipe"]))
    assert found.options == config["options"]
    names = "data limit seed epochs steps sample_every checkpoint_every fd_every keep_best backend"
    for name in [*names.split(), "tf32"]:
        assert getattr(found, name) == config[name]
    assert wanted["out"] == f"{folder}-again"


def test_a_complete_run_goes_on_to_twice_as_many_epochs(trained):
    wanted = asked(named(trained())["Go on with it"])
    assert (wanted["resume"], wanted["epochs"]) == (True, 8)


def test_a_stopped_run_goes_on_to_its_own_end(trained, edit):
    folder = trained()
    edit(folder / "report.json", state="stopped", step=7)
    assert named(folder)["Go on with it"].endswith("--resume")


def test_a_run_that_has_found_its_end_does_not_go_on(trained):
    assert "Go on with it" not in named(trained(recipe="gmm", components=1, dims=2, epochs=99))


def test_without_a_checkpoint_there_is_nothing_to_go_on_from(trained):
    folder = trained()
    (folder / "checkpoint.npz").unlink()
    assert list(named(folder)) == ["Repeat this run", "Make this page anew"]


@pytest.mark.parametrize("name", ["a b; rm -rf ~", "$(touch x)", "'quoted\"", "-rf"])
def test_a_folders_name_is_one_word_of_the_shell(trained, name):
    folder = trained(name)
    assert asked(named(folder)["Repeat this run"])["out"] == f"{folder}-again"


def test_a_name_that_cannot_be_typed_has_no_commands(trained):
    assert named(trained("two\nlines")) == {}


@pytest.mark.parametrize("change", [{"recipe": "other"}, {"options": {"width": "$(reboot)"}}])
def test_a_config_that_no_command_makes_has_no_commands(trained, edit, change):
    folder = trained()
    edit(folder / "config.json", **change)
    assert named(folder) == {}
