"""A network as JSON: each layer a dict with its kind and settings, and where its weights are.

page/layers.js and page/networks.js have a function of the same name for every kind. BatchNorm in
eval mode is one multiplication and one addition, so two arrays are all that is left of it:

    γ (x − μ) / √(v + ε) + β  =  scale · x + shift,    scale = γ / √(v + ε),  shift = β − μ scale
"""

import numpy as np

from tinygan import nn
from tinygan.models.condition import Condition
from tinygan.models.conditional import Conditional
from tinygan.models.unet import ResidualBlock, UNet
from tinygan.models.velocity import DenseVelocity


def described(network, weights):
    """The dict of a network on the host, whose arrays are added to `weights`.

    Those of a matrix or a kernel are rounded, in the network too: see Weights.rounded.
    The layers of the network, not those within these, have a "name": the page shows what they give.
    """
    return _described(network, weights, lambda name: {"name": name})


def _described(layer, weights, named):
    def inner(child, name):
        return _described(child, weights, lambda name: {}) | named(name)

    return {"kind": type(layer).__name__} | _KINDS[type(layer)](layer, weights, inner)


def _dense(layer, weights, inner):
    return {"W": weights.rounded(layer.W.data), "b": _bias(layer, weights)}


def _convolution(layer, weights, inner):
    transposed = isinstance(layer, nn.ConvTranspose2d)
    found = {
        "W": weights.rounded(layer.W.data, axis=2 if transposed else 3),
        "b": _bias(layer, weights),
        "stride": layer.stride,
        "padding": layer.padding,
    }
    return found | ({"outputPadding": layer.output_padding} if transposed else {})


def _bias(layer, weights):
    return None if layer.b is None else weights.exact(layer.b.data)


def _batch_norm(layer, weights, inner):
    with np.errstate(all="ignore"):  # numbers that are not finite are refused by Weights
        scale = layer.gamma.data / np.sqrt(layer.running_var + layer.eps)
        shift = layer.beta.data - layer.running_mean * scale
    return {"scale": weights.exact(scale), "shift": weights.exact(shift)}


def _group_norm(layer, weights, inner):
    return {
        "groups": layer.groups,
        "eps": layer.eps,
        "gamma": weights.exact(layer.gamma.data),
        "beta": weights.exact(layer.beta.data),
    }


def _settings(*names):
    """Of a layer without weights."""
    return lambda layer, weights, inner: {name: getattr(layer, name) for name in names}


def _parts(*names):
    """Of a layer that is made of layers, in attributes of these names."""

    def describe(layer, weights, inner):
        parts = {name: getattr(layer, name) for name in names}
        return {n: None if part is None else inner(part, n) for n, part in parts.items()}

    return describe


def _list(layer, weights, inner):
    return {"layers": [inner(part, str(i)) for i, part in enumerate(layer.layers)]}


def _conditional(layer, weights, inner):
    embedding = inner(layer.embedding, "embedding")
    return {"embedding": embedding} | _list(layer, weights, inner)


def _unet(layer, weights, inner):
    names = ("condition", "act", "first", "down", "half", "double", "up", "last")
    middle = [inner(block, f"middle{i}") for i, block in enumerate(layer.middle)]
    return _parts(*names)(layer, weights, inner) | {"middle": middle}


def _dense_velocity(layer, weights, inner):
    blocks = [inner(block, f"block{i}") for i, block in enumerate(layer.blocks)]
    return _parts("condition", "first", "last")(layer, weights, inner) | {"blocks": blocks}


_KINDS = {
    nn.Dense: _dense,
    nn.Conv2d: _convolution,
    nn.ConvTranspose2d: _convolution,
    nn.BatchNorm: _batch_norm,
    nn.GroupNorm: _group_norm,
    nn.Embedding: lambda layer, weights, inner: {"W": weights.rounded(layer.W.data)},
    nn.TimeEmbedding: _settings("dim", "fastest"),
    nn.LeakyReLU: _settings("slope"),
    nn.ReLU: _settings(),
    nn.Tanh: _settings(),
    nn.Sigmoid: _settings(),
    nn.Upsample2d: _settings("factor"),
    nn.Reshape: _settings("shape"),
    nn.Sequential: _list,
    Conditional: _conditional,
    Condition: _parts("time", "embedding"),
    ResidualBlock: _parts("f", "told", "g", "s"),
    UNet: _unet,
    DenseVelocity: _dense_velocity,
}
