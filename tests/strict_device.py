"""A fake device: an array module as strict as CuPy, made of NumPy.

CI has no GPU, and NumPy alone does not show when a host array is used in a device operation. This
module does: a DeviceArray mixes with DeviceArrays and Python or NumPy scalars only. Anything else,
in either direction, is a TypeError, and NumPy cannot read one without `.get()`. The operations for
which the host waits on a real device (float(), bool(), .item(), .get()) are counted in `waits`.

It has only those of NumPy's functions that CuPy has too; test_strict_device.py compares the list
with CuPy where that is installed.
"""

import builtins
import sys

import numpy as np

__version__ = "1.0"
waits = 0

FUNCTIONS = (
    "abs add arange clip concatenate divide empty empty_like exp full isfinite log log1p maximum "
    "mean minimum multiply ones ones_like pad repeat rint sqrt stack subtract sum tanh where zeros "
    "zeros_like"
).split()


class DeviceArray:
    """An array on the device. Its numbers are in `_host`, which only this module may touch."""

    __array_ufunc__ = None  # np.exp(device), host + device: NumPy declines
    __hash__ = None

    def __init__(self, host):
        self._host = host

    def __array__(self, *_, **__):
        raise TypeError("Implicit conversion to a NumPy array is not allowed: use .get()")

    def __array_function__(self, function, *_):
        raise TypeError(f"numpy.{function.__name__} was handed a device array")

    def get(self):
        _wait()
        return self._host.copy()

    def item(self):
        _wait()
        return self._host.item()

    def __float__(self):
        _wait()
        return float(self._host)

    def __int__(self):
        _wait()
        return int(self._host)

    def __bool__(self):
        _wait()
        return bool(self._host)

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        return (DeviceArray(np.asarray(row)) for row in self._host)

    def __repr__(self):
        return f"DeviceArray({self._host!r})"

    def __getitem__(self, index):
        return _wrap(self._host[_index(index)])

    def __setitem__(self, index, value):
        self._host[_index(index)] = _unwrap(value)

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    nbytes = property(lambda self: self._host.nbytes)
    T = property(lambda self: DeviceArray(self._host.T))


def _wait():
    global waits
    waits += 1


def _wrap(value):
    """A device returns arrays, 0-d for a reduction, and never a scalar."""
    return DeviceArray(np.asarray(value))


def _unwrap(value):
    if isinstance(value, DeviceArray):
        return value._host
    if isinstance(value, list | tuple):
        return type(value)(_unwrap(element) for element in value)
    if isinstance(value, bool | int | float | str | type | np.generic | np.dtype | type(None)):
        return value
    raise TypeError(f"Unsupported type {type(value)}")


def _index(index):
    if isinstance(index, tuple):
        return tuple(_index(part) for part in index)
    if isinstance(index, DeviceArray):
        return index._host
    if isinstance(index, int | np.integer | slice | type(None) | type(Ellipsis)):
        return index
    raise TypeError(f"Unsupported index {type(index)}")


def _method(name):
    def method(self, *args, **kwargs):
        args = [_unwrap(arg) for arg in args]
        kwargs = {key: _unwrap(value) for key, value in kwargs.items()}
        return _wrap(getattr(self._host, name)(*args, **kwargs))

    return method


def _in_place(name):
    def method(self, other):
        getattr(self._host, name)(_unwrap(other))
        return self

    return method


_BINARY = "add sub mul truediv floordiv mod pow matmul".split()
for _name in _BINARY:
    setattr(DeviceArray, f"__{_name}__", _method(f"__{_name}__"))
    setattr(DeviceArray, f"__r{_name}__", _method(f"__r{_name}__"))
    if _name != "matmul":  # CuPy has no @=
        setattr(DeviceArray, f"__i{_name}__", _in_place(f"__i{_name}__"))
for _name in "eq ne lt le gt ge neg abs and or invert".split():
    setattr(DeviceArray, f"__{_name}__", _method(f"__{_name}__"))
for _name in (
    "sum mean max min argmax argmin any all astype reshape transpose copy ravel repeat fill".split()
):
    setattr(DeviceArray, _name, _method(_name))


def _function(name):
    def function(*args, **kwargs):
        args = [_unwrap(arg) for arg in args]
        kwargs = {key: _unwrap(value) for key, value in kwargs.items()}
        return _wrap(getattr(np, name)(*args, **kwargs))

    return function


for _name in FUNCTIONS:
    setattr(sys.modules[__name__], _name, _function(_name))


def asarray(value, dtype=None):
    """Copies a host array, or anything that NumPy can make one of, to the device."""
    if isinstance(value, DeviceArray):
        return value if dtype is None else value.astype(dtype)
    return DeviceArray(np.array(value, dtype))


class cuda:
    """As much of cupy.cuda as tinygan calls."""

    synchronized = 0

    class _Stream:
        def synchronize(self):
            cuda.synchronized += 1

    @staticmethod
    def get_current_stream():
        return cuda._Stream()


def counted(function, *args):
    """(the function's result, how often it waited)."""
    before = waits
    result = function(*args)
    return result, builtins.abs(waits - before)
