"""Write a file completely or not at all, whatever else writes it at the same time."""

import errno
import os
import re
import secrets
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_A_DAY = 24 * 3600  # seconds
_INSIDE = "files"  # what the hidden folder inside an empty one is called after


@contextmanager
def atomic_write(path):
    """A context manager that yields a binary file, readable too, which becomes `path` at the end.

    The bytes go to a temporary file in the same folder and are flushed to the disk. Only then is
    the file renamed, which is atomic within one file system: if the process is killed, `path` has
    either its old or its new contents. If the block fails, the temporary file is removed. Every
    writer has a temporary file of its own, so of two that write `path` at once the last one wins,
    whole. What a killed writer has left is removed by the next one. Where `path` is a link, the
    file that it names is written.
    Raises OSError, with `path` as its filename, when something cannot be written.
    """
    asked, path = path, Path(os.path.realpath(path))
    try:
        _check_kind(path)
        _remove_abandoned(path)
        temporary, file = own_file(path)
        try:
            with file:
                yield file
                file.flush()
                os.fsync(file.fileno())
                if fcntl:  # before it is closed, and with that no longer locked
                    os.replace(temporary, path)
            if not fcntl:  # Windows renames no open file
                os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)  # so that the new name is on the disk too
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(asked)) from error


@contextmanager
def new_folder(path):
    """A context manager that yields a folder for new files, which are in `path` at the end.

    They are collected in a hidden folder and moved together at the end: where there is no `path`,
    by renaming that folder; where there is an empty one, into it, so that it stays what it is. If
    the block fails or the process is killed before that, there is no `path`, or an empty one. What
    a killed process has left is removed by the next one that writes there.
    Raises OSError, with `path` as its filename, when something cannot be written, and when `path`
    is not empty at the end.
    """
    path = Path(os.path.realpath(path))
    inside = path.is_dir()
    try:
        _remove_abandoned(path / _INSIDE if inside else path)
        temporary, handle = _own_folder(path / _INSIDE if inside else path)
        try:
            yield temporary
            if path.is_dir() and set(os.listdir(path)) - {temporary.name}:
                raise FileExistsError(errno.EEXIST, "there are other files in it by now")
            if not inside:
                os.rename(temporary, path)
            else:
                for name in os.listdir(temporary):
                    os.rename(temporary / name, path / name)
        finally:
            if handle is not None:
                os.close(handle)
            shutil.rmtree(temporary, ignore_errors=True)
        _flush_folder(path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def is_empty(folder):
    """Whether nothing is in a folder, but for what a killed writer of new files has left in it."""
    _remove_abandoned(Path(folder) / _INSIDE)
    return not os.listdir(folder)


def write_text(path, text):
    """Write `text` to `path` as UTF-8, completely or not at all."""
    with atomic_write(path) as file:
        file.write(text.encode())


def open_regular(path):
    """A file, opened to read its bytes. OSError for what is none: a pipe could wait for ever.

    Where `path` is a link, the file that it names is opened.
    """
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 — the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file", str(path))
    return file


def read_small(path, most):
    """The bytes of a file that has at most `most`. OSError when it has more, or is no file."""
    with open_regular(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(path))
    return data


def _without_waiting(path, flags):
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def reason(error):
    """The message of an OSError, to be used inside a sentence: "no space left on device"."""
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]


def own_file(path):
    """(its path, the open file) of a new file beside `path` that no other process writes: it is
    locked until it is closed."""
    while True:
        temporary = path.with_name(f".{_stem(path)}.{secrets.token_hex(4)}.tmp")
        file = open(temporary, "x+b")  # noqa: SIM115 — the caller closes it
        if lock(file.fileno()) and (fcntl is None or os.fstat(file.fileno()).st_nlink):
            return temporary, file
        file.close()  # another writer took it for abandoned before it was locked


def lock(handle, *, shared=False):
    """Whether this process alone has the open file or folder `handle`, until it closes it.

    shared: among those that lock it so, but nobody has it alone.
    True also where there are no locks: on Windows, and on some network file systems.
    """
    if fcntl is not None:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks
            pass
    return True


def _stem(path):
    """What the names of the temporary files of `path` begin with: a name has at most 255 bytes."""
    return path.name[:60]


def _check_kind(path):
    """Raise OSError if there is something at `path` that a new file must not replace."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file")


def _remove_abandoned(path):
    """Remove what those writers of `path` have left that ended before they were done."""
    ours = re.compile(rf"\.{re.escape(_stem(path))}(\.[0-9a-f]{{8}})?\.tmp")
    with suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if ours.fullmatch(entry.name):
                with suppress(OSError):
                    _remove_if_abandoned(entry.path)


def _remove_if_abandoned(path):
    """Remove what nobody has locked; where there are no locks, what is a day old."""
    remove = shutil.rmtree if os.path.isdir(path) else os.unlink
    if fcntl is None:
        if time.time() - os.stat(path).st_mtime > _A_DAY:
            remove(path)
        return
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove(path)
    finally:
        os.close(handle)


def _own_folder(path):
    """(its path, its open handle) of a new folder beside `path`, as own_file makes a file."""
    while True:
        temporary = path.with_name(f".{_stem(path)}.{secrets.token_hex(4)}.tmp")
        temporary.mkdir()
        if fcntl is None:
            return temporary, None
        try:
            handle = os.open(temporary, os.O_RDONLY)
        except FileNotFoundError:  # another writer took it for abandoned before it was locked
            continue
        if lock(handle) and temporary.is_dir():
            return temporary, handle
        os.close(handle)


def _flush_folder(folder):
    if os.name != "posix":
        return
    with suppress(OSError):  # some file systems cannot do this; the contents are safe
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
