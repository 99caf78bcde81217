"""Whether a GPU computes what the processor does: the first losses of every recipe on both."""

import itertools

import numpy as np

from benchmarks.launches import mean_pixels, random_images
from tinygan import backend, recipes

FAR = 1e-3  # a relative difference that is worth a look


def losses(args, save):
    """The part: the first 50 losses of each recipe that is trained by gradient, at small sizes."""
    found, steps = {}, 3 if args.small else 50
    sizes = {"width": 2, "batch_size": 4} if args.small else {"width": 8, "batch_size": 16}
    xp = backend.get("cupy")
    backend.set_tf32(xp, False)
    for name in recipes.names():
        if name == "gmm":  # has no updates
            continue
        try:
            pair = [first_losses(name, sizes, steps, on) for on in (xp, np)]
            found[name] = compare(*pair)
        except Exception as error:
            found[name] = {"error": repr(error)}
        print(f"{name}: {found[name]}", flush=True)
        save({"steps": steps, "recipes": found, "outcome": outcome(found)})


def first_losses(name, sizes, steps, xp):
    """The losses of the first updates: float64 (steps, columns)."""
    recipe = recipes.get(name)
    options = recipe.options | {n: v for n, v in sizes.items() if n in recipe.options}
    if "components" in options:
        options["components"] = 1
    count = 20 + 2 * options["batch_size"] * options.get("d_steps", 1)
    images, labels = random_images(recipe, count)
    training = recipe.new_training(options, 0, images, labels, xp, mean_pixels)
    rows = []
    for measured in itertools.islice(training.updates(0), steps):
        rows.append([float(measured[column]) for column in training.columns if is_loss(column)])
    return np.array(rows)


def is_loss(column):
    return "loss" in column or column in ("reconstruction", "kl", "flow")


def compare(mine, other):
    """dict(largest, far_from): the largest difference, relative to the column's mean or the value,
    whichever is larger, and the first step (from 1) at which it is above FAR, or None."""
    size = np.maximum(np.abs(other), np.abs(other).mean(axis=0))
    differences = (np.abs(mine - other) / size).max(axis=1)
    far = np.flatnonzero(~(differences <= FAR))
    return {
        "first": float(differences[0]),
        "largest": float(differences.max()),
        "far_from": int(far[0]) + 1 if len(far) else None,
    }


def outcome(found):
    failed = [name for name, one in found.items() if "error" in one]
    largest = max((one["largest"] for one in found.values() if "largest" in one), default=0.0)
    first = max((one["first"] for one in found.values() if "first" in one), default=0.0)
    words = f"{len(found)} recipes, differences up to {first:.1g} at first, {largest:.1g} in all"
    return words + (f"; {', '.join(failed)} failed" if failed else "")
