"""Convolution as one matrix product, and transposed convolution as its adjoint.

A convolution slides a k×k window over the image; each output pixel is the dot product of the window
under it with the kernel. `im2col` copies every window into a row of its own,

    x (N, H, W, C)  ->  cols (N·OH·OW, k·k·C),    OH × OW windows in each of the N images,

and then all the dot products are a single matrix product with W (k, k, c_in, c_out) read as a
(k·k·c_in, c_out) matrix:

    Conv2d:            y = im2col(x) W

`im2col` only copies, so it is linear, and a linear map's backward is its transpose (its adjoint:
the map Aᵀ with <A x, y> = <x, Aᵀ y> for all x and y, where <,> is the sum of elementwise products).
Where forward copies x[p] into several rows, the transpose adds the gradients of all those rows back
into gx[p]. That is `col2im`: the same loop with the two sides of the assignment swapped and `=`
made `+=`.
So the backward of y = im2col(x) W, by the chain rule of a matrix product and of im2col, is

    gW = im2col(x)ᵀ gy          gx = col2im(gy Wᵀ)

A transposed convolution is this gx map used as a forward: it turns few pixels into many, each input
pixel stamping a k×k patch of the output, the overlaps added up. And since transposing twice brings
back the original, its backward uses im2col where Conv2d's forward did:

    ConvTranspose2d:   y = col2im(x Wᵀ)      gW = im2col(gy)ᵀ x      gx = im2col(gy) W

Here W (k, k, c_out, c_in) is the kernel of the Conv2d that would go the other way.

The columns are k·k times as large as the image. So the layers make them for a few images at a time
(`parts`), few enough to stay in the processor's cache until the product has read them; nothing else
changes, for each image has rows of its own, and gW is a sum over images.
Source: Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning", chapters 2
and 4 (output sizes, the transpose).
"""

import numpy as np

from tinygan import backend
from tinygan.nn.layer import Layer, Param, check_shape, check_size

_CACHE = 1 << 18  # floats, 1 MB of float32: what a core's own cache holds


def im2col(x, kernel, stride, padding):
    """Every k×k window of x as a row.    x (N, H, W, C) -> (N·OH·OW, k·k·C), in x's dtype.

    Windows start every `stride` pixels, on x with `padding` zeros around it, so
    OH = (H + 2·padding − kernel) // stride + 1, and OW likewise.
    """
    xp = backend.array_module(x)
    n, h, w, c = x.shape
    k, s, p = kernel, stride, padding
    oh, ow = conv_size(h, k, s, p), conv_size(w, k, s, p)
    if p > 0:
        padded = xp.zeros((n, h + 2 * p, w + 2 * p, c), x.dtype)
        padded[:, p : p + h, p : p + w] = x
        x = padded
    cols = xp.empty((n, oh, ow, k, k, c), x.dtype)
    for i in range(k):  # pixel (i, j) of every window at once
        for j in range(k):
            cols[:, :, :, i, j] = x[:, i : i + s * oh : s, j : j + s * ow : s]
    return cols.reshape(n * oh * ow, k * k * c)


def col2im(cols, shape, kernel, stride, padding):
    """The adjoint of im2col: add every row back to where its window was.

    cols (N·OH·OW, k·k·C) -> x of `shape` (N, H, W, C), in cols' dtype. For all x and cols,
    <im2col(x), cols> = <x, col2im(cols)>.
    """
    xp = backend.array_module(cols)
    n, h, w, c = shape
    k, s, p = kernel, stride, padding
    oh, ow = conv_size(h, k, s, p), conv_size(w, k, s, p)
    cols = cols.reshape(n, oh, ow, k, k, c)
    x = xp.zeros((n, h + 2 * p, w + 2 * p, c), cols.dtype)
    for i in range(k):
        for j in range(k):
            x[:, i : i + s * oh : s, j : j + s * ow : s] += cols[:, :, :, i, j]
    return x[:, p : p + h, p : p + w].copy() if p > 0 else x


def parts(x, floats_per_image):
    """Slices that cut a batch x (N, …) into parts whose columns fit the processor's cache.

    floats_per_image: how many numbers the columns of one image are. On a device, which has its
    own way with memory, there is one part.
    """
    if backend.array_module(x) is not np:
        return [slice(None)]
    images = max(1, _CACHE // floats_per_image)
    return [slice(i, i + images) for i in range(0, len(x), images)]


def conv_size(size, kernel, stride, padding):
    """How many windows fit along an axis of `size` pixels."""
    return (size + 2 * padding - kernel) // stride + 1


class Conv2d(Layer):
    """y[n,u,v,:] = b + Σ_ij pad(x)[n, s·u+i, s·v+j, :] W[i,j]    where pad puts zeros around x.

    x (N, H, W, c_in) -> y (N, OH, OW, c_out), in x's dtype; OH = (H + 2·padding − kernel) // stride
    + 1, OW likewise. (A cross-correlation, strictly: like everyone's, the kernel is not flipped.)
    W (kernel, kernel, c_in, c_out). rng: host NumPy Generator for the start weights, N(0, std²);
    b starts at 0.
    Raises ValueError when a size is out of range, x has another shape, or the kernel is larger than
    the padded image.
    Source: Radford et al. 2016 (DCGAN), section 4 (start weights); this module's text.
    """

    can_skip_input_grad = True

    def __init__(self, c_in, c_out, kernel, *, stride=1, padding=0, bias=True, rng, std=0.02):
        check_size(self, c_in=c_in, c_out=c_out, kernel=kernel, stride=stride)
        check_size(self, least=0, padding=padding)
        self.c_in, self.c_out, self.kernel = c_in, c_out, kernel
        self.stride, self.padding, self.bias, self.std = stride, padding, bias, std
        self.W = Param(rng.normal(0, std, (kernel, kernel, c_in, c_out)).astype(np.float32))
        self.b = Param(np.zeros(c_out, np.float32)) if bias else None

    def forward(self, x):
        check_shape(self, x, None, None, None, self.c_in)
        _, h, w, _ = x.shape
        k, s, p = self.kernel, self.stride, self.padding
        oh, ow = conv_size(h, k, s, p), conv_size(w, k, s, p)
        if oh < 1 or ow < 1:
            raise ValueError(
                f"Conv2d's kernel of {k} does not fit into {h}×{w} pixels with padding {p}"
            )
        self.keep(x, self.b)  # not its columns: copying them again is cheaper than holding k·k x
        y = self._without_bias(x)
        if self.bias:
            y += self.b.data
        return y

    def jvp(self, v):
        self.take()
        self.keep(v, None)  # the bias is a constant: it has no part in J
        return self._without_bias(v)

    def _without_bias(self, x):
        n, h, w, _ = x.shape
        k, s, p = self.kernel, self.stride, self.padding
        oh, ow = conv_size(h, k, s, p), conv_size(w, k, s, p)
        y = backend.array_module(x).empty((n, oh, ow, self.c_out), x.dtype)
        for part in parts(x, oh * ow * k * k * self.c_in):
            rows = im2col(x[part], k, s, p) @ self._matrix()  # (B·OH·OW, k·k·c_in) @ …
            y[part] = rows.reshape(-1, oh, ow, self.c_out)
        return y

    def backward(self, gy, accumulate=True, input_grad=True):
        x, b = self.take()
        k, s, p = self.kernel, self.stride, self.padding
        _, oh, ow, _ = gy.shape
        gx = backend.array_module(x).empty_like(x) if input_grad else None
        for part in parts(x, oh * ow * k * k * self.c_in):
            rows = gy[part].reshape(-1, self.c_out)  # (B·OH·OW, c_out)
            if accumulate:
                gW = im2col(x[part], k, s, p).T @ rows  # (k·k·c_in, B·OH·OW) @ (B·OH·OW, c_out)
                self.W.grad += gW.reshape(self.W.grad.shape)
            if input_grad:
                gx[part] = col2im(rows @ self._matrix().T, x[part].shape, k, s, p)
        if accumulate and b is not None:
            b.grad += gy.sum(axis=(0, 1, 2))
        return gx

    def _matrix(self):
        return self.W.data.reshape(-1, self.c_out)  # (k·k·c_in, c_out), a view


class ConvTranspose2d(Layer):
    """ŷ[n, s·u+i, s·v+j, :] += W[i,j] x[n,u,v,:]    for all u, v, i, j; y is b + ŷ less its border.

    x (N, H, W, c_in) -> y (N, OH, OW, c_out), in x's dtype;
    OH = (H − 1)·stride − 2·padding + kernel + output_padding, OW likewise. Several image sizes
    convolve to the same H; output_padding (less than stride) says which of them comes back.
    W (kernel, kernel, c_out, c_in), the kernel of the Conv2d that would map y to x.
    rng: host NumPy Generator for the start weights, N(0, std²); b starts at 0.
    Raises ValueError when a size is out of range, x has another shape, or nothing would come out.
    Source: Dumoulin & Visin 2016, chapter 4; Radford et al. 2016, section 4 (start weights).
    """

    can_skip_input_grad = True

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
        n, h, w, _ = x.shape
        k, s, p = self.kernel, self.stride, self.padding
        oh = (h - 1) * s - 2 * p + k + self.output_padding
        ow = (w - 1) * s - 2 * p + k + self.output_padding
        if oh < 1 or ow < 1:
            raise ValueError(
                f"ConvTranspose2d with kernel {k} and padding {p} leaves nothing of {h}×{w} pixels"
            )
        self.keep(x)
        y = backend.array_module(x).empty((n, oh, ow, self.c_out), x.dtype)
        for part in parts(x, h * w * k * k * self.c_out):
            cols = x[part].reshape(-1, self.c_in) @ self._matrix().T  # (B·H·W, c_in) @ …
            y[part] = col2im(cols, y[part].shape, k, s, p)
        if self.bias:
            y += self.b.data
        return y

    def backward(self, gy, accumulate=True, input_grad=True):
        x = self.take()
        _, h, w, _ = x.shape
        k, s, p = self.kernel, self.stride, self.padding
        gx = backend.array_module(x).empty_like(x) if input_grad else None
        for part in parts(x, h * w * k * k * self.c_out):
            cols = im2col(gy[part], k, s, p)  # (B·H·W, k·k·c_out)
            if accumulate:
                gW = cols.T @ x[part].reshape(-1, self.c_in)  # (k·k·c_out, B·H·W) @ (B·H·W, c_in)
                self.W.grad += gW.reshape(self.W.grad.shape)
            if input_grad:
                gx[part] = (cols @ self._matrix()).reshape(x[part].shape)
        if accumulate and self.bias:
            self.b.grad += gy.sum(axis=(0, 1, 2))
        return gx

    def _matrix(self):
        return self.W.data.reshape(-1, self.c_in)  # (k·k·c_out, c_in), a view
