"""Faces, or any other photographs: a folder or a .zip of images, scaled to 64×64 in colour.

Each image is cropped to the largest square around its centre and scaled. Each new pixel is computed
from all the old ones that it covers (Lanczos filter), so that fine detail does not become noise.
All pixels are kept in the cache folder: decoding takes minutes, reading the cache takes seconds.

The images in CelebA's official img_align_celeba.zip have 178×218 pixels and are aligned by the
eyes. Their middle 178×178 are used, as in PyTorch's DCGAN example. Many authors use a tighter
148×148, with less around the face: their pictures and scores are not comparable with those here.

The files are not trusted: members of a .zip are unpacked in memory only, and the sizes of a file
and of a picture are checked before it is read.
Source of the set: Liu, Luo, Wang & Tang 2015, "Deep learning face attributes in the wild".
"""

import hashlib
import io
import os
import stat
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np

from tinygan.data.dataset import Dataset
from tinygan.data.locations import cache_dir
from tinygan.data.split import split as cut
from tinygan.errors import UserError
from tinygan.files import atomic_write, reason
from tinygan.progress import Progress

SIZE = 64
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
FORMATS = ("JPEG", "PNG", "BMP", "WEBP")  # the formats that Pillow may try
SPLIT_SEED = 0

MAX_FILE = 50_000_000  # bytes of one image's file, unpacked
MAX_PIXELS = 50_000_000  # of one image
MAX_IMAGES = 1_000_000
LEAST_IMAGES = 2

_VERSION = 1  # of how the pixels are made; a change makes the caches anew
_HEADER = 128  # bytes of a .npy header for this shape
_DIGEST = 64  # hex digits of SHA-256 after the array
_ROW = SIZE * SIZE * 3


def load(split, data_dir):
    """One split: nine tenths ("train") or one tenth of the images by a fixed seed. See data.load.

    data_dir: a folder (with its subfolders) or a .zip; all its .jpg, .jpeg, .png, .bmp and .webp
    files are used, sorted by name. Images that cannot be read are skipped and named on stderr. The
    first call takes minutes and shows its progress on stderr.
    Returns a Dataset of images uint8 (N, 64, 64, 3). Its labels are all 0; its sha256 is that of
    the pixels of both splits.
    Raises UserError when there are no images, or too few that can be read.
    """
    if data_dir is None:
        raise UserError("--data faces needs --data-dir: a folder of images, or a .zip of images")
    path = Path(data_dir)
    if os.path.isdir(path):
        source = _Folder(path)
    elif os.path.exists(path):
        source = _Zip(path)
    else:
        raise UserError(f"there is no {path}: name a folder of images, or a .zip of images")
    with source:
        if not source.names:
            raise UserError(f"no images in {path}: only {', '.join(SUFFIXES)} are used")
        if len(source.names) > MAX_IMAGES:
            raise UserError(
                f"{path} has {len(source.names):,} images, more than the {MAX_IMAGES:,} that are "
                "allowed: split it"
            )
        kept = _cache_file(source)
        found = _read_cache(kept, split) if os.path.exists(kept) else None
        if found is None:
            _make_cache(kept, source)
            found = _read_cache(kept, split)
    if found is None:
        raise UserError(f"{kept} changed while it was read: try again")
    images, sha256 = found
    if len(images) == 0:
        raise UserError(f"{path} has too few images to keep a tenth of them for testing")
    return Dataset("faces", images, np.zeros(len(images), np.uint8), sha256, str(path))


class _Folder:
    """The images in a folder. names: of the files, sorted. identity: changes when a file does."""

    def __init__(self, path):
        self.path = path
        files = {}
        root = os.path.realpath(path)
        for folder, _, names in os.walk(root):  # does not follow links to folders
            for name in names:
                full = os.path.join(folder, name)
                if _is_image(name) and (found := _plain_file(full, root)):
                    files[os.path.relpath(full, root)] = (full, found.st_size, found.st_mtime_ns)
        self.names = sorted(files)
        self.identity = [root, *((name, *files[name][1:]) for name in self.names)]
        self._files = files

    def read(self, name):
        """The file's bytes. Raises ValueError when there are too many."""
        with open(self._files[name][0], "rb") as file:
            return _up_to_limit(file)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class _Zip:
    """The images in a .zip, with the same attributes and methods as _Folder."""

    def __init__(self, path):
        self.path = path
        try:
            found = os.stat(path)
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise UserError(f"cannot read {path}: {reason(error)}") from None
        except Exception as error:  # zipfile raises many kinds of exception
            text = str(error) or type(error).__name__
            raise UserError(f"{path} is neither a folder nor a valid .zip file: {text}") from None
        infos = [
            info
            for info in self._zip.infolist()
            if not info.is_dir() and _is_image(info.filename.rpartition("/")[2])
        ]
        self._infos = {info.filename: info for info in infos}  # the last one of equal names
        self.names = sorted(self._infos)
        self.identity = [os.path.realpath(path), found.st_size, found.st_mtime_ns, *self.names]

    def read(self, name):
        info = self._infos[name]
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("packed by a method that zipfile unpacks without a size limit")
        if info.file_size > MAX_FILE:
            raise ValueError(f"more than {MAX_FILE:,} bytes")
        with self._zip.open(info) as file:
            return _up_to_limit(file)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._zip.close()


def _is_image(name):
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")  # ._x.jpg: macOS metadata


def _plain_file(path, root):
    """os.stat of a regular file that is inside `root` after links are resolved; else None."""
    try:
        found = os.stat(path)
        inside = not os.path.islink(path) or Path(os.path.realpath(path)).is_relative_to(root)
    except OSError:  # a link to nowhere
        return None
    return found if stat.S_ISREG(found.st_mode) and inside else None


def _up_to_limit(file):
    data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise ValueError(f"more than {MAX_FILE:,} bytes")
    return data


def _decode(data):
    """An image file's bytes as uint8 (64, 64, 3)."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data), formats=FORMATS) as image:  # reads no pixels yet
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"{image.width:,} × {image.height:,} pixels are too many")
        image = ImageOps.exif_transpose(image).convert("RGB")  # turned upright
    w, h = image.size
    side = min(w, h)
    left, top = (w - side) // 2, (h - side) // 2
    square = image.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((SIZE, SIZE), Image.Resampling.LANCZOS))


# The cache: a .npy file that np.load can open, followed by the SHA-256 of its pixels. It is written
# and read in parts, because the pixels of all of CelebA take 2.5 GB.


def _cache_file(source):
    text = repr([_VERSION, source.identity])
    try:
        folder = cache_dir()
    except UserError:
        raise UserError(
            "you have no home folder for the scaled images: name a folder with XDG_CACHE_HOME"
        ) from None
    return folder / "faces" / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.npy"


def _make_cache(path, source):
    """Decode all images into the file `path`, completely or not at all."""
    n, bad, digest, progress = 0, [], hashlib.sha256(), Progress(stream=sys.stderr)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about faults that it repairs
            file.write(bytes(_HEADER))
            for done, name in enumerate(source.names, 1):
                _show(progress, done, source)
                try:
                    pixels = _decode(source.read(name)).tobytes()
                except Exception as error:  # Pillow and zipfile raise many kinds of exception
                    bad.append((name, _why(error)))
                    continue
                file.write(pixels)
                digest.update(pixels)
                n += 1
            if n < LEAST_IMAGES:
                raise UserError(_too_few(source, n, bad))
            file.write(digest.hexdigest().encode())
            file.seek(0)
            file.write(_header(n))
    except OSError as error:
        raise UserError(f"cannot write {path}: {reason(error)}") from None
    finally:
        progress.close()
    if bad:
        print(f"faces: skipped {_bad_images(bad, len(source.names))}", file=sys.stderr)


def _show(progress, done, source):
    """Show the progress: on a terminal at short intervals, elsewhere one line per quarter."""
    n = len(source.names)
    a_quarter_more = done * 4 // n > (done - 1) * 4 // n
    if a_quarter_more or progress.due():
        final = done == n if progress.live else a_quarter_more
        line = f"faces: scaled {done:,} of {n:,} images from {source.path}"
        progress.show(line, final=final)


def _read_cache(path, split):
    """(images of the split, SHA-256 of all pixels), or None when the file is damaged."""
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
    except OSError as error:
        raise UserError(f"cannot read {path}: {reason(error)}") from None
    return images, digest.hexdigest()


def _header(n):
    """The first 128 bytes of a .npy file of n images."""
    stream = io.BytesIO()
    described = {"descr": "|u1", "fortran_order": False, "shape": (n, SIZE, SIZE, 3)}
    np.lib.format.write_array_header_1_0(stream, described)
    return stream.getvalue()


def _too_few(source, n, bad):
    if not bad:
        return f"{source.path} has {n} image, fewer than the {LEAST_IMAGES} that are needed"
    return (
        f"{source.path} has {n} valid image{'s' * (n != 1)}, fewer than the {LEAST_IMAGES} that "
        f"are needed; skipped {_bad_images(bad, len(source.names))}"
    )


def _bad_images(bad, n):
    first = "; ".join(f"{_shown(name)} ({_shown(why)})" for name, why in bad[:3])
    return f"{len(bad):,} of {n:,} files that cannot be used: {first}" + "; …" * (len(bad) > 3)


def _why(error):
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):  # its message names an object in memory
        return "not an image"
    return str(error) or type(error).__name__


def _shown(text):
    """Untrusted text for a terminal: one line, without control characters, not too long."""
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= 80 else f"{text[:40]}…{text[-39:]}"
