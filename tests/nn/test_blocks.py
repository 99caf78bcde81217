"""Work in blocks: cut without a gap, done by several threads, and the same as in one piece."""

import math
import multiprocessing
import os
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import strict_device
from hypothesis import given
from hypothesis import strategies as st

from tinygan import nn
from tinygan.nn import blocks, norm

BLAS = blocks._openblas()
needs_openblas = pytest.mark.skipif(BLAS is None, reason="NumPy multiplies without OpenBLAS")


@pytest.fixture
def threads(monkeypatch):
    """threads(2): that many work from now on; returns the pool, whose `items` are those it did."""
    if BLAS is None:
        pytest.skip("NumPy multiplies without OpenBLAS: there is one thread")
    pools = []
    before = BLAS.get_threads()

    def use(number):
        pool = ThreadPoolExecutor(number)
        right, pool.items = pool.submit, []
        pool.submit = lambda work, item: (pool.items.append(item), right(work, item))[1]
        pools.append(pool)
        monkeypatch.setattr(blocks, "count", lambda: number)
        monkeypatch.setattr(blocks, "_pool", lambda process: pool)
        return pool

    yield use
    for pool in pools:
        pool.shutdown()
    BLAS.set_threads(before)


@pytest.fixture
def small_cache(monkeypatch):
    """Blocks of 64 numbers."""
    monkeypatch.setattr(blocks, "CACHE", 64)
    monkeypatch.setattr(norm, "CACHE", 64)


def in_fresh_python(code, **environment):
    """What `code` prints, with these environment variables and no other word about threads."""
    about_threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS")
    env = {name: value for name, value in os.environ.items() if name not in about_threads}
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=env | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


# over_batch: how range(n) is cut


@given(
    n=st.integers(0, 2000),
    most=st.none() | st.integers(1, 300),
    workers=st.integers(1, 16),
)
def test_the_blocks_cut_the_range_evenly(n, most, workers):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "count", lambda: workers)
        patch.setattr(blocks, "run", lambda work, items: [work(item) for item in items])
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


# run: threads


def test_the_results_come_back_in_order(threads):
    def late(item):
        time.sleep(0.02 if item == 0 else 0)  # the first is done last
        return item * item

    for number in (1, 2, 3):
        threads(number)
        assert blocks.run(late, list(range(7))) == [0, 1, 4, 9, 16, 25, 36]


def test_two_items_are_worked_on_at_the_same_time(threads):
    threads(2)
    both_here = threading.Barrier(2, timeout=10)  # broken unless both arrive
    assert sorted(blocks.run(lambda item: both_here.wait(), [0, 1])) == [0, 1]


@pytest.mark.parametrize("before", [1, 2])
def test_products_have_one_thread_while_ours_work_and_then_as_many_as_before(threads, before):
    threads(3)
    BLAS.set_threads(before)
    assert blocks.run(lambda item: BLAS.get_threads(), [0, 1, 2]) == [1, 1, 1]
    assert BLAS.get_threads() == before


def test_products_keep_their_threads_where_ours_do_not_work(threads):
    BLAS.set_threads(2)
    threads(1)
    assert blocks.run(lambda item: BLAS.get_threads(), [0, 1, 2]) == [2, 2, 2]
    threads(2)
    assert blocks.run(lambda item: BLAS.get_threads(), [0]) == [2]


def test_an_error_in_a_thread_reaches_the_caller_and_leaves_nothing_behind(threads):
    def fails(item):
        if item == 1:
            raise ZeroDivisionError("item 1")
        return item

    pool = threads(2)
    BLAS.set_threads(2)
    with pytest.raises(ZeroDivisionError, match="item 1"):
        blocks.run(fails, [0, 1, 2])
    assert BLAS.get_threads() == 2
    pool.items.clear()
    assert blocks.run(fails, [0, 2, 3]) == [0, 2, 3]
    assert pool.items == [0, 2, 3]  # by the threads again


@needs_openblas
def test_work_that_cuts_its_own_work_does_not_wait_for_itself():
    code = """
from tinygan.nn import blocks
blocks.count = lambda: 2
inner = lambda item: blocks.run(lambda part: 10 * item + part, [0, 1, 2])
print(blocks.run(inner, [1, 2, 3]), blocks._openblas().get_threads())
"""
    found = in_fresh_python(code, OMP_NUM_THREADS="1")
    assert found == "[[10, 11, 12], [20, 21, 22], [30, 31, 32]] 1"


def test_several_callers_at_once_each_get_their_own(threads):
    threads(2)
    BLAS.set_threads(2)
    with ThreadPoolExecutor(4) as callers:
        found = list(
            callers.map(lambda c: blocks.run(lambda i: (c, i), list(range(20))), range(30))
        )
    assert found == [[(c, i) for i in range(20)] for c in range(30)]
    assert BLAS.get_threads() == 2


def _whole_and_in_blocks(_):
    x = np.arange(2.0 * blocks.CACHE)
    return np.array_equal(blocks.elementwise(lambda x: x + 1, x), x + 1)


@needs_openblas
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_has_threads_of_its_own(monkeypatch):
    monkeypatch.setattr(blocks, "count", lambda: 2)
    blocks._pool.cache_clear()
    assert _whole_and_in_blocks(None)  # the parent's threads are there
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: fork beside threads
        with multiprocessing.get_context("fork").Pool(1) as process:
            assert process.map_async(_whole_and_in_blocks, [None]).get(timeout=30) == [True]
    blocks._pool(os.getpid()).shutdown()
    blocks._pool.cache_clear()


@needs_openblas
def test_there_are_as_many_threads_as_the_environment_says():
    code = "from tinygan.nn import blocks; print(blocks.count(), blocks._pool(0)._max_workers)"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    for asked in (1, 2):
        found = in_fresh_python(code, OMP_NUM_THREADS=str(asked))
        assert found == f"{min(asked, cores)} {min(asked, cores)}"


def test_without_openblas_there_is_one_thread(monkeypatch):
    monkeypatch.setattr(blocks, "_openblas", lambda: None)
    blocks.count.cache_clear()
    try:
        assert blocks.count() == 1
        here = threading.current_thread()
        assert set(blocks.over_batch(lambda block: threading.current_thread(), 9, 2)) == {here}
    finally:
        blocks.count.cache_clear()


# elementwise


shapes = st.one_of(
    st.tuples(st.integers(1, 400)),
    st.tuples(st.integers(1, 60), st.integers(1, 9)),
    st.tuples(st.integers(1, 12), st.integers(1, 6), st.integers(1, 9)),
    st.tuples(st.integers(1, 8), st.integers(1, 5), st.integers(1, 4), st.integers(1, 5)),
)


@given(shape=shapes, workers=st.sampled_from([1, 2]), dtype=st.sampled_from([np.float32, float]))
def test_elementwise_is_f_of_the_whole(shape, workers, dtype):
    rng = np.random.default_rng(0)
    x, keep = rng.standard_normal(shape).astype(dtype), rng.random(shape) < 0.5
    features = shape[-1] if len(shape) > 1 else 1  # one constant for each
    mean, scale = rng.standard_normal((2, features)).astype(dtype)
    seen = []

    def f(x, keep):
        seen.append(x.size)
        return (x - mean) * scale * keep

    expected = f(x, keep)
    seen.clear()
    x.flags.writeable = keep.flags.writeable = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "CACHE", 64)
        patch.setattr(blocks, "count", lambda: workers if BLAS else 1)
        y = blocks.elementwise(f, x, keep)
    np.testing.assert_array_equal(y, expected)
    assert y.dtype == dtype
    assert sum(seen) == x.size
    assert max(seen) <= max(64, x[0].size)  # a row is the least there can be
    assert (len(seen) == 1) == (x.size <= 64 or len(x) == 1)


@pytest.mark.parametrize("shape", [(blocks.CACHE,), (3 * blocks.CACHE + 7,), (700, 12, 12)])
def test_elementwise_of_real_sizes(shape, rng, threads):
    threads(2)
    x = rng.standard_normal(shape).astype(np.float32)
    np.testing.assert_array_equal(blocks.elementwise(np.sqrt, np.abs(x)), np.sqrt(np.abs(x)))


def test_elementwise_of_arrays_in_another_order_of_memory(small_cache, rng):
    x = rng.standard_normal((5, 6, 7)).T
    np.testing.assert_array_equal(blocks.elementwise(lambda x: 2 * x, x), 2 * x)


def test_on_a_device_f_is_called_once(device, small_cache):
    seen = []
    x = device.ones((100, 8), np.float32)
    blocks.elementwise(lambda x: (seen.append(x.shape), x)[1], x)
    assert seen == [(100, 8)]


# cut


@given(shape=shapes)
def test_cut_gives_views_that_are_the_whole_array_once(shape):
    a, b = np.zeros(shape), np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "CACHE", 64)
        pieces = blocks.cut(a, b)
    assert all(x.shape == y.shape and x.size <= 64 for x, y in pieces)
    for x, y in pieces:
        x += y + 1
    np.testing.assert_array_equal(a, b + 1)


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
    for x, y in blocks.cut(a, b):
        x += y
    np.testing.assert_array_equal(a, b)


def test_cut_leaves_an_array_of_a_device_in_one_piece(small_cache):
    a = strict_device.zeros((20, 30))
    ((whole,),) = blocks.cut(a)
    whole += 1
    assert (a.get() == 1).all()


@pytest.mark.parametrize("name", IN_ODD_ORDER)
def test_adam_moves_a_parameter_whatever_its_order_of_memory(name, rng, small_cache):
    odd = nn.Param(IN_ODD_ORDER[name]())
    plain = nn.Param(np.zeros(odd.data.shape))
    data = odd.data
    optimizers = nn.Adam([odd]), nn.Adam([plain])
    for _ in range(3):
        odd.grad[...] = plain.grad[...] = rng.standard_normal(plain.data.shape)
        for optimizer in optimizers:
            optimizer.step()
    assert plain.data.all()
    np.testing.assert_allclose(odd.data, plain.data, rtol=1e-12)
    assert odd.data is data


# One thread or two, a layer is the same to rounding


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
            p.grad[...] = rng.standard_normal(p.grad.shape)
        optimizer.step()
    return [*(p.data for p in params), *optimizer.m, *optimizer.v]


IN_BLOCKS = {
    "conv": lambda r: _step(nn.Conv2d(9, 4, 3, stride=2, padding=1, rng=r), (7, 6, 5, 9)),
    "conv, few channels": lambda r: _step(nn.Conv2d(1, 4, 3, padding=1, rng=r), (7, 6, 5, 1)),
    "transposed": lambda r: _step(nn.ConvTranspose2d(9, 8, 4, stride=2, rng=r), (7, 3, 4, 9)),
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
    assert not alone.items
    assert (len(together.items) > 1) is name.startswith(("conv", "transposed"))
    for a, b in zip(one, two, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_the_dtype_does_not_depend_on_the_size(small_cache):
    for n in (2, 200):
        x = np.full((n, 3), -1, np.int64)
        y = nn.LeakyReLU(0.5).forward(x)
        assert (y == -0.5).all()
        wide = blocks.elementwise(lambda a, b: a + b, np.ones((n, 3), np.float32), np.ones((n, 3)))
        assert wide.dtype == np.float64


@pytest.mark.parametrize("n", [2, 200])
def test_arrays_of_different_lengths_are_refused(small_cache, n):
    with pytest.raises(ValueError, match="arrays of different lengths"):
        blocks.elementwise(np.add, np.ones((n, 3)), np.ones((2 * n, 3)))
    layer = nn.BatchNorm(3)
    layer.forward(np.ones((n, 3)))
    with pytest.raises(ValueError, match="rows of different shapes"):
        layer.backward(np.ones((2 * n, 3)))


def test_the_threads_warn_of_numbers_as_the_caller_does(threads):
    threads(2)

    def overflow(item):
        return np.float32(1e38) * np.float32(10)

    with np.errstate(over="ignore"):
        assert blocks.run(overflow, [0, 1]) == [np.inf, np.inf]
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        blocks.run(overflow, [0, 1])


def test_a_gradient_of_another_shape_is_refused():
    p = nn.Param(np.ones((2, 3)))
    adam = nn.Adam([p])
    p.grad = np.ones((3, 2))
    with pytest.raises(ValueError, match="arrays of different shapes"):
        adam.step()
    assert (p.data == 1).all()
