"""The hand-written network: one concept per file, the textbook formula, forward beside backward.

Nothing here knows images, GANs or files, and nothing is made fast: that is in nn/fast.
"""

from tinygan.nn.activation import LeakyReLU, ReLU, Sigmoid, Tanh, sigmoid
from tinygan.nn.adam import Adam
from tinygan.nn.conv import Conv2d, ConvTranspose2d
from tinygan.nn.correlation import col2im, im2col
from tinygan.nn.dense import Dense
from tinygan.nn.dispatch import plain
from tinygan.nn.dropout import Dropout
from tinygan.nn.embedding import Embedding
from tinygan.nn.gaussian_noise import GaussianNoise
from tinygan.nn.gradcheck import GradientReport, check_gradients, numerical_gradient
from tinygan.nn.group_norm import GroupNorm
from tinygan.nn.inference import in_batches
from tinygan.nn.layer import Layer, Param, Sequential
from tinygan.nn.loss import bce_with_logits, mse, softmax_cross_entropy
from tinygan.nn.norm import BatchNorm
from tinygan.nn.reshape import Flatten, Reshape
from tinygan.nn.summary import summary, summary_text
from tinygan.nn.time_embedding import TimeEmbedding
from tinygan.nn.upsample import Upsample2d

__all__ = [
    "Adam",
    "BatchNorm",
    "Conv2d",
    "ConvTranspose2d",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GradientReport",
    "GroupNorm",
    "Layer",
    "LeakyReLU",
    "Param",
    "ReLU",
    "Reshape",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "TimeEmbedding",
    "Upsample2d",
    "bce_with_logits",
    "check_gradients",
    "col2im",
    "im2col",
    "in_batches",
    "mse",
    "numerical_gradient",
    "plain",
    "sigmoid",
    "softmax_cross_entropy",
    "summary",
    "summary_text",
]
