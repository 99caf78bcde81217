"""Kernels: made once for each array module, called with arrays and numbers in any order."""

import numpy as np
import pytest
import strict_device

from tinygan import backend
from tinygan.kernel import Kernel, Reduction, runs_on

SCALE = Kernel("T factor, T x", "T y", "y = factor * x", "scale")
LARGEST = Reduction("T x", "T y", "x", "a > b ? a : b", "y = a", "-1", "largest")


@pytest.fixture(autouse=True)
def kernels_run(device):
    if not runs_on(device):
        pytest.skip(strict_device.NO_KERNELS)


def test_a_kernel_is_called_on_the_device_of_its_first_array(device):
    x = backend.to_device(np.arange(6.0), device)
    y = SCALE(3.0, x)
    assert backend.array_module(y) is device
    np.testing.assert_array_equal(backend.to_numpy(y), 3 * np.arange(6.0))
    assert float(LARGEST(x)) == 5


def test_outputs_that_are_given_are_written_to(device):
    x, y = (backend.to_device(np.arange(6.0), device) for _ in range(2))
    SCALE(2.0, x, y)
    np.testing.assert_array_equal(backend.to_numpy(y), 2 * np.arange(6.0))
    rows = backend.to_device(np.arange(6.0).reshape(2, 3), device)
    np.testing.assert_array_equal(backend.to_numpy(LARGEST(rows, axis=0)), [3, 4, 5])


def test_a_kernel_is_made_once_and_called_by_its_name_in_a_profile(device):
    from tinygan.kernel import _on

    assert _on(device, SCALE) is _on(device, Kernel(*SCALE))
    assert _on(device, SCALE).name == "tinygan_scale"


def test_numpy_runs_none():
    assert not runs_on(np)
