"""Batches of training images as floats, on the device that trains.

On the host a batch is cut out of the images and turned into floats. A device could get each batch
that way too, and would wait for it: so it gets what it needs beforehand. Images that take less than
a quarter of its free memory are copied there once, as uint8, and a batch then needs only its row
numbers. Larger sets stay on the host, and each batch is copied, as uint8, while the device works on
the one before (copy_ahead.py).
"""

import numpy as np

from tinygan import backend
from tinygan.data.batches import orders
from tinygan.data.copy_ahead import copied_ahead
from tinygan.data.pixels import middle_and_half, to_float
from tinygan.kernel import Kernel, runs_on

_CROP = Kernel(
    "raw uint8 images, raw int64 places, int64 size, int32 w, int32 c, float32 m, float32 h",
    "raw float32 x",
    """
    const long long place = places[i / size], row = place < 0 ? ~place : place;
    const int inside = i % size;
    const int column = inside / c % w;
    const int from = place < 0 ? inside + (w - 1 - 2 * column) * c : inside;
    x[i] = (images[row * size + from] - m) / h;
    """,
    "crop",
)


def feed(
    images, batch_size, seed, start=0, *, xp, low=-1, labels=None, flip=None, mine=slice(None)
):
    """Yield batches without end, in the order of batches.batches, from batch `start` on.

    images: uint8 (N, H, W, C), and labels (N,), if given: on the host. low: the value of black.
    flip: a Generator that decides which images are mirrored, each with probability ½; it is drawn
    from when a batch is asked for. mine: an index of the rows of each batch that are yielded, where
    several processes share a batch.
    Yields float32 (batch_size, H, W, C) in [low, 1] on the array module xp, or (that, labels).
    """
    rows_of_batches = (rows[mine] for rows in orders(len(images), batch_size, seed, start))
    size = len(np.arange(batch_size)[mine])
    if xp is np or _fit(images, xp):
        stock = backend.to_device(images, xp)
        source = ((stock, rows, rows) for rows in rows_of_batches)
    else:
        source = copied_ahead(images, rows_of_batches, size, xp)
    for stock, places, rows in source:
        if flip is not None:
            places = np.where((flip.random(batch_size) < 0.5)[mine], ~places, places)  # see crop
        x = crop(stock, places, low)
        yield x if labels is None else (x, backend.to_device(labels[rows], xp))


def crop(images, places, low=-1):
    """The images at these places as floats, left to right exchanged where the place is ~i
    (that is −1 − i).

    images: uint8 (N, H, W, C). places: int64 (n,) on the host. Returns float32 (n, H, W, C) in
    [low, 1] where the images are.

    On a device this is one kernel, also in plain mode: data know nothing of nn and its dispatch.
    """
    xp = backend.array_module(images)
    if runs_on(xp):
        x = xp.empty((len(places), *images.shape[1:]), np.float32)
        _, h, w, c = images.shape
        sizes = (h * w * c, w, c, *middle_and_half(low))
        _CROP(images, backend.to_device(places, xp), *sizes, x, size=x.size)
        return x
    mirror = places < 0
    chosen = images[backend.to_device(np.where(mirror, ~places, places), xp)]
    if mirror.any():
        mirror = backend.to_device(mirror[:, None, None, None], xp)
        chosen = xp.where(mirror, chosen[:, :, ::-1], chosen)
    return to_float(chosen, low)


def _fit(images, xp):
    """Whether the images take less than a quarter of the device's free memory."""
    free, _ = xp.cuda.runtime.memGetInfo()
    return 4 * images.nbytes < free
