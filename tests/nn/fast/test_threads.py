"""Threads: all of the work is done once and in order, and afterwards all is restored."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tinygan.nn.fast import cores, openblas
from tinygan.nn.fast import threads as nn_threads

needs_openblas = pytest.mark.skipif(
    openblas.find() is None, reason="NumPy multiplies without OpenBLAS"
)


def in_fresh_python(code, **environment):
    """What `code` prints, with these environment variables and no others about threads."""
    about_threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS")
    env = {name: value for name, value in os.environ.items() if name not in about_threads}
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=env | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_results_come_back_in_order(threads, helpers, number):
    threads(number)
    last_is_done = threading.Event()

    def square(item):
        if item == 0 and number > 1:
            assert last_is_done.wait(10)  # the first is done last
        if item == 6:
            last_is_done.set()
        return item * item

    assert nn_threads.run(square, list(range(7))) == [0, 1, 4, 9, 16, 25, 36]
    assert len(helpers) == number - 1


def test_no_items_give_no_results(threads):
    for number in (1, 2):
        threads(number)
        assert nn_threads.run(lambda item: item, []) == []


@pytest.mark.parametrize("number", [2, 3])
def test_as_many_items_are_worked_on_at_the_same_time_one_of_them_by_the_caller(threads, number):
    threads(number)
    all_here = threading.Barrier(number, timeout=10)  # broken unless all arrive

    def meet(item):
        all_here.wait()
        return threading.current_thread()

    found = nn_threads.run(meet, list(range(number)))
    assert len(set(found)) == number
    assert threading.current_thread() in found


def test_no_more_threads_are_called_than_there_are_items(threads, helpers):
    threads(5)
    assert nn_threads.run(lambda item: -item, [1, 2, 3]) == [-1, -2, -3]
    assert len(helpers) == 2


@pytest.mark.parametrize("before", [1, 2])
def test_products_use_one_thread_while_ours_work_and_then_as_many_as_before(threads, blas, before):
    threads(3)
    blas.set_threads(before)
    assert nn_threads.run(lambda item: blas.get_threads(), [0, 1, 2]) == [1, 1, 1]
    assert blas.get_threads() == before


def test_products_keep_their_threads_while_ours_do_not_work(threads, blas, helpers):
    blas.set_threads(2)
    threads(1)
    assert nn_threads.run(lambda item: blas.get_threads(), [0, 1, 2]) == [2, 2, 2]
    threads(2)
    assert nn_threads.run(lambda item: blas.get_threads(), [0]) == [2]
    assert not helpers


def check_that_all_is_restored(blas, helpers):
    """The products have the two threads they had, and ours are free and work again."""
    assert blas.get_threads() == 2
    assert not nn_threads._busy.locked()
    helpers.clear()
    assert nn_threads.run(lambda item: -item, [0, 2, 3]) == [0, -2, -3]
    assert len(helpers) == 1


@pytest.mark.parametrize("whose", ["the caller's", "a helper's", "both"])
def test_an_error_in_any_thread_reaches_the_caller_and_all_is_restored(
    threads, blas, helpers, whose
):
    threads(2)
    caller = threading.current_thread()
    both_here, returned = threading.Barrier(2, timeout=10), threading.Event()
    returned_first = []

    def fails(item):
        if item < 2:  # one each
            both_here.wait()
        is_caller = threading.current_thread() is caller
        if not is_caller:
            returned_first.append(returned.wait(0.1))  # run may not return before this ends
        if whose == "both" or is_caller is (whose == "the caller's"):
            raise ZeroDivisionError(f"item {item}")
        return item

    blas.set_threads(2)
    try:
        with pytest.raises(ZeroDivisionError, match="item"):
            nn_threads.run(fails, [0, 1, 2])
    finally:
        returned.set()
    assert returned_first
    assert not any(returned_first)
    check_that_all_is_restored(blas, helpers)


def test_if_no_helper_can_be_called_all_is_restored(threads, blas, helpers, monkeypatch):
    threads(2)
    blas.set_threads(2)
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    with monkeypatch.context() as patch:
        patch.setattr(nn_threads, "_pool", lambda process, helpers: closed)
        with pytest.raises(RuntimeError, match="after shutdown"):
            nn_threads.run(lambda item: item, [0, 1])
    check_that_all_is_restored(blas, helpers)


@needs_openblas
def test_work_that_calls_run_itself_does_not_wait_for_itself():
    code = """
from tinygan.nn.fast import openblas, threads
threads.count = lambda: 2
inner = lambda item: threads.run(lambda part: 10 * item + part, [0, 1, 2])
print(threads.run(inner, [1, 2, 3]), openblas.find().get_threads())
"""
    found = in_fresh_python(code, OMP_NUM_THREADS="1")
    assert found == "[[10, 11, 12], [20, 21, 22], [30, 31, 32]] 1"


def test_several_callers_at_once_each_get_their_own_results(threads, blas):
    threads(2)
    blas.set_threads(2)
    with ThreadPoolExecutor(4) as callers:
        found = list(
            callers.map(lambda c: nn_threads.run(lambda i: (c, i), list(range(20))), range(30))
        )
    assert found == [[(c, i) for i in range(20)] for c in range(30)]
    assert blas.get_threads() == 2


@needs_openblas
def test_when_the_main_thread_has_ended_the_caller_works_alone():
    code = """
import threading
from tinygan.nn.fast import threads as nn_threads

nn_threads.count = lambda: 2

def work():
    threading.main_thread().join()
    here = threading.current_thread()
    print(nn_threads.run(lambda item: threading.current_thread() is here, [0, 1, 2]))

threading.Thread(target=work).start()
"""
    assert in_fresh_python(code) == "[True, True, True]"


def _two_at_once(_):
    both_here = threading.Barrier(2, timeout=10)
    return sorted(nn_threads.run(lambda item: both_here.wait(), [0, 1])) == [0, 1]


@needs_openblas
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_has_threads_of_its_own(monkeypatch):
    monkeypatch.setattr(nn_threads, "count", lambda: 2)
    assert _two_at_once(None)  # now the parent has threads
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: fork beside threads
        with multiprocessing.get_context("fork").Pool(1) as process:
            assert process.map_async(_two_at_once, [None]).get(timeout=30) == [True]


@needs_openblas
def test_there_are_as_many_threads_as_the_environment_says():
    code = "from tinygan.nn.fast import threads; print(threads.count())"
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    for asked in (1, 2):
        assert in_fresh_python(code, OMP_NUM_THREADS=str(asked)) == str(min(asked, there))


def test_without_openblas_there_is_one_thread(monkeypatch):
    monkeypatch.setattr(openblas, "find", lambda: None)
    nn_threads.count.cache_clear()
    try:
        assert nn_threads.count() == 1
        here = threading.current_thread()
        found = nn_threads.run(lambda item: threading.current_thread(), [0, 1, 2])
        assert set(found) == {here}
    finally:
        nn_threads.count.cache_clear()


def test_each_helper_leaves_the_core_of_the_caller_who_stays(threads, monkeypatch):
    threads(3)
    left, caller = [], threading.current_thread()
    monkeypatch.setattr(cores, "current", lambda: 7 if threading.current_thread() is caller else 3)
    monkeypatch.setattr(
        cores, "leave", lambda core: left.append((core, threading.current_thread()))
    )
    nn_threads.run(lambda item: item, [0, 1, 2])
    assert [core for core, _ in left] == [7, 7]
    assert caller not in [thread for _, thread in left]


@needs_openblas
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="a signal cannot be sent here")
def test_an_interrupt_while_waiting_restores_all_and_leaves_no_helper_at_work():
    code = """
import signal, threading, time
from tinygan.nn.fast import openblas
from tinygan.nn.fast import threads as nn_threads

nn_threads.count = lambda: 2
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have switched it off
helping = threading.Event()
done = []

def work(item):
    if threading.current_thread() is threading.main_thread():
        helping.wait(10)  # until the other is at work; then this one only waits
    else:
        helping.set()
        time.sleep(0.2)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        time.sleep(0.2)
        done.append(item)

blas = openblas.find()
before = blas.get_threads()
try:
    nn_threads.run(work, [0, 1])
    print("no interrupt")
except KeyboardInterrupt:
    print(len(done), blas.get_threads() == before, nn_threads._busy.locked())
"""
    assert in_fresh_python(code) == "1 True False"


def test_the_threads_warn_of_overflow_as_the_caller_does(threads):
    threads(2)
    caller, both_here = threading.current_thread(), threading.Barrier(2, timeout=10)

    def overflow(item):
        both_here.wait()  # one each
        if threading.current_thread() is caller:
            return np.inf
        return np.float32(1e38) * np.float32(10)

    with np.errstate(over="ignore"):
        assert nn_threads.run(overflow, [0, 1]) == [np.inf, np.inf]
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        nn_threads.run(overflow, [0, 1])
