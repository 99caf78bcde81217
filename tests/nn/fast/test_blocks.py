"""Work in blocks: cut without a gap, done by several threads, and the same as in one piece."""

import math

import numpy as np
import pytest
import strict_device
from hypothesis import given
from hypothesis import strategies as st

from tinygan import backend, nn
from tinygan.nn.fast import blocks
from tinygan.nn.fast import threads as nn_threads

BLAS = nn_threads._openblas()
needs_openblas = pytest.mark.skipif(BLAS is None, reason="NumPy multiplies without OpenBLAS")


@pytest.fixture
def small_cache(monkeypatch):
    """Blocks of 64 numbers."""
    monkeypatch.setattr(blocks, "CACHE", 64)
    monkeypatch.setattr(blocks, "WORTH", 256)


# over_batch: how range(n) is cut


@given(
    n=st.integers(0, 2000),
    most=st.none() | st.integers(1, 300),
    workers=st.integers(1, 16),
)
def test_the_blocks_cut_the_range_evenly(n, most, workers):
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
    assert len(cuts) <= workers * each  # no more than each thread must have


def test_of_nothing_there_is_one_empty_block(threads):
    for number in (1, 2):
        threads(number)
        for most in (None, 5):
            assert blocks.over_batch(lambda block: block, 0, most) == [slice(0, 0)]


# elementwise


shapes = st.one_of(
    st.tuples(st.integers(1, 400)),
    st.tuples(st.integers(1, 60), st.integers(1, 9)),
    st.tuples(st.integers(1, 12), st.integers(1, 6), st.integers(1, 9)),
    st.tuples(st.integers(1, 8), st.integers(1, 5), st.integers(1, 4), st.integers(1, 5)),
)


def empty_of_nan(shape, dtype=float):
    """np.empty, but what nobody wrote shows."""
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
        patch.setattr(nn_threads, "count", lambda: workers if BLAS else 1)
        patch.setattr(np, "empty", empty_of_nan)
        y = blocks.elementwise(write, x, keep)
    np.testing.assert_array_equal(y, (x - mean) * scale * keep)
    assert (y.shape, y.dtype) == (shape, dtype)
    assert not np.shares_memory(x, y)
    assert sum(seen) == x.size
    assert (len(seen) == 1) == (x.size <= 64 or len(x) == 1)


@pytest.mark.parametrize("shape", [(blocks.CACHE,), (5 * blocks.CACHE + 7,), (9000, 12, 12)])
def test_elementwise_of_real_sizes(shape, rng, threads):
    pool = threads(2)
    x = np.abs(rng.standard_normal(shape).astype(np.float32))
    y = blocks.elementwise(lambda y, x: np.sqrt(x, out=y), x)
    np.testing.assert_array_equal(y, np.sqrt(x))
    assert len(pool.helpers) == (x.size > blocks.WORTH)


def test_the_threads_of_elementwise_leave_nothing_out_nor_do_they_do_it_twice(small_cache, threads):
    pool = threads(3)
    done = np.zeros(1000, int)
    blocks.elementwise(lambda y, x, done: np.add(done, 1, out=done), np.ones(1000), done)
    assert (done == 1).all()
    assert len(pool.helpers) == 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "odd",
    [lambda x: x.T, lambda x: x[::-1], lambda x: x[:, ::2], lambda x: x.transpose(1, 2, 0)],
)
def test_elementwise_of_arrays_in_another_order_of_memory(small_cache, rng, odd, dtype):
    whole = rng.standard_normal((5, 6, 7)).astype(dtype)
    whole.flags.writeable = False
    x = odd(whole)
    y = blocks.elementwise(lambda y, x: np.multiply(x, 2, out=y), x)
    np.testing.assert_array_equal(y, 2 * x)
    assert (y.shape, y.dtype) == (x.shape, dtype)
    assert not np.shares_memory(x, y)


def test_elementwise_of_one_number_and_of_none(small_cache):
    for shape in ((), (0,), (0, 3), (3, 0)):
        y = blocks.elementwise(lambda y, x: np.add(x, 1, out=y), np.full(shape, 2.0))
        np.testing.assert_array_equal(y, np.full(shape, 3.0))


def test_on_a_device_f_is_called_once(device, small_cache):
    seen = []
    x = device.ones((100, 8), np.float32)

    def write(y, x):
        seen.append((y.shape, x.shape))
        device.add(x, 1, out=y)

    y = blocks.elementwise(write, x)
    assert seen == [((100, 8), (100, 8))]
    assert y.dtype == np.float32
    assert (y.get() == 2).all()
    assert (x.get() == 1).all()


# cut, flat, each, by_rows


def cut_small(*arrays):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "CACHE", 64)
        patch.setattr(blocks, "WORTH", 256)
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
    assert len(sizes) == -(-len(a) // max(1, 64 // row))  # and no more than that takes
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


def test_cut_leaves_arrays_of_a_device_in_one_piece(small_cache):
    a, b = strict_device.zeros((20, 30)), strict_device.zeros(20)
    ((whole_a, whole_b),) = blocks.cut(a, b)
    assert whole_a is a
    assert whole_b is b


@given(shape=shapes)
def test_flat_arrays_have_one_axis_and_share_their_memory(shape):
    a, b = np.zeros(shape), np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    flat_a, flat_b = blocks.flat(a, b)
    assert flat_a.shape == flat_b.shape == (a.size,)
    assert np.shares_memory(flat_a, a)
    assert np.shares_memory(flat_b, b)
    flat_a += flat_b
    np.testing.assert_array_equal(a, b)


def test_one_number_is_an_array_of_one_axis_too():
    a = np.zeros(())
    (flat,) = blocks.flat(a)
    flat += 3
    assert flat.shape == (1,)
    assert a == 3


@pytest.mark.parametrize("odd", [np.zeros((30, 20)).T, np.zeros((20, 60))[:, ::2]])
def test_with_an_array_in_another_order_of_memory_all_stay_as_they_are(odd):
    plain = np.zeros((20, 30))
    for arrays in ((plain, odd), (odd, plain), (odd,)):
        assert all(a is b for a, b in zip(blocks.flat(*arrays), arrays, strict=True))


@pytest.mark.parametrize("shape", [(), (5,), (20, 30)])
def test_arrays_of_a_device_stay_as_they_are(device, shape):
    arrays = device.zeros(shape), device.ones(shape)
    assert all(a is b for a, b in zip(blocks.flat(*arrays), arrays, strict=True))


@pytest.mark.parametrize("shapes", [((2, 3), (3, 2)), ((6,), (2, 3)), ((), (1,)), ((4,), (5,))])
def test_flat_refuses_arrays_of_different_shapes(shapes):
    arrays = [np.zeros(shape) for shape in shapes]
    for a, b in (arrays, arrays[::-1]):
        with pytest.raises(ValueError, match="arrays of different shapes"):
            blocks.flat(a, b)


def test_only_where_there_is_much_to_do_other_threads_are_called(small_cache, threads):
    pool = threads(2)
    for sizes in ((), (1,), (256,), (1,) * 256, (100, 56, 100)):
        found = blocks.each(lambda a: a.sum(), [(np.ones(size),) for size in sizes])
        assert found == list(sizes)
        assert not pool.helpers
    assert blocks.each(lambda a: a.sum(), [(np.ones(100),) for _ in range(3)]) == [100] * 3
    assert len(pool.helpers) == 1


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 64, 65, 1000])
def test_by_rows_has_its_results_in_order(small_cache, threads, number, n):
    threads(number)
    x = np.arange(n)
    found = blocks.by_rows(lambda x, y: (x[0], len(x), x[-1] + y[-1]), x, x.reshape(n, 1))
    first = [a for a, _, _ in found]
    assert first == sorted(first)
    assert first == [sum(length for _, length, _ in found[:i]) for i in range(len(found))]
    assert [last for *_, last in found] == [2 * (a + length - 1) for a, length, _ in found]


def test_on_a_device_no_other_thread_is_called(threads, small_cache):
    pool = threads(2)
    params = [nn.Param(strict_device.zeros((100, 3))) for _ in range(4)]
    nn.Adam(params).step()
    assert not pool.helpers


# row_sums


with_features = shapes.filter(lambda shape: len(shape) > 1) | st.tuples(st.integers(1, 9))


@given(
    shape=with_features,
    dtype=st.sampled_from([np.float32, np.float64]),
    cache=st.sampled_from([1, 64, blocks.CACHE]),
    workers=st.sampled_from([1, 2]),
)
def test_row_sums_is_the_sum_over_all_axes_but_the_last(shape, dtype, cache, workers):
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    x.flags.writeable = False
    axes = tuple(range(x.ndim - 1))
    expected, most = x.sum(axis=axes, dtype=float), np.abs(x).sum(axis=axes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "CACHE", cache)
        patch.setattr(blocks, "WORTH", cache)
        patch.setattr(nn_threads, "count", lambda: workers if BLAS else 1)
        found = blocks.row_sums(x)
    assert (found.shape, found.dtype) == (shape[-1:], dtype)
    assert (np.abs(found - expected) <= 50 * np.finfo(dtype).eps * most).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_row_sums_of_real_sizes(rng, threads, dtype):
    x = rng.integers(-9, 9, (30, 70, 80, 8)).astype(dtype)  # of such numbers it is exact
    pool = threads(2)
    np.testing.assert_array_equal(blocks.row_sums(x), x.sum(axis=(0, 1, 2)))
    assert len(pool.helpers) == 1


def test_row_sums_of_arrays_in_another_order_of_memory(small_cache, rng):
    x = rng.standard_normal((7, 6, 5)).T
    np.testing.assert_allclose(blocks.row_sums(x), x.sum(axis=(0, 1)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_row_sums_of_no_rows_are_zeros(dtype):
    found = blocks.row_sums(np.ones((0, 4, 3), dtype))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, [0, 0, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_row_sums_on_a_device(device, rng, small_cache, dtype):
    x = rng.integers(-9, 9, (4, 5, 6, 3)).astype(dtype)
    found, waits = strict_device.counted(blocks.row_sums, backend.to_device(x, device))
    assert backend.array_module(found) is device
    assert found.dtype == dtype
    assert waits == 0
    np.testing.assert_array_equal(found.get(), x.sum(axis=(0, 1, 2)))


# Whatever the order of memory


IN_ODD_ORDER = {
    "turned": lambda: np.zeros((30, 20)).T,
    "with gaps": lambda: np.zeros((20, 60))[:, ::2],
    "backwards": lambda: np.zeros((20, 30))[::-1],
    "one number": lambda: np.zeros(()),
}


@pytest.mark.parametrize("name", IN_ODD_ORDER)
def test_cut_never_copies_whatever_the_order_of_memory(name, small_cache):
    a = IN_ODD_ORDER[name]()
    b = np.arange(a.size, dtype=float).reshape(a.shape)
    for x, y in blocks.cut(*blocks.flat(a, b)):
        x += y
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", IN_ODD_ORDER)
def test_adam_moves_a_parameter_whatever_its_order_of_memory(name, rng, small_cache):
    odd = nn.Param(IN_ODD_ORDER[name]())
    plain = nn.Param(np.zeros(odd.data.shape))
    data = odd.data
    optimizers = nn.Adam([odd]), nn.Adam([plain])
    odd.grad += 1
    optimizers[0].zero_grad()
    assert not odd.grad.any()
    for _ in range(3):
        odd.grad[...] = plain.grad[...] = rng.standard_normal(plain.data.shape)
        for optimizer in optimizers:
            optimizer.step()
    assert plain.data.all()
    np.testing.assert_allclose(odd.data, plain.data, rtol=1e-12)
    assert odd.data is data


# One thread or two, a layer is the same: exactly, unless the threads are given equal shares of the
# work, as in a convolution


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
def test_one_thread_or_two_compute_the_same(name, threads, small_cache):
    alone = threads(1)
    one = IN_BLOCKS[name](np.random.default_rng(0))
    together = threads(2)
    two = IN_BLOCKS[name](np.random.default_rng(0))
    assert not alone.helpers
    assert together.helpers
    shared = name.startswith(("conv", "transposed"))
    tolerance = {"rtol": 1e-10, "atol": 1e-12} if shared else {"rtol": 0, "atol": 0}
    for a, b in zip(one, two, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, **tolerance)


@pytest.mark.parametrize("name", IN_BLOCKS)
def test_many_blocks_or_one_compute_the_same(name, monkeypatch):
    monkeypatch.setattr(nn_threads, "count", lambda: 1)
    one = IN_BLOCKS[name](np.random.default_rng(0))
    monkeypatch.setattr(blocks, "CACHE", 64)
    monkeypatch.setattr(blocks, "WORTH", 256)
    many = IN_BLOCKS[name](np.random.default_rng(0))
    for a, b in zip(one, many, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("n", [2, 200])
def test_the_dtype_is_the_first_arrays_whatever_the_size(small_cache, n):
    narrow, wide = np.ones((n, 3), np.float32), np.ones((n, 3))
    for x, other in ((narrow, wide), (wide, narrow)):
        y = blocks.elementwise(lambda y, a, b: np.add(a, b, out=y), x, other)
        assert y.dtype == x.dtype
        assert (y == 2).all()
    for layer in (nn.ReLU(), nn.LeakyReLU(0.5)):
        with pytest.raises(TypeError, match="floating point, got int64"):
            layer.forward(np.full((n, 3), -1, np.int64))


@pytest.mark.parametrize("n", [2, 200])
def test_arrays_of_different_lengths_are_refused(small_cache, n):
    with pytest.raises(ValueError, match="arrays of different lengths"):
        blocks.elementwise(lambda y, a, b: None, np.ones((n, 3)), np.ones((2 * n, 3)))
    for work in (blocks.cut, lambda *arrays: blocks.by_rows(lambda *rows: None, *arrays)):
        with pytest.raises(ValueError, match="arrays of different lengths"):
            work(np.ones((n, 3)), np.ones(n), np.ones((2 * n, 3)))
        with pytest.raises(ValueError, match="arrays of different lengths"):
            work(np.ones((n, 3)), np.ones(()))
    layer = nn.BatchNorm(3)
    layer.forward(np.ones((n, 3)))
    with pytest.raises(ValueError, match="arrays of different lengths"):
        layer.backward(np.ones((2 * n, 3)))


def test_a_gradient_of_another_shape_is_refused():
    p = nn.Param(np.ones((2, 3)))
    adam = nn.Adam([p])
    p.grad = np.ones((3, 2))
    with pytest.raises(ValueError, match="arrays of different shapes"):
        adam.step()
    assert (p.data == 1).all()
    with pytest.raises(ValueError, match="arrays of different shapes"):
        nn.Adam([nn.Param(np.ones(3)), p]).step()


def test_of_several_parameters_none_is_moved_when_a_gradient_does_not_fit():
    right, wrong = nn.Param(np.ones(3)), nn.Param(np.ones((2, 3)))
    adam = nn.Adam([right, wrong])
    right.grad += 1
    wrong.grad = np.ones((3, 2))
    with pytest.raises(ValueError, match="arrays of different shapes"):
        adam.step()
    assert (right.data == 1).all()
    assert not adam.m[0].any()
