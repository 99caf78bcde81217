"""python -m benchmarks launches: what one step of each recipe asks of a GPU, counted without one.

The step is a whole iteration of the training: choosing the batch, moving it, the noise, the update
of both networks, and what is measured. The strict fake device of the tests runs it on the processor
and counts; from that, roofline.py projects how long an H100 would take.
"""

import dataclasses
import math

import numpy as np

from benchmarks import report, roofline, strict
from benchmarks.step import add_sizes, check_width
from benchmarks.workloads import width_of
from tinygan import recipes
from tinygan.cli import Parser, class_numbers, path

SKIPPED = 2  # iterations before the one that is counted


def main(argv):
    parser = Parser(
        prog="python -m benchmarks launches",
        description="Count what one step asks of a GPU (kernels, bytes, waits), without a GPU, and "
        "project how long an H100 would take.",
        examples=("benchmarks launches --recipe dcgan --kernels",),
    )
    add_sizes(parser)
    add = parser.add_argument
    add("--kernels", action="store_true", help="also list the kernels of each recipe by name")
    add("--json", metavar="FILE", type=path, help="write the results to this file")
    add("--plot", metavar="FILE.png", type=path, help="write a plot to this file")
    args = parser.parse_args(argv)
    report.check_files(args)
    device = strict.device()
    check_width(args)
    rows = []
    for recipe in args.recipe:
        rows.append(counted(recipe, args.batch_size, args.width, device))
        report.say(f"{recipe}: counted")
    for row in rows if args.kernels else []:
        print(f"{row['recipe']}\n{kernels_table(row['kernels'])}\n")
    print(f"{counts_table(rows)}\n\nPer step. Products: launches that multiply matrices.\n")
    print(f"{projected_table(rows)}\n\n{roofline.ASSUMED}")
    report.write_files(args, "launches", [{"batch_size": args.batch_size, "steps": rows}], _plot)
    return 0


def counted(recipe, batch_size, width, device):
    """What one step asks of the device, and the projection: a dict for the JSON file."""
    step = training_step(recipe, batch_size, width, device)
    for _ in range(SKIPPED):
        step()
    device.launch_log = log = []
    try:
        _, counts = device.measure(step)
    finally:
        device.launch_log = None
    return {
        "recipe": recipe,
        "width": width_of(recipe, width),
        **dataclasses.asdict(counts),
        "products": sum(flops > 0 for *_, flops in log),
        "gflop": sum(flops for *_, flops in log) / 1e9,
        "kernels": by_name(log),
        "projected": roofline.project(log),
    }


def training_step(recipe, batch_size, width, xp, seed=0):
    """A function that makes one iteration of the recipe's training, on random images."""
    recipe = recipes.get(recipe)
    count = math.ceil(2 * batch_size / 0.8) + 20  # cgan sets a fifth of them aside
    images, labels = random_images(recipe, count)
    options = recipe.options | {"batch_size": batch_size}
    if "width" in options and width is not None:
        options["width"] = width
    if "components" in options:
        options["components"] = 1  # of the mixture that is fitted after a training
    training = recipe.new_training(options, seed, images, labels, xp, mean_pixels)
    updates = training.updates(0)
    return lambda: next(updates)


def random_images(recipe, count, seed=0):
    """(images, labels) of the recipe's shape: noise, with the labels that it takes in turns."""
    shape = recipe.image_shape or (28, 28, 1)
    images = np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)
    classes = class_numbers(recipe.options.get("classes", "0,1"))
    return images, np.resize(np.array(classes, np.uint8), count)


def mean_pixels(images):
    """Features that cost nothing, for the training that measures a distance: (N, 4)."""
    return images.reshape(len(images), 4, -1).mean(axis=2)


def by_name(log):
    """name -> dict(count, megabytes, gflop) of the launches, the largest traffic first."""
    found = {}
    for name, read, written, flops in log:
        entry = found.setdefault(name, {"count": 0, "megabytes": 0.0, "gflop": 0.0})
        entry["count"] += 1
        entry["megabytes"] += (read + written) / 1e6
        entry["gflop"] += flops / 1e9
    return dict(sorted(found.items(), key=lambda item: -item[1]["megabytes"]))


def kernels_table(kernels):
    lines = [["", "launches", "MB", "GFLOP"]]
    for name, found in kernels.items():
        gflop = f"{found['gflop']:.2f}" if found["gflop"] else ""
        lines.append([f"  {name}", str(found["count"]), f"{found['megabytes']:.2f}", gflop])
    return report.table(lines)


def counts_table(rows):
    head = ["", "launches", "products", "GFLOP", "MB read", "MB written"]
    lines = [[*head, "bytes to GPU", "copies", "bytes to host", "waits"]]
    for row in rows:
        lines.append([
            row["recipe"],
            str(row["launches"]),
            str(row["products"]),
            f"{row['gflop']:.2f}",
            f"{row['bytes_read'] / 1e6:.1f}",
            f"{row['bytes_written'] / 1e6:.1f}",
            f"{row['to_device']:,}",
            str(row["copies_to_device"]),
            f"{row['to_host']:,}",
            str(row["waits"]),
        ])  # fmt: skip
    return report.table(lines)


def projected_table(rows):
    head = ["", "", "projected launches, ms", "projected memory, ms", "projected products, ms"]
    lines = [[*head, "projected step, ms", "the largest"]]
    for row in rows:
        for precision, found in row["projected"].items():
            bounds = [found[name] for name in ("launches", "memory", "products", "step")]
            lines.append([
                row["recipe"],
                precision,
                *(f"{1e3 * seconds:.3f}" for seconds in bounds),
                found["largest"],
            ])  # fmt: skip
    return report.table(lines)


def _plot(file, results):
    """Three bars for each recipe and precision: the bounds."""
    rows = []
    for row in results[0]["steps"]:
        for precision, found in row["projected"].items():
            bounds = {name: 1e3 * found[name] for name in ("launches", "memory", "products")}
            rows.append((f"{row['recipe']}, {precision}", bounds))
    label = f"projected ms of a step of {results[0]['batch_size']} images on an H100"
    report.groups(file, rows, label)
