"""Keeping freed memory: arrays that come and go cost no page faults any more."""

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
def churn():
    for _ in range(20):
        a, b = np.ones(500_000), np.ones(500_000)
        del a, b
churn()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
churn()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(keep):
    code = COUNT.format(keep=keep)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(run.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to")
def test_arrays_that_come_and_go_are_not_fetched_anew():
    assert faults(True) < 50  # 40 arrays of 4 MB are ten thousand pages of 4 kB
    assert faults(False) > 10 * max(1, faults(True))
