"""The threads of a matrix product: their number is set and restored, and they sleep soon after."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tinygan.nn.fast import openblas

ROOT = Path(openblas.__file__).parents[3]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what a thread does")


def test_the_number_of_threads_can_be_set_and_read(blas):
    for number in (1, 2):
        blas.set_threads(number)
        assert blas.get_threads() == number


def test_one_thread_lasts_for_the_block_even_if_it_fails(blas):
    blas.set_threads(2)
    with openblas.one_thread():
        assert blas.get_threads() == 1
    assert blas.get_threads() == 2
    with pytest.raises(ZeroDivisionError), openblas.one_thread():
        raise ZeroDivisionError
    assert blas.get_threads() == 2


def asleep_after_a_product(imports, **variables):
    """Whether the product's helpers sleep a fiftieth of a second after it, in a new process."""
    code = f"""
{imports}
import os, time
x = np.ones((600, 600), np.float32)
x @ x
time.sleep(0.02)
states = [open(f"/proc/self/task/{{t}}/stat").read().rpartition(")")[2].split()[0]
          for t in os.listdir("/proc/self/task") if int(t) != os.getpid()]
print(len(states), set(states) <= set("S"))
"""
    env = {n: v for n, v in os.environ.items() if n != "OPENBLAS_THREAD_TIMEOUT"}
    env |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"} | variables
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    helpers, asleep = done.stdout.split()
    assert helpers == "1"
    return asleep == "True"


@on_linux
@pytest.mark.parametrize(
    "imports",
    [
        "from tinygan import nn; import numpy as np",
        "import numpy as np; from tinygan import nn",
        "import numpy as np; np.ones((600, 600)) @ np.ones((600, 600)); from tinygan import nn",
    ],
)
def test_the_helpers_sleep_whichever_is_imported_first(blas, imports):
    assert asleep_after_a_product(imports)


@on_linux
def test_the_users_own_setting_is_kept(blas):
    imports = "import numpy as np; from tinygan import nn"
    assert not asleep_after_a_product(imports, OPENBLAS_THREAD_TIMEOUT="30")


def test_reading_the_environment_keeps_the_number_of_threads(blas):
    if not openblas.read_environment():
        pytest.skip("this library, or what else runs in this process, does not allow it")
    for number in (1, 2):
        blas.set_threads(number)
        openblas.read_environment()
        assert blas.get_threads() == number


def test_nothing_is_done_while_another_thread_works(blas):
    began, end = threading.Event(), threading.Event()

    def work():
        began.set()
        while not end.is_set():
            pass

    thread = threading.Thread(target=work)
    thread.start()
    try:
        began.wait()
        assert not openblas._nothing_else_works()
        assert not openblas.read_environment()
    finally:
        end.set()
        thread.join()


@on_linux
def test_a_thread_that_waits_is_no_hindrance(blas):
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        found = {openblas._sleeps(thread) for _ in range(1000)}
        assert True in found
    finally:
        end.set()
        thread.join()


def test_a_library_without_these_functions_is_left_alone(blas, monkeypatch):
    monkeypatch.setattr(openblas, "_RESTART", ("openblas_read_env", "no_such_function"))
    assert not openblas.read_environment()
    monkeypatch.setattr(openblas, "find", lambda: None)
    assert not openblas.read_environment()
