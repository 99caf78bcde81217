"""Untrusted text in a sentence: one line that a terminal cannot misread."""

from hypothesis import given
from hypothesis import strategies as st

from tinygan.data.shown import shown


@given(st.text(max_size=300))
def test_what_is_shown_is_short_and_printable(text):
    assert len(shown(text)) <= 80
    assert shown(text).isprintable()


@given(st.text(st.characters(categories=["L", "N", "P"]), max_size=80))
def test_an_ordinary_name_is_shown_as_it_is(text):
    assert shown(text) == text


def test_a_long_name_keeps_its_beginning_and_its_end():
    assert shown("a" * 100 + ".png") == "a" * 40 + "…" + "a" * 35 + ".png"
