"""python -m tinygan.train RECIPE: train a recipe and leave everything it did in a run folder."""

import contextlib

from tinygan import recipes
from tinygan.cli import Parser, add_options, exit_on_error, flag
from tinygan.errors import RunError
from tinygan.evaluation.features import features_of
from tinygan.nn.fast import memory
from tinygan.progress import Progress
from tinygan.recipes import catalogue
from tinygan.recipes.options import OPTIONS, sizes
from tinygan.recipes.settings import settings
from tinygan.report.server import served
from tinygan.report.writer import Writer
from tinygan.runs import log, options, prepare, ranks
from tinygan.runs.config import read_config
from tinygan.runs.interrupt import stop_requested
from tinygan.runs.run import default_folder
from tinygan.training import parallel


def main(argv=None):
    args = _parser().parse_args(argv)
    if args.list or args.about or args.recipe is None:
        print(catalogue.told(args.recipe, vars(args)))
        return 0
    recipe = recipes.get(args.recipe)
    try:
        with ranks.join() if args.distributed else ranks.alone() as joined:
            return _train(recipe, args, joined)
    except MemoryError:
        raise RunError(f"not enough memory: lower {sizes(recipe)} or --limit") from None


def _train(recipe, args, ranks):
    memory.keep_freed()
    progress = Progress(quiet=args.quiet)
    out = args.out or default_folder(recipe.name)
    config = ranks.only_first(lambda: read_config(out) if args.resume else None)
    wanted = ranks.together(lambda: settings(vars(args), recipe, config, out))
    run, dataset = prepare.prepare(recipe, wanted, config, out, ranks, features_of)
    with contextlib.ExitStack() as locked:
        stop = locked.enter_context(stop_requested(quiet=ranks.rank > 0))
        ranks.shard = parallel.shard_of(ranks, run.training.xp)
        if not prepare.begin(run, config, ranks, locked):
            progress.say(log.nothing_to_do(run))
            return 0
        if ranks.rank > 0:
            return run.follow(stop)
        progress.say(log.introduction(run, recipe.summary, dataset))
        if args.watch:
            print(f"watch it at {locked.enter_context(served(out))}", flush=True)
        if not run.train(progress, stop, Writer(out).renew):
            progress.say(f"stopped and saved at step {run.step}; to go on: {run.resume_command()}")
            return 130
    progress.say(log.conclusion(run))
    return 0


SWITCHES = {
    "list": "list the recipes and end",
    "about": "print what the recipe is, its options and networks, and end",
    "resume": "go on with the run in the folder; --epochs or --steps may name a new end, and --lr, "
    "--lr-d, --lr-g, --sample-every, --fd-every, --keep-best what is new from then on",
    "watch": "show the run's page in the browser as it trains, at an address that is printed",
    "distributed": "share each batch among the processes that mpiexec has started",
    "quiet": "print nothing but warnings and errors",
}
EXAMPLES = (
    "tinygan.train --list",
    "tinygan.train dcgan --about",
    "tinygan.train dcgan --data fashion-mnist-subset --width 8 --epochs 2",
)


def _parser():
    parser = Parser(
        prog="python -m tinygan.train",
        usage="%(prog)s RECIPE [options]",
        description="Train a recipe. Everything goes into a run folder: config.json, metrics.csv, "
        "samples/, curves.png, report.html, checkpoint.npz. What is left out is the recipe's own; "
        "RECIPE --about shows it.",
        examples=EXAMPLES,
    )
    add = parser.add_argument
    add("recipe", nargs="?", metavar="RECIPE", help="what to train; --list shows the recipes")
    for name, meaning in SWITCHES.items():
        add(flag(name), action="store_true", help=meaning)
    add_options(parser, options.OPTIONS)
    title = "options of the recipes (RECIPE --about shows its own)"
    add_options(parser.add_argument_group(title), OPTIONS)
    return parser


if __name__ == "__main__":
    exit_on_error(main, shared=True)
