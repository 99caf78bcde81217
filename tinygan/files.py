"""Write a file completely or not at all."""

import os
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic_write(path):
    """A context manager that yields a binary file, readable too, which becomes `path` at the end.

    The bytes go to a temporary file in the same folder and are flushed to the disk. Only then is
    the file renamed, which is atomic within one file system: if the process is killed, `path` has
    either its old or its new contents. If the block fails, the temporary file is removed.
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
        _flush_folder(path.parent)  # so that the new name is on the disk too
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def write_text(path, text):
    """Write `text` to `path` as UTF-8, completely or not at all."""
    with atomic_write(path) as file:
        file.write(text.encode())


def reason(error):
    """The message of an OSError, to be used inside a sentence: "no space left on device"."""
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]


def _flush_folder(folder):
    if os.name != "posix":
        return
    with suppress(OSError):  # some file systems cannot do this; the contents are safe
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
