"""Named arrays in .npz files: our own, which hold their SHA-256, and images from anyone.

An .npz file is a zip archive of .npy members, one for each array; `np.load(path)` opens it. Neither
reader trusts the file: nothing is unpickled, no header is believed beyond the bytes that are there,
and whatever is wrong becomes a UserError of one sentence.

Our own files are uncompressed, and their zip comment is the SHA-256 of all the bytes before it, so
a single changed bit is noticed. Besides the arrays they have a member "meta": JSON, with a key
"format".
"""

import hashlib
import json
import math
import os
import re
import zipfile
from contextlib import contextmanager

import numpy as np

from tinygan.errors import UserError, first_line, shown
from tinygan.files import atomic_write, open_regular, reason

FORMAT = 1
MAX_BYTES = 1 << 30  # of one array in a file of images
_DIGEST = 64  # hex digits

_FIELDS = {  # of the header of an .npy member, a Python dict as text: how np.save writes them
    "descr": re.compile(r"""['"]descr['"]\s*:\s*['"]([<>=|]?[?biufcSUVOmM]\d*)['"]"""),
    "fortran_order": re.compile(r"""['"]fortran_order['"]\s*:\s*(True|False)"""),
    "shape": re.compile(r"""['"]shape['"]\s*:\s*\(([-\d\s,]*)\)"""),
}


def write_arrays(path, meta, arrays):
    """Write the dict `meta` and the host arrays as one file with its digest, all or nothing."""
    text = json.dumps(meta, sort_keys=True).encode()
    with atomic_write(path) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            archive.comment = b"0" * _DIGEST  # holds the place of the digest
            for name, array in {"meta": np.frombuffer(text, np.uint8), **arrays}.items():
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)
        digest = _digest(file)
        file.seek(-_DIGEST, os.SEEK_END)
        file.write(digest)


def read_arrays(path):
    """Read what write_arrays wrote: (meta, dict of read-only arrays). UserError if it is not that.

    The members must be uncompressed, and together no larger than the file.
    """
    with _errors(path, "a tinygan file"), open_regular(path) as file:
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
            names = [info.filename for info in members]
            arrays = {name.removesuffix(".npy"): _read_npy(archive, name, size) for name in names}
        meta = json.loads(arrays.pop("meta").tobytes())
        if type(meta["format"]) is not int or meta["format"] < 1:
            raise ValueError(f"its format is {meta['format']!r}")
    if meta["format"] > FORMAT:
        raise UserError(
            f"{path} has format {shown(str(meta['format']))} and comes from a newer tinygan; this "
            f"one reads format {FORMAT}: update tinygan"
        )
    return meta, arrays


def read_images(path):
    """The images, uint8 (N, H, W, C), and their labels, (N,) or None, of any .npz file.

    They are the arrays images and labels, or arr_0 and arr_1, as np.savez calls arrays without a
    name. Grey images may lack their last axis, and the colours may come first, (N, C, H, W).
    Each array may be compressed, and unpacked up to 1 GiB large. Raises UserError for anything
    else.
    """
    with _errors(path, "an .npz file that can be read"), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        pairs = [("images.npy", "labels.npy"), ("arr_0.npy", "arr_1.npy")]
        pair = next((pair for pair in pairs if pair[0] in names), None)
        if pair is None:
            there = ", ".join(name.removesuffix(".npy") for name in names[:5]) or "nothing"
            raise UserError(
                f"{path} has no array images (or arr_0), but {shown(there)}: save it with "
                "np.savez(file, images=images)"
            )
        images, labels = (
            _read_npy(archive, name, MAX_BYTES) if name in names else None for name in pair
        )
    images = _channels_last(images)
    _check_images(path, images, labels)
    return images, labels


@contextmanager
def _errors(path, kind):
    """Whatever reading the file raises becomes a UserError: `path` is not `kind`."""
    try:
        yield
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"cannot read {path}: {reason(error)}") from None
    except Exception as error:  # zipfile, zlib, json and NumPy's header parser raise a dozen kinds
        raise UserError(f"{path} is not {kind}: {first_line(error)}") from None


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


def _read_npy(archive, name, most):
    """The read-only array in one .npy member. ValueError unless it is one of at most `most` bytes.

    It takes no more memory than the member has bytes, whatever its header says.
    """
    with archive.open(name) as stream:
        shape, order, dtype = _read_header(stream, name)
        size = math.prod(shape) * dtype.itemsize
        if dtype.hasobject:
            raise ValueError(f"{name} holds Python objects")
        if size > most:
            raise ValueError(f"{name} holds more than {most / (1 << 30):.3g} GiB")
        data = bytearray()
        while len(data) <= size and (piece := stream.read(1 << 20)):
            data += piece
    if len(data) != size:
        raise ValueError(f"{name} is not as long as its header says")
    return np.frombuffer(memoryview(data).toreadonly(), dtype).reshape(shape, order=order)


def _read_header(stream, name):
    """(shape, "C" or "F", dtype) at the beginning of an .npy member. ValueError if it is damaged.

    NumPy's own reader has Python parse the header. That prints warnings about some of what a
    forged one can hold, and takes long for the rest.
    """
    if stream.read(8) != b"\x93NUMPY\1\0":
        raise ValueError(f"{name} is not in version 1.0 of the .npy format")
    text = stream.read(int.from_bytes(stream.read(2), "little")).decode("latin1")
    found = {field: pattern.search(text) for field, pattern in _FIELDS.items()}
    if None in found.values():
        raise ValueError(f"{name} has no header of a plain array")
    descr, fortran, shape = (match[1] for match in found.values())
    sizes = tuple(int(size) for size in shape.split(",") if size.strip())
    return sizes, "F" if fortran == "True" else "C", np.dtype(descr)


def _channels_last(images):
    """Images as (N, H, W, C), where there is no doubt which axis is which."""
    if images.ndim == 3:
        return images[..., None]
    if images.ndim == 4 and images.shape[1] in (1, 3) and images.shape[3] not in (1, 3):
        return np.ascontiguousarray(np.moveaxis(images, 1, 3))
    return images


def _check_images(path, images, labels):
    if images.dtype != np.uint8 or images.ndim != 4 or 0 in images.shape:
        how = "" if images.dtype.kind != "f" else (
            "; for values from -1 to 1: (images * 127.5 + 127.5).round().astype('uint8')"
        )  # fmt: skip
        raise UserError(
            f"{path}: images must be uint8 (N, H, W, C), got {images.dtype} {images.shape}{how}"
        )
    if labels is None:
        return
    if labels.dtype.kind not in "iu" or labels.shape != images.shape[:1]:
        raise UserError(
            f"{path}: labels must be integers ({len(images)},), got {labels.dtype} {labels.shape}"
        )
    if not (labels.min() >= 0 and labels.max() <= 255):
        raise UserError(f"{path}: labels must be 0 to 255, got {labels.min()} to {labels.max()}")
