"""python -m tinygan.train RECIPE: train a recipe and leave everything it did in a run folder."""

import contextlib
import sys
import textwrap
from pathlib import Path

from tinygan import backend, data, recipes
from tinygan.cli import Parser, exit_on_error, path, typed, whole_number
from tinygan.errors import UserError
from tinygan.nn.fast import memory
from tinygan.runs.config import OPTIONS, Settings, default_folder, read_config, versions
from tinygan.runs.interrupt import stop_requested
from tinygan.runs.lock import only_one
from tinygan.runs.log import Progress, duration
from tinygan.runs.run import Run

KEPT = ("data", "limit", "seed")  # what --resume cannot change, besides the recipe's options


def main(argv=None):
    args = _parser().parse_args(argv)
    if args.list:
        for name in recipes.names():
            print(f"{name:<14} {recipes.get(name).summary}")
        return 0
    if args.recipe is None:
        raise UserError("name a recipe to train; --list shows them")
    recipe = recipes.get(args.recipe)
    if args.about:
        print(about(recipe))
        return 0
    memory.keep_freed()
    out = Path(args.out or default_folder(recipe))
    config = read_config(out) if args.resume else None
    settings = _settings(args, recipe, config)
    xp = backend.get(settings.backend)
    dataset = _load_data(settings, config)
    progress = Progress(quiet=args.quiet)
    run = Run(out, recipe, settings, dataset, xp)
    with stop_requested() as stop, contextlib.ExitStack() as locked:
        if config:
            locked.enter_context(only_one(out))
            run.resume()
            _say_what_changed(config, run)
        else:
            run.start()
            locked.enter_context(only_one(out))
        if run.finished:
            more = "" if run.trainer.notes.get("finished") else "; --epochs N goes on to more"
            progress.say(f"nothing to do, {out} is complete: {run.finished}{more}")
            return 0
        _introduce(progress, run)
        complete = run.train(progress, stop)
    if not complete:
        progress.say(f"stopped and saved at step {run.step}; to go on: {run.resume_command()}")
        return 130
    seconds = sum(row[2] for row in run.timing)
    if run.step < run.last_step:
        progress.say(f"finished early: {run.finished}")
    for name, value in run.result().items():
        if name != "step":
            number = isinstance(value, int | float) and not isinstance(value, bool)
            progress.say(f"{name}: {f'{value:.5g}' if number else value}")
    progress.say(f"done: {_plural(run.step, 'update')} in {duration(seconds)}, all in {out}")
    if run.recipe.name != "classifier":
        more = typed("tinygan.sample", out, "--n", 64, "--out", "samples.png")
        progress.say(f"more pictures: {more}")
    return 0


def _plural(n, word):
    return f"{n:,} {word}{'s' * (n != 1)}"


def about(recipe):
    """What --about prints: what the recipe is, and the options it takes with their defaults."""
    lines = [f"{recipe.name}: {recipe.summary}", "", *textwrap.wrap(recipe.details, 88), ""]
    lines.append(f"data {recipe.data}, {recipe.epochs} epochs; options and their defaults:")
    for name, value in recipe.options.items():
        shown = "-" if value is None else value
        lines.append(f"  --{name.replace('_', '-'):<16} {shown!s:<8} {OPTIONS[name][2]}")
    return "\n".join(lines)


def _parser():
    parser = Parser(
        prog="python -m tinygan.train",
        usage="%(prog)s RECIPE [options]",
        description="Train a recipe. Everything goes into a run folder: config.json, metrics.csv, "
        "samples/, curves.png, checkpoint.npz. What is left out is the recipe's own; RECIPE "
        "--about shows it.",
    )
    add = parser.add_argument
    add("recipe", nargs="?", help="what to train; see --list")
    add("--list", action="store_true", help="list the recipes and end")
    add("--about", action="store_true", help="tell of the recipe and its options, and end")
    add("--backend", choices=backend.NAMES, help="what to compute with (default auto: cupy if a "
        "GPU answers, else numpy)")  # fmt: skip
    add("--data", metavar="NAME", help=", ".join(data.names()))
    add("--data-dir", metavar="DIR", type=path, help="look for data here and nowhere else")
    add("--out", metavar="DIR", type=path, help="the run folder (default runs/RECIPE)")
    add("--epochs", metavar="N", type=whole_number(1), help="passes over the data")
    add("--steps", metavar="N", type=whole_number(1), help="end after N updates, or "
        "with the epochs where both are given and those end first")  # fmt: skip
    add("--seed", metavar="N", type=whole_number(0), help="start of all randomness (default 0)")
    add("--limit", metavar="N", type=whole_number(1), help="use only the first N images")
    add("--sample-every", metavar="EPOCHS", type=whole_number(1), help="a sheet of samples "
        "every so many epochs (default 1)")  # fmt: skip
    add("--checkpoint-every", metavar="EPOCHS", type=whole_number(1), help="save every so many "
        "epochs (default 1)")  # fmt: skip
    add("--resume", action="store_true", help="go on with the run in the folder; --epochs or "
        "--steps may name a new end")  # fmt: skip
    add("--quiet", action="store_true", help="say nothing but warnings and errors")
    group = parser.add_argument_group("options of the recipes", "each recipe takes some of them")
    for name, (read, metavar, meaning) in OPTIONS.items():
        option = f"--{name.replace('_', '-')}"
        group.add_argument(option, metavar=metavar, type=read, help=meaning)
    return parser


def _settings(args, recipe, config):
    """What was asked for: from the command line, else from the run that is resumed, else from the
    recipe. Raises UserError when a resumed run is asked to become another."""
    defaults = {
        "data": recipe.data,
        "limit": None,
        "seed": 0,
        "sample_every": 1,
        "checkpoint_every": 1,
        "backend": "auto",
        "data_dir": None,
    }
    options = recipe.options
    for name in OPTIONS.keys() - recipe.options.keys():
        if getattr(args, name) is not None:
            raise UserError(
                f"{recipe.name} has no --{name.replace('_', '-')}: its options are "
                f"{', '.join('--' + known.replace('_', '-') for known in recipe.options)}"
            )
    if config:
        out = args.out or default_folder(recipe)
        if config["recipe"] != recipe.name:
            raise UserError(
                f"the run in {out} is of the recipe {config['recipe']}, not of {recipe.name}"
            )
        recipes.check_options(recipe, config["options"], Path(out) / "config.json")
        options = config["options"]
        fixed = {name: config[name] for name in KEPT} | options
        for name, kept in fixed.items():
            asked = getattr(args, name)
            if asked is not None and asked != kept:
                began = "the run began without it" if kept is None else f"the run has {kept}"
                raise UserError(
                    f"--{name.replace('_', '-')} {asked}: {began}; leave it out, or start another "
                    "run with --out"
                )
        defaults = {name: config[name] for name in defaults}
    values, options = (
        {
            name: default if getattr(args, name) is None else getattr(args, name)
            for name, default in table.items()
        }
        for table in (defaults, options)
    )
    epochs, steps = args.epochs, args.steps
    if epochs is None and steps is None:
        epochs, steps = (config["epochs"], config["steps"]) if config else (recipe.epochs, None)
    return Settings(recipe=recipe.name, epochs=epochs, steps=steps, options=options, **values)


def _load_data(settings, config):
    """The training split; on stderr, a line when it is not what was asked for."""
    if config is None:
        dataset = data.load(settings.data, "train", settings.data_dir)
        if dataset.name != settings.data:
            print(
                f"data: the whole {settings.data} was not found, so this run uses the embedded "
                f"subset of {len(dataset.images):,} images; get the whole with: "
                f"{data.fashion_mnist.fetch_command()}",
                file=sys.stderr,
            )
        return dataset
    began_with = config["trained_on"]
    dataset = data.load(began_with["name"], "train", settings.data_dir)
    if dataset.name != began_with["name"] or dataset.sha256 != began_with["sha256"]:
        raise UserError(
            f"the data is not what the run began with ({began_with['name']}, SHA-256 "
            f"{began_with['sha256'][:12]}…): bring that back, or start another run with --out"
        )
    if dataset.name != settings.data:
        print(f"data: goes on with {dataset.name}, as the run began", file=sys.stderr)
    return dataset


def _say_what_changed(config, run):
    now = versions(run.xp)
    if config["versions"] != now:
        print(
            f"this run began with {config['versions']} and goes on with {now}: its numbers may "
            "differ in the last bits from a run in one go",
            file=sys.stderr,
        )


def _introduce(progress, run):
    progress.say(f"{run.recipe.name}: {run.recipe.summary}")
    progress.say(
        f"data: {run.dataset.name}, {len(run.images):,} images from {run.dataset.origin}; "
        f"{len(run.trainer.images):,} of them train, {_plural(run.steps_per_epoch, 'update')} of "
        f"{run.trainer.images_per_step:,} an epoch"
    )
    sizes = ", ".join(f"{name} {n:,} weights" for name, n in run.trainer.weights().items())
    progress.say(f"networks: {sizes}; {backend.describe(run.xp)}")
    progress.say(f"pictures: {run.folder / 'samples'}; numbers: {run.folder / 'metrics.csv'}")
    start = f"goes on at step {run.step}" if run.step else "starts"
    progress.say(f"{start} in {run.folder}, to step {run.last_step}; Ctrl-C saves and stops")


if __name__ == "__main__":
    exit_on_error(main)
