"""CIFAR-10: 60,000 small photographs, 32×32 in colour, in ten classes.

50,000 are for training and 10,000 for testing. tinygan reads the "binary version": six files of
10,000 records each,

    1 byte        the class, 0 to 9
    1,024 bytes   red, row by row; then 1,024 of green, then 1,024 of blue

The files may be unpacked or in their archive. The "Python version" is pickled: reading it can run
any code that is in it, so it is refused.
Source: Krizhevsky 2009, "Learning multiple layers of features from tiny images"; the layout:
https://www.cs.toronto.edu/~kriz/cifar.html, section "Binary version".
"""

import gzip
import hashlib
import os
import tarfile

import numpy as np

from tinygan.data import gzip_errors
from tinygan.data.dataset import Dataset
from tinygan.data.idx_set import what_is_there
from tinygan.data.locations import cache_dir, locations
from tinygan.errors import UserError
from tinygan.files import reason

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)

FOLDER = "cifar-10-batches-bin"
ARCHIVE = "cifar-10-binary.tar.gz"
ARCHIVE_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"  # from the data set's own web page
PICKLED = ("cifar-10-batches-py", "cifar-10-python.tar.gz")
FILES = {
    "train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
    "test": ("test_batch.bin",),
}
RECORDS = 10_000  # in each file
SIZE = 32
RECORD_BYTES = 1 + 3 * SIZE * SIZE

_MOST_MEMBERS = 1000  # allowed in the archive, which has nine

WHERE = (
    f'the "CIFAR-10 binary version" ({ARCHIVE}) from https://www.cs.toronto.edu/~kriz/cifar.html'
)


def load(split, data_dir=None):
    """One split: images uint8 (N, 32, 32, 3), labels uint8 (N,). See data.load.

    origin says whether the archive is the official one, by its MD5. Another archive or unpacked
    files are accepted if their format is right; origin says that too. sha256 is that of the split's
    unpacked files, in their order.
    Raises UserError when the files are missing, of the wrong size, damaged or pickled.
    """
    folders = locations(data_dir, "cifar10")
    for folder in folders:
        for inner in (folder / FOLDER, folder):
            there = [name for name in FILES[split] if os.path.isfile(inner / name)]
            if there:
                return _read_folder(inner, split, there)
        if os.path.isfile(folder / ARCHIVE):
            return _read_archive(folder / ARCHIVE, split)
    for folder in folders:
        for name in PICKLED:
            if os.path.exists(folder / name):
                raise UserError(
                    f"{folder / name} is the pickled version of CIFAR-10, which can run code when "
                    f"it is read: get {WHERE} instead"
                )
    if data_dir is not None:
        raise UserError(
            f"no CIFAR-10 in {data_dir} ({what_is_there(data_dir)}): put {WHERE} there, still "
            "packed"
        )
    raise UserError(
        f"CIFAR-10 was not found: get {WHERE} and put it, still packed, into "
        f"{cache_dir() / 'cifar10'} or into a folder that you name with --data-dir"
    )


def _read_folder(folder, split, there):
    if missing := [name for name in FILES[split] if name not in there]:
        raise UserError(
            f"{folder} has only a part of CIFAR-10: {missing[0]} is missing; get {WHERE}"
        )
    contents = {}
    for name in there:
        path = folder / name
        try:
            with open(path, "rb") as file:
                found = os.fstat(file.fileno()).st_size
                contents[name] = file.read(_file_bytes()) if found == _file_bytes() else b""
        except OSError as error:
            raise UserError(f"cannot read {path}: {reason(error)}") from None
        _check_size(path, found)
        _check_size(path, len(contents[name]))
    origin = f"{folder}, unpacked, so not verified as the official files"
    return _dataset(folder, split, contents, origin)


def _read_archive(path, split):
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size > _most_bytes():
                raise UserError(f"{path} is too large to be {ARCHIVE}")
            start = file.read(2)
            if start != gzip_errors.MAGIC:
                raise UserError(
                    f"{path} is not a gzip file: it starts with {start.hex() or 'nothing'} instead "
                    f"of {gzip_errors.MAGIC.hex()}; get {WHERE}"
                )
            file.seek(0)
            official = hashlib.file_digest(file, _md5).hexdigest() == ARCHIVE_MD5
            file.seek(0)
            with gzip.GzipFile(fileobj=file) as unpacked:
                contents = _members(path, _Bounded(unpacked, _most_bytes()), FILES[split])
    except UserError:
        raise
    except gzip_errors.ERRORS as error:
        raise UserError(f"{path} {gzip_errors.what_is_wrong(error)}") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {reason(error)}") from None
    except Exception as error:  # tarfile and zlib raise many kinds of exception
        raise UserError(f"{path} is damaged: {error or type(error).__name__}") from None
    if missing := [name for name in FILES[split] if name not in contents]:
        raise UserError(f"{path} has no {FOLDER}/{missing[0]}: get {WHERE}")
    kind = "the official archive" if official else "not the official archive"
    return _dataset(path, split, contents, f"{path}, {kind}")


def _md5():
    return hashlib.md5(usedforsecurity=False)  # only to recognise the archive


def _members(path, stream, wanted):
    """{name: contents} of the wanted files in a tar stream; nothing is written to the disk."""
    contents = {}
    with tarfile.open(fileobj=stream, mode="r|", bufsize=1 << 20) as archive:
        for i, member in enumerate(archive):
            if i == _MOST_MEMBERS:
                raise ValueError(f"it has more than {_MOST_MEMBERS} members")
            folder, _, name = member.name.removeprefix("./").rpartition("/")
            if folder != FOLDER or name not in wanted:
                continue
            if not member.isreg() or member.issparse():
                raise UserError(f"{path} is altered: {name} in it is not a plain file")
            _check_size(f"{name} in {path}", member.size)
            contents[name] = archive.extractfile(member).read()
            _check_size(f"{name} in {path}", len(contents[name]))
            if len(contents) == len(wanted):
                break  # the rest need not be unpacked
    return contents


class _Bounded:
    """A stream that raises ValueError after `most` bytes: gzip can pack 1,000 bytes into one.

    It also raises after 16 reads at its end: tarfile reads on for all bytes that a header claims.
    """

    def __init__(self, stream, most):
        self.stream, self.left, self.patience = stream, most, 16

    def read(self, size):
        data = self.stream.read(min(size, self.left + 1))
        self.left -= len(data)
        if self.left < 0:
            raise ValueError("its contents are larger than the six files")
        self.patience -= not data
        if self.patience < 0:
            raise ValueError("it ends too early")
        return data


def _dataset(path, split, contents, origin):
    n, digest = len(contents) * RECORDS, hashlib.sha256()
    images, labels = np.empty((n, SIZE, SIZE, 3), np.uint8), np.empty(n, np.uint8)
    for i, name in enumerate(FILES[split]):
        part = slice(i * RECORDS, (i + 1) * RECORDS)
        records = np.frombuffer(contents[name], np.uint8).reshape(RECORDS, RECORD_BYTES)
        labels[part] = records[:, 0]
        planes = records[:, 1:].reshape(RECORDS, 3, SIZE, SIZE)
        images[part] = planes.transpose(0, 2, 3, 1)
        digest.update(contents[name])
        if labels[part].max() >= len(CLASSES):
            raise UserError(
                f"{name} in {path} is damaged: it has a label {labels[part].max()}, but labels "
                f"go from 0 to 9"
            )
    return Dataset("cifar10", images, labels, digest.hexdigest(), origin)


def _check_size(what, size):
    if size != _file_bytes():
        raise UserError(
            f"{what} is truncated or altered: it has {size:,} bytes instead of {_file_bytes():,}"
        )


def _file_bytes():
    return RECORDS * RECORD_BYTES


def _most_bytes():
    """The size limit of the archive, packed and unpacked: the six files and 1 MiB more."""
    return 6 * _file_bytes() + (1 << 20)
