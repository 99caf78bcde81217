"""Convolution, and transposed convolution, which is its adjoint.

correlation.py has the idea and the derivation. With correlate(x, W) = im2col(x) W, a layer's
forward and its two backwards are three linear maps, the same three for both layers:

    Conv2d:            y = correlate(x, W)            gx = correlate_adjoint(gy, W)
    ConvTranspose2d:   y = correlate_adjoint(x, W)    gx = correlate(gy, W)

The third is gW = weight_gradient of the larger image and the smaller one: (x, gy), or (gy, x).
"""

import numpy as np

from tinygan.nn.correlation import conv_size, correlate, correlate_adjoint, weight_gradient
from tinygan.nn.dense import add_bias, bias_gradient
from tinygan.nn.dispatch import fastest
from tinygan.nn.layer import Layer, Param, check_float, check_shape, check_size


class Conv2d(Layer):
    """y[n,u,v,:] = b + Σ_ij pad(x)[n, s·u+i, s·v+j, :] W[i,j]    where pad puts zeros around x.

    x (N, H, W, c_in) -> y (N, OH, OW, c_out), in x's dtype; OH = (H + 2·padding − kernel) // stride
    + 1, OW likewise. (Strictly this is a cross-correlation: as in every framework, the kernel is
    not flipped.)
    W (kernel, kernel, c_in, c_out). rng: host NumPy Generator for the initial weights, N(0, std²);
    b starts at 0.
    Raises ValueError when a size is out of range, x has another shape, or the kernel is larger than
    the padded image.
    Source: Radford et al. 2016 (DCGAN), section 4 (initial weights); this module's text.
    """

    per_example = True

    def __init__(self, c_in, c_out, kernel, *, stride=1, padding=0, bias=True, rng, std=0.02):
        check_size(self, c_in=c_in, c_out=c_out, kernel=kernel, stride=stride)
        check_size(self, least=0, padding=padding)
        self.c_in, self.c_out, self.kernel = c_in, c_out, kernel
        self.stride, self.padding, self.bias, self.std = stride, padding, bias, std
        self.W = Param(rng.normal(0, std, (kernel, kernel, c_in, c_out)).astype(np.float32))
        self.b = Param(np.zeros(c_out, np.float32)) if bias else None

    def forward(self, x):
        check_shape(self, x, None, None, None, self.c_in)
        check_float(self, x)
        _, h, w, _ = x.shape
        k, s, p = self.kernel, self.stride, self.padding
        if conv_size(h, k, s, p) < 1 or conv_size(w, k, s, p) < 1:
            raise ValueError(
                f"Conv2d's kernel of {k} does not fit into {h}×{w} pixels with padding {p}"
            )
        self.keep(x, self.b)
        y = fastest(correlate, x)(x, self.W.data, s, p)
        if self.bias:
            fastest(add_bias, y)(y, self.b.data)
        return y

    def jvp(self, v):
        self.take()
        check_float(self, v)
        self.keep(v, None)  # the bias is a constant: it has no part in J
        return fastest(correlate, v)(v, self.W.data, self.stride, self.padding)

    def backward(self, gy, accumulate=True, input_grad=True):
        x, b = self.take()
        check_float(self, gy)
        k, s, p = self.kernel, self.stride, self.padding
        if accumulate:
            self.W.add_from(fastest(weight_gradient, gy), x, gy, k, s, p)
            if b is not None:
                b.add_from(fastest(bias_gradient, gy), gy)
        if not input_grad:
            return None
        return fastest(correlate_adjoint, gy)(gy, self.W.data, x.shape, s, p)


class ConvTranspose2d(Layer):
    """ŷ[n, s·u+i, s·v+j, :] += W[i,j] x[n,u,v,:]    for all u, v, i, j; y is b + ŷ less its border.

    x (N, H, W, c_in) -> y (N, OH, OW, c_out), in x's dtype;
    OH = (H − 1)·stride − 2·padding + kernel + output_padding, OW likewise. The border is `padding`
    pixels wide. Several image sizes convolve to the same H; output_padding (less than stride)
    chooses one of them.
    W (kernel, kernel, c_out, c_in), the kernel of the Conv2d that would map y to x.
    rng: host NumPy Generator for the initial weights, N(0, std²); b starts at 0.
    Raises ValueError when a size is out of range, x has another shape, or y would have no pixels.
    Source: Dumoulin & Visin 2016, chapter 4; Radford et al. 2016, section 4 (initial weights).
    """

    per_example = True

    def __init__(
        self,
        c_in,
        c_out,
        kernel,
        *,
        stride=1,
        padding=0,
        output_padding=0,
        bias=True,
        rng,
        std=0.02,
    ):
        check_size(self, c_in=c_in, c_out=c_out, kernel=kernel, stride=stride)
        check_size(self, least=0, padding=padding, output_padding=output_padding)
        if output_padding >= stride:
            raise ValueError(
                f"ConvTranspose2d needs output_padding below the stride of {stride}, "
                f"got {output_padding}"
            )
        self.c_in, self.c_out, self.kernel = c_in, c_out, kernel
        self.stride, self.padding, self.output_padding = stride, padding, output_padding
        self.bias, self.std = bias, std
        self.W = Param(rng.normal(0, std, (kernel, kernel, c_out, c_in)).astype(np.float32))
        self.b = Param(np.zeros(c_out, np.float32)) if bias else None

    def forward(self, x):
        check_shape(self, x, None, None, None, self.c_in)
        check_float(self, x)
        n, h, w, _ = x.shape
        k, s, p = self.kernel, self.stride, self.padding
        oh = (h - 1) * s - 2 * p + k + self.output_padding
        ow = (w - 1) * s - 2 * p + k + self.output_padding
        if oh < 1 or ow < 1:
            raise ValueError(
                f"ConvTranspose2d with kernel {k} and padding {p} leaves nothing of {h}×{w} pixels"
            )
        self.keep(x)
        y = fastest(correlate_adjoint, x)(x, self.W.data, (n, oh, ow, self.c_out), s, p)
        if self.bias:
            fastest(add_bias, y)(y, self.b.data)
        return y

    def backward(self, gy, accumulate=True, input_grad=True):
        x = self.take()
        check_float(self, gy)
        k, s, p = self.kernel, self.stride, self.padding
        if accumulate:
            self.W.add_from(fastest(weight_gradient, gy), gy, x, k, s, p)
            if self.bias:
                self.b.add_from(fastest(bias_gradient, gy), gy)
        return fastest(correlate, gy)(gy, self.W.data, s, p) if input_grad else None
