"""What a result was measured on: printed with every table, saved with every result."""

import os
import platform
import time

import numpy as np

import tinygan
from tinygan import backend
from tinygan.nn.fast import threads


def describe(xp, peers, tf32=False):
    """The machine, versions, threads and settings: a dict of texts and numbers.

    peers: names of the packages measured beside tinygan. tf32: the setting of a GPU's products.
    """
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    about = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": _processor(),
        "cores": _cores(),
        "threads": threads.count(),
        "python": platform.python_version(),
        "tinygan": tinygan.__version__,
        "numpy": np.__version__,
        "blas": f"{blas['name']} {blas['version']}",
        "backend": backend.describe(xp),
        "matmul_gflops": matmul_rate(xp) / 1e9,
    }
    if xp is not np:
        about["tf32"] = tf32
    for peer in peers:
        about[peer] = _version(peer)
    if "torch" in peers:
        about["torch_threads"] = torch_threads()
    return about


def torch_threads():
    """PyTorch's threads: OMP_NUM_THREADS, or all cores. (For tinygan's see nn/fast/threads.py.)"""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isdigit() and int(first) > 0 else _cores()


def device_memory(xp):
    """dict(memory): bytes that CuPy has taken from the GPU; the peak, as it returns none.

    Empty on the CPU, where a worker measures its own process.
    """
    return {} if xp is np else {"memory": xp.get_default_memory_pool().total_bytes()}


def matmul_rate(xp, size=2048, rounds=7):
    """The machine's own speed limit: float32 operations per second in one large matrix product."""
    rng = np.random.default_rng(0)
    a, b = (
        backend.to_device(rng.standard_normal((size, size), dtype=np.float32), xp) for _ in range(2)
    )
    out, best = xp.empty_like(a), float("inf")
    for _ in range(rounds):
        backend.synchronize(xp)
        began = time.perf_counter()
        xp.matmul(a, b, out=out)
        backend.synchronize(xp)
        best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best


def line(about):
    """The result of `describe` as one line of text."""
    words = [f"{about['processor']}, {about['cores']} cores"]
    words += [f"tinygan on {_threads(about['threads'])}", about["backend"]]
    words += [about["blas"], f"matrix product {about['matmul_gflops']:.0f} GFLOP/s"]
    if "torch" in about:
        words.append(f"torch {about['torch']} on {_threads(about['torch_threads'])}")
    words += [f"{peer} {about[peer]}" for peer in ("sklearn", "jax") if peer in about]
    if "tf32" in about:
        words.append(f"TF32 {'on' if about['tf32'] else 'off'}")
    return ", ".join(words)


def _threads(count):
    return f"{count} thread{'s' * (count != 1)}"


def _cores():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [
                text.split(":", 1)[1].strip() for text in file if text.startswith("model name")
            ]
        return names[0]
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def _version(package):
    import importlib.metadata

    return importlib.metadata.version({"sklearn": "scikit-learn"}.get(package, package))
