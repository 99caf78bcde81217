"""The folder of the cache, and the variable that moves it."""

import sys

import pytest

from tinygan.data.locations import cache_dir, cache_variable


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_variable_that_is_named_moves_the_cache(tmp_path, monkeypatch, platform):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(cache_variable(), str(tmp_path))
    assert cache_dir().is_relative_to(tmp_path)
