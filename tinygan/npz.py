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


_MAX_BYTES = 1 << 30  # of one array


def read_images(file):
    """The arrays images, uint8 (N, H, W, C), and labels, (N,) or None, of an untrusted .npz file.

    Only their headers are believed, and no further than 1 GiB; no more memory is taken than there
    are bytes. Nothing is unpickled. Raises UserError in one sentence for anything else.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if "images.npy" not in names:
                raise UserError(
                    f"{file} has no array images: write one with python -m tinygan.sample"
                )
            images = _read_member(archive, "images.npy")
            labels = _read_member(archive, "labels.npy") if "labels.npy" in names else None
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"cannot read {file}: {reason(error)}") from None
    except Exception as error:  # zipfile, zlib and NumPy's header parser raise a dozen kinds
        raise UserError(
            f"{file} is not an .npz file that can be read: {first_line(error)}"
        ) from None
    if images.dtype != np.uint8 or images.ndim != 4 or 0 in images.shape:
        raise UserError(
            f"{file}: images must be uint8 (N, H, W, C), got {images.dtype} {images.shape}"
        )
    if labels is not None and (labels.dtype.kind not in "iu" or labels.shape != images.shape[:1]):
        raise UserError(
            f"{file}: labels must be integers ({len(images)},), got {labels.dtype} {labels.shape}"
        )
    if labels is not None and not (labels.min() >= 0 and labels.max() <= 255):
        raise UserError(f"{file}: labels must be 0 to 255, got {labels.min()} to {labels.max()}")
    return images, labels


def _read_member(archive, name):
    with archive.open(name) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"{name} is not in version 1.0 of the .npy format")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        size = math.prod(shape) * dtype.itemsize
        if dtype.hasobject or not 0 <= size <= _MAX_BYTES:
            raise ValueError(f"{name} holds objects, or more than 1 GiB")
        body = bytearray()
        while len(body) < size and (piece := stream.read(min(1 << 20, size - len(body)))):
            body += piece
        if len(body) < size or stream.read(1):
            raise ValueError(f"{name} is not as long as its header says")
    return np.frombuffer(bytes(body), dtype).reshape(shape, order="F" if fortran else "C")
