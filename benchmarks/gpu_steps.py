"""A step on the card: its time beside PyTorch's, and what it launches and copies."""

import functools
import json
import os
import statistics
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from benchmarks import peers, report, strict, torch_steps
from benchmarks.launches import counted, training_step
from benchmarks.workers import take_turns
from tinygan import backend

PRECISIONS = {"float32": False, "TF32": True}  # name: what backend.set_tf32 is told
RECIPES = ("dcgan", "dcgan-faces", "dcgan-cifar10", "gan-dense-1", "ae", "cgan")
COMPILED = (RECIPES[:1], RECIPES[1:2], RECIPES[2:3], RECIPES[3:])  # compiled at the same time
FEW = 8  # images of a step that is only counted; sums over many rows take some launches more


def steps(args, save):
    """The part: tinygan, PyTorch as it stands and as a graph; NumPy; and last PyTorch compiled."""
    names, batch, width, rounds = RECIPES, 128, None, 10
    if args.small:
        names, batch, width, rounds = ("ae",), 4, 2, 1
    found = {"batch_size": batch, "steps": {name: {} for name in names}, "failed": {}}
    installed = find_spec("torch") is not None
    real = args.device == "cupy"
    eager = (["torch"] + ["torch-graph"] * real) * installed

    def measure(sides, **how):
        """Measure sides, named (recipe, precision, side); one that fails is named in `failed`."""
        failed = {}
        for (recipe, precision, side), taken in take_turns(sides, failed=failed, **how).items():
            row = found["steps"][recipe].setdefault(precision, {})
            row[side] = report.spread([one["step"] for one in taken])
            row[side]["memory"] = taken[-1]["memory"]
            print(f"{recipe}, {precision}, {side}: {report.milliseconds(row[side])} ms", flush=True)
        for names_of, why in failed.items():
            found["failed"][", ".join(names_of)] = why.strip().splitlines()[-1][:300]
            print(f"{', '.join(names_of)}: {why}", flush=True)
        failures = len(found["failed"])
        save(found | {"outcome": f"{failures} sides failed" if failures else "done"})

    def sides(recipe, asked):
        """In both precisions; tinygan itself is beside PyTorch as it stands."""
        made = {}
        for precision, tf32 in PRECISIONS.items():
            mine = peers.sides(recipe, batch, width, "cupy", [], tf32=tf32)
            its = {}
            for peer in asked if real or not tf32 else []:
                where = args.device if real else "numpy"
                its |= torch_steps.torch_workers(recipe, peer, batch, width, where, tf32=tf32)
            for side, start in (its if "torch-compile" in asked else mine | its).items():
                made[recipe, precision, side] = start
        return made

    for recipe in names:
        measure(sides(recipe, eager), rounds=rounds)
    on_cpu = {}
    for name in names:
        start = peers.sides(name, batch, width, "numpy", [])["tinygan"]
        on_cpu[name, "float32", "tinygan, NumPy"] = start
    measure(on_cpu, rounds=min(3, rounds), warm_up=1)
    if installed and real and not args.small:
        os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "4"  # of each of the processes
        for together in COMPILED:
            made = {}
            for recipe in together:
                made |= sides(recipe, ["torch-compile"])
            measure(made, rounds=rounds)


def launches(args, save):
    """The part: what one iteration of a training takes in Python and on the card."""
    batch, width, rounds = (4, 2, 2) if args.small else (128, None, 20)
    xp, found = backend.get("cupy"), {recipe: {} for recipe in RECIPES}
    updates = {recipe: training_step(recipe, batch, width, xp) for recipe in RECIPES}
    looks = {
        **{name: functools.partial(clocked, xp, rounds, tf32) for name, tf32 in PRECISIONS.items()},
        "card": functools.partial(profiled, xp),
        "counted": functools.partial(few, width),
    }
    for name, look in looks.items():
        for recipe, update in updates.items():
            try:
                found[recipe][name] = look(recipe, update)
            except Exception as error:  # no profiler, or no C++ compiler: the times are of use
                found[recipe][name] = {"error": repr(error)[:300]}
            print(recipe, name, json.dumps(found[recipe][name]), flush=True)
            save({"batch_size": batch, "recipes": found, "outcome": f"{len(found)} recipes"})


def clocked(xp, rounds, tf32, _recipe, update):
    """Medians in ms: python (until the call returns), gpu (between two events around it), total
    (until the device is done), in_a_row (of many that nobody waits for in between)."""
    backend.set_tf32(xp, tf32)
    events = hasattr(xp.cuda, "get_elapsed_time")
    rows = []
    for _ in range(3 + rounds):
        backend.synchronize(xp)
        start, stop = xp.cuda.Event(), xp.cuda.Event()
        start.record()
        began = time.perf_counter()
        update()
        python = time.perf_counter() - began
        stop.record()
        backend.synchronize(xp)
        total = time.perf_counter() - began
        gpu = xp.cuda.get_elapsed_time(start, stop) if events else float("nan")
        rows.append((1e3 * python, gpu, 1e3 * total))
    began = time.perf_counter()
    for _ in range(rounds):
        update()
    backend.synchronize(xp)
    in_a_row = 1e3 * (time.perf_counter() - began) / rounds
    python, gpu, total = (statistics.median(column) for column in zip(*rows[3:], strict=True))
    found = {"python_ms": python, "total_ms": total, "in_a_row_ms": in_a_row}
    return found | ({"gpu_ms": gpu} if events else {})


def profiled(xp, _recipe, update):
    """What the card did in one update: see `summed`.

    PyTorch's profiler sees the kernels of the whole process, whoever launched them.
    """
    import torch
    from torch.profiler import ProfilerActivity, profile

    torch.cuda.init()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace.json"
        for _ in range(2):  # the first one sets the profiler up
            with profile(activities=[ProfilerActivity.CUDA]) as profiler:
                update()
                backend.synchronize(xp)
        profiler.export_chrome_trace(str(file))
        events = json.loads(file.read_text("utf-8"))["traceEvents"]
    return summed(events)


def summed(events):
    """dict(kernels, kernel_ms, memsets, copies, bytes, longest) of the events of a trace.

    bytes: by direction. longest: the kernels that took the most time, by name.
    """
    kernels = [event for event in events if event.get("cat") == "kernel"]
    copies = [event for event in events if event.get("cat") == "gpu_memcpy"]
    by_name, moved = {}, {}
    for event in kernels:
        count, taken = by_name.get(event["name"], (0, 0.0))
        by_name[event["name"]] = count + 1, taken + event["dur"] / 1e3
    for event in copies:
        direction = event["name"].partition(" (")[0]
        moved[direction] = moved.get(direction, 0) + event.get("args", {}).get("bytes", 0)
    longest = sorted(by_name.items(), key=lambda item: -item[1][1])[:12]
    return {
        "kernels": len(kernels),
        "kernel_ms": sum(event["dur"] for event in kernels) / 1e3,
        "memsets": sum(event.get("cat") == "gpu_memset" for event in events),
        "copies": len(copies),
        "bytes": moved,
        "longest": [{"name": n[:120], "count": c, "ms": ms} for n, (c, ms) in longest],
    }


def few(width, recipe, _update):
    """What the fake device counts for a step of few images: its bytes are not those of many."""
    row = counted(recipe, FEW, width, strict.device())
    return {name: row[name] for name in ("launches", "products", "copies_to_device", "waits")}
