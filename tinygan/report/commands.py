"""The commands that a page names: to repeat a run, go on with it, measure it and draw with it."""

import shlex

from tinygan.cli import flag
from tinygan.errors import UserError
from tinygan.recipes.options import stored_options
from tinygan.recipes.settings import DEFAULTS
from tinygan.runs.run import default_folder


def commands(run):
    """What can be typed, for a RunFiles: a list of dict(what, command). Empty where its config is
    not one that the recipe could have made."""
    try:
        repeat = _typed("train", *_repeat(run))
    except UserError:
        return []
    what = "Repeat this run, in a new folder"
    if run.config["changes"]:
        what = "Train anew with its last settings, in a new folder (they changed on the way)"
    found = [(what, repeat)]
    name, folder = run.config["recipe"], run.folder
    if run.has_checkpoint:
        if (go_on := _go_on(run)) is not None:
            out = [] if folder == default_folder(name) else ["--out", folder]
            what = "Go on with it" + (", once it has stopped" if run.state == "running" else "")
            found.append((what, _typed("train", name, *out, "--resume", *go_on)))
        nearest = ", and see its nearest training images" if run.draws else ""
        found.append((f"Measure it{nearest}", _typed("evaluate", folder)))
        found.append(("Draw what it learned", _typed("draw", folder)))
    found.append(("Make this page anew", _typed("report", folder)))
    return [{"what": what, "command": command} for what, command in found]


def compare_command(runs):
    """The same for the command that measures several RunFiles, those of them that draw images."""
    folders = [run.folder for run in runs if run.draws and str(run.folder).isprintable()]
    return [{"what": "Measure them", "command": _typed("compare", *folders)}] if folders else []


def _repeat(run):
    """The words after `tinygan.train` that repeat the run."""
    config, recipe = run.config, run.recipe
    if recipe is None or not str(run.folder).isprintable():
        raise UserError("nothing that could be typed")
    options = stored_options(recipe, config["options"], run.folder / "config.json")
    asked = {"data": config["trained_on"]["name"]} | {
        name: config[name] for name in ("data_dir", "background", "epochs", "steps", "limit")
    }
    usual = {"data": recipe.data, "epochs": recipe.epochs, "steps": None} | DEFAULTS
    if config["steps"] is not None:
        usual["epochs"] = None
    for name in ("seed", "sample_every", "checkpoint_every", "fd_every", "keep_best", "backend"):
        asked[name] = config[name]
    asked["tf32"] = config["tf32"]
    if asked["data"] == "faces" and asked["background"] == "white":
        asked["background"] = None
    words = [recipe.name]
    for values, defaults in ((asked, usual), (options, recipe.options)):
        for name, value in values.items():
            if value != defaults[name] and value is not None:
                words += [flag(name)] if value is True else [flag(name), value]
    return [*words, "--out", f"{run.folder}-again"]


def _go_on(run):
    """The words after --resume; None where the training itself has found its end."""
    config = run.config
    if run.state != "finished":
        return []
    if run.step < run.data["last_step"] or run.data["why"]:
        return None
    end = "steps" if config["epochs"] is None else "epochs"
    return [flag(end), 2 * config[end]]


def _typed(command, *words):
    return shlex.join(["python", "-m", f"tinygan.{command}", *map(str, words)])
