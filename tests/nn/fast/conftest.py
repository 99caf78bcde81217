"""A number of threads to work with, and a list of those that did."""

import threading

import pytest

from tinygan.nn.fast import cores, openblas
from tinygan.nn.fast import threads as nn_threads


@pytest.fixture
def blas():
    """NumPy's OpenBLAS; its number of threads is restored after the test."""
    found = openblas.find()
    if found is None:
        pytest.skip("NumPy multiplies without OpenBLAS: there is one thread")
    before = found.get_threads()
    yield found
    found.set_threads(before)


@pytest.fixture
def threads(blas, monkeypatch):
    """threads(2): two threads work from now on, the caller's among them."""
    return lambda number: monkeypatch.setattr(nn_threads, "count", lambda: number)


@pytest.fixture
def helpers(monkeypatch):
    """A list of the threads that helped a caller: each calls cores.leave when it starts."""
    found = []
    monkeypatch.setattr(cores, "leave", lambda core: found.append(threading.current_thread()))
    return found
