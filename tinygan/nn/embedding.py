"""Embedding: a learned vector for each class."""

import numpy as np

from tinygan import backend
from tinygan.nn.layer import Layer, Param, check_float, check_shape, check_size


class Embedding(Layer):
    """y[n] = W[labels[n]].    labels (N,) integers in [0, classes) -> y (N, dim) in W's dtype.

    W (classes, dim) starts from N(0, std²), drawn from rng, a host NumPy Generator.

    Looking up row c is the product of W with the one-hot vector of c, y = onehot(labels) W, so the
    backward is a dense layer's: gW = onehotᵀ gy. It is computed that way because gW[labels] += gy
    would add only one row for a label that occurs twice. Labels have no gradient: backward always
    returns None.
    Raises ValueError when labels are not (N,) integers, or, on the host, out of range (on a device
    the check would have to wait for the values; there a label out of range gives a row of zeros).
    """

    per_example = True

    def __init__(self, classes, dim, *, rng, std=1.0):
        check_size(self, classes=classes, dim=dim)
        self.classes, self.dim, self.std = classes, dim, std
        self.W = Param(rng.normal(0, std, (classes, dim)).astype(np.float32))

    def forward(self, labels):
        check_shape(self, labels, None)
        if labels.dtype.kind not in "iu":
            raise ValueError(f"Embedding expects integer labels, got {labels.dtype}")
        xp = backend.array_module(labels)
        if xp is np and labels.size and not 0 <= labels.min() <= labels.max() < self.classes:
            raise ValueError(
                f"Embedding expects labels from 0 to {self.classes - 1}, "
                f"got {labels.min()} to {labels.max()}"
            )
        onehot = (labels[:, None] == xp.arange(self.classes)).astype(self.W.data.dtype)
        self.keep(onehot)  # (N, classes)
        return onehot @ self.W.data

    def backward(self, gy, accumulate=True, input_grad=True):
        onehot = self.take()
        check_float(self, gy)
        if accumulate:
            self.W.add_from(backend.array_module(gy).matmul, onehot.T, gy)
