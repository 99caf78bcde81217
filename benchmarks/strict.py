"""The strict fake device of the tests, which counts what a GPU would do, for the benchmarks."""

import importlib
import sys
from pathlib import Path

from tinygan import backend
from tinygan.errors import UserError

TESTS = Path(__file__).parent.parent / "tests"


def device():
    """The module strict_device. Raises UserError when it is missing or runs no kernels here."""
    if str(TESTS) not in sys.path:
        sys.path.append(str(TESTS))
    try:
        found = importlib.import_module("strict_device")
    except ModuleNotFoundError as error:
        raise UserError(
            f"the fake device needs {error.name}.py of the folder tests: run this in a checkout of "
            "tinygan's repository"
        ) from None
    if not hasattr(found, "ElementwiseKernel"):
        raise UserError(
            "the fake device needs a C++ compiler called c++, to run the kernels: install g++ or "
            "clang"
        )
    return found


def stand_in():
    """From now on, in this process, backend.get("cupy") gives the fake device."""
    real, fake = backend.get, device()
    backend.get = lambda name="auto": fake if name == "cupy" else real(name)
