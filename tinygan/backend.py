"""NumPy or CuPy behind one name, xp: choose the module, move arrays, wait for the device.

CuPy has NumPy's functions under NumPy's names, for arrays that live in the GPU's memory. So each
layer is written once: it gets the module from its data by `xp = array_module(x)`. NumPy and CuPy
arrays never mix; only this module copies them: `to_device` to the GPU, `to_numpy` to the host.

This is the only module that imports CuPy; cupy_trouble.py says what to do when that fails.
"""

import importlib
import sys
import warnings

import numpy as np

from tinygan import cupy_trouble
from tinygan.errors import UserError

NAMES = ("auto", "numpy", "cupy")


def get(name="auto"):
    """The array module called `name`: "numpy", "cupy", or "auto", which is cupy if a GPU answers.

    Raises UserError when the name is unknown, or when "cupy" is asked for and CuPy, the driver or a
    device is missing: the message says which one, and what to type.
    """
    if name == "numpy":
        return np
    if name == "cupy":
        return _cupy()
    if name == "auto":
        try:
            return _cupy()
        except UserError:
            return np
    raise UserError(f"unknown backend {name!r}: choose one of {', '.join(NAMES)}")


def array_module(x):
    """The module `x` belongs to: numpy for a NumPy array or scalar, cupy for a CuPy array.

    The class of an array names the module that works on it, so nothing has to be imported.
    Raises TypeError when `x` is not an array.
    """
    if isinstance(x, np.ndarray | np.generic):
        return np
    module = sys.modules[type(x).__module__]
    if not (hasattr(x, "dtype") and hasattr(module, "asarray")):
        raise TypeError(f"expected an array, got {type(x).__name__}")
    return module


def to_device(x, xp):
    """`x` as an array of module `xp`; nothing is copied if it is one already."""
    return x if array_module(x) is xp else xp.asarray(to_numpy(x))


def to_numpy(x):
    """`x` as a NumPy array on the host. Waits for the device if x lives on one."""
    return np.asarray(x) if array_module(x) is np else x.get()


def all_to_numpy(arrays):
    """A dict of arrays, by name, on the host. What are views of one array on a device, such as the
    weights of a network, comes over in one copy; so the results may be views, and are to be read.
    """
    copies = {}

    def on_host(array):
        whole = array if array_module(array) is np or array.base is None else array.base
        if whole is array or not (array.flags.c_contiguous and whole.flags.c_contiguous):
            return to_numpy(array)
        if id(whole) not in copies:
            copies[id(whole)] = to_numpy(whole).reshape(-1)
        start = (array.data.ptr - whole.data.ptr) // array.dtype.itemsize
        return copies[id(whole)][start : start + array.size].reshape(array.shape)

    return {name: on_host(array) for name, array in arrays.items()}


def synchronize(xp):
    """Wait until the device has finished all its work. For NumPy there is nothing to wait for."""
    if xp is not np:
        xp.cuda.get_current_stream().synchronize()


def set_tf32(xp, on):
    """Whether matrix products of float32 may round their factors to TF32 on the tensor cores.

    TF32 keeps 10 of float32's 23 bits after the point, about 3 decimal digits, and sums in float32:
    several times as fast on cards that have it (compute capability 8.0 and later).
    Returns whether they now do: False on the CPU, and on older cards.
    Source: NVIDIA A100 Tensor Core GPU Architecture, 2020, "TF32 Tensor Core".
    """
    if xp is np:
        return False
    types = xp._core._routines_linalg  # CuPy has no public name for them
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an older card; it is said otherwise
        chosen = types.COMPUTE_TYPE_TF32 if on else types.COMPUTE_TYPE_DEFAULT
        xp._core.set_compute_type(np.float32, chosen)
    return xp._core.get_compute_type(np.dtype(np.float32)) == types.COMPUTE_TYPE_TF32


def nccl(xp):
    """The module of NCCL's functions, by which GPUs exchange arrays. UserError without it."""
    module = getattr(xp.cuda, "nccl", None) or importlib.import_module(f"{xp.__name__}.cuda.nccl")
    if not module.available:
        raise UserError(
            "CuPy finds no NCCL, by which GPUs exchange what they have computed: pip install "
            "nvidia-nccl-cu12, for CUDA 13 nvidia-nccl-cu13 (NCCL is there on Linux only)"
        )
    return module


def describe(xp, tf32=False):
    """A few words for a log: the module, its version, what it runs on, and whether with TF32."""
    if xp is np:
        return f"numpy {np.__version__} on the CPU"
    name = xp.cuda.runtime.getDeviceProperties(xp.cuda.Device().id)["name"].decode()
    return f"cupy {xp.__version__} on {name}" + ", with TF32" * tf32


def _cupy():
    """CuPy, after a check that a GPU answers. Raises UserError, in one sentence, if none does."""
    try:
        import cupy
    except Exception as error:  # no CuPy or CUDA library, or the wrong NumPy
        raise UserError(cupy_trouble.cannot_import(error)) from None
    trouble = cupy_trouble.find(cupy)
    if trouble:
        raise UserError(trouble)
    return cupy
