"""Write a file so that it is either all there or not there at all."""

import os
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic_write(path):
    """A with-block that yields a binary file, to be read back too, which becomes `path` at its end.

    The bytes go to a temporary name in the same folder, are flushed to the disk, and only then is
    the file renamed, which on one file system happens at once or not at all: killed at any moment,
    `path` holds its old contents or its new. When the block fails the temporary file is removed.
    Raises OSError, with `path` as its filename, when something cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        try:
            with open(temporary, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)  # the new name itself
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def write_text(path, text):
    """Write `text` to `path` as UTF-8, all or nothing."""
    with atomic_write(path) as file:
        file.write(text.encode())


def reason(error):
    """What an OSError says, for a sentence: "no space left on device"."""
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]


def _flush_folder(folder):
    if os.name != "posix":
        return
    with suppress(OSError):  # some file systems cannot; the file itself is safe by now
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
