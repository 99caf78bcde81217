"""A file is written completely or not at all, and an error names it."""

import errno
import os

import pytest

from tinygan.files import atomic_write, reason, write_text


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_a_new_file_has_what_was_written_and_nothing_is_left_beside_it(tmp_path):
    with atomic_write(tmp_path / "file") as file:
        file.write(b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


def test_the_old_contents_stay_until_the_block_ends(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old and long")
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old and long"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("existed", [True, False])
def test_a_block_that_fails_leaves_everything_as_it_was(tmp_path, error, existed):
    path = tmp_path / "file"
    if existed:
        path.write_bytes(b"old")

    def fail():
        with atomic_write(path) as file:
            file.write(b"half")
            raise error("failed")

    with pytest.raises(error, match="failed"):
        fail()
    assert names(tmp_path) == (["file"] if existed else [])
    assert not existed or path.read_bytes() == b"old"


def test_what_was_written_can_be_read_back_inside_the_block(tmp_path):
    with atomic_write(tmp_path / "file") as file:
        file.write(b"abc")
        file.seek(1)
        assert file.read() == b"bc"


def test_the_temporary_file_of_a_killed_process_does_no_harm(tmp_path):
    unfinished = atomic_write(tmp_path / "file")
    unfinished.__enter__().write(b"a long text that was never finished")
    write_text(tmp_path / "file", "new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_the_bytes_are_on_the_disk_before_the_name_changes(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(handle):
        done.append(("fsync", os.fstat(handle).st_size))
        fsync(handle)

    def note_replace(*paths):
        done.append(("replace", 3))
        replace(*paths)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    with atomic_write(tmp_path / "file") as file:
        file.write(b"new")
    assert done[:2] == [("fsync", 3), ("replace", 3)]


def test_a_path_may_be_a_string(tmp_path):
    with atomic_write(str(tmp_path / "file")) as file:
        file.write(b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def missing_folder(folder):
    return folder / "missing" / "file"


def file_as_folder(folder):
    (folder / "plain").touch()
    return folder / "plain" / "file"


def folder_as_file(folder):
    (folder / "taken").mkdir()
    return folder / "taken"


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (missing_folder, errno.ENOENT),
        (file_as_folder, errno.ENOTDIR),
        (folder_as_file, errno.EISDIR),
    ],
)
def test_an_error_carries_the_path_that_was_asked_for(tmp_path, place, code):
    path = place(tmp_path)
    before = names(tmp_path)
    with pytest.raises(OSError, match=path.name) as caught:
        write_text(path, "text")
    assert (caught.value.errno, caught.value.filename) == (code, str(path))
    assert names(tmp_path) == before


def test_a_full_disk_carries_the_path_and_keeps_the_old_contents(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space") as caught:
        write_text(path, "new")
    assert caught.value.filename == str(path)
    assert reason(caught.value) == "no space left on device"
    monkeypatch.undo()
    assert names(tmp_path) == ["file"]
    assert path.read_bytes() == b"old"


def test_an_error_without_a_number_keeps_its_text(tmp_path):
    def fail():
        with atomic_write(tmp_path / "file"):
            raise OSError("encoder error -2 when writing image file")

    with pytest.raises(OSError, match="encoder error -2") as caught:
        fail()
    assert caught.value.filename == str(tmp_path / "file")
    assert reason(caught.value) == "encoder error -2 when writing image file"


def test_text_is_written_as_utf_8_with_its_line_ends_as_they_are(tmp_path):
    write_text(tmp_path / "file", "7 × ü\n")
    assert (tmp_path / "file").read_bytes() == "7 × ü\n".encode()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no space left on device"),
        (OSError("Something else"), "something else"),
        (OSError(), ""),
    ],
)
def test_a_reason_fits_into_a_sentence(error, text):
    assert reason(error) == text
