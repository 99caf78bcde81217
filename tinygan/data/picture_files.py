"""The picture files in a folder or in a .zip, and what lies beside them and is passed over.

Hidden files and folders, and those of helpers (.ipynb_checkpoints, __MACOSX, @eaDir, …), hold
copies, previews and what was thrown away: they are no part of the pictures, unless such a folder is
itself the one that was named. Links to files are followed inside the folder only, links to folders
not at all.

Archives are not trusted: members are unpacked in memory only, and their size is checked before.
Nothing here decodes a picture.
"""

import contextlib
import os
import re
import stat
import zipfile
from collections import Counter
from pathlib import Path

from tinygan.errors import UserError, shown
from tinygan.files import reason

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
HELPERS = {
    "__macosx",
    "@eadir",
    "#recycle",
    "@recycle",
    "@recently-snapshot",
    "$recycle.bin",
    "lost+found",
    "thumbs.db",
}

MAX_FILE = 50_000_000  # bytes of one picture's file, unpacked
MAX_PICTURES = 1_000_000

# The kinds of what is passed over, as in "97 of kinds that are not read".
OTHER = "of kinds that are not read"
HIDDEN = "hidden"
OUTSIDE = "that are links out of the folder"
NOWHERE = "that are links to nothing"
UNREADABLE = "that may not be read"
NOT_FILES = "that are not plain files"


@contextlib.contextmanager
def open_pictures(path):
    """A context manager that yields the picture files in a folder (any depth) or a .zip.

    What it yields has the attributes path; names, of the files, sorted; identity, which changes
    when a file does; and passed_over, a PassedOver. Its read(name) returns the bytes of a file, or
    raises an exception of any kind when it cannot be read or has too many.
    Raises UserError when the path cannot be read, and for no or too many pictures.
    """
    path = Path(path)
    with contextlib.closing(_Folder(path) if _is_folder(path) else _Zip(path)) as source:
        n = len(source.names)
        if n == 0:
            beside = f"; passed over {source.passed_over}" if source.passed_over else ""
            raise UserError(f"no images in {path}: only {', '.join(SUFFIXES)} are used{beside}")
        if n > MAX_PICTURES:
            raise UserError(
                f"{path} has {n:,} images, more than the {MAX_PICTURES:,} that are allowed: split "
                "it"
            )
        yield source


class PassedOver:
    """What is there and not used, counted by kind. str(): "98 of kinds … (.tif 97, .gif)"."""

    def __init__(self):
        self._kinds = {}  # kind: a Counter of what it consists of

    def add(self, kind, what):
        """what: the name, or what many of this kind have in common."""
        self._kinds.setdefault(kind, Counter())[what] += 1

    def __bool__(self):
        return bool(self._kinds)

    def __str__(self):
        by_number = sorted(self._kinds.items(), key=lambda item: (-item[1].total(), item[0]))
        return "; ".join(f"{c.total():,} {kind} ({_listed(c)})" for kind, c in by_number)


class Skipped:
    """Pictures that cannot be used, and why. str() counts them and names the first three."""

    def __init__(self, source):
        self._n, self._first, self._of = 0, [], len(source.names)

    def add(self, name, error):
        """error: the exception that reading or decoding the file has raised."""
        self._n += 1
        self._first.append(f"{shown(name)} ({shown(_why(error))})")
        del self._first[3:]

    def __bool__(self):
        return self._n > 0

    def __str__(self):
        more = "; …" * (self._n > 3)
        first = "; ".join(self._first)
        return f"{self._n:,} of {self._of:,} files that cannot be used: {first}{more}"


class _Folder:
    def __init__(self, path):
        self.path, self.passed_over = path, PassedOver()
        self._root = os.path.realpath(path)
        self._files = {}
        for folder, folders, names in os.walk(self._root, onerror=self._cannot_list):
            folders.sort()  # the order of the walk
            for name in folders:
                full = os.path.join(folder, name)
                if os.path.islink(full) and not self._inside(full):  # os.walk follows none
                    self._pass_over(OUTSIDE, full)
            for name in sorted(names):
                full = os.path.join(folder, name)
                relative = os.path.relpath(full, self._root)
                if _is_picture(relative, self.passed_over) and (found := self._look_at(full)):
                    self._files[relative] = (full, found.st_size, found.st_mtime_ns)
        self.names = sorted(self._files)
        self.identity = [self._root, *((name, *self._files[name][1:]) for name in self.names)]

    def read(self, name):
        with open(self._files[name][0], "rb") as file:
            return _up_to_limit(file)

    def close(self):
        pass

    def _look_at(self, path):
        """os.stat of a plain file, inside the folder when links are resolved; else None."""
        link = os.path.islink(path)
        try:
            found = os.stat(path)
        except OSError:
            return self._pass_over(NOWHERE if link else UNREADABLE, path)
        if link and not self._inside(path):
            return self._pass_over(OUTSIDE, path)
        if not stat.S_ISREG(found.st_mode):
            return self._pass_over(NOT_FILES, path)
        return found

    def _cannot_list(self, error):
        if error.filename == self._root:
            raise UserError(f"cannot read {self.path}: {reason(error)}") from None
        self._pass_over(UNREADABLE, error.filename)

    def _pass_over(self, kind, path):
        name = os.path.relpath(path, self._root)
        if not _hidden_part(name):
            self.passed_over.add(kind, name)

    def _inside(self, link):
        return Path(os.path.realpath(link)).is_relative_to(self._root)


class _Zip:
    def __init__(self, path):
        self.path, self.passed_over = path, PassedOver()
        try:
            found = os.stat(path)
            if not stat.S_ISREG(found.st_mode):
                raise ValueError("it is not a plain file")
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise UserError(f"cannot read {path}: {reason(error)}") from None
        except Exception as error:  # zipfile raises many kinds of exception
            text = str(error) or type(error).__name__
            raise UserError(f"{path} is neither a folder nor a valid .zip file: {text}") from None
        self._infos = {  # of equal names the last one
            info.filename: info
            for info in self._zip.infolist()
            if not info.filename.endswith("/") and _is_picture(info.filename, self.passed_over)
        }
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

    def close(self):
        self._zip.close()


def _is_folder(path):
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except PermissionError as error:
        raise UserError(f"cannot read {path}: {reason(error)}") from None
    except (OSError, ValueError):
        where = "" if path.is_absolute() else f" in {os.getcwd()}"
        raise UserError(
            f"there is no {path}{where}: name a folder of images, or a .zip of images"
        ) from None


def _is_picture(name, passed_over):
    """Whether a file is a picture that counts, by its relative name; if not, it is noted."""
    right, hidden = name.lower().endswith(SUFFIXES), _hidden_part(name)
    if hidden and right:
        passed_over.add(HIDDEN, hidden)
    elif not hidden and not right:
        passed_over.add(OTHER, os.path.splitext(name)[1].lower() or "without a suffix")
    return right and not hidden


def _hidden_part(name):
    """The first part of a relative name that is hidden, or of a helper; None where none is."""
    for part in re.split(r"[/\\]", name):
        if part.lower() in HELPERS or (part.startswith(".") and part not in (".", "..")):
            return part
    return None


def _up_to_limit(file):
    data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise ValueError(f"more than {MAX_FILE:,} bytes")
    return data


def _listed(counts):
    """The most frequent five, with their numbers."""
    first = (shown(what) + f" {n:,}" * (n > 1) for what, n in counts.most_common(5))
    return ", ".join(first) + ", …" * (len(counts) > 5)


def _why(error):
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):  # its message names an object in memory
        return "not a JPEG, PNG, BMP or WebP picture"
    if isinstance(error, OSError) and error.strerror:
        return reason(error)
    return str(error) or type(error).__name__
