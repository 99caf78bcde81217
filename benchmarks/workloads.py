"""What is timed: one update of a recipe's networks, in tinygan.

The same in PyTorch is in torch_steps.py, and in JAX in jax_twins.py.
"""

import functools
import time

import numpy as np

from benchmarks import machine
from benchmarks.breakdown import breakdown
from tinygan import backend, nn, recipes
from tinygan.training import d_step, g_step
from tinygan.training.autoencoder_loop import ae_step

RECIPES = ("gan-dense-1", "ae", "cgan", "dcgan", "dcgan-cifar10", "dcgan-faces")
DENSE = ("gan-dense-1", "ae", "cgan")


def width_of(name, width):
    """The width of a recipe's networks: `width`, or its default if None; None if it has none."""
    own = recipes.get(name).options.get("width")
    return own if own is None or width is None else width


def tinygan_workload(recipe, batch_size, width, backend_name, seed=0, plain=False, tf32=False):
    """One step of tinygan: dict(step) in seconds, on a GPU also memory.

    plain: without nn/fast. tf32: what backend.set_tf32 is told.
    """
    xp = backend.get(backend_name)
    backend.set_tf32(xp, tf32)
    step, _, _ = tinygan_step(recipe, batch_size, width, xp, seed)

    def plain_step():
        with nn.plain():
            step()

    return timed(
        plain_step if plain else step,
        lambda: backend.synchronize(xp),
        lambda: machine.device_memory(xp),
    )


def breakdown_workload(recipe, batch_size, width, backend_name, tf32=False):
    """Where the time of a step of tinygan goes: dict(total, parts)."""
    xp = backend.get(backend_name)
    backend.set_tf32(xp, tf32)
    step = tinygan_step(recipe, batch_size, width, xp)
    return lambda: dict(zip(("total", "parts"), breakdown(*step, xp), strict=True))


def tinygan_step(recipe, batch_size, width, xp, seed=0):
    """(step, networks, optimizers): step() updates once and returns the losses; dicts by name."""
    networks, inputs, recipe = material(recipe, batch_size, width, seed)
    networks = {name: net.to(xp).train() for name, net in networks.items()}
    adam = {"lr": recipe.options["lr"], "betas": recipe.fixed["betas"]}
    optimizers = {name: nn.Adam(net.params(), **adam) for name, net in networks.items()}
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


def timed(step, wait, memory=dict):
    """A workload: one step, its seconds, and the dict that memory() gives. wait: for the device."""

    def workload():
        wait()
        began = time.perf_counter()
        step()
        wait()
        return {"step": time.perf_counter() - began} | memory()

    return workload


def material(name, batch_size, width, seed):
    """(networks, inputs, recipe): what both sides start from, on the host; dicts by name."""
    recipe, rng = recipes.get(name), np.random.default_rng(seed)
    h, w, c = recipe.image_shape
    width = width_of(name, width)
    inputs = {
        "images": rng.uniform(recipe.fixed["low"], 1, (batch_size, h, w, c)).astype(np.float32)
    }
    if name == "ae":
        encoder, decoder = recipe.build(
            rng, code=recipe.options["code"], width=width, variational=False
        )
        return {"encoder": encoder, "decoder": decoder}, inputs, recipe
    G, D = recipe.networks(rng) if width is None else recipe.networks(rng, width=width)
    inputs["z"] = rng.standard_normal((batch_size, recipe.fixed["noise_dim"]), dtype=np.float32)
    if name == "cgan":
        inputs["labels"] = rng.integers(0, 2, batch_size)
    return {"D": D, "G": G}, inputs, recipe
