"""The cache of faces: made once, whole or not at all, and again when anything has changed."""

import multiprocessing
import os
import sys

import numpy as np
import pytest
from small_pictures import picture, plain, put, stored, ten

from tinygan import data
from tinygan.cli import exit_on_error
from tinygan.data import faces_cache
from tinygan.data.locations import cache_dir
from tinygan.data.picture_files import MAX_PICTURES
from tinygan.errors import UserError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder for this test alone."""
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    return cache_dir() / "faces"


@pytest.fixture
def decoded(monkeypatch):
    """A list that grows by one for every picture that is decoded."""
    seen, real = [], faces_cache.middle_square

    def counting(*args):
        seen.append(1)
        return real(*args)

    monkeypatch.setattr(faces_cache, "middle_square", counting)
    return seen


def load(path, name="train", **settings):
    return data.load("faces", name, path, **settings)


def complaint(path):
    with pytest.raises(UserError) as caught:
        load(path)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("where", ["folder", "zip"])
def test_pictures_are_decoded_once_and_again_when_they_change(tmp_path, decoded, where, cache):
    path = stored(where, tmp_path, ten())
    first, again = load(path), load(path)
    assert len(decoded) == 10
    np.testing.assert_array_equal(first.images, again.images)
    stored(where, tmp_path, ten() | {"new.png": plain(123)})
    assert 123 in load(path).images[..., 0]
    assert len(decoded) == 21
    stored(where, tmp_path, ten() | {"05.png": plain(231, (80, 80))})
    assert 231 in load(path).images[..., 0]
    assert len(list(cache.iterdir())) == 3


def test_a_changed_time_alone_makes_the_images_anew(tmp_path, decoded):
    path = put(tmp_path / "in", ten())
    load(path)
    os.utime(path / "00.png", (1, 1))
    load(path)
    assert len(decoded) == 20


def test_each_background_has_a_cache_of_its_own(tmp_path, decoded, cache):
    clear = picture(np.zeros((64, 64, 4), np.uint8))
    path = put(tmp_path / "in", {f"{i}.png": clear for i in range(4)})
    for _ in range(2):
        for name, value in (("white", 255), ("black", 0), ("#FFF", 255), ("#ffffff", 255)):
            assert (load(path, background=name).images == value).all()
    assert len(decoded) == 8
    assert len(list(cache.iterdir())) == 2


def test_a_cache_of_an_earlier_version_is_not_used(tmp_path, decoded, cache, monkeypatch):
    path = put(tmp_path / "in", ten())
    load(path)
    monkeypatch.setattr(faces_cache, "_VERSION", faces_cache._VERSION + 1)
    load(path)
    assert len(decoded) == 20
    assert faces_cache._VERSION > 2  # 1 has what lies beneath transparency, and white 16 bits


def test_the_cache_is_an_array_that_numpy_can_open(tmp_path, cache):
    load(put(tmp_path / "in", ten()))
    (file,) = cache.iterdir()
    whole = np.load(file, allow_pickle=False)
    assert whole[:, 0, 0, 0].tolist() == [10 * i for i in range(10)]


@pytest.mark.parametrize("n", [2, 10, 202_599, MAX_PICTURES])
def test_the_header_is_as_long_as_the_place_that_is_kept_for_it(n):
    assert len(faces_cache._header(n)) == faces_cache._HEADER


def _flip(raw, at):
    raw = bytearray(raw)
    raw[at] ^= 1
    return bytes(raw)


@pytest.mark.parametrize(
    "harm",
    [
        lambda raw: b"",
        lambda raw: raw[:100],
        lambda raw: raw[:-1],
        lambda raw: raw + b"0",
        lambda raw: raw[:-12288],
        lambda raw: _flip(raw, 12),
        lambda raw: _flip(raw, 40),
        lambda raw: _flip(raw, 130),
        lambda raw: _flip(raw, 50_000),
        lambda raw: _flip(raw, len(raw) - 1),
    ],
)
def test_a_damaged_cache_is_made_anew(tmp_path, cache, decoded, harm):
    path = put(tmp_path / "in", ten())
    before = load(path)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(harm(whole))
    after = load(path)
    assert len(decoded) == 20
    np.testing.assert_array_equal(before.images, after.images)
    assert before.sha256 == after.sha256
    assert file.read_bytes() == whole


def test_ctrl_c_leaves_no_half_cache(tmp_path, cache, monkeypatch, capsys):
    real, seen = faces_cache.middle_square, []

    def interrupted(*args):
        seen.append(1)
        if len(seen) == 5:
            raise KeyboardInterrupt
        return real(*args)

    path = put(tmp_path / "in", ten())
    monkeypatch.setattr(faces_cache, "middle_square", interrupted)
    with pytest.raises(SystemExit) as ended:
        exit_on_error(lambda _: load(path))
    assert ended.value.code == 130
    assert not list(cache.iterdir())
    assert len(load(path).images) == 9


# Two at once


def _load_at_once(path, barrier, results):
    barrier.wait()
    try:
        results.put(load(path).sha256)
    except BaseException as error:
        results.put(repr(error))


def test_processes_that_make_the_cache_at_the_same_time_all_get_the_images(tmp_path, cache, capfd):
    path, context = put(tmp_path / "in", ten(40)), multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(3), context.Queue()
    args = (path, barrier, results)
    processes = [context.Process(target=_load_at_once, args=args) for _ in range(3)]
    for process in processes:
        process.start()
    found = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert found == [load(path).sha256] * 3
    assert len(list(cache.iterdir())) == 1


def test_a_cache_that_was_deleted_is_made_anew(tmp_path, cache, decoded):
    path = put(tmp_path / "in", ten())
    load(path)
    (file,) = cache.iterdir()
    file.unlink()
    assert len(load(path).images) == 9
    assert len(decoded) == 20


# A cache that cannot be written


def test_a_cache_that_cannot_be_written_is_one_line_that_says_what_to_set(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    text = complaint(put(tmp_path / "in", ten()))
    assert f"cannot write {tmp_path / 'file'}" in text
    assert "name another folder for the scaled images with XDG_CACHE_HOME" in text


def test_without_a_home_the_way_to_name_a_cache_is_said(tmp_path, monkeypatch):
    def homeless():
        raise UserError("no home")

    monkeypatch.setattr(faces_cache, "cache_dir", homeless)
    monkeypatch.setattr(sys, "platform", "linux")
    assert "XDG_CACHE_HOME" in complaint(put(tmp_path / "in", ten()))


# Progress


def test_progress_is_a_line_a_quarter_and_none_when_the_cache_serves(tmp_path, capsys):
    path = put(tmp_path / "in", ten(20))
    load(path)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split()[2] for line in err.splitlines()] == ["5", "10", "15", "20"]
    load(path, "test")
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_one_line_is_written_over(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    load(put(tmp_path / "in", ten()))
    err = capsys.readouterr().err
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert err.split("\r")[-1].startswith("faces: scaled 10 of 10 images from")
