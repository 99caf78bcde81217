"""What the doctor says of the 30 trainings whose looks are kept in benchmarks/results/doctor."""

import csv
from pathlib import Path

import pytest

from tinygan.health.course import Course
from tinygan.health.table import health_lines, rows_of

KEPT = sorted((Path(__file__).parent.parent.parent / "benchmarks/results/doctor").glob("*.csv"))
COLLAPSED = {"gan-dense-2", "gan-dense-cnn"}  # as their samples show


def course(file):
    with open(file, newline="") as lines:
        return Course(rows_of(list(csv.reader(lines))))


def test_ten_recipes_with_three_seeds_are_kept():
    names = {file.stem.rpartition("-")[0] for file in KEPT}
    assert len(names) == 10
    assert sorted(file.stem for file in KEPT) == sorted(f"{n}-{s}" for n in names for s in range(3))


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_a_collapse_is_named_and_nothing_is_said_of_the_others(file):
    begun = {change.illness.name for change in course(file).changes if change.begins}
    if file.stem.rpartition("-")[0] in COLLAPSED:
        assert "collapse to few kinds" in begun
    else:
        assert begun == set()


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_the_table_is_as_it_is_written(file):
    rows = course(file).rows
    assert len(rows) >= 8
    assert health_lines(rows) == file.read_text().splitlines()
