"""tinygan's networks rebuilt from PyTorch's own modules, with the same weights."""

import numpy as np
import torch

from benchmarks import machine
from tinygan import nn
from tinygan.models.conditional import Conditional

LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def set_up(backend_name, tf32=False):
    """Threads and TF32 for a fair comparison. Returns the device, "cpu" or "cuda"."""
    torch.set_num_threads(machine.torch_threads())
    if backend_name == "numpy":
        return "cpu"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True  # its fastest convolution for each shape
    torch.cuda.reset_peak_memory_stats()
    return "cuda"


def wait(device):
    """Wait until the device has finished all its work."""
    if device == "cuda":
        torch.cuda.synchronize()


def device_memory(device):
    """dict(memory): the peak bytes of tensors on the GPU; empty on the CPU."""
    return {"memory": torch.cuda.max_memory_allocated()} if device == "cuda" else {}


def twin(layer, layout="channels_last"):
    """The torch.nn.Module that computes what a tinygan layer or network does.

    Images are channels first, as in PyTorch. Where images become rows of numbers or rows become
    images, their order is tinygan's, channels last, so that the weights mean the same; this costs
    nothing in the channels_last format. layout: how images lie in memory, a key of LAYOUTS.
    """
    if isinstance(layer, Conditional):
        return ConditionalTwin(layer, layout)
    if isinstance(layer, nn.Sequential):
        return torch.nn.Sequential(*_in_place(twin(inner, layout) for inner in layer.layers))
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
        return ReshapeTwin(layer.shape, layout)
    return {nn.ReLU: torch.nn.ReLU, nn.Tanh: torch.nn.Tanh, nn.Sigmoid: torch.nn.Sigmoid}[
        type(layer)
    ]()


def nchw(x, layout):
    """A NumPy array as a tensor; images (N, H, W, C) become channels first, in that layout.

    A clone has the strides of its layout even if an axis of length 1 makes others possible.
    """
    if x.ndim != 4:
        return torch.from_numpy(x)
    return torch.from_numpy(x.transpose(0, 3, 1, 2)).clone(memory_format=LAYOUTS[layout])


def _in_place(modules):
    """The same modules, with activations that overwrite their input if it is not needed again.

    Linear layers, convolutions and BatchNorm keep their input for backward, not their output.
    """
    found = []
    for module in modules:
        if isinstance(module, torch.nn.ReLU | torch.nn.LeakyReLU) and found:
            module.inplace = isinstance(found[-1], OVERWRITABLE)
        found.append(module)
    return found


class BatchNormTwin(torch.nn.Module):
    """BatchNorm for rows and for images."""

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


OVERWRITABLE = (torch.nn.Linear, torch.nn.Conv2d, torch.nn.ConvTranspose2d, BatchNormTwin)


class FlattenTwin(torch.nn.Module):
    def forward(self, x):
        return (x.permute(0, 2, 3, 1) if x.ndim == 4 else x).flatten(1)


class ReshapeTwin(torch.nn.Module):
    def __init__(self, shape, layout):
        super().__init__()
        self.shape, self.layout = shape, layout

    def forward(self, x):
        x = x.reshape(-1, *self.shape)
        if x.ndim != 4:
            return x
        x = x.permute(0, 3, 1, 2)  # already channels_last
        return x if self.layout == "channels_last" else x.clone(memory_format=LAYOUTS[self.layout])


class ConditionalTwin(torch.nn.Module):
    def __init__(self, layer, layout):
        super().__init__()
        self.embedding = twin(layer.embedding)
        self.layers = twin(nn.Sequential(*layer.layers), layout)

    def forward(self, x, labels):
        return self.layers(torch.cat([x.flatten(1), self.embedding(labels)], 1))


def _load(module, **arrays):
    with torch.no_grad():
        for name, value in arrays.items():
            if value is not None:
                value = value.data if isinstance(value, nn.layer.Param) else value
                getattr(module, name).copy_(torch.tensor(np.ascontiguousarray(value)))
    return module
