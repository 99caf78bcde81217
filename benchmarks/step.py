"""python -m benchmarks step: a whole update of a recipe's networks, beside PyTorch's.

A step of a GAN is one update of D and one of G, as training/gan_loop.py has it: G draws, D learns
from real and drawn images, G learns through D. The twin does the same with autograd: it draws once,
too, and D's parameters need no gradient in G's half. For `ae` it is one update of encoder and
decoder. Both start from the same weights and see the same batch and noise; each draws its own
dropout. PyTorch is tried in several ways, and the quickest is what tinygan is compared with.
"""

import functools
import statistics
import sys
import time

import numpy as np

from benchmarks import machine, report
from benchmarks.breakdown import breakdown
from benchmarks.workers import Worker, take_turns
from tinygan import backend, nn, recipes
from tinygan.errors import UserError
from tinygan.options import Parser, whole_number
from tinygan.training import d_step, g_step
from tinygan.training.autoencoder_loop import ae_step

RECIPES = ("gan-dense-1", "ae", "cgan", "dcgan", "dcgan-cifar10", "dcgan-faces")
DENSE = ("gan-dense-1", "ae", "cgan")
TORCH = ("torch", "torch._dynamo")  # Adam imports the second: that is not a step's memory


def main(argv):
    parser = Parser(prog="python -m benchmarks step", description="Time one whole update.")
    add_sizes(parser)
    parser.add_argument("--breakdown", action="store_true", help="say which layer takes how long")
    report.add_options(parser, peers=("torch",))
    args = parser.parse_args(argv)
    report.check_files(args)
    check_width(args)
    peers = report.installed(args.peer)
    results = []
    for name, xp in report.backends(args.backend).items():
        about = machine.describe(xp, peers)
        rows, rates = [], [about["matmul_gflops"]]
        for recipe in args.recipe:
            rows.append(_measure(recipe, name, args, peers))
            rates.append(machine.matmul_rate(xp) / 1e9)
            print(f"{recipe}: measured", file=sys.stderr, flush=True)
        about["matmul_gflops"] = statistics.median(rates)
        for row in rows:
            row["share_of_limit"] = row["gflop_per_second"] / about["matmul_gflops"]
        print(machine.line(about), "\n")
        for row in rows if args.breakdown else []:
            print(f"{row['recipe']}\n{_breakdown_table(row)}\n")
        print(_table(rows))
        results.append(
            {"machine": about, "backend": name, "batch_size": args.batch_size, "steps": rows}
        )
    report.write_files(args, "step", results, _plot)
    return 0


def check_width(args):
    """UserError when --width means nothing to any recipe; when to some, one line says to which."""
    fixed = [name for name in args.recipe if width_of(name, None) is None]
    if args.width is None or not fixed:
        return
    if len(fixed) == len(args.recipe):
        raise UserError(f"the sizes of {', '.join(fixed)} are fixed: leave --width out")
    print(f"the sizes of {', '.join(fixed)} are fixed, --width or not", file=sys.stderr)


def width_of(name, width):
    """The width of a recipe's networks: `width`, its own for None; None where it has none."""
    own = recipes.get(name).options.get("width")
    return own if own is None or width is None else width


def _measure(recipe, backend_name, args, peers):
    """All figures of one recipe: a dict for the JSON file."""
    size = (recipe, args.batch_size, args.width, backend_name)
    workers = {"tinygan": functools.partial(Worker, tinygan_workload, *size)}
    if "torch" in peers:
        for layout, fused in torch_sides(recipe):
            workers[f"torch, {layout}" + ", fused Adam" * fused] = functools.partial(
                Worker, torch_workload, *size, layout, fused, imports=TORCH
            )
    sides = {
        side: {
            "seconds": report.spread([r["step"] for r in measured]),
            "memory": measured[-1]["memory"],
        }
        for side, measured in take_turns(workers, args.rounds).items()
    }
    parts_of = {"breakdown": functools.partial(Worker, breakdown_workload, *size)}
    (where,) = take_turns(parts_of, rounds=1, warm_up=0)["breakdown"]
    gflop = sum(part["flops"] for part in where["parts"].values()) / 1e9
    seconds = sides["tinygan"]["seconds"]["median"]
    found = {
        "recipe": recipe,
        "width": width_of(recipe, args.width),
        "images_per_second": args.batch_size / seconds,
        "gflop": gflop,
        "gflop_per_second": gflop / seconds,
        "sides": sides,
        "breakdown": {"seconds": where["total"], "parts": where["parts"]},
    }
    others = {side: value for side, value in sides.items() if side != "tinygan"}
    if others:
        best = min(others, key=lambda side: others[side]["seconds"]["median"])
        found |= {"best_peer": best, "ratio": others[best]["seconds"]["median"] / seconds}
        if others[best]["memory"]:
            found["memory_ratio"] = sides["tinygan"]["memory"] / others[best]["memory"]
    return found


def _table(rows):
    head = [
        "",
        "images/s",
        "ms a step",
        "PyTorch, ms",
        "ratio",
        "share of limit",
        "MB",
        "PyTorch, MB",
        "PyTorch's best",
    ]
    lines = [head]
    for row in rows:
        mine, peer = row["sides"]["tinygan"], row["sides"].get(row.get("best_peer"))
        lines.append([
            row["recipe"],
            f"{row['images_per_second']:.0f}",
            report.milliseconds(mine["seconds"]),
            report.milliseconds(peer["seconds"]) if peer else "-",
            f"{row['ratio']:.2f}" if peer else "-",
            f"{row['share_of_limit']:.2f}",
            report.megabytes(mine["memory"]),
            report.megabytes(peer["memory"]) if peer else "-",
            row["best_peer"].removeprefix("torch, ") if peer else "-",
        ])  # fmt: skip
    how = "Median and quartiles; ratio above 1: tinygan is faster. MB: the peak above the start."
    return f"{report.table(lines)}\n\n{how}\n{report.LIMIT}"


def _breakdown_table(row):
    rows = [["", "ms", "GFLOP/s"]]
    for part, found in row["breakdown"]["parts"].items():
        rate = f"{found['flops'] / 1e9 / found['seconds']:.0f}" if found["flops"] else ""
        rows.append([f"  {part}", f"{1e3 * found['seconds']:.1f}", rate])
    rows.append(["  the step", f"{1e3 * row['breakdown']['seconds']:.1f}", ""])
    return report.table(rows)


def _plot(file, results):
    """Where a step's time goes, by kind of layer, and below it PyTorch's step as one bar."""
    rows, names = [], {"Conv2d": "convolutions", "ConvTranspose2d": "convolutions"}
    names |= {kind: kind for kind in ("Dense", "BatchNorm", "Adam")}
    for result in results:
        for row in result["steps"]:
            # one order for all, so that a kind's bars lie below each other
            kinds = dict.fromkeys([*names.values(), "the rest"], 0.0)
            for part in row["breakdown"]["parts"].values():
                kinds[names.get(part["kind"], "the rest")] += 1e3 * part["seconds"]
            rows.append((row["recipe"] + report.on_gpu(result), kinds))
            if "best_peer" in row:
                peer = row["sides"][row["best_peer"]]["seconds"]["median"]
                rows.append((f"PyTorch{report.on_gpu(result)}", {"PyTorch": 1e3 * peer}))
    report.bars(file, rows, "ms a step")


def add_sizes(parser):
    """--recipe, --batch-size and --width."""
    add = parser.add_argument
    add("--recipe", nargs="+", choices=RECIPES, default=list(RECIPES), metavar="NAME",
        help=f"which (default all: {', '.join(RECIPES)})")  # fmt: skip
    add("--batch-size", type=whole_number(2), default=128, metavar="N", help="default 128")
    add(
        "--width", type=whole_number(1), metavar="W", help="of the networks (default: the recipe's)"
    )


def tinygan_workload(recipe, batch_size, width, backend_name, seed=0):
    """One step of tinygan: dict(step), seconds, and on a GPU its memory."""
    xp = backend.get(backend_name)
    step, _, _ = tinygan_step(recipe, batch_size, width, xp, seed)
    return _timed(step, lambda: backend.synchronize(xp), lambda: machine.device_memory(xp))


def breakdown_workload(recipe, batch_size, width, backend_name):
    """Where the time of a step of tinygan goes: dict(total, parts)."""
    xp = backend.get(backend_name)
    step = tinygan_step(recipe, batch_size, width, xp)
    return lambda: dict(zip(("total", "parts"), breakdown(*step, xp), strict=True))


def tinygan_step(recipe, batch_size, width, xp, seed=0):
    """(step, networks, optimizers): step() makes one update, returns its losses; dicts by name."""
    networks, inputs, recipe = material(recipe, batch_size, width, seed)
    networks = {name: net.to(xp).train() for name, net in networks.items()}
    lr = recipe.options["lr"]
    optimizers = {n: nn.Adam(net.params(), lr, recipe.betas) for n, net in networks.items()}
    inputs = {name: backend.to_device(value, xp) for name, value in inputs.items()}
    if "encoder" in networks:
        step = functools.partial(
            ae_step, networks["encoder"], networks["decoder"], optimizers.values(), inputs["images"]
        )
        return (lambda: list(step().values())), networks, optimizers
    G, D = networks["G"], networks["D"]
    labels = [inputs["labels"]] if "labels" in inputs else []

    def step():
        fake = G.forward(inputs["z"], *labels)
        d = d_step(D, optimizers["D"], inputs["images"], fake, *labels)
        g = g_step(G, D, optimizers["G"], fake, *labels)
        return [d["loss"], g["loss"]]

    return step, networks, optimizers


def torch_sides(recipe):
    """The ways in which PyTorch is tried: (layout, whether Adam is fused)."""
    if recipe in DENSE:  # nothing but rows of numbers
        return [("contiguous", False), ("contiguous", True)]
    return [("contiguous", False), ("channels_last", False), ("channels_last", True)]


def torch_workload(recipe, batch_size, width, backend_name, layout, fused, seed=0):
    """One step of PyTorch: as tinygan_workload."""
    from benchmarks import twins

    device = twins.set_up(backend_name)
    step, _ = torch_step(recipe, batch_size, width, device, layout, fused, seed)
    return _timed(step, lambda: twins.wait(device), lambda: twins.device_memory(device))


def _timed(step, wait, memory):
    """A workload: one step, its seconds, and what memory() adds. wait: for the device."""

    def workload():
        wait()
        began = time.perf_counter()
        step()
        wait()
        return {"step": time.perf_counter() - began} | memory()

    return workload


def torch_step(recipe, batch_size, width, device="cpu", layout="contiguous", fused=False, seed=0):
    """(step, networks) as tinygan_step, of PyTorch."""
    import torch

    from benchmarks.twins import LAYOUTS, nchw, twin

    networks, inputs, recipe = material(recipe, batch_size, width, seed)
    networks = {
        name: twin(net, layout).to(device, memory_format=LAYOUTS[layout])
        for name, net in networks.items()
    }
    optimizers = {
        name: torch.optim.Adam(net.parameters(), recipe.options["lr"], recipe.betas, fused=fused)
        for name, net in networks.items()
    }
    inputs = {name: nchw(value, layout).to(device) for name, value in inputs.items()}
    images = inputs["images"]
    bce = torch.nn.functional.binary_cross_entropy_with_logits

    if "encoder" in networks:

        def ae_step():
            for optimizer in optimizers.values():
                optimizer.zero_grad()
            logits = networks["decoder"](networks["encoder"](images))
            loss = bce(logits, images, reduction="sum") / len(images)
            loss.backward()
            for optimizer in optimizers.values():
                optimizer.step()
            return [loss]

        return ae_step, networks

    G, D = networks["G"], networks["D"]
    labels = [inputs["labels"]] if "labels" in inputs else []

    def gan_step():
        fake = G(inputs["z"], *labels)
        D.requires_grad_(True)
        optimizers["D"].zero_grad()
        logits = D(images, *labels)
        d_loss = bce(logits, torch.ones_like(logits))
        logits = D(fake.detach(), *labels)
        d_loss = d_loss + bce(logits, torch.zeros_like(logits))
        d_loss.backward()
        optimizers["D"].step()
        D.requires_grad_(False)
        optimizers["G"].zero_grad()
        logits = D(fake, *labels)
        g_loss = bce(logits, torch.ones_like(logits))
        g_loss.backward()
        optimizers["G"].step()
        return [d_loss, g_loss]

    return gan_step, networks


def material(name, batch_size, width, seed):
    """(networks, inputs, recipe): what both sides start from, on the host; dicts by name."""
    recipe, rng = recipes.get(name), np.random.default_rng(seed)
    h, w, c = recipe.image_shape
    width = width_of(name, width)
    low = 0 if name in ("ae", "cgan") else -1  # what these networks mean by black
    inputs = {"images": rng.uniform(low, 1, (batch_size, h, w, c)).astype(np.float32)}
    if name == "ae":
        encoder, decoder = recipe.build(rng, code=recipe.options["code"], width=width)
        return {"encoder": encoder, "decoder": decoder}, inputs, recipe
    G, D = recipe.networks(rng) if width is None else recipe.networks(rng, width=width)
    inputs["z"] = rng.standard_normal((batch_size, recipe.noise_dim), dtype=np.float32)
    if name == "cgan":
        inputs["labels"] = rng.integers(0, 2, batch_size)
    return {"D": D, "G": G}, inputs, recipe
