"""Named arrays and a little JSON in one .npz file that can be checked before it is believed.

The file is a plain, uncompressed .npz (a zip of .npy members; `np.load(path)` opens it) whose zip
comment is the SHA-256 of all the bytes before it, so a single changed bit is noticed. There is no
pickle in it and none is ever read. Besides the arrays it has a member "meta": JSON, with a key
"format".
"""

import hashlib
import io
import json
import math
import os
import zipfile

import numpy as np

from tinygan.errors import UserError
from tinygan.files import atomic_write, reason

FORMAT = 1
_DIGEST = 64  # hex digits


def write_arrays(path, meta, arrays):
    """Write the dict `meta` and the host arrays as one file with its digest, all or nothing."""
    text = json.dumps(meta, sort_keys=True).encode()
    with atomic_write(path) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            archive.comment = b"0" * _DIGEST  # holds the place of the digest
            for name, array in {"meta": np.frombuffer(text, np.uint8), **arrays}.items():
                member = io.BytesIO()
                np.lib.format.write_array(member, array, allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getbuffer())
        digest = _digest(file)
        file.seek(-_DIGEST, os.SEEK_END)
        file.write(digest)


def read_arrays(path):
    """Read what write_arrays wrote: (meta, dict of read-only arrays). UserError if it is not that.

    The file is not trusted: its members are stored as they are and together no larger than the
    file, and an array's header must agree with the bytes behind it.
    """
    try:
        with open(path, "rb") as file:
            if file.seek(0, os.SEEK_END) <= _DIGEST or _digest(file) != file.read(_DIGEST):
                raise UserError(f"{path} is truncated or altered: its SHA-256 does not match")
            size = file.tell()
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                if len({info.filename for info in members}) < len(members):
                    raise ValueError("a name occurs twice")
                if any(info.compress_type != zipfile.ZIP_STORED for info in members):
                    raise ValueError("a member is compressed")
                if sum(info.file_size for info in members) > size:
                    raise ValueError("its members are larger than the file")
                arrays = {
                    info.filename.removesuffix(".npy"): _parse_npy(archive.read(info))
                    for info in members
                }
        meta = json.loads(arrays.pop("meta").tobytes())
        if type(meta["format"]) is not int or meta["format"] < 1:
            raise ValueError(f"its format is {meta['format']!r}")
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"cannot read {path}: {reason(error)}") from None
    except Exception as error:  # zipfile, json and NumPy's header parser raise a dozen kinds
        raise UserError(f"{path} is not a tinygan file: {first_line(error)}") from None
    if meta["format"] > FORMAT:
        raise UserError(
            f"{path} has format {meta['format']} and comes from a newer tinygan; this one reads "
            f"format {FORMAT}: update tinygan"
        )
    return meta, arrays


def first_line(error):
    return (str(error) or type(error).__name__).splitlines()[0]


def _digest(file):
    """SHA-256 of all but the last 64 bytes, in hex; the file is left standing right behind them."""
    size = file.seek(0, os.SEEK_END) - _DIGEST
    file.seek(0)
    digest = hashlib.sha256()
    while size > 0:
        chunk = file.read(min(size, 1 << 20))
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest().encode()


def _parse_npy(data):
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("an array is not in version 1.0 of the .npy format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    offset = stream.tell()
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(data) - offset:
        raise ValueError("an array's header does not agree with its data")
    flat = np.frombuffer(data, dtype, offset=offset)
    return flat.reshape(shape, order="F" if fortran else "C")
