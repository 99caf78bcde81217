"""What is timed: one update of a recipe's networks, in tinygan and in PyTorch."""

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
TORCH = ("torch", "torch._dynamo")  # Adam imports the second; it is not part of a step's memory


def width_of(name, width):
    """The width of a recipe's networks: `width`, or its default if None; None if it has none."""
    own = recipes.get(name).options.get("width")
    return own if own is None or width is None else width


def tinygan_workload(recipe, batch_size, width, backend_name, seed=0, plain=False):
    """One step of tinygan: dict(step) in seconds, on a GPU also memory. plain: without nn/fast."""
    xp = backend.get(backend_name)
    step, _, _ = tinygan_step(recipe, batch_size, width, xp, seed)

    def plain_step():
        with nn.plain():
            step()

    return _timed(
        plain_step if plain else step,
        lambda: backend.synchronize(xp),
        lambda: machine.device_memory(xp),
    )


def breakdown_workload(recipe, batch_size, width, backend_name):
    """Where the time of a step of tinygan goes: dict(total, parts)."""
    xp = backend.get(backend_name)
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


def torch_sides(recipe):
    """The configurations of PyTorch: a list of (layout, whether Adam is fused)."""
    if recipe in DENSE:  # only rows of numbers
        return [("contiguous", False), ("contiguous", True)]
    return [("contiguous", False), ("channels_last", False), ("channels_last", True)]


def torch_workload(recipe, batch_size, width, backend_name, layout, fused, seed=0):
    """One step of PyTorch, like tinygan_workload."""
    from benchmarks import twins

    device = twins.set_up(backend_name)
    step, _ = torch_step(recipe, batch_size, width, device, layout, fused, seed)
    return _timed(step, lambda: twins.wait(device), lambda: twins.device_memory(device))


def _timed(step, wait, memory):
    """A workload: one step, its seconds, and the result of memory(). wait: for the device."""

    def workload():
        wait()
        began = time.perf_counter()
        step()
        wait()
        return {"step": time.perf_counter() - began} | memory()

    return workload


def torch_step(recipe, batch_size, width, device="cpu", layout="contiguous", fused=False, seed=0):
    """(step, networks) like tinygan_step, in PyTorch."""
    import torch

    from benchmarks.twins import LAYOUTS, nchw, twin

    networks, inputs, recipe = material(recipe, batch_size, width, seed)
    networks = {
        name: twin(net, layout).to(device, memory_format=LAYOUTS[layout])
        for name, net in networks.items()
    }
    adam = {"lr": recipe.options["lr"], "betas": recipe.fixed["betas"], "fused": fused}
    optimizers = {n: torch.optim.Adam(net.parameters(), **adam) for n, net in networks.items()}
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
