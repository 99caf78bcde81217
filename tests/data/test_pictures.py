"""Pictures at their own size: one array, or a sentence that says which picture does not fit."""

import zipfile

import numpy as np
import pytest
import small_pictures as small
from PIL import Image
from small_pictures import pack, picture, plain, png, put, saved, stored

from tinygan import data
from tinygan.data import pictures
from tinygan.errors import UserError

both = pytest.mark.parametrize("where", ["folder", "zip"])
RAMP = np.arange(28 * 28).reshape(28, 28).astype(np.uint8)


def complaint(path, shape, **settings):
    with pytest.raises(UserError) as caught:
        data.read_pictures(path, shape, **settings)
    text = str(caught.value)
    assert "\n" not in text
    return text


@both
def test_the_pixels_come_back_as_they_are_sorted_by_name(tmp_path, where, rng):
    images = rng.integers(0, 256, (12, 9, 7, 3), np.uint8)
    contents = {f"{i:02}.png": picture(image) for i, image in enumerate(images)}
    path = stored(where, tmp_path, dict(reversed(contents.items())))
    found = data.read_pictures(path, (9, 7, 3))
    np.testing.assert_array_equal(found, images)
    assert found.dtype == np.uint8


@both
def test_grey_pictures_keep_their_grey(tmp_path, where):
    path = stored(where, tmp_path, {
        "1.png": picture(RAMP),
        "2.png": picture(np.stack([RAMP] * 3, axis=-1)),
        "3.png": picture(RAMP.astype(np.uint16) * 257),
        "4.png": saved(Image.fromarray(RAMP).convert("P")),
        "5.bmp": picture(RAMP, "BMP"),
    })  # fmt: skip
    found = data.read_pictures(path, (28, 28, 1))
    assert found.shape == (5, 28, 28, 1)
    assert (found[..., 0] == RAMP).all()
    assert (data.read_pictures(path, (28, 28, 3)) == RAMP[..., None]).all()


def test_transparency_is_laid_over_the_background(tmp_path):
    path = put(tmp_path, {"1.png": picture(np.zeros((28, 28, 4), np.uint8))})
    assert (data.read_pictures(path, (28, 28, 1)) == 255).all()
    assert (data.read_pictures(path, (28, 28, 3), "#102030") == (16, 32, 48)).all()
    assert "is not a colour" in complaint(path, (28, 28, 3), background="x")


@both
def test_a_picture_of_another_size_is_refused_by_its_name_and_size(tmp_path, where):
    contents = {"a.png": plain(1, (32, 32)), "b/c.png": plain(1, (30, 32)), "d.png": b"x"}
    path = stored(where, tmp_path, contents)
    assert f"c.png in {path} has 30×32 pixels, not 32×32" in complaint(path, (32, 32, 3))


@both
def test_what_cannot_be_read_is_skipped_and_said(tmp_path, capsys, where):
    contents = {"1.png": b"x", "2.png": plain(7), "3.tif": b"x", ".4.png": plain(8)}
    found = data.read_pictures(stored(where, tmp_path, contents), (64, 64, 3))
    assert found.shape == (1, 64, 64, 3)
    assert found[0, 0, 0, 0] == 7
    assert capsys.readouterr() == ("", (
        "pictures: passed over 1 hidden (.4.png); 1 of kinds that are not read (.tif)\n"
        "pictures: skipped 1 of 2 files that cannot be used: "
        "1.png (not a JPEG, PNG, BMP or WebP picture)\n"
    ))  # fmt: skip


def test_where_nothing_can_be_read_it_is_an_error(tmp_path):
    text = complaint(put(tmp_path / "in", {"1.png": b"x"}), (28, 28, 1))
    assert "has no picture that can be read: skipped 1 of 1 files" in text
    assert "no images in" in complaint(put(tmp_path / "x", {"1.txt": b"x"}), (28, 28, 1))
    assert "there is no" in complaint(tmp_path / "no", (28, 28, 1))


@both
def test_where_no_size_can_be_read_the_reason_is_said(tmp_path, where):
    path = stored(where, tmp_path, {"1.png": picture(RAMP, "GIF"), "2.png": picture(RAMP, "TIFF")})
    with pytest.raises(UserError) as caught:
        pictures.size_of_first(path)
    says = "not a JPEG, PNG, BMP or WebP picture"
    assert str(caught.value) == (
        f"{path} has no picture that can be read: skipped 2 of 2 files that cannot be used: "
        f"1.png ({says}); 2.png ({says})"
    )


def test_of_a_zip_packed_by_another_method_that_is_the_reason(tmp_path):
    path = pack(tmp_path / "x.zip", {"1.png": plain(1)}, zipfile.ZIP_BZIP2)
    with pytest.raises(UserError, match=r"skipped 1 of 1 .*: 1\.png \(packed by a method that"):
        pictures.size_of_first(path)


def test_the_size_is_that_of_the_first_picture_that_can_be_read(tmp_path):
    put(tmp_path, {"1.png": b"x", "2.png": plain(1, (30, 32)), "3.png": plain(1)})
    assert pictures.size_of_first(tmp_path) == (32, 30)


def test_more_pictures_than_fit_are_refused_before_any_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_BYTES", 3 * 64 * 64 * 3)
    monkeypatch.setattr(pictures, "whole", lambda *_: pytest.fail("one was read"))
    path = put(tmp_path, {f"{i}.png": plain(i) for i in range(4)})
    text = complaint(path, (64, 64, 3))
    assert f"{path} has 4 pictures, more than the 3 of 64×64 that fit into 1 GiB" in text


def test_nothing_is_cached(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data.read_pictures(put(tmp_path / "in", {"1.png": plain(1)}), (64, 64, 3))
    assert not (tmp_path / "cache").exists()


def test_pictures_larger_than_any_data_set_are_refused_before_they_are_decoded(tmp_path):
    put(tmp_path, {"1.png": png((7000, 7000), 8, small.COLOURS_ALPHA)})
    assert pictures.size_of_first(tmp_path) == (7000, 7000)
    assert "have 7000×7000 pixels, which are too many" in complaint(tmp_path, (7000, 7000, 3))
