"""Pictures in folders and archives: which are found, what is passed over, and how that is said."""

import os
import struct
import sys
import tracemalloc
import zipfile

import pytest
from PIL import UnidentifiedImageError
from small_pictures import pack, put, stored

from tinygan.data import picture_files
from tinygan.data.picture_files import PassedOver, Skipped, open_pictures
from tinygan.errors import UserError

links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
both = pytest.mark.parametrize("where", ["folder", "zip"])


def names(path):
    with open_pictures(path) as source:
        return source.names


def passed_over(path):
    with open_pictures(path) as source:
        return str(source.passed_over)


def complaint(path):
    with pytest.raises(UserError) as caught, open_pictures(path):
        pass
    text = str(caught.value)
    assert "\n" not in text
    return text


def files(*names):
    return dict.fromkeys(names, b"x")


# What counts


@both
def test_five_suffixes_count_at_any_depth_sorted_by_name_and_nothing_else(tmp_path, where):
    used = ["a.jpeg", "b/1.png", "b/3.webp", "b/deep/er/2.JPG", "c/1.bmp"]
    path = stored(where, tmp_path, files(*reversed(used), "read.me", "png", "b/4.gif"))
    assert names(path) == used


@both
def test_the_bytes_of_a_file_come_back_by_its_name(tmp_path, where):
    path = stored(where, tmp_path, {"a.png": b"one", "b/a.png": b"two"})
    with open_pictures(path) as source:
        assert [source.read(name) for name in source.names] == [b"one", b"two"]
        assert source.path == path


HIDDEN = [
    ".ipynb_checkpoints/1.png",
    ".thumbnails/deep/1.png",
    ".git/1.png",
    ".Trash-1000/files/1.png",
    "__MACOSX/1.png",
    "a/@eaDir/1.png",
    "$RECYCLE.BIN/S-1-5/1.png",
    "#recycle/1.png",
    "@Recycle/a/1.png",
    "@Recently-Snapshot/monday/1.png",
    "lost+found/1.png",
    "a/._1.png",
    ".1.png",
]


@both
@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_is_hidden_or_of_a_helper_is_passed_over(tmp_path, where, hidden):
    path = stored(where, tmp_path, files("a/1.png", "a.b/2.png", hidden))
    assert hidden not in names(path)
    assert len(names(path)) == 2
    assert passed_over(path).startswith("1 hidden (")


@both
def test_the_hidden_are_counted_by_what_hides_them(tmp_path, where):
    contents = files("1.png", ".x/1.png", ".x/2.jpg", "a/.y/1.png", ".x/note.txt", ".DS_Store")
    assert passed_over(stored(where, tmp_path, contents | files("Thumbs.db"))) == (
        "3 hidden (.x 2, .y)"
    )


@both
def test_a_folder_that_is_named_counts_whatever_its_own_name_is(tmp_path, where):
    folder = tmp_path / ".hidden" / "__MACOSX"
    folder.mkdir(parents=True)
    path = stored(where, folder, files("1.png", "2.png"))
    assert names(path) == ["1.png", "2.png"]


@both
def test_other_kinds_are_counted_by_their_suffixes(tmp_path, where):
    many = [f"{i}.TIF" for i in range(97)]
    path = stored(where, tmp_path, files("1.png", *many, "a.gif", "b", "c"))
    assert passed_over(path) == (
        "100 of kinds that are not read (.tif 97, without a suffix 2, .gif)"
    )
    more = files(*(f"x.{suffix}" for suffix in "abcdef"))
    assert passed_over(stored(where, tmp_path, files("1.png", *many) | more)).count(", …") == 1


@both
def test_where_all_is_used_nothing_is_passed_over(tmp_path, where):
    with open_pictures(stored(where, tmp_path, files("1.png"))) as source:
        assert not source.passed_over


# Links, and what may not be read


@links
def test_links_that_lead_out_of_the_folder_are_not_followed(tmp_path):
    outside = put(tmp_path / "outside", files("secret.png"))
    inside = put(tmp_path / "in", files("1.png", "deep/2.png"))
    (inside / "a.png").symlink_to(outside / "secret.png")
    (inside / "b").symlink_to(outside, target_is_directory=True)
    (inside / "c.png").symlink_to(inside / "1.png")
    (inside / "d.png").symlink_to(inside / "nowhere")
    (inside / "e.png").symlink_to(inside / "e.png")
    (inside / "f").symlink_to(inside / "deep", target_is_directory=True)
    (inside / ".g").symlink_to(outside, target_is_directory=True)
    (inside / "h.txt").symlink_to(outside / "secret.png")
    os.mkfifo(inside / "i.png")
    (inside / "j.png").mkdir()
    assert names(inside) == ["1.png", "c.png", "deep/2.png"]
    assert passed_over(inside) == (
        "2 that are links out of the folder (b, a.png); 2 that are links to nothing (d.png, "
        "e.png); 1 of kinds that are not read (.txt); 1 that are not plain files (i.png)"
    )


@links
def test_a_folder_of_links_that_lead_out_of_it_has_no_images_and_says_why(tmp_path):
    outside = put(tmp_path / "outside", files(*(f"{i}.png" for i in range(7))))
    (tmp_path / "in").mkdir()
    for i in range(7):
        (tmp_path / "in" / f"{i}.png").symlink_to(outside / f"{i}.png")
    text = complaint(tmp_path / "in")
    assert "no images in" in text
    assert "passed over 7 that are links out of the folder (0.png, 1.png" in text


@links
def test_a_folder_may_be_named_by_a_link(tmp_path):
    put(tmp_path / "in", files("1.png"))
    (tmp_path / "link").symlink_to(tmp_path / "in", target_is_directory=True)
    assert names(tmp_path / "link") == ["1.png"]


def refuse(monkeypatch, name, *, function):
    """Make os.scandir or os.stat refuse what is called `name`, as for a user without rights."""
    real = getattr(os, function)

    def refusing(path, *args, **kwargs):
        if os.path.basename(str(path)) == name:
            raise PermissionError(13, "Permission denied", path)
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, function, refusing)


def test_a_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    path = put(tmp_path / "in", files("1.png", "private/2.png", ".Trash/3.png"))
    refuse(monkeypatch, "private", function="scandir")
    assert names(path) == ["1.png"]
    assert passed_over(path) == "1 hidden (.Trash); 1 that may not be read (private)"
    refuse(monkeypatch, ".Trash", function="scandir")
    assert passed_over(path) == "1 that may not be read (private)"


def test_a_file_that_may_not_be_looked_at_is_named(tmp_path, monkeypatch):
    path = put(tmp_path / "in", files("1.png", "2.png"))
    refuse(monkeypatch, "2.png", function="stat")
    assert passed_over(path) == "1 that may not be read (2.png)"


@pytest.mark.parametrize("function", ["scandir", "stat"])
def test_a_place_that_may_not_be_read_is_an_error_that_says_so(tmp_path, monkeypatch, function):
    path = put(tmp_path / "in", files("1.png"))
    refuse(monkeypatch, "in", function=function)
    assert complaint(path) == f"cannot read {path}: permission denied"


# Archives


def test_names_that_lead_out_of_a_zip_are_only_names(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    odd = ["../up.png", "/abs.png", "a/../../b.png", "c\\d.png", "C:/e.png", "f.png", "./g.png"]
    path = pack(tmp_path / "in" / "x.zip", files(*odd))
    monkeypatch.chdir(tmp_path / "in")
    with open_pictures(path) as source:
        assert [source.read(name) for name in source.names] == [b"x"] * len(odd)
    assert not list(tmp_path.rglob("*.png"))


def test_folders_and_a_member_without_a_name_are_no_pictures(tmp_path):
    path = pack(tmp_path / "x.zip", files("1.png", "a.png/", "b"))
    path.write_bytes(path.read_bytes().replace(b"b", b"\0"))  # a name ends where a zero is
    assert names(path) == ["1.png"]


def test_an_archive_is_closed_after_use(tmp_path):
    with open_pictures(pack(tmp_path / "x.zip", files("1.png"))) as source:
        archive = source._zip
    assert archive.fp is None


@both
def test_a_file_of_too_many_bytes_is_not_returned(tmp_path, monkeypatch, where):
    monkeypatch.setattr(picture_files, "MAX_FILE", 5000)
    path = stored(where, tmp_path, {"a.png": bytes(5000), "b.png": bytes(5001)})
    with open_pictures(path) as source:
        assert len(source.read("a.png")) == 5000
        with pytest.raises(ValueError, match="more than 5,000 bytes"):
            source.read("b.png")


def test_no_more_is_read_of_a_file_than_a_picture_may_have(tmp_path, monkeypatch):
    monkeypatch.setattr(picture_files, "MAX_FILE", 5000)
    folder = put(tmp_path / "in", files("big.png"))
    with open(folder / "big.png", "wb") as file:
        file.truncate(100_000_000)
    tracemalloc.start()
    try:
        with open_pictures(folder) as source, pytest.raises(ValueError, match="bytes"):
            source.read("big.png")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_member_that_claims_too_many_bytes_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(picture_files, "MAX_FILE", 5000)
    path = pack(tmp_path / "x.zip", {"big.png": bytes(1_000_000)})
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
    with open_pictures(path) as source, pytest.raises(ValueError, match="more than 5,000 bytes"):
        source.read("big.png")


def test_a_member_that_claims_fewer_bytes_than_it_has_is_not_returned(tmp_path, monkeypatch):
    monkeypatch.setattr(picture_files, "MAX_FILE", 5000)
    path = pack(tmp_path / "x.zip", {"big.png": bytes(1_000_000)})
    raw, size = path.read_bytes(), struct.pack("<I", 1_000_000)
    assert raw.count(size) == 2  # beside the member, and in the directory
    path.write_bytes(raw.replace(size, struct.pack("<I", 3000)))
    with open_pictures(path) as source, pytest.raises(zipfile.BadZipFile):
        source.read("big.png")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_that_would_unpack_without_limit_are_not_unpacked(tmp_path, method):
    path = pack(tmp_path / "x.zip", files("odd.png"), method)
    with open_pictures(path) as source, pytest.raises(ValueError, match="packed by a method"):
        source.read("odd.png")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + b"\xff" * 18])
def test_a_file_that_is_no_zip_is_refused(tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    assert "neither a folder nor a valid .zip file" in complaint(tmp_path / "x.zip")


def test_a_truncated_zip_is_refused(tmp_path):
    path = pack(tmp_path / "x.zip", files("1.png", "2.png"))
    path.write_bytes(path.read_bytes()[:-40])
    assert "neither a folder nor a valid .zip file" in complaint(path)


@links
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("it was opened"))
    assert "neither a folder nor a valid .zip file" in complaint(tmp_path / "pipe")


# What is refused


def test_a_place_that_is_not_there_is_named_with_the_folder_it_was_looked_for_in(
    tmp_path, monkeypatch
):
    assert f"there is no {tmp_path / 'no'}: name a folder" in complaint(tmp_path / "no")
    monkeypatch.chdir(tmp_path)
    assert f"there is no pics in {tmp_path}: name a folder" in complaint("pics")
    assert "there is no" in complaint("x" * 300)
    assert "there is no" in complaint("a\0b")


@both
def test_a_place_without_pictures_is_refused_with_what_is_there(tmp_path, where):
    path = stored(where, tmp_path, files("a.txt", "b.gif", "c.gif", "d/.x/1.png"))
    assert complaint(path) == (
        f"no images in {path}: only .jpg, .jpeg, .png, .bmp, .webp are used; passed over 3 of "
        "kinds that are not read (.gif 2, .txt); 1 hidden (.x)"
    )
    (tmp_path / "empty").mkdir()
    assert complaint(tmp_path / "empty").endswith("are used")


@both
def test_too_many_pictures_are_refused(tmp_path, monkeypatch, where):
    monkeypatch.setattr(picture_files, "MAX_PICTURES", 2)
    path = stored(where, tmp_path, files("1.png", "2.png", "3.png"))
    assert "has 3 images, more than the 2" in complaint(path)


# What is said


def test_untrusted_names_are_shown_without_control_characters():
    beside, skipped = PassedOver(), Skipped(type("Source", (), {"names": ["a"] * 9}))
    beside.add(picture_files.OTHER, ".\x1b[31m")
    beside.add(picture_files.HIDDEN, "x" * 500)
    skipped.add("\x1b]0;\n.png", ValueError("y\r" * 500))
    for text in (str(beside), str(skipped)):
        assert text.isprintable()
        assert len(text) < 400


def test_the_skipped_are_counted_and_the_first_three_named_with_the_reason():
    skipped = Skipped(type("Source", (), {"names": ["a"] * 9}))
    assert not skipped
    errors = [UnidentifiedImageError("<object at 0x7f>"), PermissionError(13, "Permission denied"),
        ValueError(""), OSError("broken")]  # fmt: skip
    for i, error in enumerate(errors):
        skipped.add(f"{i}.png", error)
    assert str(skipped) == (
        "4 of 9 files that cannot be used: 0.png (not a JPEG, PNG, BMP or WebP picture); "
        "1.png (permission denied); 2.png (ValueError); …"
    )


# What a cache depends on


@both
def test_the_identity_changes_with_a_file_its_name_its_size_and_its_time(tmp_path, where):
    def identity(contents, seconds=1_000_000_000):
        path = stored(where, tmp_path, contents)
        for file in [path, *path.rglob("*")]:
            os.utime(file, (seconds, seconds))
        with open_pictures(path) as source:
            return repr(source.identity)

    first = identity({"a.png": b"1"})
    assert identity({"a.png": b"1"}) == first
    assert identity({"a.png": b"1"}, 1_000_000_007) != first
    assert identity({"a.png": b"12"}) != first
    assert identity({"a.png": b"1", "b.png": b"1"}) != first
