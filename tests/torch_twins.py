"""tinygan layers and networks rebuilt in PyTorch with the same weights, for comparison."""

import math

import numpy as np
import torch

from tinygan import nn
from tinygan.nn.random_bits import NORMALS_IN_BLOCK, normal_noise, take_blocks


def nchw(x):
    """A NumPy array as a tensor; images to channels first."""
    x = np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if x.ndim == 4 else x
    return torch.from_numpy(x.copy())


def nhwc(t):
    """A tensor as a NumPy array; images to channels last."""
    x = t.detach().numpy()
    return x.transpose(0, 2, 3, 1) if x.ndim == 4 else x


class Twin(torch.nn.Module):
    """The PyTorch version of one tinygan layer, on the same (channels-first) numbers.

    .pairs: for each parameter, its name, the tensor, and how to bring the tensor's layout home.
    """

    def __init__(self, layer):
        super().__init__()
        self.layer, self.pairs = layer, {}
        if isinstance(layer, nn.Dense):
            self._add(layer, "W", (1, 0), (1, 0))
        elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            # (k, k, in, out) -> (out, in, k, k); transposed: (k, k, out, in) -> (in, out, k, k)
            self._add(layer, "W", (3, 2, 0, 1), (2, 3, 1, 0))
        elif isinstance(layer, nn.Embedding):
            self._add(layer, "W", (0, 1), (0, 1))
        elif isinstance(layer, nn.GroupNorm):
            self._add(layer, "gamma", (0,), (0,))
            self._add(layer, "beta", (0,), (0,))
        elif isinstance(layer, nn.BatchNorm):
            self._add(layer, "gamma", (0,), (0,))
            self._add(layer, "beta", (0,), (0,))
            for name, array in (("mean", layer.running_mean), ("var", layer.running_var)):
                self.register_buffer(
                    name, torch.from_numpy(array.astype(layer.gamma.data.dtype).copy())
                )
        if getattr(layer, "bias", False):
            self._add(layer, "b", (0,), (0,))
        if isinstance(layer, nn.Sequential):
            self.twins = torch.nn.ModuleList(Twin(inner) for inner in layer.layers)
            for i, twin in enumerate(self.twins):
                self.pairs |= {f"{i}.{name}": pair for name, pair in twin.pairs.items()}

    def _add(self, layer, name, there, back):
        data = getattr(layer, name).data.transpose(there)
        tensor = torch.nn.Parameter(torch.from_numpy(np.array(data, order="C")))
        self.register_parameter(name, tensor)
        self.pairs[name] = (tensor, back)

    def forward(self, x):
        layer, f = self.layer, torch.nn.functional
        if isinstance(layer, nn.Sequential):
            for twin in self.twins:
                x = twin(x)
            return x
        if isinstance(layer, nn.Dense):
            return f.linear(x, self.W, getattr(self, "b", None))
        if isinstance(layer, nn.Conv2d):
            return f.conv2d(x, self.W, getattr(self, "b", None), layer.stride, layer.padding)
        if isinstance(layer, nn.ConvTranspose2d):
            b, op = getattr(self, "b", None), layer.output_padding
            return f.conv_transpose2d(x, self.W, b, layer.stride, layer.padding, op)
        if isinstance(layer, nn.Embedding):
            return f.embedding(x, self.W)
        if isinstance(layer, nn.BatchNorm):
            return f.batch_norm(
                x,
                self.mean,
                self.var,
                self.gamma,
                self.beta,
                self.training,
                layer.momentum,
                layer.eps,
            )
        if isinstance(layer, nn.GroupNorm):
            return f.group_norm(x, layer.groups, self.gamma, self.beta, layer.eps)
        if isinstance(layer, nn.TimeEmbedding):
            half = layer.dim // 2
            omega = layer.fastest ** (torch.arange(half, dtype=x.dtype) / max(half - 1, 1))
            return torch.cat([(x[:, None] * omega).cos(), (x[:, None] * omega).sin()], dim=1)
        if isinstance(layer, nn.LeakyReLU):
            return f.leaky_relu(x, layer.slope)
        if isinstance(layer, nn.ReLU):
            return f.relu(x)
        if isinstance(layer, nn.Tanh):
            return torch.tanh(x)
        if isinstance(layer, nn.Sigmoid):
            return torch.sigmoid(x)
        if isinstance(layer, nn.Dropout):
            return x * nchw(layer.draw_mask(_nhwc_shape(x))) / layer.share_kept
        if isinstance(layer, nn.GaussianNoise):
            shape = _nhwc_shape(x)
            blocks = take_blocks(layer.bits, math.prod(shape), NORMALS_IN_BLOCK)
            noise = normal_noise(np.empty(0), shape, *blocks)
            return x + layer.std * nchw(noise)
        if isinstance(layer, nn.Flatten):  # tinygan's order of elements is that of channels last
            return (x.permute(0, 2, 3, 1) if x.ndim == 4 else x).flatten(1)
        if isinstance(layer, nn.Reshape):
            x = x.reshape(-1, *layer.shape)
            return x.permute(0, 3, 1, 2) if x.ndim == 4 else x
        if isinstance(layer, nn.Upsample2d):
            return f.interpolate(x, scale_factor=layer.factor, mode="nearest")
        raise TypeError(type(layer).__name__)


def _nhwc_shape(x):
    shape = tuple(x.shape)
    return (shape[0], *shape[2:], shape[1]) if len(shape) == 4 else shape
