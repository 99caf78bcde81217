"""The three maps of correlation.py without a copy of every window.

im2col makes k·k copies of the image, and writing them takes as long as a third of the product that
reads them. Most windows can be read where they are. Lay the image out by rows,

    x (N, H, W, C)  ->  rows (H, N, W·C)

and consider output column v and row i of the kernel. For every output row and image they need k·C
neighbouring numbers, which start at the same place of a row: a *slab* rows[first:last, :, a:b].
It is a matrix (output rows · N, k·C) with gaps between its rows, and a matrix product reads that
as it is. So column v of y is a sum of k products, one per row of the kernel. Here is one of them,
for one image of 5×5 pixels and one channel, a 3×3 kernel, padding 1, stride 1, v = 2 and i = 0:

             slab          W[0]
    0  [ 1   2   3]   4
    5  [ 6   7   8]   9     [1]     [ 7]   is added to y[1, 2]
   10  [11  12  13]  14  @  [0]  =  [22]               y[2, 2]
   15  [16  17  18]  19     [2]     [37]               y[3, 2]
   20   21  22  23   24             [52]               y[4, 2]

Column 2 of y needs the pixel columns 1, 2, 3. Row 0 of the kernel meets pixel row u − 1 for output
row u; for u = 0 that is padding, so y[0, 2] gets nothing, and no product is spent on zeros. (For
7×7 pixels, a 5×5 kernel and padding 2 this saves a third of the work.) For v = 0 the slab is
columns 0 and 1 alone, and meets the kernel's columns 1 and 2.

With stride s the windows start at every s-th row, so rows are sorted by their number modulo s.
Along a row a slab may start anywhere, so the stride needs nothing there.

The adjoint adds W[i, j] y[u, v] to pixel (s·u + i − p, s·v + j − p) of x. Sort the pixels of the
padded image into s·s phases: those of phase (r, q) are rows s·a + r and columns s·b + q. They meet
only the kernel rows r + s·e, e = 0, 1, …, with output row u = a − e, and likewise in columns:

    x[s·a + r − p, s·b + q − p] = Σ_ef W[r + s·e, q + s·f] y[a − e, b − f]

So each phase is one correlation of stride 1: of y with the kernel W[r::s, q::s], flipped because e
and f are subtracted. `adjoint_by_phases` is just that. All phases read the same slabs of y, so
`correlate_adjoint`, the fast one, does them in one correlation with s·s·C output channels. Its
output pixel (a, b) is a tile of s×s pixels of x (Shi et al. 2016, "Real-time single image and video
super-resolution …", section 3.2).

A few images are worked on at a time, on several threads (blocks.py). Images of few channels, whose
slabs would be too thin, go to planes.py.
"""

import numpy as np

from tinygan.nn.correlation import check_sizes, conv_size
from tinygan.nn.fast import planes
from tinygan.nn.fast.blocks import add_up, over_batch

FEW = 8  # channels: with fewer, slabs are too thin for a fast product
_ROWS = 1024  # the most rows of a product; what it reads and writes then stays in the cache
_GAP = 16  # unused numbers after each row: a distance of a power of two would crowd the cache


def correlate(x, W, stride, padding):
    """y = im2col(x) W.    x (N, H, W, C), W (k, k, C, O) -> y (N, OH, OW, O)."""
    n, h, w, c = x.shape
    k, _, _, o = W.shape
    s, p = stride, padding
    if c < FEW:
        return planes.correlate(x, W, s, p)
    oh, ow = conv_size(h, k, s, p), conv_size(w, k, s, p)
    kernel = W.reshape(k, k * c, o)
    y = np.empty((n, oh, ow, o), x.dtype)

    def fill(block):
        starts = [s * v - p for v in range(ow)]
        for v, column in enumerate(_columns(x[block], kernel, s, -p, starts, oh)):
            y[block, :, v] = column.swapaxes(0, 1)

    over_batch(fill, n, max(1, _ROWS // oh))
    return y


def weight_gradient(x, gy, kernel, stride, padding, out=None):
    """gW = im2col(x)ᵀ gy.    x (N, H, W, C), gy (N, OH, OW, O) -> gW (k, k, C, O)."""
    n, h, w, c = x.shape
    _, oh, ow, o = gy.shape
    k, s, p = kernel, stride, padding
    check_sizes(x.shape, gy.shape, k, s, p)
    if c < FEW:
        return planes.weight_gradient(x, gy, k, s, p, out)

    def of_block(block):
        rows, gy_rows = _rows(x[block], s), _rows(gy[block], 1)
        gW, product = np.zeros((k, k * c, o), x.dtype), np.empty((k * c, o), x.dtype)
        for v in range(ow):
            start = s * v - p
            j0, j1 = _inside(start, w, k, 1)
            for i in range(k):
                u0, u1 = _inside(i - p, h, oh, s)
                if u0 < u1:
                    slab = _slab(rows, i - p, s, u0, u1, (start + j0) * c, (start + j1) * c)
                    part = product[: (j1 - j0) * c]
                    np.matmul(slab.T, _slab(gy_rows, 0, 1, u0, u1, v * o, (v + 1) * o), out=part)
                    gW[i, j0 * c : j1 * c] += part
        return gW.reshape(k, k, c, o)

    return add_up(over_batch(of_block, n), out)


def adjoint_by_phases(y, W, shape, stride, padding):
    """x = col2im(y Wᵀ), the short form: one correlation per phase. correlate_adjoint is faster."""
    n, h, w, c = shape
    k, _, _, o = W.shape
    oh, ow = y.shape[1:3]
    s, p = stride, padding
    taps = -(-k // s)  # kernel rows per phase; where a phase has one less, a row of zeros
    padded_W = np.zeros((s * taps, s * taps, c, o), W.dtype)
    padded_W[:k, :k] = W
    height, width = s * (oh + taps - 1), s * (ow + taps - 1)  # as far as y reaches
    x = np.zeros((n, max(h + 2 * p, height), max(w + 2 * p, width), c), y.dtype)
    for r in range(s):
        for q in range(s):
            flipped = padded_W[r::s, q::s][::-1, ::-1].swapaxes(2, 3)  # (taps, taps, O, C)
            x[:, r:height:s, q:width:s] = correlate(y, flipped, 1, taps - 1)
    return x[:, p : p + h, p : p + w].copy()


def correlate_adjoint(y, W, shape, stride, padding):
    """x = col2im(y Wᵀ), the adjoint of correlate.    y (N, OH, OW, O) -> x of `shape`."""
    n, h, w, c = shape
    s, p = stride, padding
    check_sizes(shape, y.shape, len(W), s, p)
    if c < FEW:
        return planes.correlate_adjoint(y, W, shape, s, p)
    kernel = _all_phases(W, s)
    back = len(kernel) - 1  # output tile a meets the rows a − back … a of y
    top, left = p // s, p // s  # the first tiles that have pixels of x
    height, width = (p + h - 1) // s + 1 - top, (p + w - 1) // s + 1 - left
    x = np.empty(shape, y.dtype)

    def fill(block):
        starts = [left + b - back for b in range(width)]
        for b, column in enumerate(_columns(y[block], kernel, 1, top - back, starts, height)):
            tiles = column.reshape(*column.shape[:2], s, s, c)
            _lay_tiles(tiles, x[block], s * top - p, s * (left + b) - p)

    over_batch(fill, n, max(1, _ROWS // height))
    return x


def _all_phases(W, stride):
    """The kernels of all phases in one: (k, k, C, O) -> (taps, taps·O, s·s·C).

    Row e, column f of phase (r, q) is W[r + s·e, q + s·f], flipped; 0 where W ends before that.
    """
    k, _, c, o = W.shape
    s, taps = stride, -(-k // stride)
    padded = np.zeros((taps * s, taps * s, c, o), W.dtype)
    padded[:k, :k] = W
    phases = padded.reshape(taps, s, taps, s, c, o)[::-1, :, ::-1]  # (e, r, f, q, C, O)
    phases = phases.transpose(0, 1, 3, 4, 2, 5).reshape(taps, s * s * c, taps * o)
    return phases.swapaxes(1, 2)


def _lay_tiles(tiles, x, top, left):
    """Write a column of tiles (A, N, s, s, C) into x (N, H, W, C), from pixel (top, left) down.

    Pixels of a tile that are outside x are dropped.
    """
    s = tiles.shape[2]
    _, h, w, _ = x.shape
    q0, q1 = _inside(left, w, s, 1)
    for r in range(s):
        row = top + r
        a0, a1 = _inside(row, h, len(tiles), s)
        pixels = tiles[a0:a1, :, r, q0:q1].swapaxes(0, 1)  # (N, rows, q1 − q0, C)
        x[:, row + s * a0 : row + s * a1 : s, left + q0 : left + q1] = pixels


def _columns(x, kernel, stride, top, starts, height):
    """The columns of a correlation, one after another, each (height, N, O) in the same array.

    x (N, H, W, C). kernel (k, k·C, O): its row i meets pixel row stride·u + top + i for output row
    u. starts: for each column, the pixel column where its slabs start.
    """
    n, h, w, c = x.shape
    k, _, o = kernel.shape
    rows = _rows(x, stride)
    total, product = np.empty((2, height, n, o), x.dtype)
    for start in starts:
        j0, j1 = _inside(start, w, k, 1)
        for i in range(k):
            u0, u1 = _inside(top + i, h, height, stride)
            slab = _slab(rows, top + i, stride, u0, u1, (start + j0) * c, (start + j1) * c)
            out = (total if i == 0 else product)[u0:u1]
            np.matmul(slab, kernel[i, j0 * c : j1 * c], out=out.reshape(-1, o))
            if i == 0:  # total starts as the first product, and 0 in the rows that it does not have
                total[:u0].fill(0)
                total[u1:].fill(0)
            else:
                total[u0:u1] += out
        yield total


def _rows(x, stride):
    """x (N, H, W, C) -> (stride, ⌈H / stride⌉, N, W·C + gap): rows r, r + stride, … at [r]."""
    n, h, w, c = x.shape
    rows = np.empty((stride, -(-h // stride), n, w * c + _GAP), x.dtype)
    for r in range(min(stride, h)):
        part = x[:, r::stride]
        part = part.reshape(n, part.shape[1], w * c)
        rows[r, : part.shape[1], :, : w * c] = part.swapaxes(0, 1)
    return rows


def _slab(rows, offset, stride, u0, u1, a, b):
    """Numbers a to b of pixel rows stride·u + offset, u = u0 … u1 − 1, of all images: a matrix."""
    first, r = divmod(offset, stride)
    return rows[r, u0 + first : u1 + first].reshape(-1, rows.shape[-1])[:, a:b]


def _inside(offset, size, out, stride):
    """(u0, u1): for these u of range(out), and no others, 0 ≤ stride·u + offset < size."""
    u0 = min(out, max(0, -(offset // stride)))
    return u0, max(u0, min(out, (size - 1 - offset) // stride + 1))
