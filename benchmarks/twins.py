"""tinygan's networks rebuilt from PyTorch's own modules, with the same weights."""

import numpy as np
import torch

from tinygan import nn
from tinygan.models.conditional import Conditional


def twin(layer):
    """The torch.nn.Module that computes what a tinygan layer or network does.

    Images are channels first, as PyTorch has them. Where pixels become a row of numbers or the
    other way round, the order is tinygan's, channels last, so that the weights mean the same; for a
    network in channels_last format that is no work at all.
    """
    if isinstance(layer, Conditional):
        return ConditionalTwin(layer)
    if isinstance(layer, nn.Sequential):
        return torch.nn.Sequential(*map(twin, layer.layers))
    if isinstance(layer, nn.Dense):
        module = torch.nn.Linear(layer.n_in, layer.n_out, bias=layer.bias)
        return _load(module, weight=layer.W.data.T, bias=layer.b)
    if isinstance(layer, nn.Conv2d):
        sizes, how = (layer.c_in, layer.c_out, layer.kernel), (layer.stride, layer.padding)
        module = torch.nn.Conv2d(*sizes, *how, bias=layer.bias)
        return _load(module, weight=layer.W.data.transpose(3, 2, 0, 1), bias=layer.b)
    if isinstance(layer, nn.ConvTranspose2d):
        sizes, how = (layer.c_in, layer.c_out, layer.kernel), (layer.stride, layer.padding)
        module = torch.nn.ConvTranspose2d(*sizes, *how, layer.output_padding, bias=layer.bias)
        return _load(module, weight=layer.W.data.transpose(3, 2, 0, 1), bias=layer.b)
    if isinstance(layer, nn.BatchNorm):
        return BatchNormTwin(layer)
    if isinstance(layer, nn.Embedding):
        module = torch.nn.Embedding(*layer.W.data.shape)
        return _load(module, weight=layer.W.data)
    if isinstance(layer, nn.LeakyReLU):
        return torch.nn.LeakyReLU(layer.slope)
    if isinstance(layer, nn.Dropout):
        return torch.nn.Dropout(layer.p)
    if isinstance(layer, nn.Upsample2d):
        return torch.nn.Upsample(scale_factor=layer.factor)
    if isinstance(layer, nn.Flatten):
        return FlattenTwin()
    if isinstance(layer, nn.Reshape):
        return ReshapeTwin(layer.shape)
    return {nn.ReLU: torch.nn.ReLU, nn.Tanh: torch.nn.Tanh, nn.Sigmoid: torch.nn.Sigmoid}[
        type(layer)
    ]()


def nchw(x):
    """A NumPy array as a tensor; images (N, H, W, C) become channels first, without a copy."""
    return torch.from_numpy(x.transpose(0, 3, 1, 2) if x.ndim == 4 else x)


class BatchNormTwin(torch.nn.Module):
    """BatchNorm of rows and of images alike."""

    def __init__(self, layer):
        super().__init__()
        self.eps, self.momentum = layer.eps, layer.momentum
        self.weight = torch.nn.Parameter(torch.tensor(layer.gamma.data))
        self.bias = torch.nn.Parameter(torch.tensor(layer.beta.data))
        self.register_buffer("mean", torch.tensor(layer.running_mean))
        self.register_buffer("var", torch.tensor(layer.running_var))

    def forward(self, x):
        return torch.nn.functional.batch_norm(
            x, self.mean, self.var, self.weight, self.bias, self.training, self.momentum, self.eps
        )


class FlattenTwin(torch.nn.Module):
    def forward(self, x):
        return (x.permute(0, 2, 3, 1) if x.ndim == 4 else x).flatten(1)


class ReshapeTwin(torch.nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        x = x.reshape(-1, *self.shape)
        return x.permute(0, 3, 1, 2) if x.ndim == 4 else x


class ConditionalTwin(torch.nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.embedding = twin(layer.embedding)
        self.layers = torch.nn.Sequential(*map(twin, layer.layers))

    def forward(self, x, labels):
        return self.layers(torch.cat([x.flatten(1), self.embedding(labels)], 1))


def _load(module, **arrays):
    with torch.no_grad():
        for name, value in arrays.items():
            if value is not None:
                value = value.data if isinstance(value, nn.layer.Param) else value
                getattr(module, name).copy_(torch.tensor(np.ascontiguousarray(value)))
    return module
