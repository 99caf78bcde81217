"""tinygan's networks and one update of them as functions for JAX, with the same weights.

Images stay (N, H, W, C), and kernels lie as tinygan's do. Everything that an update changes (the
weights, Adam's moments, the running statistics, the key of the dropout) is one dict that goes into
a compiled function and comes out of it anew.
"""

import functools

import jax
import numpy as np
from jax import lax, nn
from jax import numpy as jnp

from benchmarks import workloads
from tinygan import nn as tinygan_nn
from tinygan.models.conditional import Conditional

LAYOUT = ("NHWC", "HWIO", "NHWC")  # of images, kernels, and the images that come out


def jax_workload(recipe, batch_size, width, seed=0):
    """One step of JAX, like workloads.tinygan_workload."""
    step = jax_step(recipe, batch_size, width, seed)
    results = []

    def run():
        results[:] = step()

    return workloads.timed(run, lambda: jax.block_until_ready(results))


def jax_step(recipe, batch_size, width, seed=0):
    """step(): updates once and returns the losses, arrays that may not be computed yet."""
    networks, inputs, recipe = workloads.material(recipe, batch_size, width, seed)
    weights = {
        name: {key: jnp.asarray(p.data) for key, p in net.named_params().items()}
        for name, net in networks.items()
    }
    state = {
        "weights": weights,
        "buffers": {
            name: {key: jnp.asarray(value) for key, value in net.named_buffers().items()}
            for name, net in networks.items()
        },
        "adam": {
            name: {"m": jax.tree.map(jnp.zeros_like, w), "v": jax.tree.map(jnp.zeros_like, w)}
            for name, w in weights.items()
        },
        "t": jnp.zeros((), jnp.float32),
        "key": jax.random.key(seed),
    }
    update = ae_update if "encoder" in networks else gan_update
    adam = functools.partial(adam_step, lr=recipe.options["lr"], betas=recipe.fixed["betas"])
    compiled = jax.jit(functools.partial(update, networks, adam), donate_argnums=0)
    inputs = {name: jnp.asarray(value) for name, value in inputs.items()}

    def step():
        nonlocal state
        state, losses = compiled(state, inputs)
        return losses

    return step


def gan_update(networks, adam, state, inputs):
    """(the new state, [D's loss, G's loss]): one update of D, then one of G through it."""
    G, D = (functools.partial(forward, networks[name]) for name in "GD")
    weights, buffers, labels = state["weights"], state["buffers"], inputs.get("labels")
    key, *keys = jax.random.split(state["key"], 5)
    t = state["t"] + 1

    def draw(w):
        return G(w, buffers["G"], inputs["z"], labels, keys[0])

    fake, pull, moved_G = jax.vjp(draw, weights["G"], has_aux=True)

    def d_loss(w):
        images = inputs["images"]
        if networks["D"].is_per_example():  # both in one pass, as tinygan does
            both = jnp.concatenate([images, fake])
            twice = None if labels is None else jnp.concatenate([labels, labels])
            logits, moved = D(w, buffers["D"], both, twice, keys[1])
            real_logits, fake_logits = jnp.split(logits, 2)
        else:
            real_logits, moved = D(w, buffers["D"], images, labels, keys[1])
            fake_logits, moved = D(w, moved, fake, labels, keys[2])
        return nn.softplus(-real_logits).mean() + nn.softplus(fake_logits).mean(), moved

    (of_D, moved_D), gradient = jax.value_and_grad(d_loss, has_aux=True)(weights["D"])
    new_D, adam_D = adam(weights["D"], gradient, state["adam"]["D"], t)

    def g_loss(fake):
        logits, moved = D(new_D, moved_D, fake, labels, keys[3])
        return nn.softplus(-logits).mean(), moved

    (of_G, moved_D), gfake = jax.value_and_grad(g_loss, has_aux=True)(fake)
    (gradient,) = pull(gfake)
    new_G, adam_G = adam(weights["G"], gradient, state["adam"]["G"], t)
    new = {
        "weights": {"D": new_D, "G": new_G},
        "buffers": {"D": moved_D, "G": moved_G},
        "adam": {"D": adam_D, "G": adam_G},
        "t": t,
        "key": key,
    }
    return new, [of_D, of_G]


def ae_update(networks, adam, state, inputs):
    """(the new state, [loss]): one update of encoder and decoder."""
    images, t = inputs["images"], state["t"] + 1
    key, *keys = jax.random.split(state["key"], 3)

    def loss(w):
        x, moved = images, {}
        for (name, net), its_key in zip(networks.items(), keys, strict=True):
            x, moved[name] = forward(net, w[name], state["buffers"][name], x, None, its_key)
        return (nn.softplus(x) - x * images).sum() / len(images), moved

    (value, moved), gradient = jax.value_and_grad(loss, has_aux=True)(state["weights"])
    both = {n: adam(state["weights"][n], gradient[n], state["adam"][n], t) for n in networks}
    weights, moments = ({n: pair[i] for n, pair in both.items()} for i in (0, 1))
    new = {"weights": weights, "buffers": moved, "adam": moments, "t": t, "key": key}
    return new, [value]


def adam_step(weights, gradients, moments, t, *, lr, betas, eps=1e-8):
    """(the new weights, the new moments). Source: Kingma & Ba 2015, algorithm 1."""
    m = jax.tree.map(lambda m, g: betas[0] * m + (1 - betas[0]) * g, moments["m"], gradients)
    v = jax.tree.map(lambda v, g: betas[1] * v + (1 - betas[1]) * g * g, moments["v"], gradients)

    def move(w, m, v):
        return w - lr * (m / (1 - betas[0] ** t)) / (jnp.sqrt(v / (1 - betas[1] ** t)) + eps)

    return jax.tree.map(move, weights, m, v), {"m": m, "v": v}


def forward(network, weights, buffers, x, labels, key):
    """(y, the moved running statistics) of a tinygan Sequential or Conditional in training mode.

    weights, buffers: dicts by dotted name. Of the network itself only the settings are used.
    """
    moved = {}
    if isinstance(network, Conditional):
        x = jnp.concatenate([x.reshape(len(x), -1), weights["embedding.W"][labels]], axis=1)
    for place, layer in enumerate(network.layers):
        own = {n.partition(".")[2]: v for n, v in weights.items() if n.startswith(f"{place}.")}
        if isinstance(layer, tinygan_nn.BatchNorm):
            of = {name: buffers[f"{place}.{name}"] for name in layer.buffers}
            x, of = batch_norm(layer, own, of, x)
            moved |= {f"{place}.{name}": value for name, value in of.items()}
        elif isinstance(layer, tinygan_nn.Dropout):
            kept = jax.random.bernoulli(jax.random.fold_in(key, place), 1 - layer.p, x.shape)
            x = jnp.where(kept, x / (1 - layer.p), 0)
        else:
            x = apply(layer, own, x)
    return x, moved


def batch_norm(layer, weights, running, x):
    """(y, the moved running statistics)."""
    axes, n = tuple(range(x.ndim - 1)), x.size // x.shape[-1]
    mean, var = x.mean(axes), x.var(axes)
    y = (x - mean) * lax.rsqrt(var + layer.eps) * weights["gamma"] + weights["beta"]
    new = {"running_mean": mean, "running_var": var * (n / (n - 1))}
    return y, {k: v + layer.momentum * (new[k] - v) for k, v in running.items()}


def apply(layer, weights, x):
    """y of a layer that has no state."""
    if isinstance(layer, tinygan_nn.Conv2d):
        strides, padding = [layer.stride] * 2, [(layer.padding,) * 2] * 2
        y = lax.conv_general_dilated(x, weights["W"], strides, padding, dimension_numbers=LAYOUT)
        return y + weights.get("b", np.float32(0))
    if isinstance(layer, tinygan_nn.ConvTranspose2d):
        edge = layer.kernel - 1 - layer.padding
        padding = [(edge, edge + layer.output_padding)] * 2
        y = lax.conv_transpose(
            x, weights["W"], [layer.stride] * 2, padding,
            dimension_numbers=LAYOUT, transpose_kernel=True,
        )  # fmt: skip
        return y + weights.get("b", np.float32(0))
    if isinstance(layer, tinygan_nn.Dense):
        return x @ weights["W"] + weights.get("b", np.float32(0))
    if isinstance(layer, tinygan_nn.LeakyReLU):
        return jnp.where(x > 0, x, layer.slope * x)
    if isinstance(layer, tinygan_nn.Flatten):
        return x.reshape(len(x), -1)
    if isinstance(layer, tinygan_nn.Reshape):
        return x.reshape(len(x), *layer.shape)
    return {
        tinygan_nn.ReLU: nn.relu,
        tinygan_nn.Tanh: jnp.tanh,
        tinygan_nn.Sigmoid: nn.sigmoid,
    }[type(layer)](x)
