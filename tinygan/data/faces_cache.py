"""The cache of scaled faces: one file for each folder or .zip, so that it is decoded only once.

It is a .npy file that np.load can open, followed by the SHA-256 of its pixels. It is written and
read in parts, because the pixels of all of CelebA take 2.5 GB. Its name depends on the pictures'
names, sizes and times and on the background, so nothing is ever updated in place; processes that
make the same file at the same time replace each other's by an equal one.
"""

import hashlib
import io
import os
import sys

import numpy as np

from tinygan.data.decode import middle_square
from tinygan.data.locations import cache_dir, cache_variable
from tinygan.data.picture_files import Skipped
from tinygan.data.split import split as cut
from tinygan.errors import UserError
from tinygan.files import atomic_write, reason
from tinygan.progress import Progress

SIZE = 64
SPLIT_SEED = 0
LEAST_IMAGES = 2

_VERSION = 2  # of how the pixels are made; a change makes the caches anew
_HEADER = 128  # bytes of a .npy header for this shape
_DIGEST = 64  # hex digits of SHA-256 after the array
_ROW = SIZE * SIZE * 3


def load(source, background, split):
    """(images of the split, uint8 (N, 64, 64, 3); SHA-256 of the pixels of both splits).

    source: of picture_files.open_pictures. background: (red, green, blue).
    Where there is no valid cache, it is made, which takes minutes: with the progress, what was
    passed over and what was skipped on stderr.
    Raises UserError for too few pictures that can be read, and when the cache cannot be written.
    """
    path = _file(source, background)
    found = _read(path, split)
    if found is None:
        _make(path, source, background)
        found = _read(path, split)
    if found is None:
        raise UserError(f"{path} changed while it was read: try again")
    return found


def _file(source, background):
    text = repr([_VERSION, background, source.identity])
    try:
        folder = cache_dir()
    except UserError:
        raise UserError(
            f"you have no home folder for the scaled images: name a folder with {cache_variable()}"
        ) from None
    return folder / "faces" / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.npy"


def _make(path, source, background):
    """Decode all pictures into the file `path`, completely or not at all."""
    n, skipped, digest = 0, Skipped(source), hashlib.sha256()
    progress = Progress(stream=sys.stderr)
    if source.passed_over:
        progress.say(f"faces: passed over {source.passed_over}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write(bytes(_HEADER))
            for done, name in enumerate(source.names, 1):
                _show(progress, done, source)
                try:
                    pixels = middle_square(source.read(name), SIZE, background).tobytes()
                except Exception as error:  # Pillow and zipfile raise many kinds of exception
                    skipped.add(name, error)
                    continue
                file.write(pixels)
                digest.update(pixels)
                n += 1
            if n < LEAST_IMAGES:
                raise UserError(_too_few(source, n, skipped))
            file.write(digest.hexdigest().encode())
            file.seek(0)
            file.write(_header(n))
    except OSError as error:
        raise UserError(_unusable("write", path, error)) from None
    finally:
        progress.close()
    if skipped:
        progress.say(f"faces: skipped {skipped}")


def _show(progress, done, source):
    """Show the progress: on a terminal at short intervals, elsewhere one line per quarter."""
    n = len(source.names)
    a_quarter_more = done * 4 // n > (done - 1) * 4 // n
    if a_quarter_more or progress.due():
        final = done == n if progress.live else a_quarter_more
        line = f"faces: scaled {done:,} of {n:,} images from {source.path}"
        progress.show(line, final=final)


def _read(path, split):
    """(images of the split, SHA-256 of all pixels), or None for a missing or damaged file."""
    try:
        with open(path, "rb") as file:
            n = (os.fstat(file.fileno()).st_size - _HEADER - _DIGEST) // _ROW
            if n < LEAST_IMAGES or file.read(_HEADER) != _header(n):
                return None
            train, test = cut(n, (0.9, 0.1), seed=SPLIT_SEED)
            chosen = train if split == "train" else test
            images = np.empty((len(chosen), SIZE, SIZE, 3), np.uint8)
            done, digest = 0, hashlib.sha256()
            for start in range(0, n, 1000):
                block = file.read(min(1000, n - start) * _ROW)
                digest.update(block)
                rows = np.frombuffer(block, np.uint8).reshape(-1, SIZE, SIZE, 3)
                mine = chosen[(chosen >= start) & (chosen < start + len(rows))]
                images[done : done + len(mine)] = rows[mine - start]
                done += len(mine)
            if file.read() != digest.hexdigest().encode():
                return None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UserError(_unusable("read", path, error)) from None
    return images, digest.hexdigest()


def _header(n):
    """The first 128 bytes of a .npy file of n images."""
    stream = io.BytesIO()
    described = {"descr": "|u1", "fortran_order": False, "shape": (n, SIZE, SIZE, 3)}
    np.lib.format.write_array_header_1_0(stream, described)
    return stream.getvalue()


def _unusable(verb, path, error):
    return (
        f"cannot {verb} {path}: {reason(error)}; name another folder for the scaled images with "
        f"{cache_variable()}"
    )


def _too_few(source, n, skipped):
    if not skipped:
        beside = f"; passed over {source.passed_over}" if source.passed_over else ""
        return f"{source.path} has {n} image, fewer than the {LEAST_IMAGES} that are needed{beside}"
    return (
        f"{source.path} has {n} valid image{'s' * (n != 1)}, fewer than the {LEAST_IMAGES} that "
        f"are needed; skipped {skipped}"
    )
