"""python -m benchmarks scaling --ranks: how much faster several processes train than one.

The processes ("ranks") are started by mpiexec, with one thread each, and make a training's own
updates of random images (one_rank.py). Strong scaling: the images of a batch are divided among P
ranks. Weak scaling: each has as many. All are measured in turns, each time in new processes:
1 rank, 2 ranks, …, one process with a thread on each core, and again. What was not at hand, GPUs
and networks, is projected (projection.py).
"""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import tinygan
from benchmarks import machine, projection, report
from benchmarks.workloads import width_of
from tinygan import figures
from tinygan.errors import RunError, UserError

STEPS = 8  # that are timed, in each turn
REPEATS = 30  # of the exchange of an array, in each turn
PROCESS = "one process"  # with a thread on each core, and without MPI
_SPEED = (
    "Median and quartiles of {} steps each. strong: the batch is divided among the ranks;\n"
    "weak: each has a batch of its own."
)
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS")


def measure(args, recipe, batch_size, width):
    """Measure, print the tables, write the files of --json and --plot. args: those of scaling."""
    ranks = sorted({1, *args.ranks})
    _check(args, ranks, recipe, batch_size, width)
    about = machine.describe(np, [])
    print(machine.line(about), "\n")
    training = {"recipe": recipe, "batch_size": batch_size, "width": width}
    rows, exchanges = _rows(training, ranks, args.rounds)
    scaling = [row for row in rows if row["kind"] != "share"]
    print(f"{_speed_table(scaling)}\n\n{_SPEED.format(len(rows[0]['all']))}\n")
    print(f"{_bytes_table(scaling)}\n")
    result = {
        "machine": about,
        "backend": "numpy",
        **training,
        "width": width_of(recipe, width),
        "rows": [{name: row[name] for name in row if name != "all"} for row in rows],
    }
    if exchanges:
        result |= _projected(result, exchanges)
        print(_model_text(result))
    report.write_files(args, "scaling", [result], _plot)
    return 0


def launcher():
    """The path of mpiexec. Raises UserError where it or mpi4py is missing."""
    beside = os.path.dirname(sys.executable)
    found = shutil.which("mpiexec", path=beside) or shutil.which("mpiexec")
    for name, there in (("mpi4py", find_spec("mpi4py")), ("mpiexec", found)):
        if not there:
            raise UserError(f"--ranks needs {name}, which is not installed: pip install "
                            "'tinygan[mpi]'")  # fmt: skip
    return found


def _check(args, ranks, recipe, batch_size, width):
    launcher()
    if args.backend != ["numpy"]:
        raise UserError("--ranks measures processors: leave --backend out")
    if width is not None and width_of(recipe, None) is None:
        raise UserError(f"the sizes of {recipe} are fixed: leave --width out")
    for count in ranks:
        if batch_size % count or batch_size < 2 * count:
            raise UserError(
                f"a batch of {batch_size} cannot be split evenly over {count} ranks, with two "
                f"images or more for each: --batch-size {count * max(2, batch_size // count)} can"
            )


def _rows(training, ranks, rounds):
    """(rows for the JSON file, what was measured of exchanges alone, or None)."""
    n = training["batch_size"]
    sides = {("strong", 1): n, (PROCESS, 1): n}
    sides |= {("strong", count): n for count in ranks[1:]}
    sides |= {("weak", count): n * count for count in ranks[1:]}
    sides |= {("share", count): n // count for count in ranks[1:]}  # one rank alone, for the model
    found, exchanges = {side: [] for side in sides}, []
    for i in range(rounds):
        for (kind, count), images in sides.items():
            how = {"work": "train", **training, "batch_size": images, "steps": STEPS}
            processes = {PROCESS: None, "share": 1}.get(kind, count)
            found[kind, count].append(_run(processes, how))
        if ranks[1:]:
            exchanges.append(_run(2, {"work": "exchange", "repeats": REPEATS}))
        report.say(f"round {i + 1} of {rounds}: measured")
    for note in dict.fromkeys(turn["note"] for turns in found.values() for turn in turns):
        if note:
            report.say(note)
    rows = [_row(*side, sides[side], turns) for side, turns in found.items()]
    one, process = (_rate(rows, *side) for side in (("strong", 1), (PROCESS, 1)))
    for row in rows:
        row["speed_up"] = row["images_per_second"] / one
        row["to_process"] = row["images_per_second"] / process
    return rows, exchanges


def _row(kind, count, images, turns):
    seconds = [value for turn in turns for value in turn["seconds"]]
    spread, exchanges = report.spread(seconds), turns[-1]["exchanges"]
    return {
        "kind": kind,
        "ranks": 1 if kind == "share" else count,
        "threads": turns[-1]["threads"],
        "images": images,
        "all": seconds,
        "seconds": spread,
        "images_per_second": images / spread["median"],
        "waited": np.median([turn["waited"] for turn in turns], axis=0).tolist(),
        "exchanges": exchanges,
        "ring": projection.moved(count, exchanges["gradients"]),
        "least": projection.moved(count, turns[-1]["parameters"]),
    }


def _rate(rows, kind, count):
    (row,) = (row for row in rows if (row["kind"], row["ranks"]) == (kind, count))
    return row["images_per_second"]


def _run(processes, how):
    """What so many ranks have measured. processes: None for one process without MPI."""
    command = [sys.executable, "-m", "benchmarks.one_rank"]
    start = [] if processes is None else [launcher(), "-n", str(processes)]
    home = str(Path(tinygan.__file__).parent.parent)  # so that this tinygan is imported
    paths = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
    env = {name: value for name, value in os.environ.items() if name not in THREADS}
    done = subprocess.run(
        [*start, *command, json.dumps(how | {"mpi": bool(start)})],
        capture_output=True,
        text=True,
        env=env | {"PYTHONPATH": paths},
    )
    if done.returncode:
        of = "one process" if processes is None else f"mpiexec -n {processes}"
        raise RunError(f"{of} failed: {_why(done.stderr)}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def _why(errors):
    """The line that says why ranks have failed; MPI adds its own that they have."""
    lines = [line for line in errors.splitlines() if line and not line.startswith("Abort(")]
    said = [line.removeprefix("tinygan: ") for line in lines if line.startswith("tinygan: ")]
    return (said[:1] or lines[-1:] or ["it has not said why"])[0]


def _projected(result, exchanges):
    """exchanges, constants, model and projection, for the JSON file."""
    sizes = exchanges[0]["sizes"]
    seconds = np.median([turn["seconds"] for turn in exchanges], axis=0)
    constants = projection.fit(sizes, seconds)
    known = {"exchanges": {"sizes": sizes, "seconds": seconds.tolist()}}
    known["constants"] = constants._asdict()
    rows, n = result["rows"], result["batch_size"]
    alone = {row["images"]: row["seconds"]["median"] for row in rows
             if row["kind"] == "share" or (row["kind"], row["ranks"]) == ("strong", 1)}  # fmt: skip
    several = next(row["exchanges"] for row in rows if row["ranks"] > 1)
    size = several["gradients"] + several["other"]
    count = several["count"] + 1  # in one more, rank 0 asks the others for the update

    def work(compute):
        return projection.Work(compute, count, size)

    here, networks = work(projection.line_through(alone)), projection.NETWORKS
    measured = work(lambda images: alone[images])
    known["model"] = [
        {"kind": row["kind"], "ranks": row["ranks"], "measured": row["seconds"]["median"],
         "seconds": projection.step(measured, row["ranks"], row["images"] // row["ranks"], None,
                                    constants)}
        for row in rows if row["ranks"] > 1
    ]  # fmt: skip
    kinds = {"rank as here": (here, networks)}
    gpu = projection.gpu(result["recipe"], result["width"])
    if gpu is not None:
        kinds["H100"] = (work(gpu), (projection.NVLINK, *networks))
        known["curves"] = _curves(*kinds["H100"], n, projection.constants_of("H100", constants))
    known["projection"] = projection.project(kinds, n, constants)
    return known


def _curves(work, links, batch_size, constants):
    """What the plot shows: a list of dict(mark, link, ranks, strong, weak), of speed-ups."""
    curves = []
    for link in links:
        counts = [2**k for k in range(link.ranks.bit_length())]
        points = [projection.scaled(work, batch_size, p, link, constants) for p in counts]
        speed_ups = {
            kind: [point[kind]["speed_up"] for point in points if point[kind]]
            for kind in ("strong", "weak")
        }
        curves.append({"mark": projection.MARK, "link": link.name, "ranks": counts} | speed_ups)
    return curves


def _name(row):
    if row["kind"] == PROCESS or row["ranks"] == 1:
        threads = f"{row['threads']} thread{'s' * (row['threads'] > 1)}"
        return f"{PROCESS if row['kind'] == PROCESS else '1 rank'}, {threads}"
    return f"{row['ranks']} ranks, {row['kind']}"


def _speed_table(rows):
    lines = [["", "images", "ms per step", "images/s", "× 1 rank", "× one process"]]
    for row in rows:
        lines.append([
            _name(row),
            str(row["images"]),
            report.milliseconds(row["seconds"]),
            f"{row['images_per_second']:.0f}",
            f"{row['speed_up']:.2f}",
            f"{row['to_process']:.2f}",
        ])  # fmt: skip
    return report.table(lines)


def _bytes_table(rows):
    head = ["bytes per step", "gradients", "others", "ring, out of each", "the least possible"]
    lines = [[*head, "exchanges", "share of the time"]]
    for row in rows:
        if row["ranks"] == 1:
            continue
        low, high = 100 * min(row["waited"]), 100 * max(row["waited"])
        lines.append([
            _name(row),
            f"{row['exchanges']['gradients']:,}",
            f"{row['exchanges']['other']:,}",
            f"{row['ring']:,.0f}",
            f"{row['least']:,.0f}",
            str(row["exchanges"]["count"]),
            f"{low:.1f} to {high:.1f} %",
        ])  # fmt: skip
    if len(lines) == 1:
        return "One rank exchanges nothing."
    return (
        f"{report.table(lines)}\n\ngradients, others: given to exchanges by each rank. ring: 2 "
        "(P − 1)/P of the gradients' bytes.\nleast possible: that of the parameters' bytes. "
        "share: of the rank that waits least, and most."
    )


def _model_text(result):
    a, b = result["constants"]["a"], result["constants"]["b"]
    lines = [["", "the model, ms", "measured, ms", "model / measured"]]
    for row in result["model"]:
        both = [f"{1e3 * row[name]:.4g}" for name in ("seconds", "measured")]
        lines.append([_name(row), *both, f"{row['seconds'] / row['measured']:.2f}"])
    text = (
        "The model of projection.py, its two constants fitted to exchanges between 2 ranks here: "
        f"a = {1e6 * a:.1f} µs per turn,\nb = {1e9 * b:.2f} ns per byte "
        f"({1e-9 / b if b else float('inf'):.1f} GB/s)\n\n{report.table(lines)}\n\n"
    )
    mark, n = projection.MARK, result["batch_size"]
    head = [f"{mark}:", "ranks", "latency, µs", "GB/s", f"ms, {n} in all", "× 1 rank"]
    lines = [[*head, f"ms, {n} on each", "× 1 rank"]]
    for row in result["projection"]:
        cells = []
        for found in (row["strong"], row["weak"]):
            if found is None:
                cells += ["-", "-"]
            else:
                cells += [f"{1e3 * found['seconds']:.3g}", f"{found['speed_up']:.1f}"]
        facts = [str(row["ranks"]), f"{1e6 * row['latency']:g}", f"{row['speed'] / 1e9:g}"]
        lines.append([f"{row['of']}, {row['link']}", *facts, *cells])
    text += f"{report.table(lines)}\n\nSpeeds of links are their makers', latencies are assumed. "
    if any(row["of"] == "H100" for row in result["projection"]):
        return text + f"An H100's own step is the projection in {projection.GPU_STEPS.name}."
    where = f"{result['recipe']} at width {result['width']}"
    return f"{text}No GPU's step: {projection.GPU_STEPS.name} has none of {where}."


def _plot(file, results):
    """Left: the speed-ups that were measured. Right: those of GPUs, a projection."""
    with figures.new(file, (10, 4), dpi=130) as figure:
        left, right = figure.subplots(1, 2)
        _draw_measured(left, results[0])
        _draw_projected(right, results[0])


def _draw_measured(axes, result):
    rows = result["rows"]
    (one,) = (row for row in rows if (row["kind"], row["ranks"]) == ("strong", 1))
    (process,) = (row for row in rows if row["kind"] == PROCESS)
    for kind, style in (("weak", "s--"), ("strong", "o-")):
        points = [one, *(row for row in rows if row["kind"] == kind and row["ranks"] > 1)]
        of = f"{kind}: {result['batch_size']} images {'in all' if kind == 'strong' else 'on each'}"
        counts = [row["ranks"] for row in points]
        axes.plot(counts, [row["speed_up"] for row in points], style, label=of)
    axes.plot(counts, counts, ":", color="0.5", label="P times")
    threads = process["threads"]
    axes.axhline(process["speed_up"], color="C3", linewidth=0.8,
                 label=f"one process, {threads} thread{'s' * (threads > 1)}")  # fmt: skip
    axes.set_xticks(counts)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("ranks P, with one thread each")
    axes.set_ylabel("images/s, times those of 1 rank")
    axes.set_title(f"{result['recipe']}, width {result['width']}: measured", loc="left")
    axes.legend(frameon=False, fontsize="small")


def _draw_projected(axes, result):
    curves = result.get("curves", [])
    axes.set_title(f"GPUs: {projection.MARK}", loc="left")
    if not curves:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "nothing was projected for these sizes", ha="center")
        return
    for i, curve in enumerate(curves):
        axes.loglog(curve["ranks"], curve["weak"], "s--", ms=3, color=f"C{i}")
        strong = curve["strong"]
        counts = curve["ranks"][: len(strong)]
        axes.loglog(counts, strong, "o-", ms=3, color=f"C{i}", label=curve["link"])
    counts = max((curve["ranks"] for curve in curves), key=len)
    axes.loglog(counts, counts, ":", color="0.5", label="P times")
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    n = result["batch_size"]
    axes.set_xlabel(f"H100s P (full: {n} images in all, dashed: {n} on each)")
    axes.set_ylabel("images/s, times those of one")
    axes.legend(frameon=False, fontsize="small")
