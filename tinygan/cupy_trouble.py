"""What keeps CuPy from a GPU, each in one sentence that says what to type."""

# cudaError_t, from the CUDA Runtime API's table of error codes
_INSUFFICIENT_DRIVER, _NO_DEVICE = 35, 100

_USE_CPU = "or use the CPU with --backend numpy"


def cannot_import(error):
    """The sentence for an error that `import cupy` raised."""
    if isinstance(error, ModuleNotFoundError) and error.name == "cupy":
        return (
            "CuPy is not installed: type python -m pip install cupy-cuda12x for CUDA 12 or "
            f"cupy-cuda13x for CUDA 13, {_USE_CPU}"
        )
    return (
        f"CuPy is installed but does not start ({_first_line(error)}): type pip list to see that "
        "only one cupy package is there and that it suits your CUDA, pip install "
        f"'cupy-cuda12x[ctk]' (or cupy-cuda13x) to bring its libraries, {_USE_CPU}"
    )


def find(cupy):
    """Have the GPU compute one small sum: the sentence for what goes wrong, or None."""
    return _without_device(cupy) or _without_results(cupy)


def _without_device(cupy):
    """What keeps the driver from naming a device, or None."""
    try:
        devices = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        if error.status == _INSUFFICIENT_DRIVER:
            return (
                "CuPy is installed but there is no NVIDIA driver, or one too old for it: install a "
                f"current driver and type nvidia-smi to see that it answers, {_USE_CPU}"
            )
        if error.status != _NO_DEVICE:
            return (
                f"CuPy cannot reach a GPU ({_first_line(error)}): type nvidia-smi to see whether "
                f"the driver answers, {_USE_CPU}"
            )
        devices = 0
    except Exception as error:
        return cannot_import(error)
    if devices:
        return None
    return (
        "CuPy and a driver are there but no CUDA device: type nvidia-smi -L to list the devices, "
        f"look at CUDA_VISIBLE_DEVICES, {_USE_CPU}"
    )


def _without_results(cupy):
    """What keeps the device from computing, or None."""
    try:
        a = cupy.ones((2, 2), cupy.float32)
        total = float((a @ a + a).sum())  # cuBLAS, and one kernel compiled on the spot
    except Exception as error:
        return (
            f"CuPy sees a GPU but cannot compute on it ({_first_line(error)}): the CUDA libraries "
            f"may be missing, type pip install 'cupy-cuda12x[ctk]' (or cupy-cuda13x), {_USE_CPU}"
        )
    if total == 12.0:
        return None
    return f"CuPy computed 12 as {total} on this GPU: it cannot be trusted, {_USE_CPU}"


def _first_line(error):
    """What an error says, in a line. CuPy frames a failed import in ==== with the cause last."""
    text = str(error).partition("Original error:")[2] or str(error)
    return next(
        (line.strip() for line in text.splitlines() if line.strip(" =")), type(error).__name__
    )
