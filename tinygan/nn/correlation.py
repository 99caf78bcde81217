"""Convolution as one matrix product, and transposed convolution as its adjoint.

A convolution slides a k×k window over the image; each output pixel is the dot product of the window
under it with the kernel. `im2col` copies every window into a row of its own,

    x (N, H, W, C)  ->  cols (N·OH·OW, k·k·C),    OH × OW windows in each of the N images,

and then all the dot products are a single matrix product with W (k, k, c_in, c_out) read as a
(k·k·c_in, c_out) matrix:

    Conv2d:            y = im2col(x) W

`im2col` only copies, so it is linear, and a linear map's backward is its transpose (its adjoint:
the map Aᵀ with <A x, y> = <x, Aᵀ y> for all x and y, where <,> is the sum of elementwise products).
Where forward copies x[p] into several rows, the transpose adds the gradients of all those rows up
in gx[p]. That is `col2im`: the same loop with the two sides of the assignment swapped and `=`
replaced by `+=`.
So the backward of y = im2col(x) W, by the chain rule for the matrix product and im2col, is

    gW = im2col(x)ᵀ gy          gx = col2im(gy Wᵀ)

A transposed convolution is this gx map used as a forward: it turns few pixels into many. Each input
pixel adds its multiple of the kernel to a k×k patch of the output. Since transposing twice gives
the original back, its backward uses im2col where Conv2d's forward did:

    ConvTranspose2d:   y = col2im(x Wᵀ)      gW = im2col(gy)ᵀ x      gx = im2col(gy) W

Here W (k, k, c_out, c_in) is the kernel of the Conv2d that would go the other way. So both layers
are made of the same three maps, `correlate`, `correlate_adjoint` and `weight_gradient`.
fast/slabs.py has the three without the copies.
Source: Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning", chapters 2
and 4 (output sizes, the transpose).
"""

from tinygan import backend


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
    """The adjoint of im2col: add every row to the pixels of its window.

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


def correlate(x, W, stride, padding):
    """y = im2col(x) W.    x (N, H, W, C), W (k, k, C, O) -> y (N, OH, OW, O)."""
    n, h, w, _ = x.shape
    k, _, c, o = W.shape
    oh, ow = conv_size(h, k, stride, padding), conv_size(w, k, stride, padding)
    y = im2col(x, k, stride, padding) @ W.reshape(k * k * c, o)  # (N·OH·OW, k·k·C) @ (k·k·C, O)
    return y.reshape(n, oh, ow, o)


def correlate_adjoint(y, W, shape, stride, padding):
    """x = col2im(y Wᵀ), the adjoint of correlate.    y (N, OH, OW, O) -> x of `shape`."""
    k, _, c, o = W.shape
    check_sizes(shape, y.shape, k, stride, padding)
    cols = y.reshape(-1, o) @ W.reshape(k * k * c, o).T  # (N·OH·OW, O) @ (O, k·k·C)
    return col2im(cols, shape, k, stride, padding)


def weight_gradient(x, gy, kernel, stride, padding, out=None):
    """gW = im2col(x)ᵀ gy.    x (N, H, W, C), gy (N, OH, OW, O) -> gW (k, k, C, O).

    out: the array that gW is written to, if it is given.
    """
    check_sizes(x.shape, gy.shape, kernel, stride, padding)
    c, o = x.shape[-1], gy.shape[-1]
    gW = im2col(x, kernel, stride, padding).T @ gy.reshape(-1, o)  # (k·k·C, N·OH·OW) @ (…, O)
    gW = gW.reshape(kernel, kernel, c, o)
    if out is None:
        return gW
    out[...] = gW
    return out


def conv_size(size, kernel, stride, padding):
    """How many windows fit along an axis of `size` pixels."""
    return (size + 2 * padding - kernel) // stride + 1


def check_sizes(x_shape, y_shape, kernel, stride, padding):
    """Raise ValueError unless correlate maps images x (N, H, W, …) to y (N, OH, OW, …)."""
    n, h, w = x_shape[:3]
    k, s, p = kernel, stride, padding
    expected = (n, conv_size(h, k, s, p), conv_size(w, k, s, p))
    if tuple(y_shape[:3]) != expected:
        raise ValueError(f"expected {expected} images, rows, columns, got {tuple(y_shape[:3])}")
