"""Arrays cut into blocks that fit the processor's cache, shared out among its threads.

A chain of elementwise operations on a large array reads and writes main memory once per operation.
On a block that fits the cache it does so once per chain. And different threads can work on
different blocks at the same time (threads.py).
"""

import numpy as np

from tinygan.nn.fast import threads

CACHE = 1 << 18  # numbers per block: 1 MB of float32; a core's own cache holds one or two
WORTH = 1 << 20  # numbers: with fewer, waking other threads (0.1 ms) costs what they would save


def elementwise(f, x, *others):
    """A new array y of x's shape and dtype, filled by f(y, x, *others).

    f: writes each element, or each row, of y from the same element or row of the others; it is
    called once per block. Raises ValueError for arrays of different lengths.
    """
    y = np.empty(x.shape, x.dtype)
    by_rows(f, y, x, *others)
    return y


def by_rows(work, *arrays):
    """[work(*block) for each block of the same rows of all arrays], in order."""
    return each(work, cut(*arrays))


def cut(*arrays):
    """The arrays as a list of blocks, each a tuple of views of the same rows of every array.

    arrays: of one length, else ValueError; the elements of an array of one axis are its rows. A
    block has at most CACHE numbers of the first array, or one row. The blocks do not depend on the
    number of threads, so neither do the sums over them.
    """
    first = arrays[0]
    if any(array.shape[:1] != first.shape[:1] for array in arrays):
        raise ValueError(f"arrays of different lengths: {[array.shape for array in arrays]}")
    if first.size <= CACHE:
        return [arrays]
    n = len(first)
    most = max(1, CACHE * n // first.size)  # rows
    rows = -(-n // -(-n // most))  # the same number in each block but the last
    return [tuple(array[i : i + rows] for array in arrays) for i in range(0, n, rows)]


def each(work, blocks, weight=1):
    """[work(*block) for block in blocks], on several threads where that is worth it.

    weight: how often the few operations for which WORTH stands are done on each number.
    """
    if weight * sum(block[0].size for block in blocks) > WORTH:
        return threads.run(lambda block: work(*block), blocks)
    return [work(*block) for block in blocks]


def column_sums(x, out=None):
    """Σ over the rows, block by block.    x (M, F) -> (F,), in x's dtype; in `out` if given."""
    return add_up(by_rows(add_rows, x), out)


def add_rows(block):
    """Σ over the rows of one block, as a product with a row of ones: the fastest way.

    (np.dot, because @ with a narrow matrix keeps Python's lock, as of NumPy 2.4.)
    """
    return np.dot(np.ones(len(block), block.dtype), block)


def add_up(arrays, out=None):
    """Σ of a list of arrays, in `out` or, without it, in the first of them."""
    first, *others = arrays
    if out is None:
        out = first
    elif others:
        np.add(first, others.pop(0), out=out)
    else:
        out[...] = first
    for array in others:
        out += array
    return out


def over_batch(work, n, most=None):
    """[work(block) for each block], in order; the blocks are slices that cut range(n) evenly.

    work: writes to its own block alone. most: the largest size of a block; without it there is one
    block per thread, with it as many per thread as it takes. For n = 0 there is one empty block.
    """
    count = threads.count()
    per_thread = 1 if most is None else max(1, -(-n // (count * most)))
    size = max(1, -(-n // (count * per_thread)))
    return threads.run(work, [slice(i, min(i + size, n)) for i in range(0, max(1, n), size)])
