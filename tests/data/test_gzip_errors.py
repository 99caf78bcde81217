"""Whatever Python's gzip raises for a file that begins as one becomes a phrase about the file."""

import gzip
import io

import pytest

from tinygan.data.gzip_errors import ERRORS, MAGIC, what_is_wrong

GOOD = gzip.compress(b"contents" * 9, mtime=0)


def fault(raw):
    assert raw.startswith(MAGIC)
    with pytest.raises(ERRORS) as caught, gzip.open(io.BytesIO(raw)) as file:
        file.read()
    return what_is_wrong(caught.value)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (GOOD[:-1], "is truncated: its gzip stream ends too early"),
        (GOOD[:5], "is truncated: its gzip stream ends too early"),
        (GOOD + b"\r\n", "is damaged: there are other bytes after the end of its gzip stream"),
        (GOOD + GOOD + b"x", "is damaged: there are other bytes after the end of its gzip stream"),
        (GOOD[:-8] + bytes(8), "is damaged: CRC check failed"),
        (GOOD[:10] + b"\xff" * 30, "is damaged: Error -3 while decompressing data"),
        (MAGIC + b"\7" * 20, "is damaged: Unknown compression method"),
    ],
)
def test_a_fault_is_named(raw, says):
    assert fault(raw).startswith(says)
