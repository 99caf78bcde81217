"""The IDX format of MNIST and its descendants.

    bytes 0–1   zero
    byte  2     type of the elements; 8 is uint8, the only one used
    byte  3     number of axes
    then        the size of each axis, 4 bytes each, most significant first
    then        the elements, last axis fastest, and nothing after them

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", section "the IDX file format".
"""

import gzip
import math

import numpy as np

from tinygan.data import gzip_errors
from tinygan.errors import UserError
from tinygan.files import reason

MAX_BYTES = 1 << 30  # far more than any such data set; a header may claim 2**96
_PIECE = 1 << 20


def read_idx(path, ndim):
    """Read and check an IDX file of uint8 with `ndim` axes, plain or gzipped.

    Returns (array, contents): the read-only uint8 array and the unpacked bytes it was read from.
    Raises UserError, naming the file and what is wrong with it: unreadable, wrong magic number,
    empty, too large, truncated, or bytes after the end. Reads no more than the header announces.
    """
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == gzip_errors.MAGIC
        with gzip.open(path, "rb") if packed else open(path, "rb") as file:
            header = file.read(4 + 4 * ndim)
            shape = _parse_header(path, header, ndim)
            size = math.prod(shape)
            body = _read_up_to(file, size)
            extra = file.read(1)
    except gzip_errors.ERRORS as error:
        raise UserError(f"{path} {gzip_errors.what_is_wrong(error)}") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {reason(error)}") from None
    if len(body) < size:
        raise UserError(f"{path} is truncated: {len(body):,} of {size:,} bytes of data are present")
    if extra:
        raise UserError(f"{path} is damaged: there are bytes after the {size:,} of its data")
    return np.frombuffer(body, np.uint8).reshape(shape), header + body


def _read_up_to(file, size):
    """The next `size` bytes or fewer. A plain read(size) would allocate the memory that a header
    claims before any byte is read."""
    body = bytearray()
    while len(body) < size and (piece := file.read(min(_PIECE, size - len(body)))):
        body += piece
    return bytes(body)


def _parse_header(path, header, ndim):
    expected = bytes([0, 0, 8, ndim])
    if header[:4] != expected:
        raise UserError(
            f"{path} is not an IDX file of uint8 with {ndim} axes: it starts with "
            f"{header[:4].hex() or 'nothing'} instead of {expected.hex()}"
        )
    if len(header) < 4 + 4 * ndim:
        raise UserError(f"{path} is truncated: it ends inside its header")
    shape = tuple(int.from_bytes(header[4 + 4 * i : 8 + 4 * i], "big") for i in range(ndim))
    if not 0 < math.prod(shape) <= MAX_BYTES:
        sizes = " × ".join(f"{size:,}" for size in shape)
        raise UserError(f"{path} claims {sizes} elements, which is zero or more than 1 GiB")
    return shape
