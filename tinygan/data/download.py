"""Fetch a file over HTTP so that only a whole and verified one ever gets its name."""

import contextlib
import gzip
import hashlib
import http.client
import os
import urllib.error
import urllib.request
import zlib
from pathlib import Path

from tinygan.errors import RunError, UserError
from tinygan.files import reason
from tinygan.progress import Progress

_CHUNK = 1 << 16


def fetch(url, path, sha256, max_bytes, *, timeout=30.0, progress=None):
    """Download the gzipped file at `url` to `path`, unless it is there already and good.

    sha256: of the unpacked contents. max_bytes: no more is accepted, packed or unpacked. timeout:
    seconds without a byte. progress: a text stream, or None.
    The bytes gather in a file beside `path` whose name ends in .part. A connection that breaks
    leaves it there, and the next call goes on from its end if the server allows it. Only when the
    contents are verified does it get its name; contents that are wrong are removed.
    Returns whether anything had to be downloaded. Raises RunError when that fails, UserError when
    `path` cannot be written.
    """
    path = Path(path)
    part = path.with_name(path.name + ".part")
    if not url.lower().startswith(("http://", "https://")):
        raise UserError(f"cannot download {url}: it should begin with https:// or http://")
    try:
        if path.is_file() and _sha256_of_gzip(path, max_bytes) == sha256:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(url, part, max_bytes, timeout, progress)
        if _sha256_of_gzip(part, max_bytes) != sha256:
            part.unlink()
            raise RunError(
                f"what {url} sent is damaged or altered (its SHA-256 is wrong), so it was removed: "
                "try again, or name another source with --url"
            )
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {reason(error)}") from None
    return True


def _download(url, part, max_bytes, timeout, progress):
    """Append to `part` what is missing of the file at `url`."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "tinygan"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        request = urllib.request.Request(url, headers=headers)
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # nothing behind what we have: whole, or not the same file
            return
        raise RunError(
            f"{url} answered {error.code} {error.reason}: is the address right?"
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a wrong URL
        cause = getattr(error, "reason", None) or error
        raise RunError(f"cannot reach {url} ({cause}): is there a network?") from None
    with response:
        if response.status != 206:  # the server sends the whole file again
            have = 0
        total = None if response.length is None else have + response.length
        if (total or 0) > max_bytes:
            raise RunError(f"{url} announces {total:,} bytes, more than this file can have")
        with open(part, "ab" if have else "wb") as file:
            done = _copy(url, response, file, have, total, max_bytes, progress)
    if done > max_bytes:
        part.unlink()
        raise RunError(f"{url} sends more than the {max_bytes:,} bytes this file can have")
    if total is not None and done < total:
        raise RunError(
            f"the connection to {url} broke after {done:,} of {total:,} bytes: the same command "
            "goes on from there"
        )


def _copy(url, response, file, done, total, max_bytes, progress):
    """Append the body to `file`, up to the first bytes beyond max_bytes. Returns file's size."""
    name, finished = Path(file.name).name.removesuffix(".part"), False
    line = Progress(stream=progress, quiet=progress is None)
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
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a wrong chunk
        if isinstance(error, http.client.IncompleteRead):
            done += file.write(error.partial)
        raise RunError(
            f"the connection to {url} broke after {done:,} bytes ({error}): the same command "
            "goes on from there"
        ) from None


def _sha256_of_gzip(path, max_bytes):
    """SHA-256 of the unpacked contents, or None when they are damaged or above max_bytes."""
    digest, size = hashlib.sha256(), 0
    with contextlib.suppress(EOFError, gzip.BadGzipFile, zlib.error), gzip.open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > max_bytes:
                return None
            digest.update(chunk)
        return digest.hexdigest()
    return None
