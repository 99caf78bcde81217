"""python -m benchmarks quality: the distance to real images against the minutes of training."""

import math
from pathlib import Path

import numpy as np

from benchmarks import courses, machine, report
from benchmarks.launches import random_images
from tinygan import backend, figures, recipes
from tinygan.cli import Parser, path, whole_number
from tinygan.evaluation.features import features_of
from tinygan.recipes.options import stored_options

MARKS = (1, 3, 10, 30, 60, 120)  # minutes of the table's columns


def main(argv):
    parser = Parser(
        prog="python -m benchmarks quality",
        usage="%(prog)s RUN [RUN …] [options]",
        description="Draw the Fréchet distance of runs, as their validation.csv has it, against "
        "the time of training on this machine's processor. An update of each run is timed here and "
        "now, so that runs can be compared that were trained on several machines or beside others.",
        examples=("benchmarks quality runs/dcgan runs/vae --plot quality.png",),
    )
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN", type=path, help="a run folder; config.json, "
        "metrics.csv and validation.csv are read")  # fmt: skip
    add("--rounds", type=whole_number(1), default=7, metavar="N", help="measurements (default 7)")
    add("--json", metavar="FILE", type=path, help="write the results to this file")
    add("--plot", metavar="FILE.png", type=path, help="draw the curves into this file")
    args = parser.parse_args(argv)
    report.check_files(args)
    curves = [courses.read(Path(run)) for run in args.runs]  # complains before the long work
    if len({Path(run).resolve().name for run in args.runs}) == len(args.runs):
        for found in curves:
            found["name"] = Path(found["name"]).resolve().name
    about = machine.describe(backend.get("numpy"), [])
    print(machine.line(about), "\n")
    for found in curves:
        found["update"] = _update(found.pop("config"), args.rounds)
        seconds = found["update"]["median"]
        found["minutes"] = [step * seconds / 60 for step in found["steps"]]
        report.say(f"{found['name']}: an update takes {report.milliseconds(found['update'])} ms")
    print(f"{_table(curves)}\n\nThe lowest distance in so many minutes, those of measuring it not "
          "counted; see train --fd-every. -: not trained so long.")  # fmt: skip
    report.write_files(args, "quality", [{"machine": about, "runs": curves}], _draw)
    return 0


def _update(config, rounds):
    """How long an update of a training like the run's takes, on as many images of noise."""
    recipe = recipes.get(config["recipe"])
    options = stored_options(recipe, config["options"], "config.json")
    images, labels = random_images(recipe, config["trained_on"]["images"])
    if recipe.model.keeps_best:  # of a conditional GAN the other classes do not train
        labels = np.resize(np.arange(10, dtype=np.uint8), len(images))
    training = recipe.new_training(options, 0, images, labels, features=features_of)
    updates = training.updates(0)
    return report.times(lambda: next(updates), rounds)


def _lowest(found, minutes):
    """The lowest distance up to so many minutes, as text."""
    pairs = zip(found["minutes"], found["fd"], strict=True)
    return f"{min((fd for at, fd in pairs if at <= minutes), default=np.nan):.1f}"


def _table(curves):
    head = ["", *(f"{minutes} min" for minutes in MARKS), "lowest", "after"]
    lines = [head]
    for found in sorted(curves, key=lambda found: min(found["fd"])):
        until = [
            "-"
            if minutes < found["minutes"][0] or _over(found, minutes)
            else _lowest(found, minutes)
            for minutes in MARKS
        ]
        best = int(np.argmin(found["fd"]))
        lines.append(
            [found["name"], *until, f"{found['fd'][best]:.1f}", f"{found['minutes'][best]:.0f} min"]
        )
    return report.table(lines)


def _over(found, minutes):
    """Whether the run had ended before: its last distance says nothing of such a time."""
    return minutes > 1.1 * found["minutes"][-1]


def _apart(heights, gap):
    """The heights, raised where they are less than `gap` above the next lower one."""
    raised, lowest = list(heights), -math.inf
    for i in sorted(range(len(heights)), key=heights.__getitem__):
        raised[i] = lowest = max(heights[i], lowest + gap)
    return raised


def _draw(file, results):
    with figures.new(file, (8, 5), dpi=110) as figure:
        axes = figure.subplots()
        runs = results[0]["runs"]
        for i, found in enumerate(runs):
            style, colour = ("-", "--", ":")[i // 10], f"C{i % 10}"
            axes.loglog(found["minutes"], found["fd"], style, color=colour, linewidth=1.2)
        right = 1.3 * max(found["minutes"][-1] for found in runs)
        axes.set_xlim(right=right)
        low, high = axes.get_ylim()
        heights = _apart([math.log(found["fd"][-1]) for found in runs], math.log(high / low) / 22)
        for i, (found, height) in enumerate(zip(runs, heights, strict=True)):
            end, name = (found["minutes"][-1], found["fd"][-1]), (right, math.exp(height))
            axes.plot(*zip(end, name, strict=True), ":", color=f"C{i % 10}", linewidth=0.6)
            axes.annotate(found["name"], name, (4, 0), textcoords="offset points",
                          fontsize="small", va="center", annotation_clip=False)  # fmt: skip
        report.plain_ticks(axes.xaxis)
        report.plain_ticks(axes.yaxis)
        axes.grid(alpha=0.3)
        axes.set_xlabel("minutes of training")
        axes.set_ylabel("Fréchet distance")
