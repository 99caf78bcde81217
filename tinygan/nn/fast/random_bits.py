"""Random bits on several threads: each makes some of the blocks, wherever they begin."""

import math

import numpy as np

from tinygan.nn.fast.blocks import over_batch
from tinygan.nn.random_bits import KEPT_IN_BLOCK, NORMALS_IN_BLOCK, normals, words

_FEW = 1 << 13  # blocks: with fewer, waking other threads costs what they would save


def keep_mask(like, shape, key, counter, dropped):
    def fill(mask, first):
        bits = words(key, first, len(mask)).view(np.uint16)
        np.greater_equal(bits.reshape(mask.shape), dropped, out=mask)

    return _filled(fill, shape, bool, KEPT_IN_BLOCK, counter)


def normal_noise(like, shape, key, counter):
    def fill(noise, first):
        noise[...] = normals(words(key, first, len(noise))).reshape(noise.shape)

    return _filled(fill, shape, np.float32, NORMALS_IN_BLOCK, counter)


def _filled(fill, shape, dtype, in_block, counter):
    """An array whose blocks, rows of in_block elements, are filled by fill(rows, counter there)."""
    n = math.prod(shape)
    rows = np.empty((-(-n // in_block), in_block), dtype)
    start = sum(int(word) << 64 * i for i, word in enumerate(counter))

    def work(block):
        fill(rows[block], start + block.start)

    if len(rows) < _FEW:
        work(slice(0, len(rows)))
    else:
        over_batch(work, len(rows), _FEW)
    return rows.reshape(-1)[:n].reshape(shape)
