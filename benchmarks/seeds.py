"""python -m benchmarks seeds: the distance to real images of runs that differ by their seeds."""

import itertools
import statistics
from pathlib import Path

from benchmarks import courses, report
from tinygan import figures, recipes
from tinygan.cli import Parser, flag, path, whole_number
from tinygan.errors import UserError
from tinygan.recipes.options import stored_options
from tinygan.runs.config import LEARNING_RATES

MARKS = (1, 2, 3, 4, 6, 10, 20, 30, 50, 100, 150, 200)  # epochs of the table, where not named


def main(argv):
    parser = Parser(
        prog="python -m benchmarks seeds",
        usage="%(prog)s RUN [RUN …] [options]",
        description="Group runs that differ by nothing but their seeds, and show the mean of their "
        "Fréchet distances, as validation.csv has them, with the lowest and the highest.",
        examples=("benchmarks seeds runs/a-0 runs/a-1 runs/b-0 runs/b-1 --plot seeds.png",),
    )
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN", type=path, help="a run folder; config.json, "
        "metrics.csv and validation.csv are read")  # fmt: skip
    add("--epochs", nargs="+", type=whole_number(1), metavar="N", help="the epochs of the table")
    add("--json", metavar="FILE", type=path, help="write the results to this file")
    add("--plot", metavar="FILE.png", type=path, help="draw the curves into this file")
    args = parser.parse_args(argv)
    report.check_files(args)
    groups = _groups([courses.read(Path(run)) for run in args.runs])
    print(_table(groups, args.epochs))
    print("\nThe mean of the seeds' distances, in brackets the lowest and the highest; of how many "
          "seeds, where not of all.")  # fmt: skip
    report.write_files(args, "seeds", groups, _draw)
    return 0


def _groups(found):
    """A dict(name, seeds, epochs, steps, fd, lowest) for each kind of run.

    epochs, steps: those that any seed has a distance after. fd: a list of these for each seed, None
    where it has none. lowest: of all distances of each seed that has the last.
    """
    kinds = {}
    for course in found:
        kinds.setdefault(_kind(course), []).append(course)
    groups = []
    for kind, runs in kinds.items():
        seeds = [run["config"]["seed"] for run in runs]
        if len(set(seeds)) < len(seeds):
            folders = ", ".join(run["name"] for run in runs)
            raise UserError(f"two of these runs have the same settings and seed: {folders}")
        distances = [dict(zip(run["epochs"], run["fd"], strict=True)) for run in runs]
        steps = {}
        for run in runs:
            steps |= zip(run["epochs"], run["steps"], strict=True)
        epochs = sorted(steps)
        groups.append({
            "name": " ".join([kind[0], *_differing(kind, kinds)]),
            "seeds": seeds,
            "epochs": epochs,
            "steps": [steps[epoch] for epoch in epochs],
            "fd": [[row.get(epoch) for epoch in epochs] for row in distances],
            "lowest": [min(run["fd"]) for run in runs if run["epochs"][-1] == epochs[-1]],
        })  # fmt: skip
    return groups


def _kind(course):
    """(recipe, words, …): what a run learned from and how, but for its seed. The words are those of
    its command line where there are some.
    """
    config, recipe = course["config"], recipes.get(course["recipe"])
    options = stored_options(recipe, config["options"], "config.json")
    words = [f"--data {config['data']}"] if config["data"] != recipe.data else []
    words += [f"--limit {config['limit']}"] if config["limit"] is not None else []
    words += ["--tf32"] if config["tf32"] else []
    words += [f"on {config['trained_on']['sha256'][:8]}"]
    rates = [change for change in config["changes"] if change.get("what") in LEARNING_RATES]
    words += [f"from step {one.get('step')} {flag(one['what'])} {one.get('now')}" for one in rates]
    for name, value in options.items():
        if value != recipe.options.get(name):
            words.append(flag(name) if value is True else f"{flag(name)} {value}")
    return course["recipe"], *words


def _differing(kind, kinds):
    """The words of this kind that not all kinds of its recipe have."""
    same = [set(other[1:]) for other in kinds if other[0] == kind[0]]
    return [word for word in kind[1:] if not all(word in others for others in same)]


def _table(groups, epochs):
    every = sorted(set(itertools.chain(*(group["epochs"] for group in groups))))
    epochs = epochs or [epoch for epoch in every if epoch in MARKS or epoch == every[-1]]
    lines = [["", "seeds", *(f"epoch {epoch}" for epoch in epochs), "lowest"]]
    for group in groups:
        of_epoch = dict(zip(group["epochs"], zip(*group["fd"], strict=True), strict=True))
        cells = [_cell(of_epoch.get(epoch, ())) for epoch in epochs]
        ended = len(group["seeds"]) - len(group["lowest"])  # before the others
        cells.append(_cell([*group["lowest"], *[None] * ended]))
        lines.append([group["name"], str(len(group["seeds"])), *cells])
    return report.table(lines)


def _cell(of_seeds):
    """Mean, lowest and highest of the seeds that have a value, and how many where not all have."""
    values = [value for value in of_seeds if value is not None]
    if not values:
        return "-"
    text = f"{statistics.mean(values):.1f}"
    if len(values) > 1:
        text += f" ({min(values):.1f} to {max(values):.1f})"
    return text if len(values) == len(of_seeds) else f"{text}, {len(values)} of {len(of_seeds)}"


def _draw(file, groups):
    with figures.new(file, (8, 4.5), dpi=110) as figure:
        axes = figure.subplots()
        for group in groups:
            rows = zip(group["steps"], *group["fd"], strict=True)
            whole = [row for row in rows if None not in row]  # of all seeds
            steps, fd = [row[0] for row in whole], [row[1:] for row in whole]
            means = [statistics.mean(values) for values in fd]
            (line,) = axes.semilogy(steps, means, linewidth=1.2, label=group["name"])
            low, high = [min(values) for values in fd], [max(values) for values in fd]
            axes.fill_between(steps, low, high, color=line.get_color(), alpha=0.2, lw=0)
        report.plain_ticks(axes.yaxis)
        axes.grid(alpha=0.3)
        axes.set_xlabel("updates, as far as all seeds of a row go")
        axes.set_ylabel("Fréchet distance")
        axes.legend(frameon=False, fontsize="small")
