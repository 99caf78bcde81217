"""The three maps of correlation.py without copying every window: for the processor.

im2col makes k·k copies of the image, and writing them takes as long as a third of the product
that reads them. Most of it can be had by pointing instead. Put the number of the row first:

    x (N, H, W, C)  ->  rows (H, N, W·C)

Now take output column v and row i of the kernel. What they meet is, for each output row and image,
the k·C numbers that begin in the same place of a row: a *slab* rows[first:last, :, a:b], which is a
matrix (number of rows · N, k·C) with gaps between its rows, and matrix products read those as they
are. So column v of the output is a sum over i of k products, and nothing was copied. Rows and
columns that would only meet the padding are left out instead of being multiplied by zeros: for 7×7
pixels, a 5×5 kernel and padding 2 that is a third of the work.

An example: 5×5 pixels, a 3×3 kernel, padding 1, stride 1. Output column v = 0 meets the pixel
columns 0 and 1 (−1 is padding), so its slabs are the first 2·C numbers of each row, and meet the
kernel's columns 1 and 2. With row i = 0 of the kernel, output row u meets image row u − 1: for
u = 1 … 4 the rows 0 … 3, and u = 0 gets nothing.

Strides. A window that moves by s rows meets every s-th row, so rows are sorted by their number
modulo s; along a row a slab begins anywhere. In the adjoint, the s×s pixels of the output that
begin at (s·a, s·b) all meet the same few pixels of its input, each with its own part of the kernel:
so it is a correlation with stride 1 and s·s·C channels, which are then laid out as s×s pixels
(Shi et al. 2016, "Real-time single image and video super-resolution …", section 3.2).

Blocks of a few images are worked on at a time, by as many threads as there are cores. Few
channels (the image itself) make slabs too thin for a product to be quick: there the windows are
copied after all, but turned round, into one image for each element of a window.
"""

import numpy as np

from tinygan.nn.correlation import conv_size
from tinygan.nn.fast.blocks import over_batch

_ROWS = 1024  # rows of a product at most: as many as keep what it reads and writes in the cache
_FEW = 8  # channels
_COPIED = 1 << 20  # numbers of copied windows at most: 4 MB of float32
_GAP = 16  # unused numbers after each row: a distance of a power of two would crowd the cache


def correlate(x, W, stride, padding):
    """y = im2col(x) W.    x (N, H, W, C), W (k, k, C, O) -> y (N, OH, OW, O)."""
    n, h, w, c = x.shape
    k, _, _, o = W.shape
    s, p = stride, padding
    oh, ow = conv_size(h, k, s, p), conv_size(w, k, s, p)
    kernel = W.reshape(k, k * c, o)
    y = np.empty((n, oh, ow, o), x.dtype)

    def by_copying(block):
        np.matmul(_planes(x[block], k, s, p).T, W.reshape(-1, o), out=y[block].reshape(-1, o))

    def by_slabs(block):
        rows = _rows(x[block], s)
        total, spare = np.empty((2, oh, rows.shape[2], o), x.dtype)
        for v in range(ow):
            left = s * v - p
            j0, j1 = _inside(left, w, k, 1)
            for i in range(k):
                lo, hi = _inside(i - p, h, oh, s)
                slab = _slab(rows, i - p, s, lo, hi, (left + j0) * c, (left + j1) * c)
                _add_product(total, spare, lo, hi, slab, kernel[i, j0 * c : j1 * c], first=i == 0)
            y[block, :, v] = total.swapaxes(0, 1)

    if c < _FEW:
        over_batch(by_copying, n, _copied(oh * ow * k * k * c))
    else:
        over_batch(by_slabs, n, max(1, _ROWS // oh))
    return y


def correlate_adjoint(y, W, shape, stride, padding):
    """x = col2im(y Wᵀ), the adjoint of correlate.    y (N, OH, OW, O) -> x of `shape`."""
    n, h, w, c = shape
    k, _, _, o = W.shape
    s, p = stride, padding
    oh, ow = y.shape[1:3]
    _check_sizes(shape, y.shape, k, s, p)
    x = np.empty(shape, y.dtype)

    def by_copying(block):
        images = len(y[block])
        planes = W.reshape(-1, o) @ y[block].reshape(-1, o).T
        planes = planes.reshape(k, k, c, images, oh, ow)
        padded = np.zeros((c, images, h + 2 * p, w + 2 * p), y.dtype)
        for i in range(k):
            for j in range(k):
                padded[:, :, i : i + s * oh : s, j : j + s * ow : s] += planes[i, j]
        x[block] = padded[:, :, p : p + h, p : p + w].transpose(1, 2, 3, 0)

    if c < _FEW:
        over_batch(by_copying, n, _copied(oh * ow * k * k * c))
        return x

    taps = -(-k // s)  # pixels of y, along an axis, that a pixel of x meets at most
    kernel = _phases(W, s, taps)  # (taps, s·s·C, taps·O)
    top, bottom = p // s, (p + h - 1) // s + 1  # tile a is x's rows s·a − p … s·a − p + s − 1
    tiles = bottom - top

    def by_slabs(block):
        rows = _rows(y[block], 1)
        b = rows.shape[2]
        total, spare = np.empty((2, tiles, b, s * s * c), y.dtype)
        for tile in range(p // s, (p + w - 1) // s + 1):
            left = tile - (taps - 1)
            j0, j1 = _inside(left, ow, taps, 1)
            for e in range(taps):
                down = top + e - (taps - 1)  # tile a meets row a + down of y
                lo, hi = _inside(down, oh, tiles, 1)
                slab = _slab(rows, down, 1, lo, hi, (left + j0) * o, (left + j1) * o)
                weights = kernel[e, :, j0 * o : j1 * o].T
                _add_product(total, spare, lo, hi, slab, weights, first=e == 0)
            pixels = total.reshape(tiles, b, s, s, c)
            column = s * tile - p
            q0, q1 = _inside(column, w, s, 1)
            for r in range(s):
                row = s * top + r - p
                lo, hi = _inside(row, h, tiles, s)
                x[block, row + s * lo : row + s * hi : s, column + q0 : column + q1] = pixels[
                    lo:hi, :, r, q0:q1
                ].swapaxes(0, 1)

    over_batch(by_slabs, n, max(1, _ROWS // tiles))
    return x


def weight_gradient(x, gy, kernel, stride, padding):
    """gW = im2col(x)ᵀ gy.    x (N, H, W, C), gy (N, OH, OW, O) -> gW (k, k, C, O)."""
    n, h, w, c = x.shape
    _, oh, ow, o = gy.shape
    k, s, p = kernel, stride, padding
    _check_sizes(x.shape, gy.shape, k, s, p)

    def by_copying(block):
        gW = _planes(x[block], k, s, p) @ gy[block].reshape(-1, o)
        return gW.reshape(k, k, c, o)

    def by_slabs(block):
        rows, gy_rows = _rows(x[block], s), _rows(gy[block], 1)
        gW, product = np.zeros((k, k * c, o), x.dtype), np.empty((k * c, o), x.dtype)
        for v in range(ow):
            left = s * v - p
            j0, j1 = _inside(left, w, k, 1)
            for i in range(k):
                lo, hi = _inside(i - p, h, oh, s)
                if lo < hi:
                    slab = _slab(rows, i - p, s, lo, hi, (left + j0) * c, (left + j1) * c)
                    part = product[: (j1 - j0) * c]
                    np.matmul(slab.T, _slab(gy_rows, 0, 1, lo, hi, v * o, (v + 1) * o), out=part)
                    gW[i, j0 * c : j1 * c] += part
        return gW.reshape(k, k, c, o)

    if c < _FEW:
        return sum(over_batch(by_copying, n, _copied(oh * ow * k * k * c)))
    return sum(over_batch(by_slabs, n))


def _copied(window_numbers):
    """How many images of so many numbers each, in all windows, are copied at a time."""
    return max(1, _COPIED // max(1, window_numbers))


def _check_sizes(large, small, k, s, p):
    """ValueError unless correlate would make of `large` (N, H, W, …) what is `small`."""
    wanted = (large[0], conv_size(large[1], k, s, p), conv_size(large[2], k, s, p))
    if tuple(small[:3]) != wanted:
        raise ValueError(f"expected {wanted} images, rows and columns, got {tuple(small[:3])}")


def _add_product(total, spare, lo, hi, slab, weights, first):
    """total[lo:hi] += slab @ weights. The first one finds total unset: what it does not reach is 0.

    total, spare (rows, N, O): to add in, and to multiply in.
    """
    out = (total if first else spare)[lo:hi]
    np.matmul(slab, weights, out=out.reshape(-1, out.shape[-1]))
    if first:
        total[:lo].fill(0)
        total[hi:].fill(0)
    else:
        total[lo:hi] += out


def _rows(x, stride):
    """x (N, H, W, C) -> (stride, ⌈H / stride⌉, N, W·C + gap): rows r, r + stride, … at [r]."""
    n, h, w, c = x.shape
    rows = np.empty((stride, -(-h // stride), n, w * c + _GAP), x.dtype)
    for r in range(min(stride, h)):
        part = x[:, r::stride]
        part = part.reshape(n, part.shape[1], w * c)
        rows[r, : part.shape[1], :, : w * c] = part.swapaxes(0, 1)
    return rows


def _slab(rows, offset, stride, lo, hi, a, b):
    """Numbers a to b of the rows stride·u + offset, u = lo … hi − 1, of all images: a matrix."""
    first, r = divmod(offset, stride)
    return rows[r, lo + first : hi + first].reshape(-1, rows.shape[-1])[:, a:b]


def _inside(offset, size, out, stride):
    """(lo, hi): for these u of range(out), and no others, 0 ≤ stride·u + offset < size."""
    lo = min(out, max(0, -(offset // stride)))
    return lo, max(lo, min(out, (size - 1 - offset) // stride + 1))


def _phases(W, stride, taps):
    """The kernel of the adjoint as a correlation: (k, k, C, O) -> (taps, s·s·C, taps·O).

    Tap t of phase r is row (or column) r + stride·t of W, 0 where there is none; flipped, since
    the adjoint looks back where the correlation looked ahead.
    """
    k, _, c, o = W.shape
    padded = np.zeros((taps * stride, taps * stride, c, o), W.dtype)
    padded[:k, :k] = W
    tiles = padded.reshape(taps, stride, taps, stride, c, o)[::-1, :, ::-1]
    return tiles.transpose(0, 1, 3, 4, 2, 5).reshape(taps, stride * stride * c, taps * o)


def _planes(x, kernel, stride, padding):
    """im2col(x)ᵀ: row (i, j, ch) has what that element of each window sees, image by image."""
    n, h, w, c = x.shape
    k, s, p = kernel, stride, padding
    oh, ow = conv_size(h, k, s, p), conv_size(w, k, s, p)
    padded = np.zeros((n, h + 2 * p, w + 2 * p, c), x.dtype)
    padded[:, p : p + h, p : p + w] = x
    planes = np.empty((k, k, c, n, oh, ow), x.dtype)
    for i in range(k):
        for j in range(k):
            seen = padded[:, i : i + s * oh : s, j : j + s * ow : s]  # (n, oh, ow, c)
            planes[i, j] = seen.transpose(3, 0, 1, 2)
    return planes.reshape(k * k * c, n * oh * ow)
