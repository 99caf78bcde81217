"""Small pictures in files, and folders and archives of them, for the tests."""

import io
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image


def picture(array, kind="PNG", **settings):
    """A file's bytes. array: uint8 (H, W) or (H, W, C), or uint16 (H, W)."""
    return saved(Image.fromarray(array), kind, **settings)


def saved(image, kind="PNG", **settings):
    stream = io.BytesIO()
    image.save(stream, format=kind, **settings)
    return stream.getvalue()


def plain(value, size=(64, 64)):
    """A picture of one colour, identified by its red value."""
    return picture(np.full((*size[::-1], 3), (value, 50, 200), np.uint8))


def ten(n=10):
    return {f"{i:02}.png": plain(10 * i) for i in range(n)}


def put(folder, contents):
    """Write {name: bytes} into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def pack(path, contents, method=zipfile.ZIP_DEFLATED):
    """Write {name: bytes} into a .zip."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def stored(where, folder, contents):
    """{name: bytes} in a new folder or a new .zip, as `where` says."""
    if where == "folder":
        return put(folder / "in", contents)
    return pack(folder / "x.zip", contents)


GREY, COLOURS, PALETTE, GREY_ALPHA, COLOURS_ALPHA = 0, 2, 3, 4, 6
_CHANNELS = {GREY: 1, COLOURS: 3, PALETTE: 1, GREY_ALPHA: 2, COLOURS_ALPHA: 4}


def png(size, depth, kind, rows=None, *, palette=b"", transparent=b"", interlaced=False):
    """A PNG written by hand, with what Pillow does not write.

    size: (width, height). depth: bits of a sample. rows: the packed samples of each row; zeros
    when left out, compressed row by row, so that a picture of any size takes little memory.
    """

    def chunk(name, body):
        checksum = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + checksum

    width, height = size
    if rows is None:
        rows = (bytes((width * _CHANNELS[kind] * depth + 7) // 8) for _ in range(height))
    packer = zlib.compressobj(1)
    data = b"".join([*(packer.compress(b"\0" + row) for row in rows), packer.flush()])
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    chunks = [chunk(b"IHDR", header)]
    chunks += [chunk(b"PLTE", palette)] if palette else []
    chunks += [chunk(b"tRNS", transparent)] if transparent else []
    return b"\x89PNG\r\n\x1a\n" + b"".join([*chunks, chunk(b"IDAT", data), chunk(b"IEND", b"")])
