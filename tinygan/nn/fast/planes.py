"""The three maps of correlation.py for images of few channels: copied windows, transposed.

A window of a grey image has k numbers per row, so few that a product per row of the kernel, as in
slabs.py, would be slow. So the windows are copied as im2col does, but transposed: row (i, j,
channel) of the matrix has what that element of the window sees in every place, which is a small
image, a *plane*. Copying a plane moves long runs of pixels, copying a window only k at a time.

A few images are worked on at a time, so that their planes fit the cache.
"""

import numpy as np

from tinygan.nn.correlation import conv_size
from tinygan.nn.fast.blocks import add_up, over_batch

_COPIED = 1 << 20  # the most numbers in the planes of a block: 4 MB of float32


def correlate(x, W, stride, padding):
    """y = im2col(x) W.    x (N, H, W, C), W (k, k, C, O) -> y (N, OH, OW, O)."""
    n, h, w, c = x.shape
    k, _, _, o = W.shape
    s, p = stride, padding
    oh, ow = conv_size(h, k, s, p), conv_size(w, k, s, p)
    y = np.empty((n, oh, ow, o), x.dtype)

    def fill(block):
        np.matmul(_planes(x[block], k, s, p).T, W.reshape(-1, o), out=y[block].reshape(-1, o))

    over_batch(fill, n, _images(oh * ow * k * k * c))
    return y


def correlate_adjoint(y, W, shape, stride, padding):
    """x = col2im(y Wᵀ), the adjoint of correlate.    y (N, OH, OW, O) -> x of `shape`."""
    n, h, w, c = shape
    k, _, _, o = W.shape
    s, p = stride, padding
    oh, ow = y.shape[1:3]
    x = np.empty(shape, y.dtype)

    def fill(block):
        images = len(y[block])
        planes = W.reshape(-1, o) @ y[block].reshape(-1, o).T
        planes = planes.reshape(k, k, c, images, oh, ow)
        padded = np.zeros((c, images, h + 2 * p, w + 2 * p), y.dtype)
        for i in range(k):
            for j in range(k):
                padded[:, :, i : i + s * oh : s, j : j + s * ow : s] += planes[i, j]
        x[block] = padded[:, :, p : p + h, p : p + w].transpose(1, 2, 3, 0)

    over_batch(fill, n, _images(oh * ow * k * k * c))
    return x


def weight_gradient(x, gy, kernel, stride, padding, out=None):
    """gW = im2col(x)ᵀ gy.    x (N, H, W, C), gy (N, OH, OW, O) -> gW (k, k, C, O)."""
    n, _, _, c = x.shape
    _, oh, ow, o = gy.shape
    k, s, p = kernel, stride, padding

    def of_block(block):
        gW = _planes(x[block], k, s, p) @ gy[block].reshape(-1, o)
        return gW.reshape(k, k, c, o)

    return add_up(over_batch(of_block, n, _images(oh * ow * k * k * c)), out)


def _planes(x, kernel, stride, padding):
    """im2col(x)ᵀ: row (i, j, channel) has what that element of each window sees, by image."""
    n, h, w, c = x.shape
    k, s, p = kernel, stride, padding
    oh, ow = conv_size(h, k, s, p), conv_size(w, k, s, p)
    padded = np.zeros((n, h + 2 * p, w + 2 * p, c), x.dtype)
    padded[:, p : p + h, p : p + w] = x
    planes = np.empty((k, k, c, n, oh, ow), x.dtype)
    for i in range(k):
        for j in range(k):
            seen = padded[:, i : i + s * oh : s, j : j + s * ow : s]  # (N, OH, OW, C)
            planes[i, j] = seen.transpose(3, 0, 1, 2)
    return planes.reshape(k * k * c, n * oh * ow)


def _images(numbers):
    """How many images form a block, if the planes of one have so many numbers."""
    return max(1, _COPIED // max(1, numbers))
