"""python -m benchmarks scaling: how the time of a step grows with batch size and width.

With --ranks, how it falls with the number of processes that share a batch: see ranks.py.
"""

import functools

import numpy as np

from benchmarks import machine, ranks, report
from benchmarks.workers import Worker, take_turns
from benchmarks.workloads import RECIPES, tinygan_workload, width_of
from tinygan import figures
from tinygan.cli import Parser, whole_number
from tinygan.errors import UserError


def main(argv):
    parser = Parser(
        prog="python -m benchmarks scaling",
        description="Time a step by batch size and by width, on each backend; or, with --ranks, by "
        "the number of processes that share a batch.",
        examples=(
            "benchmarks scaling --recipe dcgan --batch-size 32 64 128",
            "benchmarks scaling --ranks 1 2",
        ),
    )
    add = parser.add_argument
    add("--recipe", choices=RECIPES, default="dcgan", metavar="NAME", help="the recipe "
        "(default dcgan)")  # fmt: skip
    add("--batch-size", nargs="+", type=whole_number(2), metavar="N", help="sizes, at the first "
        "width (default 8 16 32 64 128 256; with --ranks the first counts, default 128)",
    )  # fmt: skip
    add("--width", nargs="+", type=whole_number(1), metavar="W", help="widths, at the second "
        "largest batch (default 16 8 32 64; with --ranks the first counts, by default the "
        "recipe's own)",
    )  # fmt: skip
    add("--ranks", nargs="+", type=whole_number(1), metavar="P", help="instead, time so many "
        "processes that mpiexec starts, beside 1 and beside one process with all threads: one "
        "batch for all of them, and one for each; and project GPUs")  # fmt: skip
    report.add_options(parser, peers=(), rounds=7, tf32=True)
    args = parser.parse_args(argv)
    report.check_files(args)
    if args.ranks:
        batch_size, width = (args.batch_size or [128])[0], (args.width or [None])[0]
        return ranks.measure(args, args.recipe, batch_size, width)
    args.batch_size = args.batch_size or [8, 16, 32, 64, 128, 256]
    args.width = args.width or [16, 8, 32, 64]
    if width_of(args.recipe, None) is None:
        others = [name for name in RECIPES if width_of(name, None) is not None]
        raise UserError(
            f"the sizes of {args.recipe} are fixed: choose a recipe with a width, one of "
            + ", ".join(others)
        )
    results = []
    for name, xp in report.backends(args.backend, args.tf32).items():
        about = machine.describe(xp, [], args.tf32)
        print(machine.line(about), "\n")
        batches = sorted(args.batch_size)
        middle = batches[-2] if len(batches) > 1 else batches[0]
        by_batch = [(n, args.width[0]) for n in batches]
        by_width = [(middle, w) for w in sorted(args.width)]
        times = _times(args, name, dict.fromkeys(by_batch + by_width))
        by_batch, by_width = ([times[size] for size in sizes] for sizes in (by_batch, by_width))
        print(_table(by_batch + by_width), "\n")
        results.append({"machine": about, "backend": name, "recipe": args.recipe,
                        "by_batch": by_batch, "by_width": by_width})  # fmt: skip
    report.write_files(args, "scaling", results, _plot)
    return 0


def _times(args, backend_name, sizes):
    """(batch size, width) -> dict(batch_size, width, seconds), for each of the sizes."""
    sides = {
        size: functools.partial(
            Worker, tinygan_workload, args.recipe, *size, backend_name, tf32=args.tf32
        )
        for size in sizes
    }
    return {
        (batch_size, width): {
            "batch_size": batch_size,
            "width": width,
            "seconds": report.spread([measured["step"] for measured in rounds]),
        }
        for (batch_size, width), rounds in take_turns(sides, args.rounds).items()
    }


def _table(points):
    lines = [["", "ms per step", "images/s"]]
    for point in points:
        lines.append([
            f"width {point['width']}, batch {point['batch_size']}",
            report.milliseconds(point["seconds"]),
            f"{point['batch_size'] / point['seconds']['median']:.0f}",
        ])  # fmt: skip
    return report.table(lines)


def _plot(file, results):
    """Plot milliseconds by batch size and by width, with lines of linear and quadratic cost."""
    with figures.new(file, (9, 3.6), dpi=130) as figure:
        _draw(figure, results)


def _draw(figure, results):
    from matplotlib.ticker import LogLocator

    left, right = figure.subplots(1, 2)
    for axes, key, size, power, cost in (
        (left, "by_batch", "batch_size", 1, "linear cost"),
        (right, "by_width", "width", 2, "quadratic cost"),
    ):
        for result in results:
            points = result[key]
            x = np.array([point[size] for point in points], float)
            y = 1e3 * np.array([point["seconds"]["median"] for point in points])
            label = {"numpy": "CPU", "cupy": "GPU"}[result["backend"]]
            axes.plot(x, y, "o-", label=label, ms=4)
            if result is results[0]:
                line = y[-1] * (x / x[-1]) ** power  # through the last point
                axes.plot(x, line, color="grey", linewidth=0.8, linestyle=":", label=cost)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xticks(x, [f"{value:g}" for value in x])
        low, high = axes.get_ylim()
        axes.yaxis.set_major_locator(
            LogLocator(subs=(1, 2, 5) if high > 10 * low else range(1, 10))
        )
        axes.yaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        axes.set_ylabel("ms per step")
        axes.legend(frameon=False)
    first = results[0]
    left.set_xlabel(f"images in a batch (width {first['by_batch'][0]['width']})")
    right.set_xlabel(f"width (batch of {first['by_width'][0]['batch_size']})")
    networks = "encoder and decoder" if first["recipe"] == "ae" else "D and G"
    left.set_title(f"{first['recipe']}: one update of {networks}", loc="left")
