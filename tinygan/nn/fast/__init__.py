"""The plain functions of the layers, made fast for the processor; there is no new mathematics here.

Each has the name and the arguments of its plain function and the same result up to rounding;
dispatch.py looks them up here. activation.py, adam.py, dense.py, dropout.py, flat.py,
group_norm.py, norm.py and random_bits.py are named after the files of the plain functions;
slabs.py, and planes.py for few channels, belong to correlation.py. They are made of blocks
(blocks.py) on several threads (threads.py with openblas.py and cores.py). memory.py is for
commands.
kernels.py has most of them for a device.
"""

from tinygan.nn.fast.activation import leaky_relu, leaky_relu_backward, relu, relu_backward
from tinygan.nn.fast.adam import adam_step
from tinygan.nn.fast.dense import add_bias, bias_gradient, input_gradient
from tinygan.nn.fast.dropout import apply_mask
from tinygan.nn.fast.flat import length
from tinygan.nn.fast.group_norm import (
    group_moments,
    group_normalise,
    group_normalise_backward,
)
from tinygan.nn.fast.norm import backward_sums, batch_moments, normalise, normalise_backward
from tinygan.nn.fast.random_bits import keep_mask, normal_noise
from tinygan.nn.fast.slabs import correlate, correlate_adjoint, weight_gradient

__all__ = [
    "adam_step",
    "add_bias",
    "apply_mask",
    "backward_sums",
    "batch_moments",
    "bias_gradient",
    "correlate",
    "correlate_adjoint",
    "group_moments",
    "group_normalise",
    "group_normalise_backward",
    "input_gradient",
    "keep_mask",
    "leaky_relu",
    "leaky_relu_backward",
    "length",
    "normal_noise",
    "normalise",
    "normalise_backward",
    "relu",
    "relu_backward",
    "weight_gradient",
]
