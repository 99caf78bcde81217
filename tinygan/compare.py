"""python -m tinygan.compare RUN RUN …: one table of all runs, and a row of samples of each."""

import csv
import functools
import io
from pathlib import Path

from tinygan import backend, plots, recipes
from tinygan.cli import Parser, exit_on_error, path
from tinygan.errors import UserError
from tinygan.evaluate import (
    add_protocol_options,
    check_folder,
    data_words,
    evaluate_run,
    explanation,
    shown,
    to_stderr,
    warn_of_few,
)
from tinygan.evaluation import protocol
from tinygan.evaluation.features import extractor_for
from tinygan.evaluation.result import MEANINGS, file_sha256, read_evaluation
from tinygan.files import reason, write_text
from tinygan.runs.config import read_config
from tinygan.runs.log import duration

FLOOR = "real training images"  # what the floor's row is called


def main(argv=None):
    parser = Parser(
        prog="python -m tinygan.compare",
        usage="%(prog)s RUN [RUN …] [options]",
        description="One table of all runs, sorted by fd, with the floor below: the same numbers "
        "for real training images. A run that python -m tinygan.evaluate has measured the same way "
        "is not measured again; where that was with --prior or --classes, it keeps these, and its "
        "row says so. ms/1000: what drawing 1,000 samples takes, the fastest of three times.",
    )
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN", type=path, help="run folders")
    add_protocol_options(parser)
    add("--csv", metavar="FILE", type=path, default="compare.csv", help="the table (default "
        "compare.csv)")  # fmt: skip
    add("--figure", metavar="FILE.png", type=path, default="compare.png", help="a row of samples "
        "for each run (default compare.png)")  # fmt: skip
    args = parser.parse_args(argv)
    if not args.figure.endswith(".png"):
        raise UserError(f"--figure {args.figure} should end in .png")
    for file in (args.csv, args.figure):
        check_folder(file)
    if Path(args.csv).resolve() == Path(args.figure).resolve():
        raise UserError(f"--csv and --figure both name {args.figure}: name two files")
    runs = {Path(run).resolve(): Path(run) for run in reversed(args.runs)}  # each once
    folders = list(reversed(runs.values()))
    for folder in folders:  # before the long work
        recipe = recipes.get(read_config(folder)["recipe"])
        if recipe.name == "classifier":
            raise UserError(f"{folder} is of the recipe classifier, which draws no images")

    results = _measure_all(folders, args)
    names = _names(folders, results)
    groups = {}
    for name, (evaluation, pictures) in zip(names, results, strict=True):
        how = evaluation["protocol"]
        key = str([how["test_sha256"], how["classes"], how["n"]])
        groups.setdefault(key, []).append((name, evaluation, pictures))
    for group in groups.values():
        group.sort(key=lambda row: row[1]["metrics"]["fd"])

    if len(groups) > 1:
        print("These runs draw different things, which cannot be compared: one table for each.\n")
    for group in groups.values():
        how = group[0][1]["protocol"]
        print(f"{how['n']:,} samples against {how['n']:,} images of {data_words(how)}\n")
        print(_table(group))
        print(f"\n{explanation(how)}\n")
    try:
        write_text(args.csv, _csv(groups.values()))
        plots.labelled_rows(args.figure, _rows_of_samples(groups.values()))
    except OSError as error:
        raise UserError(f"cannot write {error.filename}: {reason(error)}") from None
    print(f"written: {args.csv}, {args.figure}")
    return 0


def _measure_all(folders, args):
    """(evaluation, pictures) of each folder: as found, or measured now."""
    xp, say = backend.get(args.backend), to_stderr(args.quiet)

    @functools.cache  # runs on the same data share all this
    def measured_against(name, **how):
        reference = protocol.build(name, args.n, args.seed, xp=xp, say=say, **how)
        warn_of_few(reference)
        return reference, protocol.floor(reference, say=say)

    results = []
    for folder, found in [(folder, _kept(folder, args)) for folder in folders]:
        if found:
            say(f"{folder}: as evaluated before")
        else:
            say(f"{folder}:")
            found = evaluate_run(
                folder, measured_against, seed=args.seed, data_dir=args.data_dir, xp=xp, say=say
            )
        results.append(found)
    return results


def _kept(folder, args):
    """What read_evaluation finds, if it holds; None when the run is to be measured.

    UserError when it cannot be: its checkpoint is gone, as where a folder is kept for its numbers.
    """
    found = read_evaluation(folder)
    if found and _still_holds(folder, found[0], args):
        return found
    if (folder / "checkpoint.npz").exists() or not (folder / "evaluation.json").exists():
        return None
    what = "its evaluation is damaged, or of another state of the run or the data: train it again"
    how = found[0]["protocol"] if found else {"asked": args.n, "seed": args.seed}
    if (how["asked"], how["seed"]) != (args.n, args.seed):
        was = f"--n {how['asked']} --seed {how['seed']}"
        what = f"it was evaluated with {was}: ask for these, or train it again"
    raise UserError(f"{folder} has no checkpoint any more, and {what}")


def _still_holds(folder, evaluation, args):
    """Whether an evaluation is of this run as it is now, by the protocol that is asked for.

    A run whose checkpoint is gone is what it was.
    """
    config, how = read_config(folder), evaluation["protocol"]
    checkpoint = folder / "checkpoint.npz"
    wanted = protocol.SETTINGS | {
        "asked": args.n,
        "seed": args.seed,
        "train_sha256": config["trained_on"]["sha256"],
    }
    return (
        all(how.get(name) == value for name, value in wanted.items())
        and how["extractor"]["sha256"] == extractor_for(how["image_shape"]).sha256
        and (evaluation["recipe"], evaluation["options"]) == (config["recipe"], config["options"])
        and (not checkpoint.exists() or file_sha256(checkpoint) == evaluation["checkpoint_sha256"])
    )


def _names(folders, results):
    """What each run is called: its recipe, and its folder where that says more."""
    plain = [folder.resolve().name for folder in folders]
    names = []
    for folder, name, (evaluation, _) in zip(folders, plain, results, strict=True):
        recipe = evaluation["recipe"]
        if plain.count(name) > 1:
            name = str(folder)
        prior, classes = evaluation["prior"], evaluation["protocol"]["classes"]
        own, drawn = evaluation["options"], ""
        if prior != own.get("prior"):
            drawn += f" --prior {prior}"
        if classes is not None and (asked := ",".join(map(str, classes))) != own.get("classes"):
            drawn += f" --classes {asked}"
        names.append((recipe if name == recipe else f"{recipe} ({name})") + drawn)
    return names


def _table(group):
    """The rows of one table, the floor last, in columns that line up."""
    metrics = [m for m in MEANINGS if any(m in row[1]["metrics"] for row in group)]
    rows = [["", "parameters", "updates", "training", "ms/1000", *metrics]]
    for name, evaluation, _ in group:
        seconds = evaluation["training_seconds"]
        rows.append([
            name,
            f"{evaluation['parameters']:,}",
            f"{evaluation['updates']:,}",
            "-" if seconds is None else duration(seconds),
            f"{evaluation['ms_per_1000']:.0f}",
            *(shown(metric, evaluation["metrics"]) for metric in metrics),
        ])  # fmt: skip
    floor = group[0][1]["floor"]
    rows.append([FLOOR, "", "", "", "", *(shown(metric, floor) for metric in metrics)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([f"{first:<{widths[0]}}", *cells]))
    return "\n".join(lines)


def _csv(groups):
    """All tables as one CSV: each row names its data. class_counts: what samples are taken for."""
    metrics = [*MEANINGS, "kid_std", "bins"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        "name recipe data split classes n seed extractor_sha256 class_counts parameters "
        "trained_parameters updates training_seconds ms_per_1000".split()
        + metrics
    )
    for group in groups:
        how, floor = group[0][1]["protocol"], group[0][1]["floor"]
        of = [how["data"], how["split"], _spaced(how["classes"] or []), how["n"], how["seed"]]
        of.append(how["extractor"]["sha256"])
        for name, evaluation, _ in group:
            facts = [
                evaluation["parameters"],
                sum(evaluation["weights"].values()),
                evaluation["updates"],
                evaluation["training_seconds"],
                evaluation["ms_per_1000"],
            ]
            numbers = facts + [evaluation["metrics"].get(metric) for metric in metrics]
            counts = _spaced(evaluation["metrics"]["classes"])
            writer.writerow([name, evaluation["recipe"], *of, counts, *map(_digits, numbers)])
        numbers = [None] * 5 + [floor.get(metric) for metric in metrics]
        writer.writerow([FLOOR, "", *of, _spaced(floor["classes"]), *map(_digits, numbers)])
    return text.getvalue()


def _spaced(numbers):
    return " ".join(map(str, numbers))


def _digits(number):
    if isinstance(number, float):
        return f"{number:.6g}"
    return "" if number is None else str(number)


def _rows_of_samples(groups):
    rows = []
    groups = list(groups)
    for group in groups:
        for name, evaluation, pictures in group:
            against = f" against {data_words(evaluation['protocol'])}" * (len(groups) > 1)
            fd = f"fd {shown('fd', evaluation['metrics'])}{against}"
            rows.append((f"{name}   {fd}", pictures["samples"]))
        rows.append((f"real images of {data_words(evaluation['protocol'])}", pictures["real"]))
    return rows


if __name__ == "__main__":
    exit_on_error(main)
