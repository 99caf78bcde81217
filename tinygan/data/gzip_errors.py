"""What the exceptions of Python's gzip module say about a file."""

import gzip
import zlib

MAGIC = b"\x1f\x8b"  # the first bytes of a gzip file
ERRORS = (EOFError, gzip.BadGzipFile, zlib.error)  # raised for a file that begins with MAGIC


def what_is_wrong(error):
    """One of ERRORS, in words that follow the file's name: "is truncated: …"."""
    if isinstance(error, EOFError):
        return "is truncated: its gzip stream ends too early"
    if str(error).startswith("Not a gzipped file"):  # the first stream began well
        return "is damaged: there are other bytes after the end of its gzip stream"
    return f"is damaged: {error}"
