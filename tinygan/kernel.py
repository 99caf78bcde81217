"""A kernel: a few lines of C++ that a GPU runs for every element of an array, in one launch.

CuPy has NumPy's functions, one launch each. A chain of them reads and writes the GPU's memory once
per function, and each launch costs some microseconds of Python. A kernel does the chain at once.

CuPy compiles the text when a kernel is first called (`cupy.ElementwiseKernel`, whose documentation
explains the notation) and keeps the result for later processes. Each argument is an array or a
number; T stands for the dtype of the arrays that have it. An argument that is `raw` is indexed by
the text itself; the others have the element that belongs to this run of the text. Where all arrays
are raw, `size` says how often the text runs; `i` is the number of the run, from 0 on.
"""

import functools
from typing import NamedTuple

import numpy as np

from tinygan import backend


class Kernel(NamedTuple):
    """What runs once for each element (`cupy.ElementwiseKernel`).

    inputs, outputs: the arguments, "T x, raw T y, int32 n". operation: the text. name: for
    profilers. preamble: C++ that comes before: functions that the text calls.
    """

    inputs: str
    outputs: str
    operation: str
    name: str
    preamble: str = ""

    def __call__(self, *args, **size):
        """Run it on these inputs. Returns the outputs; those that are given too are written to."""
        return _on(_module_of(args), self)(*args, **size)


class Reduction(NamedTuple):
    """A kernel that joins many elements into one (`cupy.ReductionKernel`).

    each: what an element is turned into. join: two of these, a and b, into one. then: the outputs
    from the last one, a. start: what the joining starts from. kind: the C++ type of what is joined.
    """

    inputs: str
    outputs: str
    each: str
    join: str
    then: str
    start: str
    name: str
    kind: str = "T"
    preamble: str = ""

    def __call__(self, *args, **axis):
        """As Kernel; axis: of the arrays, over which is joined."""
        return _on(_module_of(args), self)(*args, **axis)


def runs_on(xp):
    """Whether the array module `xp` runs kernels."""
    return hasattr(xp, "ElementwiseKernel")


@functools.cache
def _on(xp, kernel):
    *text, name = kernel[: kernel._fields.index("name") + 1]
    how = {"preamble": kernel.preamble}
    if isinstance(kernel, Kernel):
        return xp.ElementwiseKernel(*text, f"tinygan_{name}", **how)
    return xp.ReductionKernel(*text, f"tinygan_{name}", reduce_type=kernel.kind, **how)


def _module_of(args):
    """The array module of the first array among the arguments; the others may be numbers."""
    numbers = int | float | np.generic
    return next(backend.array_module(arg) for arg in args if not isinstance(arg, numbers))
