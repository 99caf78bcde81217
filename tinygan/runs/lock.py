"""A run folder belongs to one process at a time."""

import contextlib
import os
import time

from tinygan import files
from tinygan.errors import UserError


@contextlib.contextmanager
def only_one(folder):
    """A with-block that no second process can enter for the same folder; it ends with the process.

    Raises UserError when another process is in it. There is no such protection on Windows.
    """
    if os.name == "nt":  # opens no folders
        yield
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {files.reason(error)}") from None
    try:
        if not (files.lock(handle) or _lock_again(handle)):
            raise UserError(f"another process is training in {folder}: wait for it, or stop it")
        yield
    finally:
        os.close(handle)


def in_use(folder):
    """Whether a process, this one or another, is training in the folder. True on Windows, which
    cannot tell."""
    if os.name == "nt":
        return True
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not files.lock(handle, shared=True)  # else it is free again in an instant
    finally:
        os.close(handle)


def _lock_again(handle):
    """Whether it can be locked a moment later: `in_use` may have been looking."""
    time.sleep(0.05)
    return files.lock(handle)
