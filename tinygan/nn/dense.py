"""The dense (fully connected) layer: every output is a weighted sum of every input.

Its backward in shapes. L is a number and y = x W + b, so
    gW must have W's shape (n_in, n_out):  the only product of x (N, n_in) and gy (N, n_out) that
                                           has it is  xᵀ gy, and it is the right one:
                                           dL/dW[i,j] = Σ_n dL/dy[n,j] · dy[n,j]/dW[i,j]
                                                      = Σ_n gy[n,j] · x[n,i]
    gb (n_out,):   b is added to every row, so it collects every row of gy:  Σ_n gy[n]
    gx (N, n_in):  dL/dx[n,i] = Σ_j gy[n,j] · W[i,j]:  gy Wᵀ
"""

import numpy as np

from tinygan.nn.fast.blocks import row_sums
from tinygan.nn.layer import Layer, Param, check_shape, check_size


class Dense(Layer):
    """y = x W + b.    x (N, n_in) -> y (N, n_out), in x's dtype.

    bias: whether there is a b. rng: host NumPy Generator for the start weights, N(0, std²);
    b starts at 0.
    backward's input_grad may be a slice: then only those columns of gx are computed.
    Raises ValueError when a size is not positive or x does not have n_in columns.
    Source: Radford et al. 2016 (DCGAN), section 4: weights start from N(0, 0.02²).
    """

    can_skip_input_grad = True

    def __init__(self, n_in, n_out, *, bias=True, rng, std=0.02):
        check_size(self, n_in=n_in, n_out=n_out)
        self.n_in, self.n_out, self.bias, self.std = n_in, n_out, bias, std
        self.W = Param(rng.normal(0, std, (n_in, n_out)).astype(np.float32))
        self.b = Param(np.zeros(n_out, np.float32)) if bias else None

    def forward(self, x):
        check_shape(self, x, None, self.n_in)
        self.keep(x, self.b)
        y = x @ self.W.data  # (N, n_in) @ (n_in, n_out)
        if self.bias:
            y += self.b.data
        return y

    def jvp(self, v):
        self.take()
        self.keep(v, None)  # the bias is a constant: it has no part in J
        return v @ self.W.data

    def backward(self, gy, accumulate=True, input_grad=True):
        x, b = self.take()
        check_shape(self, gy, None, self.n_out)
        if accumulate:
            self.W.grad += x.T @ gy  # (n_in, N) @ (N, n_out)
            if b is not None:
                b.grad += row_sums(gy)
        if isinstance(input_grad, slice):
            return gy @ self.W.data[input_grad].T
        if not input_grad:
            return None
        if self.n_out == 1:  # (N, 1) and (1, n_in): no sum, and many times as quick
            return gy * self.W.data.T
        return gy @ self.W.data.T  # (N, n_out) @ (n_out, n_in)
