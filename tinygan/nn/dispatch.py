"""Which version of a function is called: the plain one or a fast one.

A layer shows its arithmetic as a plain function of arrays, which runs on any array module.
`tinygan.nn.fast` has a fast function of the same name and arguments for many of them, equal to the
plain one up to rounding; `tinygan.nn.fast.kernels` has those for a device. The layer asks for the
version to call:

    y = fastest(leaky_relu, x)(x, slope)
"""

import os
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from tinygan import backend
from tinygan.kernel import runs_on
from tinygan.nn import fast
from tinygan.nn.fast import kernels

_only_plain = ContextVar("only_plain", default=os.environ.get("TINYGAN_PLAIN") == "1")


def fastest(function, x):
    """The version of `function` to call for the array x.

    function: one of tinygan.nn's plain functions. Returns its namesake in tinygan.nn.fast when x is
    a NumPy array, in tinygan.nn.fast.kernels when x is on a device that runs kernels. Where there
    is none, and in plain mode, it returns the function itself.
    """
    if _only_plain.get():
        return function
    xp = backend.array_module(x)
    if xp is np:
        versions = fast
    elif runs_on(xp):
        versions = kernels
    else:
        return function
    name = function.__name__
    return getattr(versions, name) if name in versions.__all__ else function


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
