"""Work in blocks: cut without a gap, done by several threads, and the same as in one piece."""

import math
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import nn
from tinygan.nn.fast import blocks, openblas
from tinygan.nn.fast import threads as nn_threads


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 64 numbers; helpers for more than 256."""
    monkeypatch.setattr(blocks, "CACHE", 64)
    monkeypatch.setattr(blocks, "WORTH", 256)


shapes = st.one_of(
    st.tuples(st.integers(1, 400)),
    st.tuples(st.integers(1, 60), st.integers(1, 9)),
    st.tuples(st.integers(1, 12), st.integers(1, 6), st.integers(1, 9)),
    st.tuples(st.integers(1, 8), st.integers(1, 5), st.integers(1, 4), st.integers(1, 5)),
)


# cut


def cut_small(*arrays):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "CACHE", 64)
        return blocks.cut(*arrays)


@given(shape=shapes, other=st.lists(st.integers(1, 4), max_size=2))
def test_cut_gives_views_of_the_same_rows_that_are_the_whole_arrays_once(shape, other):
    a = np.zeros(shape)
    b = np.arange(len(a) * math.prod(other)).reshape(len(a), *other)
    row = np.arange(len(a))
    pieces = cut_small(a, b, row)
    for x, y, rows in pieces:
        assert len(x) == len(y) == len(rows)
        assert np.shares_memory(x, a)
        assert np.shares_memory(y, b)
        np.testing.assert_array_equal(y, b[rows])
        x += 1
    np.testing.assert_array_equal(np.concatenate([rows for *_, rows in pieces]), row)
    assert (a == 1).all()


@given(shape=shapes)
def test_blocks_are_small_and_even(shape):
    a = np.zeros(shape)
    sizes = [x.size for (x,) in cut_small(a)]
    row = a[0].size
    assert sum(sizes) == a.size
    assert max(sizes) <= max(64, row)
    assert len(sizes) == -(-len(a) // max(1, 64 // row))  # no more than necessary
    assert set(sizes[:-1]) <= {sizes[0]}
    assert sizes[-1] <= sizes[0]


@given(shape=shapes, numbers=st.tuples(st.integers(1, 20), st.integers(1, 20)))
def test_blocks_do_not_depend_on_the_number_of_threads(shape, numbers):
    cuts = []
    for number in numbers:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(nn_threads, "count", lambda number=number: number)
            cuts.append([x.shape for (x,) in cut_small(np.zeros(shape))])
    assert cuts[0] == cuts[1]


IN_ODD_ORDER = {
    "transposed": lambda: np.zeros((30, 20)).T,
    "with gaps": lambda: np.zeros((20, 60))[:, ::2],
    "backwards": lambda: np.zeros((20, 30))[::-1],
    "one number": lambda: np.zeros(()),
}


@pytest.mark.parametrize("name", IN_ODD_ORDER)
def test_cut_never_copies_whatever_the_order_of_memory(name, small_blocks):
    a = IN_ODD_ORDER[name]()
    b = np.arange(a.size, dtype=float).reshape(a.shape)
    for x, y in blocks.cut(a, b):
        x += y
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("n", [2, 200])
def test_arrays_of_different_lengths_are_refused(small_blocks, n):
    a = np.ones((n, 3))
    for others in ([np.ones((2 * n, 3))], [np.ones(n), np.ones((2 * n, 3))], [np.ones(())]):
        for work in (blocks.cut, lambda *arrays: blocks.by_rows(lambda *rows: None, *arrays)):
            with pytest.raises(ValueError, match="arrays of different lengths"):
                work(a, *others)
        with pytest.raises(ValueError, match="arrays of different lengths"):
            blocks.elementwise(lambda *rows: None, a, *others)


# each, by_rows


def test_only_if_there_is_enough_work_other_threads_are_called(small_blocks, threads, helpers):
    threads(2)
    for sizes in ((), (1,), (256,), (1,) * 256, (100, 56, 100)):
        found = blocks.each(lambda a: a.sum(), [(np.ones(size),) for size in sizes])
        assert found == list(sizes)
        assert not helpers
    assert blocks.each(lambda a: a.sum(), [(np.ones(100),) for _ in range(3)]) == [100] * 3
    assert len(helpers) == 1


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 64, 65, 1000])
def test_by_rows_has_its_results_in_order(small_blocks, threads, number, n):
    threads(number)
    x = np.arange(n)
    found = blocks.by_rows(lambda x, y: (x[0], len(x), x[-1] + y[-1]), x, x.reshape(n, 1))
    first = [a for a, _, _ in found]
    assert first == sorted(first)
    assert first == [sum(length for _, length, _ in found[:i]) for i in range(len(found))]
    assert [last for *_, last in found] == [2 * (a + length - 1) for a, length, _ in found]


# elementwise


def empty_of_nan(shape, dtype=float):
    """In place of np.empty: an element that was never written is seen."""
    return np.full(shape, np.nan, dtype)


@given(shape=shapes, workers=st.sampled_from([1, 2]), dtype=st.sampled_from([np.float32, float]))
def test_elementwise_is_f_of_the_whole(shape, workers, dtype):
    rng = np.random.default_rng(0)
    x, keep = rng.standard_normal(shape).astype(dtype), rng.random(shape) < 0.5
    features = shape[-1] if len(shape) > 1 else 1  # one constant for each
    mean, scale = rng.standard_normal((2, features)).astype(dtype)
    seen = []

    def write(y, x, keep):
        seen.append(x.size)
        np.subtract(x, mean, out=y)
        y *= scale
        y *= keep

    x.flags.writeable = keep.flags.writeable = False  # any write raises
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "CACHE", 64)
        patch.setattr(blocks, "WORTH", 256)
        patch.setattr(nn_threads, "count", lambda: workers if openblas.find() else 1)
        patch.setattr(np, "empty", empty_of_nan)
        y = blocks.elementwise(write, x, keep)
    np.testing.assert_array_equal(y, (x - mean) * scale * keep)
    assert (y.shape, y.dtype) == (shape, dtype)
    assert not np.shares_memory(x, y)
    assert sum(seen) == x.size
    assert (len(seen) == 1) == (x.size <= 64 or len(x) == 1)


@pytest.mark.parametrize("shape", [(blocks.CACHE,), (5 * blocks.CACHE + 7,), (9000, 12, 12)])
def test_elementwise_of_real_sizes(shape, rng, threads, helpers):
    threads(2)
    x = np.abs(rng.standard_normal(shape).astype(np.float32))
    y = blocks.elementwise(lambda y, x: np.sqrt(x, out=y), x)
    np.testing.assert_array_equal(y, np.sqrt(x))
    assert len(helpers) == (x.size > blocks.WORTH)


def test_the_threads_of_elementwise_do_every_element_once(small_blocks, threads, helpers):
    threads(3)
    done = np.zeros(1000, int)
    blocks.elementwise(lambda y, x, done: np.add(done, 1, out=done), np.ones(1000), done)
    assert (done == 1).all()
    assert len(helpers) == 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "odd",
    [lambda x: x.T, lambda x: x[::-1], lambda x: x[:, ::2], lambda x: x.transpose(1, 2, 0)],
)
def test_elementwise_of_arrays_in_another_order_of_memory(small_blocks, rng, odd, dtype):
    whole = rng.standard_normal((5, 6, 7)).astype(dtype)
    whole.flags.writeable = False
    x = odd(whole)
    y = blocks.elementwise(lambda y, x: np.multiply(x, 2, out=y), x)
    np.testing.assert_array_equal(y, 2 * x)
    assert (y.shape, y.dtype) == (x.shape, dtype)
    assert not np.shares_memory(x, y)


def test_elementwise_of_one_number_and_of_none(small_blocks):
    for shape in ((), (0,), (0, 3), (3, 0)):
        y = blocks.elementwise(lambda y, x: np.add(x, 1, out=y), np.full(shape, 2.0))
        np.testing.assert_array_equal(y, np.full(shape, 3.0))


@pytest.mark.parametrize("n", [2, 200])
def test_the_dtype_is_the_first_arrays_whatever_the_size(small_blocks, n):
    narrow, wide = np.ones((n, 3), np.float32), np.ones((n, 3))
    for x, other in ((narrow, wide), (wide, narrow)):
        y = blocks.elementwise(lambda y, a, b: np.add(a, b, out=y), x, other)
        assert y.dtype == x.dtype
        assert (y == 2).all()


# column_sums


@given(
    shape=st.tuples(st.integers(0, 400), st.integers(1, 9)),
    dtype=st.sampled_from([np.float32, np.float64]),
    cache=st.sampled_from([1, 64, blocks.CACHE]),
    workers=st.sampled_from([1, 2]),
)
def test_column_sums_add_up_the_rows(shape, dtype, cache, workers):
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    x.flags.writeable = False
    expected, most = x.sum(axis=0, dtype=float), np.abs(x).sum(axis=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "CACHE", cache)
        patch.setattr(blocks, "WORTH", cache)
        patch.setattr(nn_threads, "count", lambda: workers if openblas.find() else 1)
        found = blocks.column_sums(x)
    assert (found.shape, found.dtype) == (shape[-1:], dtype)
    assert (np.abs(found - expected) <= 50 * np.finfo(dtype).eps * most).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_column_sums_of_real_sizes(rng, threads, helpers, dtype):
    threads(2)
    x = rng.integers(-9, 9, (168_000, 8)).astype(dtype)  # the sum of such numbers is exact
    np.testing.assert_array_equal(blocks.column_sums(x), x.sum(axis=0))
    assert len(helpers) == 1


def test_column_sums_of_arrays_in_another_order_of_memory(small_blocks, rng):
    x = rng.standard_normal((7, 60)).T
    np.testing.assert_allclose(blocks.column_sums(x), x.sum(axis=0), rtol=1e-12, atol=1e-12)


# over_batch


@given(
    n=st.integers(0, 2000),
    most=st.none() | st.integers(1, 300),
    workers=st.integers(1, 16),
)
def test_over_batch_cuts_the_range_evenly(n, most, workers):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn_threads, "count", lambda: workers)
        patch.setattr(nn_threads, "run", lambda work, items: [work(item) for item in items])
        cuts = blocks.over_batch(lambda block: block, n, most)
    numbers = [i for block in cuts for i in range(n)[block]]
    assert numbers == list(range(n))
    sizes = [block.stop - block.start for block in cuts]
    assert max(sizes) <= (math.ceil(n / workers) if most is None else most)
    assert set(sizes[:-1]) <= {sizes[0]}  # all are of one size,
    assert 0 <= sizes[0] - sizes[-1] < len(sizes)  # but the last, by one at most for each block
    each = 1 if most is None else max(1, math.ceil(n / (workers * most)))
    assert len(cuts) <= workers * each  # no more than necessary


def test_for_no_images_there_is_one_empty_block(threads):
    for number in (1, 2):
        threads(number)
        for most in (None, 5):
            assert blocks.over_batch(lambda block: block, 0, most) == [slice(0, 0)]


def test_one_thread_works_alone(threads):
    threads(1)
    here = threading.current_thread()
    assert set(blocks.over_batch(lambda block: threading.current_thread(), 9, 2)) == {here}


# A layer gives the same with one thread and with two: exactly, except a convolution, whose blocks
# depend on the number of threads


def _step(layer, shape):
    rng = np.random.default_rng(1)
    x = rng.standard_normal(shape)
    y = layer.forward(x)
    gx = layer.backward(rng.standard_normal(y.shape))
    return [y, gx, *(p.grad for p in layer.params()), *layer.named_buffers().values()]


def _adam(rng):
    params = [nn.Param(rng.standard_normal(shape)) for shape in ((300,), (20, 9), (3,))]
    optimizer = nn.Adam(params)
    for _ in range(3):
        for p in params:
            p.grad += rng.standard_normal(p.grad.shape)
        optimizer.step()
        optimizer.zero_grad()
    return [*(p.data for p in params), *optimizer.m, *optimizer.v]


IN_BLOCKS = {
    "conv": lambda r: _step(nn.Conv2d(9, 4, 3, stride=2, padding=1, rng=r), (7, 6, 5, 9)),
    "conv, few channels": lambda r: _step(nn.Conv2d(1, 4, 3, padding=1, rng=r), (7, 6, 5, 1)),
    "transposed": lambda r: _step(nn.ConvTranspose2d(9, 8, 4, stride=2, rng=r), (7, 3, 4, 9)),
    "transposed, few channels": lambda r: _step(
        nn.ConvTranspose2d(9, 2, 4, stride=2, padding=1, rng=r), (7, 3, 4, 9)
    ),
    "batchnorm": lambda r: _step(nn.BatchNorm(5), (300, 5)),
    "batchnorm, images": lambda r: _step(nn.BatchNorm(3), (9, 7, 8, 3)),
    "leaky relu": lambda r: _step(nn.LeakyReLU(0.3), (9, 7, 8, 3)),
    "relu": lambda r: _step(nn.ReLU(), (50, 9)),
    "dropout": lambda r: _step(nn.Dropout(0.3, rng=r), (50, 9)),
    "adam": _adam,
}


@pytest.mark.parametrize("name", IN_BLOCKS)
def test_one_thread_or_two_compute_the_same(name, threads, helpers, small_blocks):
    threads(1)
    one = IN_BLOCKS[name](np.random.default_rng(0))
    assert not helpers
    threads(2)
    two = IN_BLOCKS[name](np.random.default_rng(0))
    assert helpers
    convolution = name.startswith(("conv", "transposed"))
    tolerance = {"rtol": 1e-10, "atol": 1e-12} if convolution else {"rtol": 0, "atol": 0}
    for a, b in zip(one, two, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, **tolerance)
