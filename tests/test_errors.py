"""Untrusted text in a sentence: one line that a terminal cannot misread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan.errors import first_line, shown


@given(st.text(max_size=300))
def test_what_is_shown_is_short_and_printable(text):
    assert len(shown(text)) <= 80
    assert shown(text).isprintable()


@given(st.text(st.characters(categories=["L", "N", "P"]), max_size=80))
def test_an_ordinary_name_is_shown_as_it_is(text):
    assert shown(text) == text


def test_a_long_name_keeps_its_beginning_and_its_end():
    assert shown("a" * 100 + ".png") == "a" * 40 + "…" + "a" * 35 + ".png"


@pytest.mark.parametrize(
    ("error", "line"), [(ValueError("one\ntwo"), "one"), (ValueError(), "ValueError")]
)
def test_the_first_line_of_an_error(error, line):
    assert first_line(error) == line
