"""Random bits that host and device make alike: Philox, a generator that only counts.

Most generators carry a state from each number to the next. Philox has a key and a counter: block c
is four numbers of 64 bits, got from c and the key alone by ten rounds of multiplying and mixing,

    (a, b, c, d)  ->  (high(M₁ c) ⊕ b ⊕ k₀,  low(M₁ c),  high(M₀ a) ⊕ d ⊕ k₁,  low(M₀ a))

with high and low the halves of a product of 128 bits, M₀ and M₁ constants, and k₀, k₁ the key, to
which two more constants are added after each round. So a GPU can make all blocks at once
(fast/kernels.py), each core of a processor its share (fast/random_bits.py), and all get the bits
that NumPy's Philox makes; a checkpoint holds a key and a counter.
Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", sections 3.3 and 4; Box &
Muller 1958 (normal numbers).
"""

import math

import numpy as np

from tinygan import backend
from tinygan.nn.shard import current_shard, parts

WORDS = 4  # in a block, of 64 bits each
KEPT_IN_BLOCK, NORMALS_IN_BLOCK = 4 * WORDS, 2 * WORDS
_UNIT = 2.0**-24  # float32 has 24 bits


def counting(rng):
    """A Generator of NumPy's Philox, whose key follows from the seed of rng.

    rng: host NumPy Generator. Nothing is drawn from it, but it has one child less to `spawn`; so
    each call gives another key, and rng's state, restored later, has no say in it.
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"expected np.random.default_rng(seed) as rng, got {type(rng).__name__}")
    try:
        seed = rng.bit_generator.seed_seq.spawn(1)[0]
    except (AttributeError, TypeError):  # made from a state or a key and not from a seed
        return np.random.Generator(np.random.Philox(key=rng.integers(0, 1 << 64, 2, np.uint64)))
    return np.random.Generator(np.random.Philox(seed))


def take_blocks(rng, elements, in_block):
    """(key, counter) of the next blocks, as many as the elements need; rng goes on after them.

    rng: what `counting` returned. key: uint64 (2,). counter: uint64 (4,), a number of 256 bits, its
    lowest 64 first; these are enough. The blocks are those of counter + 1, counter + 2, ….
    """
    state = rng.bit_generator.state["state"]
    rng.bit_generator.advance(-(-elements // in_block))
    return state["key"], state["counter"]


def draw(make, rng, shape, in_block):
    """make(shape, key, counter): an array from the next blocks of rng, in_block elements of each.

    make: keep_mask or normal_noise. Where several processes share a batch (shard.py), the elements
    of shape's rows are those that one process would draw for these rows of the whole batch; rng
    goes on after the whole batch, so that it is the same everywhere.
    """
    shard, size = current_shard(), math.prod(shape)
    key, counter = take_blocks(rng, size * shard.ranks, in_block)
    if shard.ranks == 1:
        return make(shape, key, counter)
    part, found = size // parts(), []
    for i in range(parts()):
        first, skip = divmod((i * shard.ranks + shard.rank) * part, in_block)
        there = counter + np.array([first, 0, 0, 0], np.uint64)
        found.append(make((skip + part,), key, there)[skip:])
    whole = found[0] if len(found) == 1 else backend.array_module(found[0]).concatenate(found)
    return whole.reshape(shape)


def keep_mask(like, shape, key, counter, dropped):
    """bool of `shape`, on the device of `like`: False for a share of dropped / 65,536.

    Each block of random bits decides 16 elements, 16 bits one: False where they are < dropped.
    """
    n = math.prod(shape)
    bits = words(key, counter, -(-n // KEPT_IN_BLOCK)).view(np.uint16)
    return backend.to_device(bits[:n].reshape(shape) >= dropped, backend.array_module(like))


def normal_noise(like, shape, key, counter):
    """float32 of `shape` from N(0, 1), on the device of `like`.

    A word of 64 bits gives two: with u in (0, 1] and v in [0, 1) from 24 bits of each half, they
    are √(−2 ln u) · (cos 2πv, sin 2πv). The largest possible is 5.8.
    """
    n = math.prod(shape)
    noise = normals(words(key, counter, -(-n // NORMALS_IN_BLOCK)))
    return backend.to_device(noise[:n].reshape(shape), backend.array_module(like))


def normals(bits):
    """Random numbers from N(0, 1) out of uniform bits: uint64 (n,) -> float32 (2 n,)."""
    halves = (bits.view(np.uint32).reshape(-1, 2) >> 8).astype(np.float32)
    u, v = (halves[:, 0] + 1.0) * _UNIT, halves[:, 1] * _UNIT
    length, angle = np.sqrt(-2.0 * np.log(u)), 2.0 * math.pi * v
    return np.stack([length * np.cos(angle), length * np.sin(angle)], axis=1).reshape(-1)


def words(key, counter, blocks):
    """The random numbers of blocks counter + 1 to counter + blocks: uint64 (4 · blocks,)."""
    return np.random.Philox(key=key, counter=counter).random_raw(WORDS * blocks)
