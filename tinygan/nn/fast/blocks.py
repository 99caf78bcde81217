"""Work cut into blocks that are small enough for the processor's cache, and done by its threads.

A chain of elementwise operations on a large array goes out to memory and back for each of them;
on a block that fits the cache it does so once. And different threads can work on different blocks
(threads.py).
"""

import numpy as np

from tinygan import backend
from tinygan.nn.fast import threads

CACHE = 1 << 18  # numbers in a block: 1 MB of float32, of which a core's own cache holds one or two
WORTH = 1 << 20  # numbers: for fewer, waking other threads (0.1 ms) costs what they would save


def elementwise(f, x, *others):
    """A new array y of x's shape and dtype, filled by f(y, x, *others).

    f: writes each element, or each row, of y from the same ones of the others; it is called for a
    block of rows at a time. Raises ValueError for arrays of different lengths, TypeError when x is
    not of floating-point numbers, which y could not hold.
    """
    if x.dtype.kind != "f":
        raise TypeError(f"layers compute in floating point, got {x.dtype}: use x.astype('float32')")
    y = backend.array_module(x).empty(x.shape, x.dtype)
    by_rows(f, y, x, *others)
    return y


def by_rows(work, *arrays):
    """[work(*blocks) for blocks of the same rows of each array], in order: see cut and each."""
    return each(work, cut(*arrays))


def cut(*arrays):
    """The same rows of each array, a block at a time: a list of tuples of views.

    arrays: of one length, else ValueError; an array of one axis has rows of one number. A block has
    CACHE numbers of the first array at most, or one row; it does not depend on the number of
    threads. On a device, which has its own way with memory, there is one block.
    """
    first = arrays[0]
    if any(array.shape[:1] != first.shape[:1] for array in arrays):
        raise ValueError(f"arrays of different lengths: {[array.shape for array in arrays]}")
    if backend.array_module(first) is not np or first.size <= CACHE:
        return [arrays]
    n = len(first)
    most = max(1, CACHE * n // first.size)  # rows
    rows = -(-n // -(-n // most))  # as many in each block, but for the last
    return [tuple(array[i : i + rows] for array in arrays) for i in range(0, n, rows)]


def flat(*arrays):
    """Arrays of one shape, else ValueError, as arrays of one axis that share their memory.

    Where one of them cannot be seen so without a copy, and on a device, all come back unchanged.
    """
    if any(array.shape != arrays[0].shape for array in arrays):
        raise ValueError(f"arrays of different shapes: {[array.shape for array in arrays]}")
    if backend.array_module(arrays[0]) is not np or not all(a.flags.c_contiguous for a in arrays):
        return arrays
    return tuple(array.reshape(-1) for array in arrays)


def each(work, blocks):
    """[work(*block) for block in blocks], in threads where there is enough of them to pay."""
    much = sum(block[0].size for block in blocks) > WORTH
    if much and backend.array_module(blocks[0][0]) is np:  # a device has threads of its own
        return threads.run(lambda block: work(*block), blocks)
    return [work(*block) for block in blocks]


def row_sums(x):
    """Σ over all axes but the last.    x (…, F) -> (F,), in x's dtype."""
    return sum(by_rows(add_rows, x.reshape(-1, x.shape[-1])))


def add_rows(rows):
    """Σ over the rows.    (M, F) -> (F,), in their dtype.

    On the processor a product with a row of ones: the quickest way to add up rows. (np.dot, since
    with a narrow matrix @ keeps Python's lock, as of NumPy 2.4.)
    """
    if backend.array_module(rows) is not np:
        return rows.sum(axis=0)
    return np.dot(np.ones(len(rows), rows.dtype), rows)


def over_batch(work, n, most=None):
    """[work(block) for each block], in order; the blocks are slices that cut range(n) evenly.

    work: writes to its own block alone. most: how many of n a block may have at the most; as
    many as give each thread one when left out. Of nothing there is one block, without anything.
    """
    count = threads.count()
    size = max(1, -(-n // count))
    if most is not None and size > most:
        size = -(-n // (count * -(-n // (count * most))))  # as many blocks for each thread
    return threads.run(work, [slice(i, min(i + size, n)) for i in range(0, max(1, n), size)])
