"""When an illness begins and ends: three looks in a row, whenever the looks are added."""

import csv

import pytest
from health.healthy import looks

from tinygan.health.course import Course
from tinygan.health.table import diagnosis_lines, health_lines, rows_of


def told(course):
    return [(c.illness.name, c.begins, c.since, c.step) for c in course.changes]


def test_it_begins_with_the_first_of_three_looks_and_ends_likewise():
    course = Course(looks(4) + looks(5, first=5, overlap=0.9) + looks(4, first=10))
    assert told(course) == [
        ("G overpowers D", True, 1250, 1750),
        ("G overpowers D", False, 2500, 3000),
    ]
    assert course.ill == {}
    assert course.changes[0].words().startswith("from update 1,250: G overpowers D. D prefers")
    assert course.changes[1].words() == "from update 2,500: no more G overpowers D"


def test_one_look_or_two_are_chance():
    rows = looks(9, overlap=[0.9, 0.9, 0.3, 0.9, 0.9, 0.3, 0.3, 0.9, 0.9])
    assert told(Course(rows)) == []


def test_an_illness_does_not_end_by_one_good_look():
    course = Course(looks(8, overlap=[0.9, 0.9, 0.9, 0.3, 0.9, 0.3, 0.3, 0.9]))
    assert len(course.changes) == 1
    assert course.ill == {"G overpowers D": 250}


def test_what_goes_on_beside_another_illness_has_not_ended():
    course = Course(looks(5, varied=0.05) + looks(5, first=6, varied=0.05, d_dead=0.9))
    assert list(course.ill) == ["total collapse", "dead units"]
    course = Course(looks(5, varied=0.3) + looks(5, first=6, varied=0.05))
    assert list(course.ill) == ["collapse to few kinds", "total collapse"]


def test_looks_that_are_not_finite_end_nothing_but_tell_nothing():
    course = Course(looks(5, varied=0.05) + looks(4, first=6, off=None))
    assert list(course.ill) == ["total collapse", "not finite"]


def test_what_is_not_finite_is_said_at_once():
    course = Course(looks(2) + looks(1, first=3, g_grad=None))
    assert told(course) == [("not finite", True, 750, 750)]


def test_added_one_by_one_or_resumed_it_is_the_same():
    rows = looks(3) + looks(7, first=4, varied=0.02) + looks(4, first=11)
    whole = Course(rows)
    for cut in range(len(rows)):
        resumed = Course(rows[:cut])
        late = [change for row in rows[cut:] for change in resumed.add(row)]
        assert [c.words() for c in resumed.changes] == [c.words() for c in whole.changes]
        assert late == resumed.changes[len(resumed.changes) - len(late) :]
        assert resumed.ill == whole.ill


def test_the_tables_hold_what_was_measured_and_said():
    rows = looks(2) + looks(3, first=3, overlap=0.9) + looks(1, first=6, off=None)
    course = Course(rows)
    lines = health_lines(course.rows)
    assert lines[0].startswith("step,overlap,d_grad,g_grad")
    assert rows_of(list(csv.reader(lines))) == rows
    head, *found = csv.reader(diagnosis_lines(course.changes))
    assert head == ["step", "since", "illness", "event", "words"]
    assert [row[2:4] for row in found] == [["G overpowers D", "begins"], ["not finite", "begins"]]
    assert [row[4] for row in found] == [change.words() for change in course.changes]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [["step"]],
        [["a", "b"], ["1", "2"]],
        [["step", "overlap", "money"], ["1", "2", "3"]],
    ],
)
def test_another_table_holds_no_looks(lines):
    assert rows_of(lines) == []


def test_from_a_damaged_line_on_nothing_is_read():
    lines = list(csv.reader(health_lines(looks(4))))
    for damaged in (["x"], lines[2][:-1], ["-3", *lines[2][1:]], ["1.5", *lines[2][1:]]):
        assert rows_of([*lines[:3], damaged, lines[4]]) == looks(2)
