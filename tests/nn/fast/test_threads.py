"""Threads: all of the work is done once, in order, and nothing is left behind."""

import multiprocessing
import os
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tinygan.nn.fast import blocks
from tinygan.nn.fast import threads as nn_threads

BLAS = nn_threads._openblas()
needs_openblas = pytest.mark.skipif(BLAS is None, reason="NumPy multiplies without OpenBLAS")


def in_fresh_python(code, **environment):
    """What `code` prints, with these environment variables and no other word about threads."""
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
def test_the_results_come_back_in_order(threads, number):
    pool, last_is_done = threads(number), threading.Event()

    def square(item):
        if item == 0 and number > 1:
            assert last_is_done.wait(10)  # the first is done last
        if item == 6:
            last_is_done.set()
        return item * item

    assert nn_threads.run(square, list(range(7))) == [0, 1, 4, 9, 16, 25, 36]
    assert len(pool.helpers) == number - 1


def test_of_no_items_there_are_no_results(threads):
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


def test_no_more_threads_are_called_than_there_are_items(threads):
    pool = threads(5)
    assert nn_threads.run(lambda item: -item, [1, 2, 3]) == [-1, -2, -3]
    assert len(pool.helpers) == 2


@pytest.mark.parametrize("before", [1, 2])
def test_products_have_one_thread_while_ours_work_and_then_as_many_as_before(threads, before):
    threads(3)
    BLAS.set_threads(before)
    assert nn_threads.run(lambda item: BLAS.get_threads(), [0, 1, 2]) == [1, 1, 1]
    assert BLAS.get_threads() == before


def test_products_keep_their_threads_where_ours_do_not_work(threads):
    BLAS.set_threads(2)
    threads(1)
    assert nn_threads.run(lambda item: BLAS.get_threads(), [0, 1, 2]) == [2, 2, 2]
    pool = threads(2)
    assert nn_threads.run(lambda item: BLAS.get_threads(), [0]) == [2]
    assert not pool.helpers


def check_that_nothing_is_left_behind(pool):
    """The products have the two threads they had, and ours are free and work again."""
    assert BLAS.get_threads() == 2
    assert not nn_threads._busy.locked()
    pool.helpers.clear()
    assert nn_threads.run(lambda item: -item, [0, 2, 3]) == [0, -2, -3]
    assert len(pool.helpers) == 1


@pytest.mark.parametrize("whose", ["the caller's", "a helper's", "both"])
def test_an_error_in_a_share_reaches_the_caller_and_leaves_nothing_behind(threads, whose):
    pool, caller = threads(2), threading.current_thread()
    both_here, returned = threading.Barrier(2, timeout=10), threading.Event()
    returned_first = []

    def fails(item):
        if item < 2:  # one each
            both_here.wait()
        is_caller = threading.current_thread() is caller
        if not is_caller:
            returned_first.append(returned.wait(0.1))  # run may not, as long as this takes
        if whose == "both" or is_caller is (whose == "the caller's"):
            raise ZeroDivisionError(f"item {item}")
        return item

    BLAS.set_threads(2)
    try:
        with pytest.raises(ZeroDivisionError, match="item"):
            nn_threads.run(fails, [0, 1, 2])
    finally:
        returned.set()
    assert returned_first
    assert not any(returned_first)
    assert all(helper.done() for helper in pool.helpers)
    check_that_nothing_is_left_behind(pool)


def test_threads_that_cannot_be_called_leave_nothing_behind(threads):
    closed = threads(2)
    closed.shutdown()
    BLAS.set_threads(2)
    with pytest.raises(RuntimeError, match="after shutdown"):
        nn_threads.run(lambda item: item, [0, 1])
    check_that_nothing_is_left_behind(threads(2))


@needs_openblas
def test_work_that_cuts_its_own_work_does_not_wait_for_itself():
    code = """
from tinygan.nn.fast import blocks
from tinygan.nn.fast import threads as nn_threads
nn_threads.count = lambda: 2
inner = lambda item: nn_threads.run(lambda part: 10 * item + part, [0, 1, 2])
print(nn_threads.run(inner, [1, 2, 3]), nn_threads._openblas().get_threads())
"""
    found = in_fresh_python(code, OMP_NUM_THREADS="1")
    assert found == "[[10, 11, 12], [20, 21, 22], [30, 31, 32]] 1"


def test_several_callers_at_once_each_get_their_own(threads):
    threads(2)
    BLAS.set_threads(2)
    with ThreadPoolExecutor(4) as callers:
        found = list(
            callers.map(lambda c: nn_threads.run(lambda i: (c, i), list(range(20))), range(30))
        )
    assert found == [[(c, i) for i in range(20)] for c in range(30)]
    assert BLAS.get_threads() == 2


@needs_openblas
def test_when_the_main_thread_has_ended_the_caller_works_alone():
    code = """
import threading
from tinygan.nn.fast import blocks
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
    nn_threads._pool.cache_clear()
    assert _two_at_once(None)  # the parent's threads are there
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: fork beside threads
        with multiprocessing.get_context("fork").Pool(1) as process:
            assert process.map_async(_two_at_once, [None]).get(timeout=30) == [True]
    nn_threads._pool(os.getpid()).shutdown()
    nn_threads._pool.cache_clear()


@needs_openblas
def test_there_are_as_many_threads_as_the_environment_says():
    code = """
from tinygan.nn.fast import blocks
from tinygan.nn.fast import threads as nn_threads
number = nn_threads.count()
print(number, 1 + nn_threads._pool(0)._max_workers if number > 1 else 1)
"""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    for asked in (1, 2):
        found = in_fresh_python(code, OMP_NUM_THREADS=str(asked))
        assert found == f"{min(asked, cores)} {min(asked, cores)}"


def test_without_openblas_there_is_one_thread(monkeypatch):
    monkeypatch.setattr(nn_threads, "_openblas", lambda: None)
    nn_threads.count.cache_clear()
    try:
        assert nn_threads.count() == 1
        here = threading.current_thread()
        assert set(blocks.over_batch(lambda block: threading.current_thread(), 9, 2)) == {here}
    finally:
        nn_threads.count.cache_clear()


# Helpers that start on the caller's core


class FakeCores:
    """The system's calls, for a thread that is on core `here` and may be on those `allowed`."""

    def __init__(self, monkeypatch, here, allowed):
        self.set_to = []
        monkeypatch.setattr(nn_threads, "_core", lambda: here)
        monkeypatch.setattr(
            os, "sched_getaffinity", lambda thread: {0: allowed}[thread].copy(), raising=False
        )
        monkeypatch.setattr(
            os,
            "sched_setaffinity",
            lambda thread, cores: self.set_to.append((thread, set(cores))),
            raising=False,
        )


def test_a_helper_leaves_the_callers_core_and_may_then_go_anywhere_again(monkeypatch):
    cores = FakeCores(monkeypatch, here=1, allowed={0, 1, 5})
    nn_threads._leave_core(1)
    assert cores.set_to == [(0, {0, 5}), (0, {0, 1, 5})]  # 0: of this thread


@pytest.mark.parametrize(
    ("here", "allowed", "callers"),
    [
        (1, {1}, 1),  # there is no other core
        (1, {0, 1}, 0),  # it is on another core already
        (None, {0, 1}, None),  # it cannot be told
        (1, {0, 1}, None),
    ],
)
def test_else_a_helper_stays_where_it_is(monkeypatch, here, allowed, callers):
    cores = FakeCores(monkeypatch, here, allowed)
    nn_threads._leave_core(callers)
    assert cores.set_to == []


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
def test_leaving_a_core_does_not_change_where_a_thread_may_be(monkeypatch):
    def before_and_after():
        before = os.sched_getaffinity(0)
        for core in sorted(before):
            monkeypatch.setattr(nn_threads, "_core", lambda core=core: core)
            nn_threads._leave_core(core)
            yield before, os.sched_getaffinity(0)

    with ThreadPoolExecutor(1) as thread:  # one of its own: this may not change the test's
        for before, after in thread.submit(lambda: list(before_and_after())).result():
            assert before == after


def test_the_core_is_a_number_or_unknown(monkeypatch):
    core = nn_threads._core()
    assert core is None or core >= 0
    monkeypatch.setattr(nn_threads, "_getcpu", lambda: None)
    assert nn_threads._core() is None


def test_each_helper_leaves_the_core_of_the_caller_who_stays(threads, monkeypatch):
    threads(3)
    left, caller = [], threading.current_thread()
    monkeypatch.setattr(
        nn_threads, "_core", lambda: 7 if threading.current_thread() is caller else 3
    )
    monkeypatch.setattr(
        nn_threads, "_leave_core", lambda core: left.append((core, threading.current_thread()))
    )
    nn_threads.run(lambda item: item, [0, 1, 2])
    assert [core for core, _ in left] == [7, 7]
    assert caller not in [thread for _, thread in left]


def test_an_interrupt_while_waiting_leaves_nothing_behind():
    code = """
import _thread, threading, time
from tinygan.nn.fast import threads as nn_threads

nn_threads.count = lambda: 2
helping = threading.Event()
done = []

def work(item):
    if threading.current_thread() is threading.main_thread():
        helping.wait(10)  # until the other is at work; then there is nothing left but to wait
    else:
        helping.set()
        time.sleep(0.2)
        _thread.interrupt_main()
        time.sleep(0.2)
        done.append(item)

blas = nn_threads._openblas()
before = blas.get_threads()
try:
    nn_threads.run(work, [0, 1])
    print("no interrupt")
except KeyboardInterrupt:
    print(len(done), blas.get_threads() == before, nn_threads._busy.locked())
"""
    if BLAS is None:
        pytest.skip("NumPy multiplies without OpenBLAS: there is one thread")
    assert in_fresh_python(code) == "1 True False"


def test_the_threads_warn_of_numbers_as_the_caller_does(threads):
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
