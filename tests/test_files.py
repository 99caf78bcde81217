"""A file is written completely or not at all, by many at once too, and an error names it."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tinygan import files
from tinygan.files import atomic_write, is_empty, new_folder, reason, write_text

ROOT = Path(files.__file__).parent.parent
locks_needed = pytest.mark.skipif(files.fcntl is None, reason="needs file locks")


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


def python(code, *words):
    """A process that runs `code` with this tinygan."""
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", code, *map(str, words)], env=env)


MANY_TIMES = """
import sys
from tinygan.files import atomic_write
path, letter = sys.argv[1:]
for _ in range(40):
    with atomic_write(path) as file:
        for _ in range(30):
            file.write(letter.encode() * 10_000)
"""


def test_of_many_writers_at_once_each_succeeds_and_the_last_one_wins_whole(tmp_path):
    path = tmp_path / "file"
    writers = [python(MANY_TIMES, path, letter) for letter in "abc"]
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            found = path.read_bytes()
            assert (len(found), len(set(found))) == (300_000, 1)
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert names(tmp_path) == ["file"]


KILLED = """
import os, signal, sys
from tinygan.files import atomic_write
with atomic_write(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@locks_needed
def test_the_next_writer_removes_what_a_killed_one_has_left(tmp_path):
    path = tmp_path / "file"
    assert python(KILLED, path).wait() == -signal.SIGKILL
    assert python(KILLED, tmp_path / "file2").wait() == -signal.SIGKILL
    (tmp_path / ".file.tmp").touch()  # as tinygan 0.1 called it
    others = [".file.0123abcd.txt", ".file.tmp.gz", "file.0123abcd.tmp"]
    for name in others:
        (tmp_path / name).touch()
    assert len(names(tmp_path)) == 6
    write_text(path, "new")
    (of_another,) = (name for name in names(tmp_path) if name.startswith(".file2."))
    assert names(tmp_path) == sorted(["file", of_another, *others])


@locks_needed
def test_the_temporary_file_of_a_writer_at_work_is_left_alone(tmp_path):
    with atomic_write(tmp_path / "file") as file:
        file.write(b"first")
        write_text(tmp_path / "file", "second")
        assert (tmp_path / "file").read_bytes() == b"second"
    assert (tmp_path / "file").read_bytes() == b"first"
    assert names(tmp_path) == ["file"]


def test_where_there_are_no_locks_only_what_is_a_day_old_is_abandoned(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "fcntl", None)
    old, young = (tmp_path / f".file.{digit * 8}.tmp" for digit in "12")
    for path in (old, young):
        path.touch()
    os.utime(old, (0, 0))
    write_text(tmp_path / "file", "new")
    assert names(tmp_path) == [young.name, "file"]


def test_the_longest_names_can_be_written(tmp_path):
    for name in ("a" * 255, "ü" * 127):
        write_text(tmp_path / name, "new")
        assert (tmp_path / name).read_bytes() == b"new"


def test_a_link_stays_and_the_file_that_it_names_is_written(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/file")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "file").read_bytes() == b"new"
    assert names(tmp_path / "folder") == ["file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
def test_what_is_no_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is a device or a pipe, not a file") as caught:
        write_text(tmp_path / "pipe", "new")
    assert caught.value.filename == str(tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()
    assert names(tmp_path) == ["pipe"]


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


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with new_folder(tmp_path / "folder") as folder:
        (folder / "a").write_text("new")
        assert not (tmp_path / "folder").exists()
    assert names(tmp_path) == ["folder"]
    assert names(tmp_path / "folder") == ["a"]

    def fail():
        with new_folder(tmp_path / "other") as folder:
            (folder / "a").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert names(tmp_path) == ["folder"]


def test_an_empty_folder_is_filled_and_stays_what_it_was(tmp_path):
    (tmp_path / "empty").mkdir(mode=0o700)
    before = (tmp_path / "empty").stat()
    with new_folder(tmp_path / "empty") as folder:
        (folder / "a").touch()
    assert names(tmp_path / "empty") == ["a"]
    after = (tmp_path / "empty").stat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


def test_a_folder_that_is_not_empty_at_the_end_is_left_alone(tmp_path):
    def write(path):
        with new_folder(path) as folder:
            (folder / "a").write_text("of this one")
            path.mkdir(exist_ok=True)
            (path / "a").write_text("of another")

    (tmp_path / "empty").mkdir()
    for name in ("empty", "new"):
        with pytest.raises(OSError, match="there are other files in it by now") as caught:
            write(tmp_path / name)
        assert caught.value.filename == str(tmp_path / name)
        assert names(tmp_path / name) == ["a"]
        assert (tmp_path / name / "a").read_text() == "of another"
    assert names(tmp_path) == ["empty", "new"]


@locks_needed
def test_what_a_killed_process_has_left_in_an_empty_folder_does_not_fill_it(tmp_path):
    code = KILLED.replace("atomic_write", "new_folder").replace(
        'file.write(b"half")\n    file.flush()', '(file / "a").touch()'
    )
    assert python(code, tmp_path).wait() == -signal.SIGKILL
    assert len(names(tmp_path)) == 1
    assert is_empty(tmp_path)
    assert names(tmp_path) == []


@locks_needed
def test_a_folder_that_was_taken_for_abandoned_is_made_again(tmp_path, monkeypatch):
    lock, taken = files.lock, []

    def lock_late(handle):
        if not taken:  # another writer was faster
            taken.extend(tmp_path.glob(".folder.*"))
            taken[0].rmdir()
        return lock(handle)

    monkeypatch.setattr(files, "lock", lock_late)
    with new_folder(tmp_path / "folder") as folder:
        (folder / "a").touch()
    assert folder != taken[0]
    assert names(tmp_path / "folder") == ["a"]


@locks_needed
def test_the_next_writer_removes_the_folder_that_a_killed_one_has_left(tmp_path):
    code = KILLED.replace("atomic_write", "new_folder").replace(
        'file.write(b"half")\n    file.flush()', '(file / "a").touch()'
    )
    path = tmp_path / "folder"
    assert python(code, path).wait() == -signal.SIGKILL
    assert len(names(tmp_path)) == 1
    with new_folder(path) as first:
        with new_folder(tmp_path / "folder2"):
            assert first.is_dir()
        write_text(tmp_path / "folder.txt", "x")
        assert first.is_dir()
        (first / "b").touch()
    assert names(tmp_path) == ["folder", "folder.txt", "folder2"]
    assert names(path) == ["b"]
