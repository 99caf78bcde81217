"""A thread leaves a core where it can, and is free to return."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tinygan.nn.fast import cores


class FakeCores:
    """The system's calls, for a thread that runs on core `here` and may run on those `allowed`."""

    def __init__(self, monkeypatch, here, allowed):
        self.set_to = []
        monkeypatch.setattr(cores, "current", lambda: here)
        monkeypatch.setattr(
            os, "sched_getaffinity", lambda thread: {0: allowed}[thread].copy(), raising=False
        )
        monkeypatch.setattr(
            os,
            "sched_setaffinity",
            lambda thread, to: self.set_to.append((thread, set(to))),
            raising=False,
        )


def test_a_thread_leaves_the_core_and_may_then_run_anywhere_again(monkeypatch):
    fake = FakeCores(monkeypatch, here=1, allowed={0, 1, 5})
    cores.leave(1)
    assert fake.set_to == [(0, {0, 5}), (0, {0, 1, 5})]  # 0: of this thread


@pytest.mark.parametrize(
    ("here", "allowed", "callers"),
    [
        (1, {1}, 1),  # there is no other core
        (1, {0, 1}, 0),  # it is on another core already
        (None, {0, 1}, None),  # the system does not say
        (1, {0, 1}, None),
    ],
)
def test_in_all_other_cases_a_thread_stays_where_it_is(monkeypatch, here, allowed, callers):
    fake = FakeCores(monkeypatch, here, allowed)
    cores.leave(callers)
    assert fake.set_to == []


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
def test_leaving_a_core_does_not_change_where_a_thread_may_be(monkeypatch):
    def before_and_after():
        before = os.sched_getaffinity(0)
        for core in sorted(before):
            monkeypatch.setattr(cores, "current", lambda core=core: core)
            cores.leave(core)
            yield before, os.sched_getaffinity(0)

    with ThreadPoolExecutor(1) as thread:  # not the test's own, in case this goes wrong
        for before, after in thread.submit(lambda: list(before_and_after())).result():
            assert before == after


def test_the_core_is_a_number_or_unknown(monkeypatch):
    core = cores.current()
    assert core is None or core >= 0
    monkeypatch.setattr(cores, "_getcpu", lambda: None)
    assert cores.current() is None
