"""JSON files are read without trust: damaged ones as None, and values only where they fit."""

import math

import pytest

from tinygan.json_files import Missing, Number, fits, read_json

FORM = {
    "n": int,
    "values": [Number],
    "name": str,
    "inner": {"x": Number | None},
    "late": int | Missing,
}
GOOD = {"n": 3, "values": [1, 2.5], "name": "a", "inner": {"x": None}}


def test_a_value_of_the_form_fits():
    assert fits(GOOD, FORM)
    assert fits(GOOD | {"late": 2, "other": object()}, FORM)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": 3.5},
        {"n": None},
        {"values": 3},
        {"values": ["3"]},
        {"values": [math.nan]},
        {"values": [math.inf]},
        {"values": [10**400]},
        {"name": "two\nlines"},
        {"name": "\x1b[31m"},
        {"inner": []},
        {"inner": {}},
        {"late": "x"},
    ],
)
def test_another_value_does_not(wrong):
    assert not fits(GOOD | wrong, FORM)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"nonsense"])
def test_what_is_no_json_is_none(tmp_path, text):
    (tmp_path / "x.json").write_bytes(text)
    assert read_json(tmp_path / "x.json") is None


def test_a_file_is_read_and_a_missing_one_is_none(tmp_path):
    (tmp_path / "x.json").write_text('{"a": [1]}')
    assert read_json(tmp_path / "x.json") == {"a": [1]}
    assert read_json(tmp_path / "y.json") is None
    assert read_json(tmp_path) is None
