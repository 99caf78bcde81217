"""python -m tinygan.compare RUN RUN …: one table of all runs, and a row of samples of each."""

from pathlib import Path

from tinygan import backend, plots, recipes
from tinygan.cli import Parser, check_folder, exit_on_error, next_line, path, printer
from tinygan.errors import UserError
from tinygan.evaluation import comparison
from tinygan.evaluation.measure_run import evaluate_run, measured_against
from tinygan.evaluation.options import add_protocol_options
from tinygan.evaluation.report import comparison_table
from tinygan.files import reason, write_text
from tinygan.runs.config import read_config


def main(argv=None):
    args = _parser().parse_args(argv)
    _check_files(args.csv, args.figure)
    folders = comparison.different(args.runs)
    for folder in folders:  # before the long work
        recipe = recipes.get(read_config(folder)["recipe"])
        if not recipe.model.draws_images:
            raise UserError(f"{folder} is of the recipe {recipe.name}, which draws no images")
    groups = comparison.groups(folders, _measure_all(folders, args))
    if len(groups) > 1:
        print("These runs draw different things, which cannot be compared: one table for each.\n")
    for rows in groups:
        print(comparison_table(rows), end="\n\n")
    try:
        write_text(args.csv, comparison.as_csv(groups))
        plots.labelled_rows(args.figure, comparison.picture_rows(groups))
    except OSError as error:
        raise UserError(f"cannot write {error.filename}: {reason(error)}") from None
    print(f"written: {args.csv}, {args.figure}")
    if not args.quiet:
        print("\n" + next_line("these runs on one page", "tinygan.report", *folders))
    return 0


def _parser():
    parser = Parser(
        prog="python -m tinygan.compare",
        usage="%(prog)s RUN [RUN …] [options]",
        description="One table of all runs, sorted by fd, with the floor below: the same numbers "
        "for real training images. A run that python -m tinygan.evaluate has measured the same way "
        "is not measured again; where that was with --weights, --prior or --classes, it keeps "
        "these, and its row says so. ms/1000: what drawing 1,000 samples takes, the fastest of "
        "three times.",
        examples=("tinygan.compare runs/dcgan runs/vae runs/gmm",),
    )
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN", type=path, help="a run folder")
    add_protocol_options(parser)
    add("--csv", metavar="FILE", type=path, default="compare.csv", help="where to write the "
        "table (default compare.csv)")  # fmt: skip
    add("--figure", metavar="FILE.png", type=path, default="compare.png", help="where to "
        "draw a row of samples for each run (default compare.png)")  # fmt: skip
    return parser


def _check_files(csv, figure):
    if not figure.endswith(".png"):
        raise UserError(f"--figure {figure} should end in .png")
    for file in (csv, figure):
        check_folder(file)
    if Path(csv).resolve() == Path(figure).resolve():
        raise UserError(f"--csv and --figure both name {figure}: name two files")


def _measure_all(folders, args):
    """(evaluation, pictures) of each folder: as found, or measured now."""
    xp, say = backend.get(args.backend), printer(args.quiet)
    backend.set_tf32(xp, False)
    against = measured_against(args.n, args.seed, xp=xp, say=say, warn=printer())
    results = []
    for folder, found in [(run, comparison.kept(run, args.n, args.seed)) for run in folders]:
        say(f"{folder}: as evaluated before" if found else f"{folder}:")
        results.append(found or evaluate_run(
            folder, against, seed=args.seed, data_dir=args.data_dir, xp=xp, say=say
        ))  # fmt: skip
    return results


if __name__ == "__main__":
    exit_on_error(main, lower="--n")
