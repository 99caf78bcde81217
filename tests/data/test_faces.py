"""Faces: any folder or .zip of images, each cut and scaled once, whatever else lies among them."""

import io
import os
import struct
import sys
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from tinygan import data
from tinygan.cli import exit_on_error
from tinygan.data import faces
from tinygan.data.split import split
from tinygan.errors import UserError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder for this test alone."""
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    return faces.cache_dir() / "faces"


def picture(array, kind="PNG", **settings):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, format=kind, **settings)
    return stream.getvalue()


def plain(value, size=(64, 64)):
    """A picture of one colour, identified by its red value."""
    return picture(np.full((*size[::-1], 3), (value, 50, 200), np.uint8))


def put(folder, contents):
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def pack(path, contents, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def ten(n=10):
    return {f"{i:02}.png": plain(10 * i) for i in range(n)}


def both(path):
    """Both splits together, sorted by name."""
    parts = [data.load("faces", name, path) for name in ("train", "test")]
    n = sum(len(part.images) for part in parts)
    whole = np.empty((n, 64, 64, 3), np.uint8)
    for part, index in zip(parts, split(n, (0.9, 0.1), seed=faces.SPLIT_SEED), strict=True):
        whole[index] = part.images
    return whole


def reds(path):
    return both(path)[:, 30, 30, 0].tolist()


def complaint(path, name="train"):
    with pytest.raises(UserError) as caught:
        data.load("faces", name, path)
    text = str(caught.value)
    assert "\n" not in text
    return text


# What comes out


@pytest.mark.parametrize("where", ["folder", "zip"])
def test_a_folder_and_a_zip_become_images_in_two_splits(tmp_path, where):
    contents = ten(20)
    path = (
        put(tmp_path / "in", contents) if where == "folder" else pack(tmp_path / "x.zip", contents)
    )
    train, test = (data.load("faces", name, path) for name in ("train", "test"))
    assert (train.images.shape, test.images.shape) == ((18, 64, 64, 3), (2, 64, 64, 3))
    assert train.images.dtype == train.labels.dtype == np.uint8
    assert train.labels.tolist() == [0] * 18
    assert (train.name, train.origin) == ("faces", str(path))
    assert train.sha256 == test.sha256
    assert {*train.images[:, 0, 0, 0], *test.images[:, 0, 0, 0]} == {10 * i for i in range(20)}
    assert reds(path) == [10 * i for i in range(20)]
    assert "faces" in data.names()


@pytest.mark.parametrize("where", ["folder", "zip"])
def test_all_kinds_of_images_count_at_any_depth_by_name_and_nothing_else(tmp_path, where):
    pixels = np.full((64, 64, 3), 90, np.uint8)
    contents = {
        "b/deep/er/2.JPG": picture(pixels + 20, "JPEG", quality=95),
        "a.jpeg": picture(pixels, "JPEG", quality=95),
        "c/1.bmp": picture(pixels + 40, "BMP"),
        "b/3.webp": picture(pixels + 30, "WEBP", lossless=True),
        "b/1.png": picture(pixels + 10),
        "read.me": b"x",
        "b/._1.png": b"a note of macOS",
        "d/.hidden.jpg": picture(pixels),
        "png": picture(pixels),
    }
    path = (
        put(tmp_path / "in", contents) if where == "folder" else pack(tmp_path / "x.zip", contents)
    )
    found = both(path)
    assert len(found) == 5
    np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), [90, 100, 120, 110, 130][:5], atol=1)


def test_the_middle_square_is_kept(tmp_path):
    wide = np.zeros((64, 200, 3), np.uint8)
    wide[:, 68:132] = np.arange(64)[:, None] * 4  # the middle 64 columns
    tall = wide.transpose(1, 0, 2)
    path = put(tmp_path / "in", {"1.png": picture(wide), "2.png": picture(tall)} | ten(8))
    found = both(path)
    index = sorted(["1.png", "2.png", *ten(8)])
    np.testing.assert_array_equal(found[index.index("1.png")], wide[:, 68:132])
    np.testing.assert_array_equal(found[index.index("2.png")], tall[68:132])


def test_of_celeba_the_middle_178_are_kept(tmp_path):
    pixels = np.full((218, 178, 3), 255, np.uint8)
    pixels[20:198] = 7
    path = put(tmp_path / "in", {f"{i}.png": picture(pixels) for i in range(6)})
    assert (data.load("faces", "train", path).images == 7).all()


def test_scaling_down_averages_and_does_not_pick(tmp_path):
    """The mean of a chessboard of single pixels is grey; each fourth of its pixels is black."""
    board = (np.indices((256, 256)).sum(axis=0) % 2 * 255).astype(np.uint8)
    path = put(tmp_path / "in", {f"{i}.png": picture(board) for i in range(6)})
    found = data.load("faces", "train", path).images
    assert found[..., 8:-8, 8:-8, :].min() >= 120
    assert found[..., 8:-8, 8:-8, :].max() <= 135


def test_grey_and_palette_images_and_those_with_transparency_become_colours(tmp_path):
    grey = np.full((64, 64), 77, np.uint8)
    clear = np.full((64, 64, 4), 77, np.uint8)
    palette = io.BytesIO()
    Image.fromarray(np.full((64, 64, 3), 77, np.uint8)).quantize(4).save(palette, "PNG")
    contents = {"1.png": picture(grey), "2.png": picture(clear), "3.png": palette.getvalue()}
    found = both(put(tmp_path / "in", contents | {"4.png": picture(grey), "5.png": picture(grey)}))
    assert (found == 77).all()


def test_a_photograph_taken_sideways_stands_upright(tmp_path):
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, :32] = 200  # bright on the left; turned clockwise, on top
    exif = Image.Exif()
    exif[0x0112] = 6
    path = put(tmp_path, {f"{i}.png": picture(pixels, exif=exif) for i in range(6)})
    found = data.load("faces", "train", path).images
    assert (found[:, :30] == 200).all()
    assert (found[:, 34:] == 0).all()


# What is skipped


def test_damaged_images_are_named_counted_and_skipped(tmp_path, capsys):
    good = ten(8)
    bad = {
        "bad1.png": b"",
        "bad2.jpg": b"not an image",
        "bad3.png": good["00.png"][:-30],
        "bad4.jpg": picture(np.zeros((64, 64, 3), np.uint8), "JPEG")[:300],
        "bad\x1b[31m.png": b"x",
    }
    if sys.platform == "win32":
        bad.pop("bad\x1b[31m.png")
    for path in (put(tmp_path / "in", good | bad), pack(tmp_path / "in.zip", good | bad)):
        assert reds(path) == [10 * i for i in range(8)]
        err = capsys.readouterr().err
        assert f"skipped {len(bad)} of {8 + len(bad)} files that cannot be used: " in err
        assert "bad2.jpg (not an image)" in err
        assert "bad1.png" in err
        assert "\x1b" not in err


def test_images_of_another_format_than_the_four_are_not_even_tried(tmp_path, capsys):
    gif = picture(np.zeros((64, 64), np.uint8), "GIF")
    assert len(both(put(tmp_path, ten(6) | {"a.png": gif}))) == 6
    assert "skipped 1 of 7" in capsys.readouterr().err


def png_of(width, height):
    """A PNG whose header claims that size, with almost no data after it."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99)))


@pytest.mark.parametrize("size", [(10_000, 5_001), (10_000, 10_000), (60_000, 60_000)])
def test_a_picture_of_too_many_pixels_is_skipped_before_it_is_decoded(
    tmp_path, capsys, monkeypatch, size
):
    def never(image, *_):
        assert image.size == (64, 64), "it was decoded"
        return exif_transpose(image)

    from PIL import ImageOps

    exif_transpose = ImageOps.exif_transpose
    monkeypatch.setattr(ImageOps, "exif_transpose", never)
    assert reds(put(tmp_path, ten(6) | {"big.png": png_of(*size)})) == [0, 10, 20, 30, 40, 50]
    err = capsys.readouterr().err
    assert "skipped 1 of 7" in err
    assert "big.png" in err
    assert "it was decoded" not in err


@pytest.mark.parametrize("where", ["folder", "zip"])
def test_a_file_of_too_many_bytes_is_skipped(tmp_path, capsys, monkeypatch, where):
    monkeypatch.setattr(faces, "MAX_FILE", 5000)
    contents = ten(6) | {"big.png": plain(0) + bytes(5000)}
    path = (
        put(tmp_path / "in", contents) if where == "folder" else pack(tmp_path / "x.zip", contents)
    )
    assert len(both(path)) == 6
    assert "big.png (more than 5,000 bytes)" in capsys.readouterr().err


def test_no_more_is_read_of_a_file_than_an_image_may_have(tmp_path, monkeypatch):
    monkeypatch.setattr(faces, "MAX_FILE", 5000)
    folder = put(tmp_path / "in", ten(6))
    with open(folder / "big.png", "wb") as file:
        file.truncate(100_000_000)
    tracemalloc.start()
    try:
        data.load("faces", "train", folder)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_member_that_claims_too_many_bytes_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(faces, "MAX_FILE", 5000)
    opened, unpack = [], zipfile.ZipFile.open

    def noting(archive, info, *args, **kwargs):
        opened.append(info.filename)
        return unpack(archive, info, *args, **kwargs)

    path = pack(tmp_path / "x.zip", ten(6) | {"big.png": bytes(1_000_000)})
    monkeypatch.setattr(zipfile.ZipFile, "open", noting)
    data.load("faces", "train", path)
    assert opened == sorted(ten(6))


def test_a_member_that_claims_fewer_bytes_than_it_has_is_skipped(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(faces, "MAX_FILE", 5000)
    path = pack(tmp_path / "x.zip", ten(6) | {"big.png": plain(0) + bytes(1_000_000)})
    raw = path.read_bytes()
    size = struct.pack("<I", len(plain(0)) + 1_000_000)
    assert raw.count(size) == 2  # beside the member, and in the directory
    path.write_bytes(raw.replace(size, struct.pack("<I", 3000)))
    assert len(both(path)) == 6
    assert "big.png" in capsys.readouterr().err


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_that_would_unpack_without_limit_are_skipped(tmp_path, capsys, method):
    path = pack(tmp_path / "x.zip", ten(6))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("odd.png", plain(9), compress_type=method)
    assert len(both(path)) == 6
    assert "odd.png (packed by a method" in capsys.readouterr().err


def test_names_that_lead_out_of_a_zip_are_only_names(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    names = ["../up.png", "/abs.png", "a/../../b.png", "c\\d.png", "C:/e.png", "f.png"]
    path = pack(tmp_path / "in" / "x.zip", {name: plain(7) for name in names})
    monkeypatch.chdir(tmp_path / "in")
    before = set(tmp_path.rglob("*.png"))
    assert len(both(path)) == len(names)
    assert set(tmp_path.rglob("*.png")) == before


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_that_lead_out_of_the_folder_are_not_followed(tmp_path):
    outside = put(tmp_path / "outside", {"secret.png": plain(99)})
    inside = put(tmp_path / "in", ten(6))
    (inside / "a.png").symlink_to(outside / "secret.png")
    (inside / "b").symlink_to(outside, target_is_directory=True)
    (inside / "c.png").symlink_to(inside / "03.png")
    (inside / "d.png").symlink_to(inside / "nowhere")
    (inside / "e.png").symlink_to(inside / "e.png")
    os.mkfifo(inside / "f.png")
    (inside / "g.png").mkdir()
    assert reds(inside) == [0, 10, 20, 30, 40, 50, 30]


# What is refused


def test_a_folder_is_needed_and_named_when_it_is_not_there(tmp_path):
    assert "needs --data-dir" in complaint(None)
    assert f"there is no {tmp_path / 'no'}" in complaint(tmp_path / "no")
    assert "there is no" in complaint("x" * 300)


def test_a_place_without_images_is_refused(tmp_path):
    assert "no images in" in complaint(put(tmp_path / "in", {"a.txt": b"", "b.gif": b""}))
    assert "no images in" in complaint(pack(tmp_path / "x.zip", {"a.txt": b""}))


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + b"\xff" * 18])
def test_a_file_that_is_no_zip_is_refused(tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    assert "neither a folder nor a valid .zip file" in complaint(tmp_path / "x.zip")


def test_a_truncated_zip_is_refused(tmp_path):
    path = pack(tmp_path / "x.zip", ten())
    path.write_bytes(path.read_bytes()[:-40])
    assert "neither a folder nor a valid .zip file" in complaint(path)


def test_nothing_but_damaged_images_is_an_error_that_names_them(tmp_path, cache):
    path = put(tmp_path / "in", {f"{i}.png": b"x" for i in range(5)})
    text = complaint(path)
    assert "has 0 valid images, fewer than the 2 that are needed" in text
    assert "skipped 5 of 5 files that cannot be used: 0.png (not an image)" in text
    assert not list(cache.iterdir())


def test_one_image_is_too_few_and_so_are_two_for_testing(tmp_path):
    assert "fewer than the 2" in complaint(put(tmp_path / "one", {"a.png": plain(1)}))
    two = put(tmp_path / "two", ten(2))
    assert len(data.load("faces", "train", two).images) == 2
    assert "too few images to keep a tenth" in complaint(two, "test")


def test_too_many_images_are_refused_before_any_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(faces, "MAX_IMAGES", 5)
    assert "has 6 images, more than the 5" in complaint(put(tmp_path / "in", ten(6)))


# The cache


@pytest.fixture
def counted(monkeypatch):
    """A list that grows by one for every image that is decoded."""
    seen, decode = [], faces._decode

    def counting(content):
        seen.append(len(content))
        return decode(content)

    monkeypatch.setattr(faces, "_decode", counting)
    return seen


@pytest.mark.parametrize("where", ["folder", "zip"])
def test_images_are_decoded_once_and_again_when_they_change(tmp_path, counted, where, cache):
    def write(contents):
        if where == "folder":
            return put(tmp_path / "in", contents)
        return pack(tmp_path / "x.zip", contents)

    path = write(ten())
    first, again = (data.load("faces", "train", path) for _ in range(2))
    assert len(counted) == 10
    np.testing.assert_array_equal(first.images, again.images)
    write(ten() | {"new.png": plain(123)})
    assert 123 in reds(path)
    assert len(counted) == 21
    write(ten() | {"05.png": plain(231, (80, 80))})
    assert 231 in reds(path)
    assert len(list(cache.iterdir())) == 3


def test_a_changed_time_alone_makes_the_images_anew(tmp_path, counted):
    path = put(tmp_path / "in", ten())
    data.load("faces", "train", path)
    os.utime(path / "00.png", (1, 1))
    data.load("faces", "train", path)
    assert len(counted) == 20


def test_the_cache_is_an_array_that_numpy_can_open(tmp_path, cache):
    path = put(tmp_path / "in", ten())
    whole = both(path)
    (file,) = cache.iterdir()
    np.testing.assert_array_equal(np.load(file, allow_pickle=False), whole)


@pytest.mark.parametrize("n", [2, 10, 202_599, faces.MAX_IMAGES])
def test_the_header_is_as_long_as_the_place_that_is_kept_for_it(n):
    assert len(faces._header(n)) == faces._HEADER


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
def test_a_damaged_cache_is_made_anew(tmp_path, cache, counted, harm):
    path = put(tmp_path / "in", ten())
    before = data.load("faces", "train", path)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(harm(whole))
    after = data.load("faces", "train", path)
    assert len(counted) == 20
    np.testing.assert_array_equal(before.images, after.images)
    assert before.sha256 == after.sha256
    assert file.read_bytes() == whole


def test_ctrl_c_leaves_no_half_cache(tmp_path, cache, monkeypatch, capsys):
    decode, seen = faces._decode, []

    def interrupted(content):
        seen.append(1)
        if len(seen) == 5:
            raise KeyboardInterrupt
        return decode(content)

    path = put(tmp_path / "in", ten())
    monkeypatch.setattr(faces, "_decode", interrupted)
    with pytest.raises(SystemExit) as ended:
        exit_on_error(lambda _: data.load("faces", "train", path))
    assert ended.value.code == 130
    assert not list(cache.iterdir())
    assert len(data.load("faces", "train", path).images) == 9


def test_a_cache_folder_that_cannot_be_written_is_an_error_of_one_line(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(sys, "platform", "linux")
    text = complaint(put(tmp_path / "in", ten()))
    assert "cannot write" in text
    assert str(tmp_path / "file") in text


def test_without_a_home_the_way_to_name_a_cache_is_said(tmp_path, monkeypatch):
    def homeless():
        raise UserError("no home")

    monkeypatch.setattr(faces, "cache_dir", homeless)
    assert "XDG_CACHE_HOME" in complaint(put(tmp_path / "in", ten()))


# Progress


def test_progress_is_a_line_a_quarter_and_none_when_the_cache_serves(tmp_path, capsys):
    path = put(tmp_path / "in", ten(20))
    data.load("faces", "train", path)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split()[2] for line in err.splitlines()] == ["5", "10", "15", "20"]
    data.load("faces", "test", path)
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_one_line_is_written_over(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    data.load("faces", "train", put(tmp_path / "in", ten()))
    err = capsys.readouterr().err
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert err.split("\r")[-1].startswith("faces: scaled 10 of 10 images from")
