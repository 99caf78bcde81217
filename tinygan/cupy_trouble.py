"""Why CuPy cannot use a GPU: one sentence for each cause, which says what to type."""

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
        f"CuPy is installed but does not work ({_first_line(error)}): type pip list to check that "
        "there is only one cupy package and that it matches your CUDA, pip install "
        f"'cupy-cuda12x[ctk]' (or cupy-cuda13x) to install its libraries, {_USE_CPU}"
    )


def find(cupy):
    """Let the GPU compute one small sum: the sentence for the cause if it fails, else None."""
    return _without_device(cupy) or _without_results(cupy)


def _without_device(cupy):
    """The sentence if the driver or the device is missing, else None."""
    try:
        devices = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        if error.status == _INSUFFICIENT_DRIVER:
            return (
                "CuPy is installed but there is no NVIDIA driver, or it is too old: install a "
                f"current driver and type nvidia-smi to check that it answers, {_USE_CPU}"
            )
        if error.status != _NO_DEVICE:
            return (
                f"CuPy cannot reach a GPU ({_first_line(error)}): type nvidia-smi to check whether "
                f"the driver answers, {_USE_CPU}"
            )
        devices = 0
    except Exception as error:
        return cannot_import(error)
    if devices:
        return None
    return (
        "CuPy and a driver are installed but there is no CUDA device: type nvidia-smi -L to list "
        f"the devices, check CUDA_VISIBLE_DEVICES, {_USE_CPU}"
    )


def _without_results(cupy):
    """The sentence if the device cannot compute, else None."""
    try:
        a = cupy.ones((2, 2), cupy.float32)
        total = float((a @ a + a).sum())  # uses cuBLAS, and compiles one kernel
    except Exception as error:
        return (
            f"CuPy finds a GPU but cannot compute on it ({_first_line(error)}): if CUDA libraries "
            f"are missing, type pip install 'cupy-cuda12x[ctk]' (or cupy-cuda13x), {_USE_CPU}"
        )
    if total == 12.0:
        return None
    return f"CuPy computed {total} instead of 12, so do not trust this GPU: use another, {_USE_CPU}"


def _first_line(error):
    """An error's text in one line. CuPy frames a failed import in ====, with the cause last."""
    text = str(error).partition("Original error:")[2] or str(error)
    return next(
        (line.strip() for line in text.splitlines() if line.strip(" =")), type(error).__name__
    )
