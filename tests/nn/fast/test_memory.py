"""Freed memory is kept: a new array of the same size costs no page faults."""

import platform
import subprocess
import sys

import pytest

COUNT = """
import resource
import numpy as np
from tinygan.nn.fast import memory
if {keep}:
    assert memory.keep_freed()
def allocate_and_free():
    for _ in range(20):
        a, b = np.ones(500_000), np.ones(500_000)
        del a, b
allocate_and_free()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
allocate_and_free()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(keep):
    code = COUNT.format(keep=keep)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(run.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has this setting")
def test_a_new_array_gets_the_memory_of_a_freed_one():
    assert faults(True) < 50  # 40 arrays of 4 MB are ten thousand pages of 4 kB
    assert faults(False) > 10 * max(1, faults(True))
