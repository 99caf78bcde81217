"""Files of samples: an .npz with an array of images, from anyone, read as untrusted."""

import math
import zipfile

import numpy as np

from tinygan.array_file import first_line
from tinygan.errors import UserError
from tinygan.files import reason

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
