"""python -m benchmarks step: a whole update of a recipe's networks, compared with PyTorch's.

A step of a GAN is one update of D and one of G, as in training/gan_loop.py: G draws, D learns from
real and drawn images, G learns through D. PyTorch does the same with autograd: G also draws once,
D sees real and drawn images in one pass where it can, and its parameters need no gradient in G's
half. For `ae`, a step is one update of encoder and decoder. All start from the same weights and get
the same batch and noise; each draws its own dropout. PyTorch is timed in several configurations,
and tinygan is compared with the fastest. The steps themselves are in workloads.py, torch_steps.py
and jax_twins.py.
"""

import functools
import statistics

from benchmarks import machine, report
from benchmarks.peers import HOW, PEERS, best_of, sides, usable
from benchmarks.workers import Worker, take_turns
from benchmarks.workloads import RECIPES, breakdown_workload, width_of
from tinygan.cli import Parser, whole_number
from tinygan.errors import UserError


def main(argv):
    parser = Parser(
        prog="python -m benchmarks step",
        description="Time one whole update of a recipe's networks, beside the same in PyTorch.",
        examples=(
            "benchmarks step --recipe dcgan --breakdown",
            "benchmarks step --json step.json --plot step.png",
        ),
    )
    add_sizes(parser)
    parser.add_argument("--breakdown", action="store_true", help="print the time of each layer")
    parser.add_argument("--plain", action="store_true", help="also time the plain functions, "
        "without nn/fast")  # fmt: skip
    report.add_options(parser, tuple(PEERS), tf32=True, default=("torch",), more=HOW)
    args = parser.parse_args(argv)
    report.check_files(args)
    check_width(args)
    found = report.installed(dict.fromkeys(args.peer))
    results = []
    for name, xp in report.backends(args.backend, args.tf32).items():
        peers = usable(name, found)
        about = machine.describe(xp, dict.fromkeys(map(report.package, peers)), args.tf32)
        rows, rates = [], [about["matmul_gflops"]]
        for recipe in args.recipe:
            rows.append(_measure(recipe, name, args, peers))
            rates.append(machine.matmul_rate(xp) / 1e9)
            report.say(f"{recipe}: measured")
        about["matmul_gflops"] = statistics.median(rates)
        for row in rows:
            row["share_of_limit"] = row["gflop_per_second"] / about["matmul_gflops"]
        print(machine.line(about), "\n")
        for row in rows if args.breakdown else []:
            print(f"{row['recipe']}\n{_breakdown_table(row)}\n")
        print(_table(rows, peers))
        results.append(
            {"machine": about, "backend": name, "batch_size": args.batch_size, "steps": rows}
        )
    report.write_files(args, "step", results, _plot)
    return 0


def check_width(args):
    """Check --width: UserError if no recipe has a width; those without one go to stderr."""
    fixed = [name for name in args.recipe if width_of(name, None) is None]
    if args.width is None or not fixed:
        return
    if len(fixed) == len(args.recipe):
        raise UserError(f"the sizes of {', '.join(fixed)} are fixed: leave --width out")
    report.say(f"the sizes of {', '.join(fixed)} are fixed: --width has no effect")


def _measure(recipe, backend_name, args, peers):
    """All figures of one recipe: a dict for the JSON file."""
    size = (recipe, args.batch_size, args.width, backend_name)
    how = {"plain": args.plain, "tf32": args.tf32}
    measured = {
        side: {
            "seconds": report.spread([r["step"] for r in rounds]),
            "memory": rounds[-1]["memory"],
        }
        for side, rounds in take_turns(sides(*size, peers, **how), args.rounds).items()
    }
    parts_of = {"breakdown": functools.partial(Worker, breakdown_workload, *size, tf32=args.tf32)}
    (where,) = take_turns(parts_of, rounds=1, warm_up=0)["breakdown"]
    gflop = sum(part["flops"] for part in where["parts"].values()) / 1e9
    seconds = measured["tinygan"]["seconds"]["median"]
    found = {
        "recipe": recipe,
        "width": width_of(recipe, args.width),
        "images_per_second": args.batch_size / seconds,
        "gflop": gflop,
        "gflop_per_second": gflop / seconds,
        "sides": measured,
        "breakdown": {"seconds": where["total"], "parts": where["parts"]},
    }
    best = {peer: best_of(peer, measured) for peer in peers}
    found["ratios"] = {peer: time / seconds for peer, (time, _) in best.items()}
    if "torch" in best:
        side = best["torch"][1]
        found |= {"best_peer": side, "ratio": found["ratios"]["torch"]}
        if measured[side]["memory"]:
            found["memory_ratio"] = measured["tinygan"]["memory"] / measured[side]["memory"]
    return found


def _table(rows, peers):
    # PyTorch as it stands has its columns also where it is left out; the others only where asked
    peers = list(dict.fromkeys(["torch", *peers]))
    head = ["", "images/s", "ms per step", "plain, ms"]
    for peer in peers:
        head += [f"{PEERS[peer]}, ms", "ratio"]
    lines = [[*head, "share of limit", "MB", "PyTorch, MB", "PyTorch's best"]]
    for row in rows:
        sides = row["sides"]
        mine, plain = sides["tinygan"], sides.get("tinygan, plain")
        torch = sides.get(row.get("best_peer"))
        line = [
            row["recipe"],
            f"{row['images_per_second']:.0f}",
            report.milliseconds(mine["seconds"]),
            report.milliseconds(plain["seconds"]) if plain else "-",
        ]
        for peer in peers:
            best = best_of(peer, sides)
            line += [
                report.milliseconds(sides[best[1]]["seconds"]) if best else "-",
                f"{row['ratios'][peer]:.2f}" if best else "-",
            ]
        line += [
            f"{row['share_of_limit']:.2f}",
            report.megabytes(mine["memory"]),
            report.megabytes(torch["memory"]) if torch else "-",
            row["best_peer"].removeprefix("torch, ") if torch else "-",
        ]
        lines.append(line)
    how = "Median and quartiles; ratio above 1: tinygan is faster. MB: peak minus start."
    return f"{report.table(lines)}\n\n{how}\n{report.LIMIT}"


def _breakdown_table(row):
    rows = [["", "ms", "GFLOP/s"]]
    for part, found in row["breakdown"]["parts"].items():
        rate = f"{found['flops'] / 1e9 / found['seconds']:.0f}" if found["flops"] else ""
        rows.append([f"  {part}", f"{1e3 * found['seconds']:.1f}", rate])
    rows.append(["  the step", f"{1e3 * row['breakdown']['seconds']:.1f}", ""])
    return report.table(rows)


def _plot(file, results):
    """Plot a step's time by kind of layer; with PyTorch, as a share of PyTorch's step."""
    rows, names = [], {"Conv2d": "convolutions", "ConvTranspose2d": "convolutions"}
    names |= {kind: kind for kind in ("Dense", "BatchNorm", "Adam")}
    beside = all("best_peer" in row for result in results for row in result["steps"])
    for result in results:
        for row in result["steps"]:
            unit = row["sides"][row["best_peer"]]["seconds"]["median"] if beside else 1e-3
            # one order for all, so that a kind's bars lie below each other
            kinds = dict.fromkeys([*names.values(), "the rest"], 0.0)
            for part in row["breakdown"]["parts"].values():
                kinds[names.get(part["kind"], "the rest")] += part["seconds"] / unit
            rows.append((row["recipe"] + report.on_gpu(result), kinds))
    label = "time of a step (1: PyTorch's)" if beside else "ms per step"
    report.bars(file, rows, label, line=1.0 if beside else None)


def add_sizes(parser):
    """--recipe, --batch-size and --width."""
    add = parser.add_argument
    add("--recipe", nargs="+", choices=RECIPES, default=list(RECIPES), metavar="NAME",
        help=f"which recipes (default all: {', '.join(RECIPES)})")  # fmt: skip
    add("--batch-size", type=whole_number(2), default=128, metavar="N", help="images in a "
        "batch (default 128)")  # fmt: skip
    add(
        "--width",
        type=whole_number(1),
        metavar="W",
        help="how wide the networks are (default: the recipe's)",
    )
