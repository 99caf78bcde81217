"""A fake device: an array module as strict as CuPy, made of NumPy, that counts what a GPU would do.

CI has no GPU, and NumPy alone does not show when a host array is used in a device operation. This
module does: a DeviceArray mixes with DeviceArrays and Python or NumPy scalars only. Anything else,
in either direction, is a TypeError, and NumPy cannot read one without `.get()`. The operations for
which the host waits on a real device (float(), bool(), .item(), .get()) are counted in `waits`;
`counts` has these and the waits that are asked for (synchronize), launches, and bytes moved.

It has only those of NumPy's functions that CuPy has too; test_strict_device.py compares the list
with CuPy where that is installed. ElementwiseKernel and ReductionKernel are in strict_kernels.py;
without a C++ compiler this module does not have them, and NO_KERNELS says why.
"""

import builtins
import dataclasses
import math
import sys
import threading
import time
import types
import weakref
from typing import NamedTuple

import numpy as np
import strict_kernels

__version__ = "1.0"
waits = 0  # only those that an array asks for; counts.waits has those of streams and events too
launch_log = None  # a list gets one (name, bytes read, bytes written, flops) for each launch
free_memory = total_memory = 80 << 30  # what memGetInfo answers; a test may change it

FUNCTIONS = (
    "abs add arange ascontiguousarray clip concatenate cos divide empty empty_like exp full "
    "isfinite log log1p matmul maximum mean minimum multiply ones ones_like pad repeat rint sin "
    "sqrt square stack subtract sum take tanh where zeros zeros_like"
).split()


@dataclasses.dataclass
class Counts:
    """What a device did: kernels (memsets and copies too), their bytes, and the traffic by bus.

    An array counts once as often as it is an argument, with the bytes that it has in memory.
    """

    launches: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    to_device: int = 0  # bytes
    copies_to_device: int = 0
    to_host: int = 0  # bytes
    waits: int = 0

    def __sub__(self, other):
        ours, theirs = dataclasses.astuple(self), dataclasses.astuple(other)
        return Counts(*(a - b for a, b in zip(ours, theirs, strict=True)))


counts = Counts()


def measure(function, *args):
    """(the function's result, the Counts of what it did)."""
    before = dataclasses.replace(counts)
    result = function(*args)
    return result, counts - before


def counted(function, *args):
    """(the function's result, how often it waited)."""
    before = waits
    result = function(*args)
    return result, builtins.abs(waits - before)


class Flags(NamedTuple):
    c_contiguous: bool
    f_contiguous: bool
    owndata: bool


class DeviceArray:
    """An array on the device. Its numbers are in `_host`, which only this module may touch.

    `base` is the array that it is a view of, None if it has memory of its own.
    """

    __array_ufunc__ = None  # np.exp(device), host + device: NumPy declines
    __hash__ = None

    def __init__(self, host, base=None):
        self._host = host
        self.base = base
        self._memory = base._memory if base is not None else _Memory(host.nbytes)

    def __array__(self, *_, **__):
        raise TypeError("Implicit conversion to a NumPy array is not allowed: use .get()")

    def __array_function__(self, function, *_):
        raise TypeError(f"numpy.{function.__name__} was handed a device array")

    def get(self, stream=None, order="C", out=None, blocking=True):
        if stream is not None or order != "C" or not blocking:
            raise NotImplementedError("get() with a stream, an order or without blocking")
        host = _to_host(self)
        if out is None:
            return host.copy()
        if out.dtype != host.dtype:
            raise TypeError(f"{out.dtype} array cannot be obtained from {host.dtype} array")
        if out.shape != host.shape:
            raise ValueError(f"Shape mismatch: {out.shape} is not {host.shape}")
        out[...] = host
        return out

    def set(self, arr, stream=None):
        """Copy a host array of the same shape and dtype here, in the order of `stream`."""
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to a device array")
        if arr.dtype != self.dtype:
            raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array")
        if arr.shape != self.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        if self.flags.c_contiguous:
            arr = np.ascontiguousarray(arr)
        elif self.flags.f_contiguous:
            arr = np.asfortranarray(arr)
        else:
            raise RuntimeError("Cannot set to non-contiguous array")
        _set(self, arr, _streams.stack[-1] if stream is None else stream)

    def item(self):
        return _to_host(self).item()

    def __float__(self):
        return float(_to_host(self))

    def __int__(self):
        return int(_to_host(self))

    def __bool__(self):
        return bool(_to_host(self))

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __repr__(self):
        return f"DeviceArray({self._host!r})"

    def __getitem__(self, index):
        arrays = []
        host_index = _unwrap_index(index, arrays)
        if not arrays:  # a view, also where NumPy would give a scalar
            every = host_index if isinstance(host_index, tuple) else (host_index,)
            return _view(self, self._host[every if Ellipsis in every else (*every, Ellipsis)])
        result = np.asarray(_use(self)[host_index])
        if any(array.dtype == bool for array in arrays):  # the host has to learn how many are true
            _launch("scan", _bytes_of(arrays), 8 * arrays[0].size)
            _wait(8)
        if result.size:
            _launch("gather", result.nbytes + _bytes_of(arrays), result.nbytes)
        return DeviceArray(result)

    def __setitem__(self, index, value):
        arrays, values = [], []
        host_index, host_value = _unwrap_index(index, arrays), _unwrap(value, values)
        written = self._host[host_index].nbytes
        _use(self)[host_index] = host_value
        if written:
            _launch("assign", _bytes_of(arrays + values), written)

    def astype(self, dtype, copy=True):
        if not copy and np.dtype(dtype) == self.dtype:
            return self
        return _compute("astype", lambda x: x.astype(dtype), [self])

    def copy(self):
        return _compute("copy", np.ndarray.copy, [self])

    def fill(self, value):
        _use(self).fill(_unwrap(value, []))
        if self.size:
            _launch("fill", 0, self.nbytes)

    def reshape(self, *shape, order="C"):
        return _view_or_copy("reshape", self, lambda x: x.reshape(*shape, order=order))

    def ravel(self, order="C"):
        return _view_or_copy("ravel", self, lambda x: x.ravel(order))

    def transpose(self, *axes):
        return _view(self, self._host.transpose(*axes))

    def view(self, dtype=None):
        return _view(self, self._host if dtype is None else self._host.view(dtype))

    @property
    def flags(self):
        of = self._host.flags
        return Flags(of.c_contiguous, of.f_contiguous, self.base is None)

    @property
    def data(self):
        """.ptr is the address, the same for the array's whole life."""
        address = self._host.__array_interface__["data"][0]
        _asked_for[address] = self
        return types.SimpleNamespace(ptr=address)

    shape = property(lambda self: self._host.shape)
    strides = property(lambda self: self._host.strides)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    T = property(lambda self: self.transpose())


# ---- counting ------------------------------------------------------------------------------------


def _launch(name, read, written, flops=0):
    """Count a kernel. Raises NotImplementedError on a side stream, which here can only copy."""
    if not _streams.stack[-1]._in_order:
        raise NotImplementedError(f"{name}: kernels on a stream of their own")
    counts.launches += 1
    counts.bytes_read += read
    counts.bytes_written += written
    _main.position += 1
    if launch_log is not None:
        launch_log.append((name, read, written, flops))


def _wait(nbytes=0):
    """The host waits until the device has done all that it was asked for, and reads the result."""
    global waits
    waits += 1
    counts.waits += 1
    counts.to_host += nbytes
    _main.position += 1
    _main.finish()


def _real_bytes(array):
    """The bytes of an array in memory: what is broadcast is there once."""
    host = array._host
    return host.itemsize * math.prod(
        n for n, s in zip(host.shape, host.strides, strict=True) if s or not n
    )


def _bytes_of(arrays):
    return builtins.sum(_real_bytes(array) for array in arrays)


# ---- from arrays of the device to NumPy's and back -----------------------------------------------


def _use(array):
    """The numbers of an array that a kernel, or the host, uses now."""
    if _main.pending:
        _main.show()
    array._memory.last_use = _main.position + 1
    return array._host


def _to_host(array):
    if not _streams.stack[-1]._in_order:
        raise NotImplementedError("reading an array on a stream of its own")
    host = _use(array)
    _wait(array.nbytes)
    return host


def _uninitialised(shape, dtype):
    """A new array of what memory of a device may hold: nothing that one could take for a result."""
    host = np.empty(shape, dtype)
    if host.dtype.kind in "fc":
        host.fill(np.nan)
    else:
        host.fill(True if host.dtype == bool else int.from_bytes(b"\x5a" * host.itemsize))
    return DeviceArray(host)


def _view(array, host):
    return DeviceArray(host, array if array.base is None else array.base)


def _view_or_copy(name, array, function):
    host = function(array._host)
    if np.may_share_memory(host, array._host):
        return _view(array, host)
    return _compute(name, function, [array])


def _unwrap(value, arrays):
    """`value` as NumPy takes it; the DeviceArrays in it are added to the list `arrays`."""
    if isinstance(value, DeviceArray):
        arrays.append(value)
        return _use(value)
    if isinstance(value, list | tuple):
        return type(value)(_unwrap(element, arrays) for element in value)
    if isinstance(value, bool | int | float | str | type | np.generic | np.dtype | type(None)):
        return value
    raise TypeError(f"Unsupported type {type(value)}")


def _unwrap_index(index, arrays):
    if isinstance(index, tuple):
        return tuple(_unwrap_index(part, arrays) for part in index)
    if isinstance(index, DeviceArray):
        arrays.append(index)
        return _use(index)
    if isinstance(index, int | np.integer | slice | type(None) | type(Ellipsis)):
        return index
    raise TypeError(f"Unsupported index {type(index)}")


def _compute(name, function, args, kwargs=None, flops=None):
    """function(*args, **kwargs) as one launch; a device returns arrays, and never a scalar.

    flops: function of the arrays read, and the result.
    """
    kwargs = dict(kwargs or {})
    out = kwargs.pop("out", None)
    arrays = []
    args = [_unwrap(arg, arrays) for arg in args]
    kwargs = {key: _unwrap(value, arrays) for key, value in kwargs.items()}
    if out is not None:
        kwargs["out"] = _unwrap(out, [])
    result = np.asarray(function(*args, **kwargs))
    if result.size:
        _launch(
            name,
            _bytes_of(arrays),
            result.nbytes,
            flops(arrays, result) if flops else 0,
        )
        for _ in range(_further_launches(name, arrays)):
            _launch(name, 0, 0)
    return DeviceArray(result) if out is None else out


def _further_launches(name, arrays):
    """How many more CuPy needs: a mean is a sum and a division, few arrays are joined singly."""
    if name in ("concatenate", "stack"):
        return len(arrays) - 1 if len(arrays) <= 8 else 0
    return int(name == "mean")


def _flops_of_matmul(arrays, result):
    return 2 * result.size * arrays[0].shape[-1]


_FLOPS = {"matmul": _flops_of_matmul}


def _method(name, label=None):
    label = label or name.strip("_")

    def of_numpy(host, *args, **kwargs):
        return getattr(host, name)(*args, **kwargs)

    def method(self, *args, **kwargs):
        return _compute(label, of_numpy, [self, *args], kwargs, _FLOPS.get(label))

    return method


def _in_place(name):
    def method(self, other):
        arrays = [self]
        other = _unwrap(other, arrays)
        getattr(_use(self), f"__i{name}__")(other)
        if self.size:
            _launch(f"i{name}", _bytes_of(arrays), self.nbytes)
        return self

    return method


_BINARY = "add sub mul truediv floordiv mod pow matmul".split()
for _name in _BINARY:
    setattr(DeviceArray, f"__{_name}__", _method(f"__{_name}__"))
    setattr(DeviceArray, f"__r{_name}__", _method(f"__r{_name}__", _name))
    if _name != "matmul":  # CuPy has no @=
        setattr(DeviceArray, f"__i{_name}__", _in_place(_name))
for _name in "eq ne lt le gt ge neg abs and or invert".split():
    setattr(DeviceArray, f"__{_name}__", _method(f"__{_name}__"))
for _name in "sum mean max min argmax argmin any all repeat take".split():
    setattr(DeviceArray, _name, _method(_name))


def _function(name):
    def function(*args, **kwargs):
        return _compute(name, getattr(np, name), args, kwargs, _FLOPS.get(name))

    return function


for _name in FUNCTIONS:
    setattr(sys.modules[__name__], _name, _function(_name))


def empty(shape, dtype=float):
    """A new array, for which nothing is launched and which holds nothing of use."""
    return _uninitialised(shape, dtype)


def empty_like(prototype, dtype=None):
    return _uninitialised(prototype.shape, dtype or prototype.dtype)


def zeros_like(prototype, dtype=None):
    return _compute("zeros", lambda: np.zeros_like(prototype._host, dtype), [])


def ones_like(prototype, dtype=None):
    return _compute("ones", lambda: np.ones_like(prototype._host, dtype), [])


def ascontiguousarray(array, dtype=None):
    array = asarray(array, dtype)
    if array.flags.c_contiguous:
        return array if array.ndim else array.reshape(1)
    return _compute("copy", np.ascontiguousarray, [array])


def pad(array, pad_width, mode="constant", **kwargs):
    """Two launches: a new array is filled, and `array` copied into it."""
    if array.size:
        _launch("fill", 0, _pad_bytes(array, pad_width))
    return _compute("pad", np.pad, [array, pad_width, mode], kwargs)


def _pad_bytes(array, pad_width):
    added = np.broadcast_to(pad_width, (array.ndim, 2)).sum(axis=1)
    return array.itemsize * math.prod((added + array.shape).tolist())


def asarray(value, dtype=None):
    """Copies a host array, or anything that NumPy can make one of, to the device."""
    if isinstance(value, DeviceArray):
        return value if dtype is None else value.astype(dtype, copy=False)
    host = np.array(value, dtype)
    array = _uninitialised(host.shape, host.dtype)
    if not host.flags.c_contiguous:  # NumPy keeps the order of the axes, and so does CuPy
        array = DeviceArray(np.empty_like(host))
    _set(array, host, _streams.stack[-1])
    return array


# ---- memory --------------------------------------------------------------------------------------


class _Memory:
    """What an array and its views have in common: memory of the pool, in pieces of 512 bytes."""

    used = held = 0

    def __init__(self, nbytes):
        self.nbytes = -(-nbytes // 512) * 512
        self.last_use = _main.position  # whatever had this memory before may still be at work
        _Memory.used += self.nbytes
        _Memory.held = builtins.max(_Memory.held, _Memory.used)

    def __del__(self):
        _Memory.used -= self.nbytes


_asked_for = weakref.WeakValueDictionary()  # address -> the last array that was asked for it


def array_at(address):
    """The living array whose address was asked for; None where there is none."""
    return _asked_for.get(address)


class _MemoryPool:
    def used_bytes(self):
        return _Memory.used

    def total_bytes(self):
        return _Memory.held

    def free_bytes(self):
        return _Memory.held - _Memory.used

    def free_all_blocks(self):
        _Memory.held = _Memory.used


def get_default_memory_pool():
    return _MemoryPool()


class PinnedMemory(bytearray):
    """Host memory that a device reads by itself. As in CuPy it may be larger than asked for."""

    @property
    def ptr(self):
        return np.frombuffer(self, np.uint8).__array_interface__["data"][0]

    def size(self):
        return len(self)


_pinned = []  # weak references


def _alloc_pinned_memory(nbytes):
    memory = PinnedMemory(builtins.max(512, 1 << (nbytes - 1).bit_length()))
    _pinned[:] = [known for known in _pinned if known() is not None]
    _pinned.append(weakref.ref(memory))
    return memory


def _is_pinned(host):
    address = host.__array_interface__["data"][0]
    living = [memory for known in _pinned if (memory := known()) is not None]
    return any(memory.ptr <= address < memory.ptr + len(memory) for memory in living)


# ---- streams -------------------------------------------------------------------------------------
#
# Kernels run at once here. What can be late is a copy to the device, as late as it may be:
#
# - A copy on a side stream (non_blocking=True) shows in the array only after that stream was
#   synchronised, or after the main stream was told to wait for an event recorded behind the copy.
#   Until then the array has its old content, so a forgotten wait_event gives old numbers.
# - From pinned memory the device reads by itself, also on the main stream. The numbers are taken
#   from the buffer when the array is next used: a buffer that is filled anew too early gives the
#   wrong ones. If it is filled after that use, but before the host has waited for the copy, the
#   wrong data is not seen here but could be on a GPU: that is a RuntimeError at the next wait.
#   From other host memory the driver takes the numbers before set() returns.
# - A copy on a side stream into an array that kernels of the main stream may still be reading,
#   without an event for which the side stream waited, is a RuntimeError at once.
# - What other libraries do on a side stream (strict_nccl.py) reads and writes arrays by read_on and
#   write_on; this is as late, and as particular about events, as a copy there.
#
# A stream with non_blocking=False is one with the main stream, as the two wait for each other.


class _Copy:
    """Numbers on their way: pending, then shown in the array, then known to have arrived."""

    def __init__(self, array, source, pinned):
        self.array, self.source, self.pinned = array, source, pinned
        self.shown = None  # what was copied

    def show(self):
        if self.shown is None:
            self.shown = self.source.copy() if self.pinned else self.source
            np.copyto(self.array._host, self.shown)

    def finish(self):
        self.show()
        if self.pinned:
            if self.source.tobytes() != self.shown.tobytes():
                raise RuntimeError("pinned memory was overwritten before its copy was waited for")
            self.pinned = False


class _Work:
    """The copies of a stream. `position`: how many kernels it has been given."""

    def __init__(self):
        self.pending, self.unfinished = [], []
        self.position = self.finished = 0

    def show(self):
        """What the stream has been given is used by what it is given next."""
        for copy in self.pending:
            copy.show()
        self.unfinished += [copy for copy in self.pending if copy.pinned]
        self.pending = []

    def finish(self):
        """The host waits for all of it."""
        self.show()
        done, self.unfinished = self.unfinished, []
        self.finished = self.position
        for copy in done:
            copy.finish()

    def copies(self):
        return self.unfinished + self.pending


_main = _Work()


class Event:
    def __init__(self, block=False, disable_timing=False, interprocess=False):
        self._copies, self._position = [], 0
        self._time = None if disable_timing else math.nan  # seconds, when it was recorded

    def record(self, stream=None):
        (stream or _streams.stack[-1]).record(self)

    def synchronize(self):
        _wait_for_stream()
        for copy in self._copies:
            copy.finish()
        _main.finished = builtins.max(_main.finished, self._position)

    @property
    def done(self):
        """Whether the host may know that all before it has ended: here, as late as it can be."""
        late = builtins.any(copy.shown is None for copy in self._copies)
        return not late and self._position <= _main.finished


def _get_elapsed_time(start, end):
    """Milliseconds between two events that are done."""
    if not (start.done and end.done) or start._time is None or end._time is None:
        raise CUDARuntimeError("cudaErrorNotReady, or an event without timing")
    if math.isnan(start._time + end._time):
        raise CUDARuntimeError("cudaErrorInvalidResourceHandle: an event that was not recorded")
    return 1000 * (end._time - start._time)


_streams_by_address = weakref.WeakValueDictionary()


class Stream:
    """A queue of work. Only copies (`set`, `asarray`) can be given to a non-blocking one here."""

    def __init__(self, null=False, non_blocking=False):
        self._in_order = not non_blocking
        self._work = _Work() if non_blocking else _main
        self._knows = 0  # the position of the main stream that it has waited for
        _streams_by_address[self.ptr] = self

    @property
    def ptr(self):
        return 0 if self._in_order else id(self)

    def __enter__(self):
        _streams.stack.append(self)
        return self

    def __exit__(self, *_):
        _streams.stack.pop()

    def synchronize(self):
        _wait_for_stream()
        self._work.finish()
        _main.finished = builtins.max(_main.finished, self._knows)

    def record(self, event=None):
        event = Event() if event is None else event
        event._copies = self._work.copies()
        event._position = _main.position if self._in_order else self._knows
        event._time = None if event._time is None else time.perf_counter()
        return event

    def wait_event(self, event):
        self._work.pending += event._copies
        self._knows = builtins.max(self._knows, event._position)


class _Streams(threading.local):
    """Each thread has its own current stream, the last of the stack."""

    def __init__(self):
        self.stack = [_null]


_null = Stream.null = Stream()
_streams = _Streams()


def _wait_for_stream():
    cuda.synchronized += 1
    counts.waits += 1


def _set(array, host, stream):
    """Copy `host` to `array` in the order of a stream. host and array have the same layout."""
    counts.to_device += host.nbytes
    counts.copies_to_device += 1
    _check_order(array, stream)
    pinned = _is_pinned(host)
    copy = _Copy(array, host if pinned else host.copy(), pinned)
    stream._work.pending.append(copy)
    if stream._in_order and not pinned and len(_main.pending) == 1:
        _main.show()  # nothing can go wrong any more, and nothing has to be kept


def _check_order(array, stream):
    known = builtins.max(_main.finished, stream._knows)
    if not stream._in_order and array._memory.last_use > known:
        raise RuntimeError(
            "work on a stream of its own with an array that kernels may still be using: let the "
            "stream wait for an event that was recorded after them"
        )


def stream_at(address):
    """The living side stream with this .ptr; the main one for 0, None where there is none."""
    return _null if address == 0 else _streams_by_address.get(address)


def read_on(stream, array):
    """A copy of the array's numbers, as a side stream sees them after all that it was given."""
    _check_order(array, stream)
    for copy in stream._work.pending:
        if np.may_share_memory(copy.array._host, array._host):
            copy.show()
    return array._host.copy()


def write_on(stream, array, host):
    """Write `host` into an array of its shape on a side stream: it shows as a copy there does."""
    _check_order(array, stream)
    still = [c for c in stream._work.pending if c.shown is None or c.pinned]  # to be seen
    stream._work.pending = [*still, _Copy(array, host, pinned=False)]


class _Device:
    id = 0
    compute_capability = "90"
    mem_info = property(lambda self: cuda.runtime.memGetInfo())

    def __init__(self, device=0):
        pass

    def synchronize(self):
        cuda.runtime.deviceSynchronize()


class CUDARuntimeError(RuntimeError):
    status = 0


class _Runtime:
    CUDARuntimeError = CUDARuntimeError

    @staticmethod
    def memGetInfo():
        return free_memory, total_memory

    @staticmethod
    def getDeviceCount():
        return 1

    @staticmethod
    def getDeviceProperties(device):
        return {"name": b"strict device"}

    @staticmethod
    def deviceSynchronize():
        _null.synchronize()


class cuda:
    """As much of cupy.cuda as tinygan calls."""

    synchronized = 0
    Stream, Event, Device, runtime = Stream, Event, _Device, _Runtime
    alloc_pinned_memory = staticmethod(_alloc_pinned_memory)
    get_elapsed_time = staticmethod(_get_elapsed_time)
    compiler = types.SimpleNamespace(CompileException=strict_kernels.CompileException)

    @staticmethod
    def get_current_stream():
        return _streams.stack[-1]


# ---- the precision of matrix products ------------------------------------------------------------

compute_types = {}  # what was set, by the name of the dtype


class _routines_linalg:
    COMPUTE_TYPE_TBD, COMPUTE_TYPE_DEFAULT, COMPUTE_TYPE_PEDANTIC = 0, 1, 2
    COMPUTE_TYPE_FP16, COMPUTE_TYPE_FP32, COMPUTE_TYPE_FP64 = 3, 4, 5
    COMPUTE_TYPE_BF16, COMPUTE_TYPE_TF32 = 6, 7


class _core:
    """CuPy has the constants in _core._routines_linalg, and only there."""

    _routines_linalg = _routines_linalg

    @staticmethod
    def set_compute_type(dtype, compute_type):
        if compute_type not in range(8):
            raise ValueError(f"Unknown compute type: {compute_type}")
        compute_types[np.dtype(dtype).name] = compute_type

    @staticmethod
    def get_compute_type(dtype):
        return compute_types.get(np.dtype(dtype).name, _routines_linalg.COMPUTE_TYPE_DEFAULT)


if strict_kernels.COMPILER is None:
    NO_KERNELS = "no kernels: this machine has no C++ compiler called c++"
else:
    NO_KERNELS = None
    ElementwiseKernel = strict_kernels.ElementwiseKernel
    ReductionKernel = strict_kernels.ReductionKernel
