"""NumPy or CuPy behind one name, xp: choose the module, move arrays, wait for the device.

CuPy has NumPy's functions under NumPy's names, on arrays that live in the GPU's memory. So the
layers are written once: inside, `xp = array_module(x)` asks the data where it lives. The two kinds
never mix; arrays cross over only here: `to_device` goes in, `to_numpy` comes out.

This is the only module that imports CuPy.
"""

import sys

import numpy as np

from tinygan.errors import UserError

NAMES = ("auto", "numpy", "cupy")


def get(name="auto"):
    """The array module called `name`: "numpy", "cupy", or "auto": cupy if a GPU answers.

    Raises UserError when the name is unknown, or when "cupy" is asked for and CuPy, the driver or a
    device is missing: the sentence says which, and what to type.
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

    An array class is defined in the module that works on it, so the class tells, without importing
    anything. Raises TypeError when `x` is not an array.
    """
    if isinstance(x, np.ndarray | np.generic):
        return np
    module = sys.modules[type(x).__module__]
    if not (hasattr(x, "dtype") and hasattr(module, "asarray")):
        raise TypeError(f"expected an array, got {type(x).__name__}")
    return module


def to_device(x, xp):
    """`x` as an array of module `xp`; nothing is copied when it lives there already."""
    return x if array_module(x) is xp else xp.asarray(to_numpy(x))


def to_numpy(x):
    """`x` as a NumPy array on the host. Waits for the device when x lives on one."""
    return np.asarray(x) if array_module(x) is np else x.get()


def synchronize(xp):
    """Wait until the device has done all it was given. NumPy is never behind: nothing to do."""
    if xp is not np:
        xp.cuda.get_current_stream().synchronize()


def describe(xp):
    """A few words for a log: the module, its version and what it runs on."""
    if xp is np:
        return f"numpy {np.__version__} on the CPU"
    name = xp.cuda.runtime.getDeviceProperties(xp.cuda.Device().id)["name"].decode()
    return f"cupy {xp.__version__} on {name}"


# cudaError_t, from the CUDA Runtime API's table of error codes
_INSUFFICIENT_DRIVER, _NO_DEVICE = 35, 100

_USE_CPU = "or use the CPU with --backend numpy"


def _cupy():
    """Import CuPy and have the GPU work out one small sum, so that trouble shows here and now."""
    try:
        import cupy
    except ModuleNotFoundError as error:
        if error.name != "cupy":
            raise UserError(_cannot_import(error)) from None
        raise UserError(
            "CuPy is not installed: type python -m pip install cupy-cuda12x for CUDA 12 or "
            f"cupy-cuda13x for CUDA 13, {_USE_CPU}"
        ) from None
    except Exception as error:  # a library of CUDA is missing, NumPy does not fit
        raise UserError(_cannot_import(error)) from None
    try:
        devices = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        if error.status == _INSUFFICIENT_DRIVER:
            raise UserError(
                "CuPy is installed but there is no NVIDIA driver, or one too old for it: install a "
                f"current driver and type nvidia-smi to see that it answers, {_USE_CPU}"
            ) from None
        if error.status != _NO_DEVICE:
            raise UserError(
                f"CuPy cannot reach a GPU ({_first_line(error)}): type nvidia-smi to see whether "
                f"the driver answers, {_USE_CPU}"
            ) from None
        devices = 0
    except Exception as error:
        raise UserError(_cannot_import(error)) from None
    if devices == 0:
        raise UserError(
            "CuPy and a driver are there but no CUDA device: type nvidia-smi -L to list the "
            f"devices, look at CUDA_VISIBLE_DEVICES, {_USE_CPU}"
        )
    try:
        a = cupy.ones((2, 2), cupy.float32)
        total = float((a @ a + a).sum())  # cuBLAS, and one kernel compiled on the spot
    except Exception as error:
        raise UserError(
            f"CuPy sees a GPU but cannot compute on it ({_first_line(error)}): the CUDA libraries "
            f"may be missing, type pip install 'cupy-cuda12x[ctk]' (or cupy-cuda13x), {_USE_CPU}"
        ) from None
    if total != 12.0:
        raise UserError(
            f"CuPy computed 12 as {total} on this GPU: it cannot be trusted, {_USE_CPU}"
        )
    return cupy


def _cannot_import(error):
    return (
        f"CuPy is installed but does not start ({_first_line(error)}): type pip list to see that "
        "only one cupy package is there and that it suits your CUDA, pip install "
        f"'cupy-cuda12x[ctk]' (or cupy-cuda13x) to bring its libraries, {_USE_CPU}"
    )


def _first_line(error):
    """What an error says, in a line. CuPy frames a failed import in ==== with the cause last."""
    text = str(error).partition("Original error:")[2] or str(error)
    return next(
        (line.strip() for line in text.splitlines() if line.strip(" =")), type(error).__name__
    )
