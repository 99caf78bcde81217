"""What the tests start by mpiexec, as a script: it trains every recipe, or has a fault on one rank.

    mpiexec -n 2 python mpi_ranks.py losses FILE.json
    mpiexec -n 2 python mpi_ranks.py mixture FILE.json
    mpiexec -n 2 python mpi_ranks.py fault KIND RANK UPDATE recipe --distributed …

The first writes the losses of 50 updates, in float32 and in float64, without mpiexec too.
"""

import functools
import json
import os
import sys
import time
import types

import numpy as np

from tinygan import data, nn, recipes, train
from tinygan.cli import exit_on_error
from tinygan.errors import RunError, UserError
from tinygan.models import GaussianMixture
from tinygan.nn.shard import averaged, sharing
from tinygan.runs import prepare
from tinygan.training import gan_loop, parallel

UPDATES = 50
TINY = {"width": 4, "batch_size": 8, "flow_width": 32, "components": 5, "dims": 8, "flip": True}
# In float32 two runs drift apart once rounding has changed the sign of a number before a LeakyReLU,
# whether they differ in ranks or in the order of a sum. Small steps keep that small.
SLOW = {"lr": 1e-5}
MORE = {
    "wgan-gp": {"d_steps": 2},
    "cgan": {"batch_size": 16},
    "dcgan": {"d_steps": 2, "instance_noise": 0.1},
    "gan-cnn": {"ema": 0.9},
}


def images_like(shape, n=200):
    """Clothes, made to fit (H, W, C)."""
    h, w, c = shape
    images = data.load("fashion-mnist-subset").images[:n]
    times = -(-h // 28)
    images = images.repeat(times, axis=1).repeat(times, axis=2)
    images = np.pad(
        images, ((0, 0), (0, max(0, h - 28 * times)), (0, max(0, w - 28 * times)), (0, 0))
    )
    return np.concatenate([images[:, :h, :w]] * c, axis=3)


def training_of(name, wide):
    """A new training of a recipe; `wide`: all in float64."""
    recipe = recipes.get(name)
    changed = TINY | MORE.get(name, {}) | ({} if wide else SLOW)
    options = recipe.options | {k: v for k, v in changed.items() if k in recipe.options}
    images = images_like(recipe.image_shape or (28, 28, 1))
    labels = (np.arange(len(images)) % (2 if recipe.model.keeps_best else 10)).astype(np.uint8)
    training = recipe.new_training(
        options, 3, images, labels, np, lambda x: x.reshape(len(x), -1)[:, :8].astype(float)
    )
    if wide and training.optimizers:
        _widen(training)
    return training


def _widen(training):
    for network in training.model.networks.values():
        for p in network.params():
            p.data, p.grad = p.data.astype(np.float64), p.grad.astype(np.float64)
        for layer in network.tree():
            for name in layer.buffers:
                setattr(layer, name, getattr(layer, name).astype(np.float64))
        network.to(np)
        network.forward = functools.partial(_in_float64, network.forward)
    training.optimizers = {
        name: nn.Adam(training.model.networks[name].params(), adam.lr, adam.betas)
        for name, adam in training.optimizers.items()
    }
    narrow = training.batches

    def batches(self, *args, **kwargs):
        for batch in narrow(*args, **kwargs):
            if isinstance(batch, tuple):
                yield batch[0].astype(np.float64), *batch[1:]
            else:
                yield batch.astype(np.float64)

    training.batches = types.MethodType(batches, training)


def _in_float64(forward, x, *others):
    return forward(x.astype(np.float64), *others)


def losses(shard):
    """dict: recipe and dtype -> what each of its updates has measured."""
    found = {}
    for name in recipes.names():
        for dtype in ("float32", "float64"):
            with sharing(shard):
                training = training_of(name, dtype == "float64")
                updates = training.updates(0)
                rows = [averaged(next(updates)) for _ in range(UPDATES)]
            _check_equal_on_all(training.model, shard)
            found[f"{name} {dtype}"] = [
                [float(value) for key, value in row.items() if key not in ("g_grad", "accuracy")]
                for row in rows
            ]
    return found


def _check_equal_on_all(model, shard):
    """Raise AssertionError unless all ranks have the same weights, to the last bit."""
    for name, array in model.arrays().items():
        found = shard.gather(np.ascontiguousarray(array))
        assert all(np.array_equal(other, found[0]) for other in found), name


def mixture(shard):
    """The parameters after two iterations of EM on 60,000 rows of 64 numbers, 50 components."""
    rng = np.random.default_rng(0)
    n, d, k = 60_000, 64, 50
    X = rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) / 8
    X += rng.standard_normal((k, d))[rng.integers(0, k, n)]
    model = GaussianMixture(k, means_init=X[:k], init_params="random_from_data", rng=rng)
    model.start(X)
    mine = X[n * shard.rank // shard.ranks : n * (shard.rank + 1) // shard.ranks]
    how = {} if shard.ranks == 1 else {"add": shard.add}
    bounds = [bound for bound, _ in zip(model.iterations(mine, **how), range(2), strict=False)]
    return {"bounds": bounds} | {
        name: getattr(model, f"{name}_").tolist() for name in ("weights", "means", "covariances")
    }


def with_shard(function, file):
    """Write what function(shard) returns to the file, on rank 0."""
    ranks = types.SimpleNamespace(ranks=1, rank=0)
    if "PMI_RANK" in os.environ:
        from mpi4py import MPI

        comm = MPI.COMM_WORLD
        ranks = types.SimpleNamespace(ranks=comm.size, rank=comm.rank, comm=comm)
    found = function(parallel.shard_of(ranks, np))
    if ranks.rank == 0:
        with open(file, "w") as out:
            json.dump(found, out)


FAULTS = {
    "bug": ZeroDivisionError("planted"),
    "memory": MemoryError(),
    "run": RunError("planted"),
    "interrupt": KeyboardInterrupt(),
    "exit": SystemExit(3),
}


def plant(kind, rank, update):
    """From the update on, this rank fails; or is slow; or, "load", fails to find its data."""
    if int(os.environ["PMI_RANK"]) != rank:
        return
    if kind == "load":
        prepare.training_data.load = lambda *_: _raise(UserError("planted"))
        return
    real, calls = gan_loop.g_step, []

    def g_step(G, *args, **kwargs):
        calls.append(1)
        if kind == "slow":
            time.sleep(0.02)
        elif len(calls) == update:
            if kind == "nan":
                G.params()[0].data[...] = np.nan
            elif kind != "inf":
                raise FAULTS[kind]
        measured = real(G, *args, **kwargs)
        if kind == "inf" and len(calls) == update:
            measured["loss"] = np.float32(np.inf)
        return measured

    gan_loop.g_step = g_step


def _raise(error):
    raise error


if __name__ == "__main__":
    what, *words = sys.argv[1:]
    if what == "fault":
        plant(words[0], int(words[1]), int(words[2]))
        exit_on_error(train.main, words[3:], shared=True)
    else:
        with_shard({"losses": losses, "mixture": mixture}[what], words[0])
