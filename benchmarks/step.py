"""python -m benchmarks step: a whole update of a recipe's networks, beside PyTorch's.

A step of a GAN is one update of D and one of G, as training/gan_loop.py has it: G draws, D learns
from real and drawn images, G learns through D. The twin does the same with autograd: it draws once,
too, and D's parameters need no gradient in G's half. For `ae` it is one update of encoder and
decoder. Both start from the same weights and see the same batch and noise; each draws its own
dropout.
"""

import functools
import sys
import time

import numpy as np

from benchmarks import machine, report
from benchmarks.breakdown import breakdown
from benchmarks.workers import Worker, take_turns
from tinygan import backend, nn, recipes
from tinygan.nn import blocks
from tinygan.options import Parser, whole_number
from tinygan.training import d_step, g_step
from tinygan.training.autoencoder_loop import ae_step

RECIPES = ("gan-dense-1", "ae", "cgan", "dcgan", "dcgan-cifar10", "dcgan-faces")
FORMATS = ("contiguous", "channels_last")


def main(argv):
    parser = Parser(prog="python -m benchmarks step", description="Time one whole update.")
    add = parser.add_argument
    add("--recipe", nargs="+", choices=RECIPES, default=list(RECIPES), metavar="NAME",
        help=f"which (default all: {', '.join(RECIPES)})")  # fmt: skip
    add("--batch-size", type=whole_number(2), default=128, metavar="N", help="default 128")
    add(
        "--width", type=whole_number(1), metavar="W", help="of the networks (default: the recipe's)"
    )
    add("--breakdown", action="store_true", help="say which layer takes how long")
    report.add_options(parser, peers=("torch",))
    args = parser.parse_args(argv)
    report.check_files(args)
    peers = report.installed(args.peer)
    results = []
    for name, xp in report.backends(args.backend).items():
        about = machine.describe(xp, peers)
        print(machine.line(about), "\n")
        rows = []
        for recipe in args.recipe:
            rows.append(_measure(recipe, name, args, peers, about["matmul_gflops"]))
            print(f"{recipe}: measured", file=sys.stderr, flush=True)
            if args.breakdown:
                print(f"{recipe}\n{_breakdown_table(rows[-1]['breakdown'])}\n", flush=True)
        print("\n" + _table(rows))
        results.append({"machine": about, "batch_size": args.batch_size, "steps": rows})
    report.write_files(args, "step", results, _plot)
    return 0


def _measure(recipe, backend_name, args, peers, matmul_gflops):
    """All figures of one recipe: a dict for the JSON file."""
    size = (recipe, args.batch_size, args.width, backend_name)
    workers = {"tinygan": Worker(tinygan_workload, *size)}
    if "torch" in peers:
        for layout in FORMATS:
            if recipe in ("gan-dense-1", "ae", "cgan") and layout == "channels_last":
                continue  # nothing but rows of numbers
            workers[f"torch, {layout}"] = Worker(
                torch_workload, *size, layout, blocks.count(), imports=("torch",)
            )
    try:
        rounds = take_turns(workers, args.rounds)
    finally:
        for worker in workers.values():
            worker.close()
    xp = backend.get(backend_name)
    parts = breakdown(*tinygan_step(recipe, args.batch_size, args.width, xp), xp)
    flops = sum(part["flops"] for part in parts.values())
    sides = {
        side: {
            "seconds": report.spread([r["step"] for r in measured]),
            "memory": max(r["memory"] for r in measured),
        }
        for side, measured in rounds.items()
    }
    seconds = sides["tinygan"]["seconds"]["median"]
    found = {
        "recipe": recipe,
        "images_per_second": args.batch_size / seconds,
        "gflop": flops / 1e9,
        "share_of_limit": flops / 1e9 / matmul_gflops / seconds,
        "sides": sides,
        "breakdown": parts,
    }
    others = {side: value for side, value in sides.items() if side != "tinygan"}
    if others:
        best = min(others, key=lambda side: others[side]["seconds"]["median"])
        found |= {"best_peer": best, "ratio": others[best]["seconds"]["median"] / seconds}
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
            f"{mine['memory'] / 1e6:.0f}",
            f"{peer['memory'] / 1e6:.0f}" if peer else "-",
        ])  # fmt: skip
    return report.table(lines) + (
        "\n\nMedian and quartiles; ratio above 1: tinygan is faster. The limit: the operations of "
        "the products at\nthe machine's rate for one large product."
    )


def _breakdown_table(parts):
    rows = [["", "ms", "GFLOP/s"]]
    for part, found in parts.items():
        rate = f"{found['flops'] / 1e9 / found['seconds']:.0f}" if found["flops"] else ""
        rows.append([f"  {part}", f"{1e3 * found['seconds']:.1f}", rate])
    return report.table(rows)


def _plot(file, results):
    """Where a step's time goes, by kind of layer, and below it PyTorch's step as one bar."""
    rows = []
    for row in results[0]["steps"]:
        kinds = {}
        for part, found in row["breakdown"].items():
            kind = "the rest" if part == "the rest" else part.split()[2 if part[2].isdigit() else 1]
            kind = {"Conv2d": "convolutions", "ConvTranspose2d": "convolutions"}.get(kind, kind)
            kinds[kind] = kinds.get(kind, 0.0) + found["seconds"]
        shown = {"convolutions", "Dense", "BatchNorm", "Adam"}
        total = sum(kinds.values())
        parts = {kind: 1e3 * seconds for kind, seconds in kinds.items() if kind in shown}
        parts["the rest"] = 1e3 * total - sum(parts.values())
        rows.append((row["recipe"], parts))
        if "best_peer" in row:
            peer = row["sides"][row["best_peer"]]["seconds"]["median"]
            rows.append(("PyTorch", {"PyTorch": 1e3 * peer}))
    report.bars(file, rows, "ms a step")


def tinygan_workload(recipe, batch_size, width, backend_name, seed=0):
    """One step of tinygan. Returns dict(step, seconds)."""
    xp = backend.get(backend_name)
    step, _, _ = tinygan_step(recipe, batch_size, width, xp, seed)

    def workload():
        backend.synchronize(xp)
        began = time.perf_counter()
        step()
        backend.synchronize(xp)
        return {"step": time.perf_counter() - began}

    return workload


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


def torch_workload(recipe, batch_size, width, backend_name, memory_format, threads, seed=0):
    """One step of PyTorch. Returns dict(step, seconds)."""
    import torch

    torch.set_num_threads(threads)
    cuda = backend_name == "cupy"
    if cuda:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
    step, _ = torch_step(recipe, batch_size, width, "cuda" if cuda else "cpu", memory_format, seed)

    def wait():
        if cuda:
            torch.cuda.synchronize()

    def workload():
        wait()
        began = time.perf_counter()
        step()
        wait()
        return {"step": time.perf_counter() - began}

    return workload


def torch_step(recipe, batch_size, width, device="cpu", memory_format="contiguous", seed=0):
    """(step, networks) as tinygan_step, of PyTorch."""
    import torch

    from benchmarks.twins import nchw, twin

    layout = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
    networks, inputs, recipe = material(recipe, batch_size, width, seed)
    networks = {
        name: twin(net).to(device, memory_format=layout[memory_format])
        for name, net in networks.items()
    }
    lr, betas = recipe.options["lr"], recipe.betas
    optimizers = {n: torch.optim.Adam(net.parameters(), lr, betas) for n, net in networks.items()}
    inputs = {name: nchw(value).to(device) for name, value in inputs.items()}
    images = inputs["images"].contiguous(memory_format=layout[memory_format])
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
    options = {} if width is None or "width" not in recipe.options else {"width": width}
    low = 0 if name in ("ae", "cgan") else -1  # what these networks mean by black
    inputs = {"images": rng.uniform(low, 1, (batch_size, h, w, c)).astype(np.float32)}
    if name == "ae":
        width = options.get("width", recipe.options["width"])
        encoder, decoder = recipe.build(rng, code=recipe.options["code"], width=width)
        return {"encoder": encoder, "decoder": decoder}, inputs, recipe
    G, D = recipe.networks(rng, **options)
    inputs["z"] = rng.standard_normal((batch_size, recipe.noise_dim), dtype=np.float32)
    if name == "cgan":
        inputs["labels"] = rng.integers(0, 2, batch_size)
    return {"D": D, "G": G}, inputs, recipe
