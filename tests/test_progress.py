"""How far a task is: a line that is rewritten on a terminal, final lines elsewhere."""

import io

import pytest

from tinygan.progress import Progress, duration


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def a_terminal_that_can_go_back(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_sees_one_line_rewritten_within_its_width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    progress = Progress(stream=stream)
    progress.show("a line longer than the terminal is wide", final=False)
    progress.show("short", final=False)
    progress.show("the end, which may be longer", final=True)
    first, second, last = stream.getvalue().split("\r")[1:]
    assert first == "a line longer than "
    assert second == "short".ljust(19)
    assert last == "the end, which may be longer\n"


def test_what_comes_after_an_unfinished_line_begins_on_its_own():
    stream = Terminal()
    progress = Progress(stream=stream)
    progress.show("half", final=False)
    progress.close()
    progress.close()
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("\n")


def test_elsewhere_only_final_lines_are_written():
    stream = io.StringIO()
    progress = Progress(stream=stream)
    progress.show("one", final=False)
    progress.show("two", final=True)
    progress.close()
    assert stream.getvalue() == "two\n"


def test_a_terminal_that_cannot_go_back_gets_final_lines_only(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    progress = Progress(stream=stream)
    progress.show("one", final=False)
    progress.show("two", final=True)
    progress.close()
    assert stream.getvalue() == "two\n"


def test_quiet_writes_nothing_even_on_a_terminal():
    stream = Terminal()
    progress = Progress(quiet=True, stream=stream)
    progress.say("hello")
    progress.show("one", final=True)
    assert stream.getvalue() == ""


def test_it_is_due_at_first_and_not_right_after():
    progress = Progress(quiet=True)
    assert progress.due()
    assert not progress.due()


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(0.2, "0s"), (42, "42s"), (59.7, "1m 00s"), (425, "7m 05s"), (725, "12m"), (7800, "2h 10m")],
)
def test_durations_are_short(seconds, says):
    assert duration(seconds) == says
