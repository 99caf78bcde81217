"""python -m tinygan.train RECIPE: train a recipe and leave everything it did in a run folder."""

import contextlib
import functools

from tinygan import backend, data, recipes
from tinygan.cli import Parser, exit_on_error, path, whole_number
from tinygan.errors import UserError
from tinygan.evaluation.features import features_of
from tinygan.nn.fast import memory
from tinygan.progress import Progress
from tinygan.recipes.about import about
from tinygan.recipes.options import OPTIONS, flag
from tinygan.recipes.settings import settings
from tinygan.runs import log, trained_on
from tinygan.runs.config import read_config
from tinygan.runs.interrupt import stop_requested
from tinygan.runs.lock import only_one
from tinygan.runs.run import Run, default_folder


def main(argv=None):
    args = _parser().parse_args(argv)
    if args.list:
        for name in recipes.names():
            print(f"{name:<14} {recipes.get(name).summary}")
        return 0
    if args.recipe is None:
        raise UserError("name a recipe to train; --list shows them")
    recipe, asked = recipes.get(args.recipe), vars(args)
    if args.about:
        given = {n: asked[n] for n in recipe.options if asked[n] is not None}
        print(about(recipe, given))
        return 0
    memory.keep_freed()
    progress = Progress(quiet=args.quiet)
    out = args.out or default_folder(recipe.name)
    config = read_config(out) if args.resume else None
    run, dataset = _prepare(recipe, settings(asked, recipe, config, out), config, out)
    with stop_requested() as stop, contextlib.ExitStack() as locked:
        if config:
            locked.enter_context(only_one(out))
            run.resume()
            log.warn_of_other_versions(config["versions"], run)
        else:
            run.start()
            locked.enter_context(only_one(out))
        if run.finished:
            more = "" if run.training.notes.get("finished") else "; --epochs N goes on to more"
            progress.say(f"nothing to do, {out} is complete: {run.finished}{more}")
            return 0
        progress.say(log.introduction(run, recipe.summary, dataset))
        if not run.train(progress, stop):
            progress.say(f"stopped and saved at step {run.step}; to go on: {run.resume_command()}")
            return 130
    progress.say(log.conclusion(run))
    return 0


def _prepare(recipe, wanted, config, out):
    """(the Run, its Dataset). wanted: Settings."""
    xp = backend.get(wanted.backend)
    dataset = trained_on.load(wanted, config)
    images, labels = dataset.images[: wanted.limit], dataset.labels[: wanted.limit]
    training = recipe.new_training(
        wanted.options, wanted.seed, images, labels, xp, functools.partial(features_of, xp=xp)
    )
    facts = {"name": dataset.name, "images": len(images), "sha256": dataset.sha256}
    return Run(out, training, wanted, facts), dataset


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
    add("--about", action="store_true", help="tell of the recipe, its options and networks, and "
        "end")  # fmt: skip
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
    for name, option in OPTIONS.items():
        group.add_argument(
            flag(name), metavar=option.metavar, type=option.read, help=option.meaning
        )
    return parser


if __name__ == "__main__":
    exit_on_error(main)
