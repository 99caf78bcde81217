"""Which version of a function is called: the plain one or a fast one.

A layer shows its arithmetic as a plain function of arrays, which runs on any array module.
`tinygan.nn.fast` has a fast function of the same name and arguments for many of them, equal to the
plain one up to rounding. The layer asks for the version to call:

    y = fastest(leaky_relu, x)(x, slope)

Today the fast functions are for the processor, so on a device the plain ones run.
"""

import os
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from tinygan import backend
from tinygan.nn import fast

_only_plain = ContextVar("only_plain", default=os.environ.get("TINYGAN_PLAIN") == "1")


def fastest(function, x):
    """The version of `function` to call for the array x.

    function: one of tinygan.nn's plain functions. Returns its namesake in tinygan.nn.fast when x is
    a NumPy array and there is one; otherwise, and in plain mode, the function itself.
    """
    name = function.__name__
    if _only_plain.get() or backend.array_module(x) is not np or name not in fast.__all__:
        return function
    return getattr(fast, name)


@contextmanager
def plain():
    """A with-block in which the calling thread runs only plain functions.

    The environment variable TINYGAN_PLAIN=1, read when tinygan is imported, does the same for a
    whole process.
    """
    before = _only_plain.set(True)
    try:
        yield
    finally:
        _only_plain.reset(before)
