"""The fake device is as strict as it claims; without that, the tests that use it prove nothing."""

import numpy as np
import pytest
import strict_device as dev

from tinygan import backend

HOST = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    "mix",
    [
        lambda h, d: h + d,
        lambda h, d: d + h,
        lambda h, d: d @ h.T,
        lambda h, d: h.T @ d,
        lambda h, d: dev.maximum(d, h),
        lambda h, d: dev.where(h > 0, d, d),
        lambda h, d: dev.multiply(d, d, out=h),
        lambda h, d: dev.stack([d, h]),
        lambda h, d: np.exp(d),
        lambda h, d: np.concatenate([h, d]),
        lambda h, d: np.asarray(d),
        lambda h, d: np.array([d]),
        lambda h, d: np.mean(d),
        lambda h, d: d.__setitem__(0, h[0]),
        lambda h, d: h.__setitem__(0, d[0]),
        lambda h, d: d[h[:, 0] > 0],
        lambda h, d: d.__iadd__(h),
        lambda h, d: h.__iadd__(d),
        lambda h, d: d.astype(np.float32) == h,
    ],
)
def test_host_and_device_never_mix(mix):
    with pytest.raises(TypeError):
        mix(HOST.copy(), dev.asarray(HOST))


def test_scalars_may_be_used_on_the_device_and_keep_its_dtype():
    d = dev.asarray(HOST.astype(np.float32))
    for y in (2 * d, d / 2.0, 1.0 - d, d**2, np.float32(3) * d, dev.maximum(d, 0)):
        assert isinstance(y, dev.DeviceArray)
        assert y.dtype == np.float32


def test_out_writes_into_an_array_of_the_device():
    d, e = dev.asarray(HOST), dev.asarray(HOST)
    dev.add(d, 1, out=e)
    np.testing.assert_array_equal(d.get(), HOST)
    np.testing.assert_array_equal(e.get(), HOST + 1)


def test_a_reduction_stays_on_the_device_and_reading_it_counts_as_a_wait():
    d = dev.asarray(HOST)
    total, waited = dev.counted(d.sum)
    assert isinstance(total, dev.DeviceArray)
    assert total.shape == ()
    assert waited == 0
    for read in (float, bool, int, lambda x: x.item(), lambda x: x.get()):
        assert dev.counted(read, total)[1] == 1


def test_asarray_copies_so_that_the_host_array_is_not_the_device_array():
    host = HOST.copy()
    d = dev.asarray(host)
    d += 1
    np.testing.assert_array_equal(host, HOST)
    np.testing.assert_array_equal(d.get(), HOST + 1)


def test_array_module_finds_the_device_and_arrays_cross_over_by_the_backend():
    d = backend.to_device(HOST, dev)
    assert backend.array_module(d) is dev
    assert backend.to_device(d, dev) is d
    np.testing.assert_array_equal(backend.to_numpy(d), HOST)
    before = dev.cuda.synchronized
    backend.synchronize(dev)
    assert dev.cuda.synchronized == before + 1


# ---- counts ------------------------------------------------------------------------------------

A = np.arange(6.0, dtype=np.float32).reshape(2, 3)  # 24 bytes
ROW = np.arange(3.0, dtype=np.float32)  # 12 bytes


@pytest.mark.parametrize(
    ("operation", "launches", "read", "written"),
    [
        (lambda a, row: a + row, 1, 36, 24),
        (lambda a, row: 2 * a, 1, 24, 24),
        (lambda a, row: a.__iadd__(row), 1, 36, 24),
        (lambda a, row: -a, 1, 24, 24),
        (lambda a, row: a > 0, 1, 24, 6),
        (lambda a, row: dev.exp(a), 1, 24, 24),
        (lambda a, row: dev.add(a, row, out=a), 1, 36, 24),
        (lambda a, row: dev.where(a > 0, a, row), 2, 24 + 6 + 36, 6 + 24),
        (lambda a, row: a.sum(axis=0), 1, 24, 12),
        (lambda a, row: dev.mean(a), 2, 24, 4),
        (lambda a, row: a[:0].sum(axis=1), 0, 0, 0),
        (lambda a, row: a[:0] + 1, 0, 0, 0),
        (lambda a, row: a @ a.T, 1, 48, 16),
        (lambda a, row: dev.matmul(a, row), 1, 36, 8),
        (lambda a, row: (a[0], a[:, ::2], a[..., None], a.T, a[1, 1]), 0, 0, 0),
        (lambda a, row: (a.reshape(3, 2), a.ravel(), a.view(np.int32)), 0, 0, 0),
        (lambda a, row: a.T.reshape(6), 1, 24, 24),
        (lambda a, row: a.T.ravel(), 1, 24, 24),
        (lambda a, row: a.copy(), 1, 24, 24),
        (lambda a, row: a.astype(np.float64), 1, 24, 48),
        (lambda a, row: a.astype(np.float32), 1, 24, 24),
        (lambda a, row: a.astype(np.float32, copy=False), 0, 0, 0),
        (lambda a, row: dev.ascontiguousarray(a), 0, 0, 0),
        (lambda a, row: dev.ascontiguousarray(a.T), 1, 24, 24),
        (lambda a, row: a.fill(1), 1, 0, 24),
        (lambda a, row: a.__setitem__(0, 1.0), 1, 0, 12),
        (lambda a, row: a.__setitem__(slice(None), row), 1, 12, 24),
        (lambda a, row: a.__setitem__(slice(0, 0), 1.0), 0, 0, 0),
        (lambda a, row: dev.concatenate([a, a]), 2, 48, 48),
        (lambda a, row: dev.concatenate(9 * [a]), 1, 216, 216),
        (lambda a, row: dev.stack([row, row]), 2, 24, 24),
        (lambda a, row: dev.zeros((2, 3)), 1, 0, 48),
        (lambda a, row: dev.ones_like(a), 1, 0, 24),
        (lambda a, row: dev.full((2,), 7.0), 1, 0, 16),
        (lambda a, row: (dev.empty((2, 3)), dev.empty_like(a)), 0, 0, 0),
        (lambda a, row: dev.arange(4), 1, 0, 32),
        (lambda a, row: dev.pad(row, 1), 2, 12, 20 + 20),
    ],
)
def test_what_cupy_would_launch_is_counted_with_its_bytes(operation, launches, read, written):
    a, row = dev.asarray(A), dev.asarray(ROW)
    _, counts = dev.measure(operation, a, row)
    assert (counts.launches, counts.bytes_read, counts.bytes_written) == (launches, read, written)
    assert (counts.to_device, counts.to_host, counts.waits) == (0, 0, 0)


def test_a_gather_is_one_launch_and_a_mask_waits_for_its_size():
    a, rows = dev.asarray(A), dev.asarray(np.array([1, 0, 1]))
    for take in (lambda: a[rows], lambda: a.take(rows, axis=0), lambda: dev.take(a, rows, axis=0)):
        taken, counts = dev.measure(take)
        np.testing.assert_array_equal(taken.get(), A[[1, 0, 1]])
        assert (counts.launches, counts.waits, counts.bytes_written) == (1, 0, 36)
    large = a > 2
    _, counts = dev.measure(lambda: a[large])
    assert (counts.launches, counts.waits) == (2, 1)


def test_traffic_between_host_and_device_is_counted():
    a, counts = dev.measure(dev.asarray, A)
    assert counts == dev.Counts(to_device=24, copies_to_device=1)
    assert dev.measure(dev.asarray, a)[1] == dev.Counts()
    assert dev.measure(a.set, A)[1] == dev.Counts(to_device=24, copies_to_device=1)
    assert dev.measure(a.get)[1] == dev.Counts(to_host=24, waits=1)
    assert dev.measure(float, a[0, 0])[1] == dev.Counts(to_host=4, waits=1)
    assert dev.measure(backend.synchronize, dev)[1] == dev.Counts(waits=1)


def test_the_log_has_a_line_for_each_launch(monkeypatch):
    monkeypatch.setattr(dev, "launch_log", [])
    a = dev.asarray(A)
    a += a @ dev.zeros((3, 3), np.float32)
    assert dev.launch_log == [
        ("zeros", 0, 36, 0),
        ("matmul", 24 + 36, 24, 2 * 2 * 3 * 3),
        ("iadd", 48, 24, 0),
    ]


# ---- arrays ------------------------------------------------------------------------------------


def test_views_share_memory_and_have_a_base():
    a = dev.asarray(A)
    row, element, flat = a[1], a[1, 2], a.reshape(-1)[2:]
    row += 10
    assert float(element) == 15
    assert a.base is None
    assert row.base is element.base is flat.base is a
    assert row.data.ptr == a.data.ptr + 12 == a[1:].data.ptr
    assert a.copy().base is None
    assert (a.flags.c_contiguous, a.T.flags.c_contiguous, a.T.flags.f_contiguous) == (1, 0, 1)
    assert [float(x) for x in row] == [13, 14, 15]


def test_bytes_can_be_seen_as_another_type():
    words = dev.asarray(np.array([[1 << 16, 2 << 32]], np.uint64))
    assert words.view(np.uint16).get().tolist() == [[0, 1, 0, 0, 0, 0, 2, 0]]
    assert words.view(np.int64).shape == (1, 2)
    with pytest.raises(ValueError, match="contiguous"):
        dev.zeros((2, 4), np.uint64)[:, ::2].view(np.uint16)


def test_a_product_can_be_written_into_an_array():
    a, out = dev.asarray(A), dev.empty((2, 2), np.float32)
    assert dev.matmul(a, a.T, out=out) is out
    np.testing.assert_array_equal(out.get(), A @ A.T)


def test_new_memory_holds_no_zeros():
    assert np.isnan(dev.empty((2,)).get()).all()
    assert dev.empty((2,), np.uint16).get().tolist() == [0x5A5A] * 2
    assert dev.empty_like(dev.zeros((1,), np.uint8)).item() == 0x5A


def test_the_pool_knows_what_is_in_use():
    pool = dev.get_default_memory_pool()
    before = pool.used_bytes()
    a = dev.zeros((1000,))
    view = a[::2]
    assert pool.used_bytes() == before + 8192
    assert pool.total_bytes() >= pool.used_bytes()
    del a
    assert pool.used_bytes() == before + 8192
    del view
    assert pool.used_bytes() == before
    pool.free_all_blocks()
    assert pool.total_bytes() == before


def test_a_test_can_say_how_much_memory_is_free(monkeypatch):
    monkeypatch.setattr(dev, "free_memory", 123)
    assert dev.cuda.runtime.memGetInfo() == (123, dev.total_memory)
    assert dev.cuda.Device().id == 0
    assert backend.describe(dev) == f"cupy {dev.__version__} on strict device"


def test_the_precision_of_products_that_was_set_can_be_seen(monkeypatch):
    monkeypatch.setattr(dev, "compute_types", {})
    core, types = dev._core, dev._core._routines_linalg
    assert core.get_compute_type(np.float32) == types.COMPUTE_TYPE_DEFAULT
    core.set_compute_type(np.float32, types.COMPUTE_TYPE_TF32)
    assert dev.compute_types == {"float32": types.COMPUTE_TYPE_TF32}
    with pytest.raises(ValueError, match="compute type"):
        core.set_compute_type(np.float32, 99)


# ---- streams -----------------------------------------------------------------------------------

ONES, TWOS = np.ones(3, np.float32), np.full(3, 2, np.float32)


def pinned(host):
    memory = dev.cuda.alloc_pinned_memory(host.nbytes)
    assert len(memory) > host.nbytes
    array = np.frombuffer(memory, host.dtype, host.size).reshape(host.shape)
    array[...] = host
    return array


def test_set_asks_for_the_same_shape_and_type():
    a = dev.zeros((2, 3), np.float32)
    a.set(A)
    a.T.set(A.T)
    np.testing.assert_array_equal(a.get(), A)
    for host, error in (A.tolist(), TypeError), (A.astype(float), TypeError), (A.T, ValueError):
        with pytest.raises(error):
            a.set(host)
    with pytest.raises(RuntimeError, match="contiguous"):
        a[:, ::2].set(A[:, ::2])


def test_a_copy_on_a_side_stream_is_seen_only_after_its_event_or_a_wait():
    side, event = dev.cuda.Stream(non_blocking=True), dev.cuda.Event()
    a = dev.zeros((3,), np.float32)
    dev.cuda.get_current_stream().synchronize()  # the zeros are written
    a.set(ONES, stream=side)
    np.testing.assert_array_equal((a + 0).get(), 0)  # the forgotten wait_event
    side.record(event)
    np.testing.assert_array_equal((a + 0).get(), 0)
    dev.cuda.get_current_stream().wait_event(event)
    np.testing.assert_array_equal((a + 0).get(), 1)
    a.set(TWOS, stream=side)
    dev.cuda.get_current_stream().wait_event(event)  # of the first copy
    np.testing.assert_array_equal((a + 0).get(), 1)
    side.synchronize()
    np.testing.assert_array_equal((a + 0).get(), 2)


@pytest.mark.parametrize("wait", ["event", "stream", "device"])
def test_the_host_can_wait_for_a_side_stream(wait):
    with dev.cuda.Stream(non_blocking=True) as side:
        assert dev.cuda.get_current_stream() is side
        a = dev.asarray(ONES)
        event = side.record()
    assert dev.cuda.get_current_stream() is dev.cuda.Stream.null
    assert np.isnan((a + 0).get()).all()
    if wait == "device":
        side.synchronize()
    else:
        (event if wait == "event" else side).synchronize()
    np.testing.assert_array_equal((a + 0).get(), 1)


def test_a_stream_that_is_not_non_blocking_is_in_order_with_the_main_one():
    a = dev.zeros((3,), np.float32)
    a.set(ONES, stream=dev.cuda.Stream())
    np.testing.assert_array_equal(a.get(), 1)


def test_a_pinned_buffer_that_is_overwritten_too_early_gives_wrong_data():
    buffer, pageable = pinned(ONES), ONES.copy()
    a, b = dev.empty((3,), np.float32), dev.empty((3,), np.float32)
    a.set(buffer)
    b.set(pageable)
    buffer[...] = pageable[...] = 2
    np.testing.assert_array_equal(a.get(), 2)
    np.testing.assert_array_equal(b.get(), 1)


def test_a_pinned_buffer_that_is_overwritten_before_a_wait_is_an_error_at_the_wait():
    side, buffer = dev.cuda.Stream(non_blocking=True), pinned(ONES)
    a = dev.empty((3,), np.float32)
    a.set(buffer, stream=side)
    event = side.record()
    dev.cuda.get_current_stream().wait_event(event)
    double = 2 * a  # the main stream waits, the host does not
    buffer[...] = 2
    with pytest.raises(RuntimeError, match="overwritten"):
        double.get()
    buffer[...] = 1
    a.set(buffer)
    double = 2 * a
    dev.cuda.get_current_stream().record(event)
    event.synchronize()
    buffer[...] = 2
    np.testing.assert_array_equal(double.get(), 2)


def test_a_copy_on_a_side_stream_may_not_overtake_kernels_that_still_read():
    side, main = dev.cuda.Stream(non_blocking=True), dev.cuda.get_current_stream()
    a = dev.asarray(ONES)
    double = 2 * a[1:]
    with pytest.raises(RuntimeError, match="wait for an event"):
        a.set(TWOS, stream=side)
    side.wait_event(main.record())
    a.set(TWOS, stream=side)
    double += a[1:]
    main.synchronize()
    a.set(TWOS, stream=side)  # the host has waited instead


def test_kernels_on_a_side_stream_are_not_implemented():
    a = dev.asarray(ONES)
    with dev.cuda.Stream(non_blocking=True):
        for operation in (lambda: a + 1, lambda: dev.zeros((3,)), a.get, lambda: float(a[0])):
            with pytest.raises(NotImplementedError):
                operation()


# ---- CuPy --------------------------------------------------------------------------------------


def test_all_it_offers_is_in_cupy_too():
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    kernels = ["ElementwiseKernel", "ReductionKernel"]
    for name in (*dev.FUNCTIONS, "asarray", "get_default_memory_pool", *kernels):
        assert hasattr(cupy, name), name
    for name in "Stream Event Device alloc_pinned_memory get_current_stream".split():
        assert hasattr(cupy.cuda, name), name
    of_every_class = vars(type("Empty", (), {}))
    for name in vars(dev.DeviceArray).keys() - of_every_class.keys():
        assert hasattr(cupy.ndarray, name), name
