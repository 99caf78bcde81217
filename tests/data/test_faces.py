"""Faces: any folder or .zip of pictures, cut and scaled, whatever else lies among them."""

import numpy as np
import pytest
from small_pictures import picture, plain, put, stored, ten

from tinygan import data
from tinygan.data import faces, faces_cache
from tinygan.data.locations import cache_dir
from tinygan.data.split import split
from tinygan.errors import UserError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder for this test alone."""
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    return cache_dir() / "faces"


where_both = pytest.mark.parametrize("where", ["folder", "zip"])


def both(path, **settings):
    """Both splits together, sorted by name."""
    parts = [data.load("faces", name, path, **settings) for name in ("train", "test")]
    n = sum(len(part.images) for part in parts)
    whole = np.empty((n, 64, 64, 3), np.uint8)
    for part, index in zip(parts, split(n, (0.9, 0.1), seed=faces_cache.SPLIT_SEED), strict=True):
        whole[index] = part.images
    return whole


def reds(path):
    return both(path)[:, 30, 30, 0].tolist()


def complaint(path, name="train", **settings):
    with pytest.raises(UserError) as caught:
        data.load("faces", name, path, **settings)
    text = str(caught.value)
    assert "\n" not in text
    return text


# What comes out


@where_both
def test_a_folder_and_a_zip_become_images_in_two_splits(tmp_path, where):
    path = stored(where, tmp_path, ten(20))
    train, test = (data.load("faces", name, path) for name in ("train", "test"))
    assert (train.images.shape, test.images.shape) == ((18, 64, 64, 3), (2, 64, 64, 3))
    assert train.images.dtype == train.labels.dtype == np.uint8
    assert train.labels.tolist() == [0] * 18
    assert (train.name, train.origin) == ("faces", str(path))
    assert train.sha256 == test.sha256
    assert {*train.images[:, 0, 0, 0], *test.images[:, 0, 0, 0]} == {10 * i for i in range(20)}
    assert reds(path) == [10 * i for i in range(20)]
    assert "faces" in data.names()


def test_grey_of_16_bits_is_neither_white_nor_black(tmp_path):
    """Between 257 and 65,535 each 257 is one level; all of them were 255 at a time."""
    contents = {f"{i}.png": picture(np.full((64, 64), 6425 * i, np.uint16)) for i in range(10)}
    assert reds(put(tmp_path / "in", contents)) == [25 * i for i in range(10)]


@where_both
def test_hidden_pictures_are_no_part_of_the_set(tmp_path, where):
    contents = ten(8) | {".ipynb_checkpoints/00-checkpoint.png": plain(99), "__MACOSX/1.png": b"x"}
    assert reds(stored(where, tmp_path, contents)) == [10 * i for i in range(8)]


def test_a_clear_picture_is_white_or_of_the_background_that_is_asked_for(tmp_path):
    clear = picture(np.full((64, 64, 4), (9, 9, 9, 0), np.uint8))
    path = put(tmp_path / "in", {f"{i}.png": clear for i in range(6)})
    assert (both(path) == 255).all()
    assert (both(path, background="white") == 255).all()
    assert (both(path, background="#102030") == (16, 32, 48)).all()
    assert (faces.load("train", path, "black").images == 0).all()
    assert (faces.load("train", path).images == 255).all()


def test_another_background_is_another_set_only_where_it_can_be_seen(tmp_path):
    clear = {f"{i}.png": picture(np.zeros((64, 64, 4), np.uint8)) for i in range(4)}
    for contents, differ in ((clear, True), (ten(4), False)):
        path = put(tmp_path / str(differ), contents)
        white, black = (data.load("faces", "train", path, background=b).sha256 for b in
            ("white", "black"))  # fmt: skip
        assert (white != black) == differ


# What is skipped, and what is said


@where_both
def test_damaged_pictures_are_named_counted_and_skipped(tmp_path, capsys, where):
    good = ten(8)
    bad = {
        "bad1.png": b"",
        "bad2.jpg": b"not an image",
        "bad3.png": good["00.png"][:-30],
        "bad4.jpg": picture(np.zeros((64, 64, 3), np.uint8), "JPEG")[:300],
        "bad5.png": picture(np.zeros((64, 64), np.uint8), "GIF"),  # not even tried
    }
    assert reds(stored(where, tmp_path, good | bad)) == [10 * i for i in range(8)]
    err = capsys.readouterr().err
    says = "not a JPEG, PNG, BMP or WebP picture"
    assert f"faces: skipped 5 of 13 files that cannot be used: bad1.png ({says}); " in err
    assert f"bad2.jpg ({says})" in err


@where_both
def test_what_is_passed_over_is_one_line_when_the_pictures_are_scaled(tmp_path, capsys, where):
    contents = ten(6) | {f"{i}.tif": b"x" for i in range(97)} | {".x/1.png": plain(1)}
    path = stored(where, tmp_path, contents)
    data.load("faces", "train", path)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == ("faces: passed over 97 of kinds that are not read (.tif 97); 1 hidden (.x)")
    assert not any("passed over" in line for line in lines[1:])
    data.load("faces", "test", path)
    assert capsys.readouterr() == ("", "")


# What is refused


def test_a_folder_is_needed(tmp_path):
    assert "needs --data-dir" in complaint(None)
    assert f"there is no {tmp_path / 'no'}" in complaint(tmp_path / "no")


@pytest.mark.parametrize("text", ["whit", "#10203040", ""])
def test_a_background_that_is_no_colour_is_refused(tmp_path, text):
    assert f"'{text}' is not a colour" in complaint(put(tmp_path / "in", ten()), background=text)


@pytest.mark.parametrize("name", sorted({*data.names()} - {"faces"}))
def test_a_background_is_refused_for_sets_without_transparency(tmp_path, name):
    with pytest.raises(UserError, match="a background is for --data faces"):
        data.load(name, "train", tmp_path, background="white")


def test_nothing_but_damaged_images_is_an_error_that_names_them(tmp_path, cache):
    text = complaint(put(tmp_path / "in", {f"{i}.png": b"x" for i in range(5)}))
    assert "has 0 valid images, fewer than the 2 that are needed" in text
    assert "skipped 5 of 5 files that cannot be used: 0.png (not a JPEG, PNG, BMP" in text
    assert not list(cache.iterdir())


def test_one_image_is_too_few_and_so_are_two_for_testing(tmp_path):
    one = put(tmp_path / "one", {"a.png": plain(1), "b.tif": b"x"})
    assert complaint(one) == (
        f"{one} has 1 image, fewer than the 2 that are needed; passed over 1 of kinds that are "
        "not read (.tif)"
    )
    two = put(tmp_path / "two", ten(2))
    assert len(data.load("faces", "train", two).images) == 2
    assert "too few images to keep a tenth" in complaint(two, "test")
