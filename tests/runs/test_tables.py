"""timing.csv and result.json are read without trust: what is wrong in them is left out."""

import json
import math

import pytest

from tinygan.runs.tables import read_result, read_timing, write_result

HEAD = "epoch,step,seconds,images_per_second\n"


def timing(folder, lines):
    (folder / "timing.csv").write_text(HEAD + lines)
    return read_timing(folder, 100)


def test_the_rows_up_to_the_last_step(tmp_path):
    assert timing(tmp_path, "1,50,2.5,9\n2,100,4,8.5\n3,150,1,1\n") == [
        (1, 50, 2.5, 9.0),
        (2, 100, 4.0, 8.5),
    ]
    (tmp_path / "timing.csv").unlink()
    assert read_timing(tmp_path, 100) == []


@pytest.mark.parametrize(
    "row", ["1,1,inf,1", "1,1,nan,1", "1,1,1e999,1", "1,1,-1,1", "1,1,1,inf", "-1,1,1,1"]
)
def test_a_row_with_an_impossible_number_is_left_out(tmp_path, row):
    assert timing(tmp_path, f"{row}\n2,2,4,8\n") == [(2, 2, 4.0, 8.0)]


def test_what_was_measured_at_another_step_is_none(tmp_path):
    write_result(tmp_path, {"step": 7, "test_fd": 2.5, "converged": True})
    assert read_result(tmp_path, 7) == {"step": 7, "test_fd": 2.5, "converged": True}
    assert read_result(tmp_path, 8) == {}


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "1", '"step"', "{", "[" * 100_000, '{"a":' * 100_000),
        *(
            json.dumps({"step": 7} | more)
            for more in (
                {"test_fd": 10**400},
                {"test_fd": math.nan},
                {"test_fd": "\x1b[2J"},
                {"test_fd": [1]},
                {"a\nb": 1},
                {"a" * 101: 1},
            )
        ),
    ],
)
def test_a_result_that_cannot_be_shown_is_none(tmp_path, content):
    (tmp_path / "result.json").write_text(content)
    assert read_result(tmp_path, 7) == {}
