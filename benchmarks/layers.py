"""python -m benchmarks layers: each layer in the recipes' shapes, compared with PyTorch's.

Embedding is left out: its input is labels, and its time is negligible.
"""

import functools
import statistics
import time

import numpy as np

from benchmarks import machine, report
from benchmarks.breakdown import product_flops
from benchmarks.step import add_sizes, check_width
from benchmarks.torch_steps import IMPORTS
from benchmarks.workers import Worker, take_turns
from benchmarks.workloads import material
from tinygan import backend
from tinygan.cli import Parser

DIRECTIONS = ("forward", "backward")


def main(argv):
    parser = Parser(
        prog="python -m benchmarks layers",
        description="Time forward and backward of every layer of the recipes' networks; backward "
        "computes both gradients, of the weights and of the input.",
        examples=("benchmarks layers --recipe dcgan --json layers.json --plot layers.png",),
    )
    add_sizes(parser)
    report.add_options(parser, peers=("torch",), tf32=True)
    args = parser.parse_args(argv)
    report.check_files(args)
    check_width(args)
    peers, results = report.installed(args.peer), []
    for name, xp in report.backends(args.backend, args.tf32).items():
        about = machine.describe(xp, peers, args.tf32)
        rows = measure(name, args, peers)
        rates = [about["matmul_gflops"], machine.matmul_rate(xp) / 1e9]
        about["matmul_gflops"] = statistics.median(rates)
        for row in rows:
            for found in (row[direction] for direction in DIRECTIONS):
                found["share_of_limit"] = found["gflop_per_second"] / about["matmul_gflops"]
        print(machine.line(about), "\n")
        print(_table(rows, bool(peers)))
        results.append(
            {"machine": about, "backend": name, "batch_size": args.batch_size, "layers": rows}
        )
    report.write_files(args, "layers", results, _plot)
    return 0


def cases(names, batch_size, width):
    """The layers to measure, each kind and shape once.

    Returns a list of (recipe, network, place, words): where the layer is, and its name with the
    shape of its input.
    """
    found, seen = [], set()
    for recipe in names:
        networks, inputs, _ = material(recipe, 2, width, seed=0)
        for name, layer, shape in _walk(networks, inputs):
            place = list(networks[name].layers).index(layer)
            size = "×".join(map(str, (batch_size, *shape[1:])))
            words = f"{type(layer).__name__} {_settings(layer)}".strip() + f"  of {size}"
            if words not in seen:
                seen.add(words)
                found.append((recipe, name, place, words))
    return found


def measure(backend_name, args, peers):
    """A row for each case: a list of dicts for the JSON file."""
    size = (args.recipe, args.batch_size, args.width, backend_name)
    workers = {"tinygan": functools.partial(Worker, tinygan_workload, *size, tf32=args.tf32)}
    if "torch" in peers:
        for layout in ("contiguous", "channels_last"):
            workers[f"torch, {layout}"] = functools.partial(
                Worker, torch_workload, *size, layout, tf32=args.tf32, imports=IMPORTS
            )
    rounds, rows = take_turns(workers, args.rounds), []
    for recipe, name, place, words in cases(args.recipe, args.batch_size, args.width):
        row = {"layer": words, "recipe": recipe, "network": name, "place": place}
        for direction in DIRECTIONS:
            key = f"{words}, {direction}"
            sides = {
                side: report.spread([r[key] for r in measured]) for side, measured in rounds.items()
            }
            seconds = sides["tinygan"]["median"]
            flops = rounds["tinygan"][0][f"{words}, flops"] * (1 if direction == "forward" else 2)
            row[direction] = {"sides": sides, "gflop_per_second": flops / 1e9 / seconds}
            others = [value["median"] for side, value in sides.items() if side != "tinygan"]
            if others:
                row[direction]["ratio"] = min(others) / seconds
        rows.append(row)
    return rows


def tinygan_workload(names, batch_size, width, backend_name, tf32=False):
    """One round over all cases: a dict of the seconds and flops of each case."""
    xp, rng = backend.get(backend_name), np.random.default_rng(0)
    backend.set_tf32(xp, tf32)
    prepared = []
    for words, layer, x in _prepared(names, batch_size, width, rng):
        layer, x = layer.to(xp).train(), backend.to_device(x, xp)
        gy = xp.ones_like(layer.forward(x))
        prepared.append((words, layer, x, gy))

    def workload():
        found = {}
        for words, layer, x, gy in prepared:
            found[f"{words}, flops"] = product_flops(layer, x.shape, gy.shape)
            found[f"{words}, forward"] = _seconds(lambda: layer.forward(x), xp)  # noqa: B023
            found[f"{words}, backward"] = _seconds(lambda: layer.backward(gy), xp)  # noqa: B023
        return found

    return workload


def torch_workload(names, batch_size, width, backend_name, layout, tf32=False):
    """The same with PyTorch's layers."""
    import torch

    from benchmarks import twins

    device = twins.set_up(backend_name, tf32)
    prepared, rng = [], np.random.default_rng(0)
    for words, layer, x in _prepared(names, batch_size, width, rng):
        module = twins.twin(layer, layout).to(device, memory_format=twins.LAYOUTS[layout])
        x = twins.nchw(x, layout).to(device).requires_grad_()
        y = module(x)
        prepared.append((words, module, x, torch.ones_like(y)))

    def seconds(call):
        twins.wait(device)
        began = time.perf_counter()
        result = call()
        twins.wait(device)
        return result, time.perf_counter() - began

    def workload():
        found = {}
        for words, module, x, gy in prepared:
            y, found[f"{words}, forward"] = seconds(lambda: module(x))  # noqa: B023
            wanted = [x, *module.parameters()]
            _, found[f"{words}, backward"] = seconds(
                lambda: torch.autograd.grad(y, wanted, gy)  # noqa: B023
            )
        return found

    return workload


def _prepared(names, batch_size, width, rng):
    """(words, layer, x) of each case."""
    found, networks = [], {}
    for recipe, name, place, words in cases(names, batch_size, width):
        if recipe not in networks:
            networks[recipe] = material(recipe, 2, width, seed=0)[:2]
        shapes = {(network, id(layer)): shape for network, layer, shape in _walk(*networks[recipe])}
        layer = networks[recipe][0][name].layers[place]
        shape = (batch_size, *shapes[name, id(layer)][1:])
        found.append((words, layer, rng.standard_normal(shape, dtype=np.float32)))
    return found


def _walk(networks, inputs):
    """(network's name, layer, shape of its input) of every layer, found by one small forward."""
    if "encoder" in networks:
        x = inputs["images"]
        order = ("encoder", "decoder")
    else:
        x = inputs["z"]
        order = ("G", "D")
    for name in order:
        if "labels" in inputs:
            vector = networks[name].embedding.forward(inputs["labels"])
            x = np.concatenate([x.reshape(len(x), -1), vector], axis=1)
        for layer in networks[name].layers:
            yield name, layer, x.shape
            x = layer.forward(x)


def _settings(layer):
    words = []
    if hasattr(layer, "kernel"):
        words.append(f"{layer.c_in}→{layer.c_out} {layer.kernel}×{layer.kernel}")
        if layer.stride > 1:
            words.append(f"stride {layer.stride}")
    elif hasattr(layer, "n_in"):
        words.append(f"{layer.n_in}→{layer.n_out}")
    return " ".join(words)


def _seconds(call, xp):
    backend.synchronize(xp)
    began = time.perf_counter()
    call()
    backend.synchronize(xp)
    return time.perf_counter() - began


def _table(rows, peers):
    head = ["", "", "ms", "PyTorch, ms", "ratio", "GFLOP/s", "share of limit"]
    lines = [head]
    for row in rows:
        for direction in DIRECTIONS:
            found = row[direction]
            sides = dict(found["sides"])
            mine = sides.pop("tinygan")
            best = min(sides.values(), key=lambda side: side["median"]) if peers else None
            product = found["gflop_per_second"] > 0
            lines.append([
                row["layer"] if direction == "forward" else "",
                direction,
                report.milliseconds(mine),
                report.milliseconds(best) if best else "-",
                f"{found['ratio']:.2f}" if best else "-",
                f"{found['gflop_per_second']:.0f}" if product else "",
                f"{found['share_of_limit']:.2f}" if product else "",
            ])  # fmt: skip
    return f"{report.table(lines)}\n\nMedian and quartiles.\n{report.LIMIT}"


def _plot(file, results):
    """A bar for each layer and direction: its speed relative to PyTorch's, or else its time."""
    found = [
        (f"{row['layer']}, {direction}{report.on_gpu(result)}", row[direction])
        for result in results
        for row in result["layers"]
        for direction in DIRECTIONS
    ]
    if all("ratio" in value for _, value in found):
        rows = [(text, {"tinygan": value["ratio"]}) for text, value in found]
        report.bars(file, rows, "speed relative to PyTorch's (1: equal)", line=1.0)
    else:
        rows = [(text, {"tinygan": 1e3 * value["sides"]["tinygan"]["median"]})
                for text, value in found]  # fmt: skip
        report.bars(file, rows, "ms")
