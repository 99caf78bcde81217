"""The dense (fully connected) layer: every output is a weighted sum of every input.

Its backward in shapes. L is a number and y = x W + b, so
    gW must have W's shape (n_in, n_out):  the only product of x (N, n_in) and gy (N, n_out) that
                                           has it is  xᵀ gy, and it is the right one:
                                           dL/dW[i,j] = Σ_n dL/dy[n,j] · dy[n,j]/dW[i,j]
                                                      = Σ_n gy[n,j] · x[n,i]
    gb (n_out,):   b is added to every row, so its gradient is the sum of the rows of gy:  Σ_n gy[n]
    gx (N, n_in):  dL/dx[n,i] = Σ_j gy[n,j] · W[i,j]:  gy Wᵀ
"""

import numpy as np

from tinygan import backend
from tinygan.nn.dispatch import fastest
from tinygan.nn.layer import Layer, Param, check_float, check_shape, check_size


def add_bias(y, b):
    """y += b, in place, for y (…, F) and b (F,)."""
    y += b


def bias_gradient(gy, out=None):
    """gb = Σ gy over all axes but the last.    gy (…, F) -> (F,), in `out` if that is given."""
    return gy.sum(axis=tuple(range(gy.ndim - 1)), out=out)


def input_gradient(gy, W):
    """gx = gy Wᵀ.    gy (N, n_out), W (n_in, n_out) -> gx (N, n_in)."""
    return gy @ W.T


class Dense(Layer):
    """y = x W + b.    x (N, n_in) -> y (N, n_out), in x's dtype.

    bias: whether there is a b. rng: host NumPy Generator for the initial weights, N(0, std²);
    b starts at 0.
    Raises ValueError when a size is not positive or x does not have n_in columns.
    Source: Radford et al. 2016 (DCGAN), section 4: weights start from N(0, 0.02²).
    """

    per_example = True

    def __init__(self, n_in, n_out, *, bias=True, rng, std=0.02):
        check_size(self, n_in=n_in, n_out=n_out)
        self.n_in, self.n_out, self.bias, self.std = n_in, n_out, bias, std
        self.W = Param(rng.normal(0, std, (n_in, n_out)).astype(np.float32))
        self.b = Param(np.zeros(n_out, np.float32)) if bias else None

    def forward(self, x):
        check_shape(self, x, None, self.n_in)
        check_float(self, x)
        self.keep(x, self.b)
        y = x @ self.W.data  # (N, n_in) @ (n_in, n_out)
        if self.bias:
            fastest(add_bias, y)(y, self.b.data)
        return y

    def jvp(self, v):
        self.take()
        check_float(self, v)
        self.keep(v, None)  # the bias is a constant: it has no part in J
        return v @ self.W.data

    def backward(self, gy, accumulate=True, input_grad=True):
        x, b = self.take()
        check_shape(self, gy, None, self.n_out)
        check_float(self, gy)
        if accumulate:
            self.W.add_from(backend.array_module(x).matmul, x.T, gy)  # (n_in, N) @ (N, n_out)
            if b is not None:
                b.add_from(fastest(bias_gradient, gy), gy)
        return fastest(input_gradient, gy)(gy, self.W.data) if input_grad else None
