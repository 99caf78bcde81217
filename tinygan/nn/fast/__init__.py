"""The plain functions of the layers, made fast for the processor; there is no new mathematics here.

Each has the name and the arguments of its plain function and the same result up to rounding;
dispatch.py looks them up here. activation.py, adam.py, dense.py, dropout.py and norm.py are named
after the files of the plain functions; slabs.py, and planes.py for few channels, belong to
correlation.py. They are made of blocks (blocks.py) on several threads (threads.py with openblas.py
and cores.py). memory.py is for commands.
"""

from tinygan.nn.fast.activation import leaky_relu, leaky_relu_backward, relu, relu_backward
from tinygan.nn.fast.adam import adam_step, set_to_zero
from tinygan.nn.fast.dense import add_bias, bias_gradient, input_gradient
from tinygan.nn.fast.dropout import apply_mask
from tinygan.nn.fast.norm import batch_moments, normalise, normalise_backward
from tinygan.nn.fast.slabs import correlate, correlate_adjoint, weight_gradient

__all__ = [
    "adam_step",
    "add_bias",
    "apply_mask",
    "batch_moments",
    "bias_gradient",
    "correlate",
    "correlate_adjoint",
    "input_gradient",
    "leaky_relu",
    "leaky_relu_backward",
    "normalise",
    "normalise_backward",
    "relu",
    "relu_backward",
    "set_to_zero",
    "weight_gradient",
]
