"""What a process of `python -m benchmarks scaling --ranks` does: train, or only exchange arrays.

    mpiexec -n P python -m benchmarks.one_rank '{"work": "train", "recipe": "dcgan", …}'

It joins the other ranks as a run does, with its share of the cores and one thread, and makes the
training's own updates, as rank 0 asks for them. Rank 0 prints what was measured: a line of JSON.
"""

import json
import math
import sys
import time

import numpy as np

from benchmarks.launches import mean_pixels, random_images
from tinygan import recipes
from tinygan.errors import RunError, UserError
from tinygan.nn.fast import memory, threads
from tinygan.nn.shard import sharing
from tinygan.runs import ranks
from tinygan.training import parallel

WARM_UP = 3  # updates before those that are timed
SIZES = [256 * 4**k for k in range(9)]  # bytes of the arrays that `exchange` exchanges, to 16 MB


def main(argv):
    how = json.loads(argv[0])
    work = {"train": train, "exchange": exchange}[how.pop("work")]
    memory.keep_freed()
    with ranks.join() if how.pop("mpi", True) else ranks.alone() as joined:
        found = work(joined, **how)
        if joined.rank == 0:
            print(json.dumps(found))


def train(joined, recipe, batch_size, width, steps):
    """Make updates of random images.

    batch_size: of all ranks together. steps: how many updates are timed.
    Returns dict: seconds of each step, threads of a rank, waited (for each rank the share of its
    time that it has spent in exchanges), exchanges per step: their count and their bytes,
    "gradients" and "other"; parameters: the bytes of all that is trained; note: a text, or None.
    """
    training = new_training(recipe, batch_size, width)
    joined.shard = shard = parallel.shard_of(joined, np)
    sizes, log = _count(shard), []

    def logged(updates):
        for measured in updates:
            log.append((time.perf_counter(), shard.waited, len(sizes), _exchanged(shard)))
            yield measured

    with sharing(shard):
        updates = logged(training.updates(0))
    if joined.rank > 0:
        joined.follow(updates, lambda: False)
    else:
        led = joined.lead(updates)
        for _ in range(WARM_UP + steps):
            next(led)
        led.close()
    log = log[WARM_UP - 1 :]
    (began, waited, *_), (ended, waited_since, *_) = log[0], log[-1]
    share = (waited_since - waited) / (ended - began)
    (*_, count_before, before), (*_, count, after) = log[-2:]
    return {
        "seconds": np.diff([moment for moment, *_ in log]).tolist(),
        "threads": threads.count(),
        "waited": [share] if joined.ranks == 1 else joined.gather(share),
        "exchanges": {"count": count - count_before}
        | {kind: after[kind] - before[kind] for kind in after},
        "parameters": sum(
            param.data.nbytes
            for name in training.optimizers
            for param in training.model.networks[name].params()
        ),
        "note": getattr(joined, "note", None),
    }


def new_training(recipe, batch_size, width):
    """The recipe's Training, on random images. width: None for its own."""
    recipe = recipes.get(recipe)
    images, labels = random_images(recipe, math.ceil(2 * batch_size / 0.8) + 20)
    options = recipe.options | {"batch_size": batch_size}
    if width is not None:
        options["width"] = width
    return recipe.new_training(options, 0, images, labels, np, mean_pixels)


def _count(shard):
    """A list that gets the bytes of each array given to an exchange of the shard."""
    sizes = []

    def counted(exchange):
        def count_and_exchange(array):
            sizes.append(array.nbytes)
            return exchange(array)

        return count_and_exchange

    for name in ("add", "gather", "begin_mean") if shard.ranks > 1 else ():
        setattr(shard, name, counted(getattr(shard, name)))
    return sizes


def _exchanged(shard):
    return dict(shard.exchanged) if shard.ranks > 1 else {"gradients": 0, "other": 0}


def exchange(joined, repeats):
    """Time the exchange of gradients, with arrays of many sizes.

    Returns dict: sizes in bytes, and for each of them seconds: the median of so many, of the rank
    that takes longest.
    """
    shard, seconds = parallel.shard_of(joined, np), []
    for size in SIZES:
        array = np.ones(size // 4, np.float32)
        mine = [_seconds(shard, array) for _ in range(repeats + 2)][2:]
        seconds.append(max(joined.gather(float(np.median(mine)))))
    return {"sizes": SIZES, "seconds": seconds}


def _seconds(shard, array):
    began = time.perf_counter()
    shard.begin_mean(array)()
    return time.perf_counter() - began


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (UserError, RunError) as error:
        sys.exit(f"tinygan: {error}")
