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


def test_all_it_offers_is_in_cupy_too():
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    for name in (*dev.FUNCTIONS, "asarray"):
        assert hasattr(cupy, name), name
    of_every_class = vars(type("Empty", (), {}))
    for name in vars(dev.DeviceArray).keys() - of_every_class.keys():
        assert hasattr(cupy.ndarray, name), name
