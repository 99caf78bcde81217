"""Download a file over HTTP; it gets its name only when it is complete and verified."""

import contextlib
import gzip
import hashlib
import http.client
import os
import urllib.error
import urllib.request
import zlib
from pathlib import Path

from tinygan import files
from tinygan.errors import RunError, UserError
from tinygan.files import reason
from tinygan.progress import Progress

_CHUNK = 1 << 16


def fetch(url, path, sha256, max_bytes, *, timeout=30.0, progress=None):
    """Download the gzipped file at `url` to `path`, unless a verified one is already there.

    sha256: of the unpacked contents. max_bytes: the size limit, packed and unpacked. timeout:
    seconds to wait for the next byte. progress: a text stream, or None.
    The bytes are collected in a file beside `path` whose name ends in .part. If the connection
    breaks, this file stays, and the next call continues it if the server allows that. It is renamed
    to `path` only after its contents are verified; wrong contents are removed. While another
    process is at work on that file, this one collects its bytes in a file of its own.
    Returns whether anything was downloaded. Raises RunError when the download fails, UserError when
    `path` cannot be written or `url` is not an HTTP address.
    """
    path = Path(path)
    if not url.lower().startswith(("http://", "https://")):
        raise UserError(f"cannot download {url}: it should begin with https:// or http://")
    try:
        if path.is_file() and _sha256_of_gzip(path, max_bytes) == sha256:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        with _part_of(path) as part:
            _download(url, part, path.name, max_bytes, timeout, progress)
            if _sha256_of_gzip(part, max_bytes) != sha256:
                part.unlink()
                raise RunError(
                    f"the file from {url} is damaged or altered (its SHA-256 is wrong) and was "
                    "removed: try again, or name another source with --url"
                )
            with open(part, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(part, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {reason(error)}") from None
    return True


@contextlib.contextmanager
def _part_of(path):
    """The file in which this process alone collects the bytes: the .part file that an earlier call
    may have left, or one of its own while another process is at work on that."""
    part = path.with_name(path.name + ".part")
    if os.name == "nt":  # there are no locks, and an open file cannot be renamed
        yield part
        return
    with open(part, "ab") as file:
        if files.lock(file.fileno()) and os.fstat(file.fileno()).st_nlink:
            try:
                yield part
            finally:
                if part.exists() and part.stat().st_size == 0:
                    part.unlink()
            return
    part, file = files.own_file(path)
    with file:
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)


def _download(url, part, name, max_bytes, timeout, progress):
    """Append the missing rest of the file at `url` to `part`; the progress line calls it `name`."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "tinygan"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        request = urllib.request.Request(url, headers=headers)
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # no more bytes: `part` is complete, or another file
            return
        raise RunError(
            f"{url} answered {error.code} {error.reason}: is the address right?"
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: an invalid URL
        cause = getattr(error, "reason", None) or error
        raise RunError(f"cannot reach {url} ({cause}): is there a network?") from None
    with response:
        if response.status != 206:  # the server sends the whole file again
            have = 0
        total = None if response.length is None else have + response.length
        if (total or 0) > max_bytes:
            raise RunError(f"{url} announces {total:,} bytes, more than this file can have")
        with open(part, "ab" if have else "wb") as file:
            done = _copy(url, response, file, have, total, max_bytes, name, progress)
    if done > max_bytes:
        part.unlink()
        raise RunError(f"{url} sends more than the {max_bytes:,} bytes this file can have")
    if total is not None and done < total:
        raise RunError(
            f"the connection to {url} broke after {done:,} of {total:,} bytes: run the same "
            "command again to continue"
        )


def _copy(url, response, file, done, total, max_bytes, name, progress):
    """Append the body to `file` until it is larger than max_bytes. Returns the size of `file`."""
    line, finished = Progress(stream=progress, quiet=progress is None), False
    try:
        while not finished and done <= max_bytes:
            chunk = _read(url, response, file, done)
            finished = not chunk
            done += file.write(chunk)
            if finished or line.due():
                of = f" of {total / 1e6:.1f}" if total else ""
                line.show(f"{name}  {done / 1e6:.1f}{of} MB", final=finished)
    finally:
        line.close()
    return done


def _read(url, response, file, done):
    try:
        return response.read(_CHUNK)
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a bad chunk
        if isinstance(error, http.client.IncompleteRead):
            done += file.write(error.partial)
        raise RunError(
            f"the connection to {url} broke after {done:,} bytes ({error}): run the same "
            "command again to continue"
        ) from None


def _sha256_of_gzip(path, max_bytes):
    """SHA-256 of the unpacked contents, or None if they are damaged or larger than max_bytes."""
    digest, size = hashlib.sha256(), 0
    with contextlib.suppress(EOFError, gzip.BadGzipFile, zlib.error), gzip.open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > max_bytes:
                return None
            digest.update(chunk)
        return digest.hexdigest()
    return None
