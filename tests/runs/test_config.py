"""config.json is written so that a run can be repeated, and read without trust."""

import json

import pytest

from tinygan.errors import UserError
from tinygan.runs.config import _CHECKS, _LATER, read_config


@pytest.fixture
def config(make_run):
    """(path of a run's config.json, its contents)."""
    path = make_run("run").folder / "config.json"
    return path, json.loads(path.read_text())


def refusal(path, contents):
    path.write_text(contents if isinstance(contents, str) else json.dumps(contents))
    with pytest.raises(UserError) as caught:
        read_config(path.parent)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_was_written_is_read(config):
    path, contents = config
    assert read_config(path.parent) == contents


@pytest.mark.parametrize("name", sorted(_CHECKS.keys() - _LATER.keys()))
def test_a_missing_entry_is_named(config, name):
    path, contents = config
    del contents[name]
    assert f"{name} is missing" in refusal(path, contents)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("recipe", 5, "a text"),
        ("data", None, "a text"),
        ("limit", 0, "a whole number above 0 or null"),
        ("seed", -1, "a whole number of at least 0"),
        ("seed", "x", "a whole number of at least 0"),
        ("seed", True, "a whole number of at least 0"),
        ("recipe", "x" * 101, "a text on one line"),
        ("recipe", "a\nb", "a text on one line"),
        ("backend", "\x1b[2J", "a text on one line"),
        ("options", [], "a table of options"),
        ("options", {"a\0b": 1}, "a table of options"),
        ("options", {"width": [[1]]}, "a table of options"),
        ("options", {"classes": "0," * 600}, "a table of options"),
        ("epochs", 2.5, "a whole number above 0 or null"),
        ("steps", "9", "a whole number above 0 or null"),
        ("sample_every", 0, "a whole number above 0"),
        ("checkpoint_every", None, "a whole number above 0"),
        ("backend", 1, "a text"),
        ("data_dir", 1, "a path or null"),
        ("data_dir", "a\0b", "a path or null"),
        ("data_dir", "a\x1b[2J", "a path or null"),
        ("data_dir", "a\nb", "a path or null"),
        ("data_dir", "\ud800", "a path or null"),
        ("data_dir", "x" * 5000, "a path or null"),
        ("background", 1, "a text on one line or null"),
        ("changes", {}, "a list of changes"),
        ("changes", [[]], "a list of changes"),
        ("trained_on", {"name": "a\nb", "sha256": "0"}, "a table with the name"),
        ("versions", {"python": 3}, "a table of versions"),
        ("versions", {str(i): "1" * 90 for i in range(9)}, "a table of versions"),
        ("trained_on", {"name": "clothes"}, "a table with the name and the SHA-256 of the data"),
        ("versions", None, "a table of versions"),
    ],
)
def test_an_invalid_entry_is_named_with_what_it_should_be(config, name, value, wanted):
    path, contents = config
    assert f"{name} is not {wanted}" in refusal(path, contents | {name: value})


def test_a_run_must_end_somewhere(config):
    path, contents = config
    text = refusal(path, contents | {"epochs": None, "steps": None})
    assert "neither epochs nor steps" in text


@pytest.mark.parametrize("contents", ["", "[]", "5", "{", "[" * 100_000])
def test_what_is_no_table_of_settings_is_refused(config, contents):
    assert "is damaged" in refusal(config[0], contents)
