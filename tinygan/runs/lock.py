"""A run folder belongs to one process at a time."""

import contextlib
import os

from tinygan.errors import UserError

try:
    import fcntl
except ImportError:  # Windows: no protection there
    fcntl = None


@contextlib.contextmanager
def only_one(folder):
    """A with-block that no second process can enter for the same folder; it ends with the process.

    Raises UserError when another process is in it.
    """
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"another process is training in {folder}: wait for it, or stop it"
            ) from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(handle)
