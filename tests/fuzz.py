"""python tests/fuzz.py: read very many damaged files, and see that each is read or refused well.

Each input is one seed, a few small files as tinygan and others really write them, with some of its
bytes, values or parts changed, often so that checksums are right again and the change reaches the
code behind them. An input depends on (--seed, target, number) alone: --only NUMBER makes it again.

A parser that is given such files has to return, or to raise a UserError or RunError whose text is
one printable line of at most 1,000 characters, within 10 seconds and 512 MB. All else is a finding:
another exception, a warning, other output, a process that dies or does not answer.

Each target runs in a child process, so that one that dies ends nothing but that input. Linux only.
"""

import argparse
import ast
import bz2
import contextlib
import dataclasses
import functools
import gzip
import hashlib
import io
import json
import mmap
import os
import random
import re
import resource
import shutil
import signal
import struct
import sys
import tarfile
import tempfile
import time
import traceback
import unicodedata
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import small_pictures as small
from PIL import Image

from tinygan import data, nn, npz, plots, recipes, train
from tinygan.data import cifar10, download, faces_cache, fashion_mnist, idx
from tinygan.data.decode import colour
from tinygan.data.picture_files import open_pictures
from tinygan.errors import RunError, UserError
from tinygan.evaluation import comparison, measure_file, protocol
from tinygan.evaluation.measure_run import evaluate_run, measured_against
from tinygan.evaluation.report import comparison_table, table
from tinygan.evaluation.result import read_evaluation
from tinygan.models.conditional import Conditional
from tinygan.recipes import trained_model
from tinygan.recipes.settings import settings
from tinygan.runs import config as config_file
from tinygan.runs import tables
from tinygan.runs.run import Run

SECONDS, MEGABYTES, LETTERS = 10.0, 512, 1000  # of an input: time, memory, length of a sentence
PATIENCE = 3  # a child that has not answered for so many times SECONDS is ended
MOST_KEPT = 200  # findings of a target that are described; more are only counted


@dataclass(frozen=True)
class Seed:
    """Good files, and how they are read.

    files: {relative path: bytes}. read: called with the folder that they are in. change: the names
    of the files that are changed; all of them when left out. repair: called with the changed files,
    makes them belong together again; half of the inputs are repaired.
    """

    files: dict
    read: Callable
    change: tuple = ()
    repair: Callable | None = None


def make_input(target, seeds, seed, number):
    """({relative path: bytes}, read) of the input with this number."""
    rng = random.Random(f"{seed} {target} {number}")
    chosen, other = rng.choice(seeds), rng.choice(seeds)
    files, names = dict(chosen.files), chosen.change or tuple(chosen.files)
    for name in rng.sample(names, 1 if rng.random() < 0.8 else rng.randint(1, len(names))):
        another = other.files.get(name) or rng.choice(list(other.files.values()))
        fate = rng.random()
        if fate < 0.005:
            files.pop(name, None)
        elif fate < 0.02:
            files[name] = another
        else:
            files[name] = changed(rng, name, files.get(name, b""), another)
    if chosen.repair and rng.random() < 0.5:
        chosen.repair(files)
    return files, chosen.read


# Changes. Each function takes (rng, data, other): bytes, and the bytes of another file of the kind.


def changed(rng, name, data, other):
    """The bytes of a file with some of them changed, by a way that suits its name."""
    for ending, change in _BY_ENDING.items():
        if name.endswith(ending) and rng.random() < 0.9:
            return change(rng, data, other)
    return changed_bytes(rng, data, other)


def changed_bytes(rng, data, other=b""):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 6))):
        rng.choice(_BYTE_CHANGES)(rng, data, other)
    return bytes(data)


def _place(rng, data):
    """A position in the bytes: often near the beginning or the end, where headers are."""
    n, where = len(data), rng.random()
    if n == 0 or where < 0.4:
        return rng.randrange(min(n, 64) or 1)
    return n - 1 - rng.randrange(min(n, 128)) if where < 0.6 else rng.randrange(n)


def _length(rng):
    return rng.choice((1, 1, 2, 3, 4, 8, 16, 64, 300))


def _flip_a_bit(rng, data, other):
    if data:
        data[_place(rng, data)] ^= 1 << rng.randrange(8)


def _set_a_byte(rng, data, other):
    if data:
        data[_place(rng, data)] = rng.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF))


def _set_a_number(rng, data, other):
    at, size = _place(rng, data), rng.choice((1, 2, 4, 8))
    value = rng.choice(_WHOLE_NUMBERS) % (1 << 8 * size)
    data[at : at + size] = value.to_bytes(size, rng.choice(("big", "little")))


def _set_noise(rng, data, other):
    at, n = _place(rng, data), _length(rng)
    data[at : at + n] = rng.randbytes(n)


def _truncate(rng, data, other):
    del data[_place(rng, data) :]


def _extend(rng, data, other):
    n = _length(rng)
    data += rng.choice((rng.randbytes(n), bytes(n), bytes(data[-n:])))


def _delete(rng, data, other):
    at = _place(rng, data)
    del data[at : at + _length(rng)]


def _duplicate(rng, data, other):
    at = _place(rng, data)
    data[at:at] = data[at : at + _length(rng)] * rng.choice((1, 1, 2, 50))


def _swap(rng, data, other):
    a, b, n = _place(rng, data), _place(rng, data), _length(rng)
    data[a : a + n], data[b : b + n] = data[b : b + n], data[a : a + n]


def _splice(rng, data, other):
    data[_place(rng, data) :] = other[_place(rng, other) :]


_BYTE_CHANGES = (
    *(_flip_a_bit, _set_a_byte, _set_a_byte, _set_a_number, _set_a_number, _set_noise),
    *(_truncate, _extend, _delete, _duplicate, _swap, _splice),
)
_WHOLE_NUMBERS = (
    *(0, 1, 2, 3, 7, 8, 16, 64, 100, 127, 128, 255, 256, 1000, 4096, 16383, 16384, 32767, 32768),
    *(65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, -1, -2, -16),
)


# Text: JSON and CSV

_NUMBERS = (
    "0 -0 1 -1 2 3 10 255 256 4096 0.5 -0.5 0.0 1.0 2.0 1e-320 1e38 3.5e38 1e308 -1e308 1e999 "
    "-1e999 NaN Infinity -Infinity 2147483648 9223372036854775807 9223372036854775808 "
    "-9223372036854775809 18446744073709551616 340282366920938463463374607431768211456 1000000000 "
    "1000000001 1e9 3e-5 1E+2"
).split()
_LONG_NUMBERS = ["9" * 400, "-" + "9" * 4299, "9" * 5000, "0." + "1" * 9000, "1" * 300 + ".5"]
_TEXTS = (
    r"|x|0|1|-1|1e999|nan|inf|None|true|a b|\u0000|a\u0000b|\ud800|\udfff\ud800|a\nb|\r\n|\u001b[2J"
    r"|\u2028|\u202e|\ufeff|é|漢字|🙂|\u0301|'|\"|\\|%s|{0}|../..|/etc/passwd|.|full|diag|tied|bce"
    r"|gmm|normal|0,1|0,0|256|dcgan|vae|cgan|classifier|gmm|numpy|cupy|auto|fashion-mnist|idx"
    r"|fashion-mnist-subset|faces|cifar10|test|train|PCG64|MT19937|white|#12|#ffffff80|$x_1$|\\frac"
).split("|")
_LONG_TEXTS = ["x" * 5000, "x" * 100_000, r"\n" * 3000, r"\u0007" * 2000, "字" * 500, r"\\" * 5000]
_CONSTANTS = ["null", "true", "false", "[]", "{}", "[null]", "[[[]]]", '{"a": {}}', "[1, 2, 3]"]
_DEEP = [
    *("[" * n + "]" * n for n in (90, 300, 900, *range(930, 1000, 6), 4000, 100_000)),
    *('{"a": ' * n + "1" + "}" * n for n in (300, 900, *range(930, 1000, 6))),
    *("[" * 100_000, '{"a":' * 100_000),
]


class Table(list):
    """A JSON object as a list of [key, value]. Its texts, like all others here, are as in the file:
    so it may hold a key twice, and what json.dumps would not write."""


def changed_json(rng, data, other):
    tree, another = _parsed(data), _parsed(other)
    if tree is None or rng.random() < 0.1:
        return changed_bytes(rng, data, other)
    root = [_copied(tree)]
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        _change_tree(rng, root, another)
    data = ", ".join(map(_written, root)).encode()
    return changed_bytes(rng, data, other) if rng.random() < 0.05 else data


@functools.lru_cache(200)
def _parsed(data):
    """The bytes of a JSON file as a tree of Tables, lists and texts; None when it is none."""
    try:
        return _as_texts(json.loads(data, object_pairs_hook=Table))
    except (ValueError, RecursionError):
        return None


def _as_texts(value):
    if isinstance(value, Table):
        return Table([json.dumps(key), _as_texts(inner)] for key, inner in value)
    if isinstance(value, list):
        return [_as_texts(inner) for inner in value]
    return json.dumps(value)


def _copied(tree):
    if isinstance(tree, Table):
        return Table([key, _copied(inner)] for key, inner in tree)
    return [_copied(inner) for inner in tree] if isinstance(tree, list) else tree


def _written(tree):
    if isinstance(tree, Table):
        return "{" + ", ".join(f"{key}: {_written(inner)}" for key, inner in tree) + "}"
    return "[" + ", ".join(map(_written, tree)) + "]" if isinstance(tree, list) else tree


def _places(tree):
    """(container, index) of every value in a tree."""
    for i, inner in enumerate(tree):
        yield tree, i
        inner = inner[1] if isinstance(tree, Table) else inner
        if isinstance(inner, list):
            yield from _places(inner)


def _get(place):
    container, i = place
    return container[i][1] if isinstance(container, Table) else container[i]


def _put(place, value):
    container, i = place
    container[i] = [container[i][0], value] if isinstance(container, Table) else value


def _change_tree(rng, root, another):
    places = list(_places(root))
    if not places:
        return
    place = container, i = rng.choice(places)
    what = rng.random()
    if what < 0.5:
        _put(place, _strange(rng, _get(place)))
    elif what < 0.6:
        del container[i]
    elif what < 0.7:  # twice: the last one counts
        container.insert(i, container[i])
        _put((container, rng.choice((i, i + 1))), _strange(rng, _get(place)))
    elif what < 0.8:
        also = rng.choice(places)
        one, two = _get(place), _get(also)
        _put(place, _copied(two))
        _put(also, _copied(one))
    elif what < 0.85 and isinstance(container, Table):
        container[i] = [_quoted(rng), container[i][1]]
    elif what < 0.9:
        _put(place, [_get(place)])
    elif another is not None:
        _put(place, _copied(_get(rng.choice(list(_places([another]))))))


def _strange(rng, value):
    """Another value for a place in a JSON file."""
    what = rng.random()
    if what < 0.25 and isinstance(value, str) and re.fullmatch(r"-?\d{1,20}(\.\d+)?", value):
        number = float(value) if "." in value else int(value)
        near = (number + 1, number - 1, -number, 2 * number, float(number), f'"{number}"', number)
        return str(rng.choice(near))
    if what < 0.45:
        return rng.choice(_NUMBERS)
    if what < 0.7:
        return _quoted(rng)
    if what < 0.85:
        return rng.choice(_CONSTANTS)
    return rng.choice(_LONG_NUMBERS if what < 0.95 else _DEEP)


def _quoted(rng):
    return f'"{rng.choice(_TEXTS if rng.random() < 0.8 else _LONG_TEXTS)}"'


def changed_csv(rng, data, other):
    if rng.random() < 0.2:
        return changed_bytes(rng, data, other)
    rows = [line.split(b",") for line in data.split(b"\n")]
    for _ in range(rng.choice((1, 1, 2, 3))):
        row = rng.choice(rows)
        what = rng.random()
        if what < 0.6 and row:
            row[rng.randrange(len(row))] = _field(rng)
        elif what < 0.7 and row:
            del row[rng.randrange(len(row))]
        elif what < 0.8:
            row.insert(rng.randint(0, len(row)), _field(rng))
        elif what < 0.9:
            rows.insert(rng.randint(0, len(rows)), list(row))
        else:
            row[:] = []
    end = b"\n" if rng.random() < 0.9 else rng.choice((b"\r\n", b"\r", b"\n\n", b"\0", b",\n"))
    return end.join(b",".join(row) for row in rows)


def _field(rng):
    if rng.random() < 0.6:
        return rng.choice(_NUMBERS).encode()
    texts = ('"', '""', '"a\nb"', "\0", "\ud800", "1_0", " 1 ", "١", "x" * 200_000, "9" * 5000)
    return rng.choice((*texts, *_LONG_NUMBERS)).encode(errors="surrogatepass")


# Arrays: .npy and .npz

_DTYPES = (
    "'<f4' '<f8' '>f4' '<f2' '<c8' '|u1' '|i1' '|b1' '<i4' '<i8' '<u8' '|O' '|V1' '|V0' "
    "'|S0' '|S3' '<U1' '<M8[ns]' '<m8' '<M8[1000000000000s]' '<f16' 'f' 'a4' '' '|' 'object' "
    "'(2,)f4' 'f4,f4' '<i3' '0f4' 5 None [] () {} b'<f4' [('a','<f4')] [('a','|O')] "
    "[('a','|V0')] [('a','<f4'),('a','<f4')] [('a',[('b','|u1')])] [('','|u1',(2,2))] "
    "[('a','|u1',(99999999999,))]"
).split()
_SHAPES = (
    "() (0,) (1,) (2,) (-1,) (-1,-1) (0,0,0,0) (1,1,1,1) (True,) (1.5,) (None,) ('a',) ((1,),) [1] "
    "1 None (3L,) (1,)*9 (2147483648,) (4294967296,4294967296) (9223372036854775807,) "
    "(9223372036854775808,) (18446744073709551616,) (0,9223372036854775808) (1000000000,28,28,1) "
    "(536870912,) (1e3,) (0x10,) (1_0,) (1,2,3,4,5,6,7,8,9)"
).split()
_SHAPES += ["(" + "1," * n + ")" for n in (33, 65, 4000)] + ["(" * n + "1" for n in (150, 9000)]


def changed_npy(rng, data, other):
    parts = _npy_parts(data)
    what = rng.random()
    if parts is None or what < 0.1:
        return changed_bytes(rng, data, other)
    fields, body = dict(parts[0]), parts[1]
    if what < 0.35:
        for name in rng.sample(list(fields), rng.choice((1, 1, 1, 2))):
            fields[name] = _strange_field(rng, name)
        if rng.random() < 0.1:
            del fields[rng.choice(list(fields))]
        return _npy(_header(fields), body)
    if what < 0.45:
        text = changed_bytes(rng, _header(fields).encode(), b"").decode("latin1")
        return _npy(text, body)
    if what < 0.6:  # another array, and a right one
        dtype, shape = rng.choice(("<f4", "<f8", "|u1", "<i8", "|b1")), [rng.randint(0, 4)]
        shape = tuple(shape * rng.randint(0, 4))
        fields |= {"descr": repr(dtype), "shape": repr(shape)}
        size = np.dtype(dtype).itemsize * int(np.prod(shape))
        return _npy(_header(fields), rng.choice((bytes(size), rng.randbytes(size))))
    if what < 0.9:
        return _npy(_header(fields), _with_values(rng, body, fields.get("descr", "")))
    if what < 0.97:
        return _npy(_header(fields), changed_bytes(rng, body))
    return _npy(_header(fields), body, version=rng.choice(((0, 0), (2, 0), (3, 0), (1, 1), (9, 9))))


@functools.lru_cache(400)
def _npy_parts(data):
    """({name: text} of a .npy file's header, its body); None when it is not one."""
    try:
        end = 10 + int.from_bytes(data[8:10], "little")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what Python thinks of such a text
            fields = ast.literal_eval(data[10:end].decode("latin1"))
        return {name: repr(value) for name, value in fields.items()}, data[end:]
    except (ValueError, SyntaxError, AttributeError, TypeError, MemoryError, RecursionError):
        return None


def _npy(header, body, version=(1, 0)):
    header = header.encode("latin1", "replace") + b"\n"
    size = struct.pack("<H" if version == (1, 0) else "<I", len(header) % 65536)
    return b"\x93NUMPY" + bytes(version) + size + header + body


def _header(fields):
    return "{" + ", ".join(f"{name!r}: {text}" for name, text in fields.items()) + ", }"


def _strange_field(rng, name):
    if name == "fortran_order":
        return rng.choice(("True", "False", "None", "1", "2", "[]"))
    return rng.choice(_DTYPES if name == "descr" else _SHAPES)


def _with_values(rng, body, descr):
    """The body of an array with some numbers replaced by extreme ones."""
    if not re.fullmatch("'[<|]([iu][1248]|f[248])'", descr):
        return changed_bytes(rng, body)
    dtype = np.dtype(descr[1:-1])
    array = np.frombuffer(body, dtype, len(body) // dtype.itemsize).copy() if body else body
    if len(array) == 0:
        return body
    real = array.dtype.kind in "fc"
    info = np.finfo(array.dtype) if real else np.iinfo(np.int64)
    values = [np.nan, np.inf, -np.inf, 1e30, -1e30, info.tiny] if real else [2**31, -(2**31)]
    value = rng.choice([*values, info.max, info.min, 0, 1, -1, -2])
    with np.errstate(all="ignore"):
        value = np.array(value).astype(array.dtype)
    n = rng.choice((1, 1, 2, len(array)))
    array[[rng.randrange(len(array)) for _ in range(n)] if n < len(array) else slice(None)] = value
    return array.tobytes()


def changed_npz(rng, data, other):
    """Also of tinygan's own kind, which ends with its SHA-256: that is mostly made right again."""
    ours, what = _is_sealed(data), rng.random()
    if what < 0.05:
        return changed_bytes(rng, data, other)
    if what < 0.2:
        data = changed_bytes(rng, data[:-64], other) + data[-64:]
    else:
        members = list(_members(data) or ())
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            _change_members(rng, members, _members(other) or (), _changed_array)
        data = zip_of(members, b"0" * 64 if ours else b"")
    return _sealed(data) if ours else data


def _changed_array(rng, name, body, other):
    if name != "meta.npy" or rng.random() < 0.1:
        return changed_npy(rng, body, other)
    parts, others = _npy_parts(body), _npy_parts(other)
    if parts is None:
        return changed_bytes(rng, body)
    return _meta(changed_json(rng, parts[1], others[1] if others else b""))


def _meta(text):
    """A .npy file of the bytes of a JSON text."""
    return _npy(_header({"descr": "'|u1'", "fortran_order": "False", "shape": (len(text),)}), text)


def _is_sealed(data):
    return data[-64:] == hashlib.sha256(data[:-64]).hexdigest().encode()


def _sealed(data):
    return data[:-64] + hashlib.sha256(data[:-64]).hexdigest().encode()


# Archives: zip, gzip, tar

_STORED, _DEFLATED, _BZIP2, _LZMA = 0, 8, 12, 14
_NAMES = (
    *("", ".", "..", "/", "../x.png", "/x.png", "C:\\x.png", "a\\..\\b.png", ".x.png"),
    *("__MACOSX/x.png", "@eaDir/x.png", "x.tif", "x.PNG", "x.jpg/", "x", "x\n.png", "x\x1b[2J.png"),
    *("\u202e.png", "é.png", "\udcff.png", "a" * 300 + ".png", "b" * 60_000 + ".png", "x\0y.png"),
    *("meta.npy", "meta", "images.npy", "arr_0.npy", "history.npy", "\x1b[2J.npy", "\n.npy"),
)


@functools.lru_cache(200)
def _members(data):
    """((name, body), …) of a zip archive; None when it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return tuple((i.filename, archive.read(i)) for i in archive.infolist())
    except Exception:  # zipfile raises many kinds
        return None


def _change_members(rng, members, others, change):
    """Change a list of (name, body[, method]). change: (rng, name, body, another body) -> body."""
    what = rng.random()
    if not members or what < 0.05:
        if others:
            members.insert(rng.randint(0, len(members)), rng.choice(others))
        return
    i = rng.randrange(len(members))
    if rng.random() < 0.35:  # often the one that says most
        i = next((j for j, member in enumerate(members) if member[0] == "meta.npy"), i)
    name, body = members[i][:2]
    another = next((b for n, b in others if n == name), rng.choice(others)[1] if others else b"")
    if what < 0.1:
        del members[i]
    elif what < 0.15:
        members.insert(rng.randint(0, len(members)), (name, change(rng, name, body, another)))
    elif what < 0.2:
        members[i] = (rng.choice((*_NAMES, *(m[0] for m in others))), body)
    elif what < 0.25:
        j = rng.randrange(len(members))
        members[i], members[j] = (name, members[j][1]), (members[j][0], body)
    elif what < 0.3:
        members[i] = (name, body, rng.choice((_DEFLATED, _DEFLATED, _BZIP2, _LZMA, 99)))
    else:
        members[i] = (name, change(rng, name, body, another))


def zip_of(members, comment=b""):
    """The bytes of a zip archive. members: (name, body[, method]), stored where no method is named.

    Faster than zipfile, and it writes what that refuses to.
    """
    local, directory, at = [], [], 0
    for name, body, *method in members:
        name, method = name.encode("utf-8", "surrogateescape")[:65535], (*method, _STORED)[0]
        packed = {_DEFLATED: _deflated, _BZIP2: bz2.compress}.get(method, bytes)(body)
        sizes = zlib.crc32(body), len(packed), len(body), len(name), 0
        about = struct.pack("<HHHHHIIIHH", 20, 0x800, method, 0, 0x21, *sizes)
        local += [b"PK\3\4", about, name, packed]
        directory += [b"PK\1\2\x14\0", about, struct.pack("<HHHII", 0, 0, 0, 0, at), name]
        at += 30 + len(name) + len(packed)
    directory, n = b"".join(directory), len(members) % 65536
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, n, n, len(directory), at, len(comment))
    return b"".join([*local, directory, end, comment])


def _deflated(body):
    packer = zlib.compressobj(1, wbits=-15)
    return packer.compress(body) + packer.flush()


def changed_zip(rng, data, other):
    """Of pictures."""
    if rng.random() < 0.2:
        return changed_bytes(rng, data, other)
    members = list(_members(data) or ())
    for _ in range(rng.choice((1, 1, 2, 3))):
        _change_members(rng, members, _members(other) or (), changed)
    data = zip_of(members)
    if rng.random() < 0.3:  # the directory at the end
        size = min(len(data), 22 + 50 * len(members))
        data = data[:-size] + changed_bytes(rng, data[-size:], other)
    return data


def changed_gzip(rng, data, other):
    inner, another, what = _unpacked(data), _unpacked(other), rng.random()
    if inner is None or what < 0.2:
        return changed_bytes(rng, data, other)
    if what < 0.3:  # the compressed bytes, with a trailer that fits them
        return _with_trailer(data[:10] + changed_bytes(rng, data[10:-8], other))
    if what < 0.4:
        behind = (other, data, bytes(_length(rng)), rng.randbytes(_length(rng)), b"\x1f\x8b")
        return data + rng.choice(behind)
    change = changed_tar if inner[257:262] == b"ustar" else changed_bytes
    return gzip.compress(change(rng, inner, another or b""), 1, mtime=0)


@functools.lru_cache(100)
def _unpacked(data):
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None


def _with_trailer(data):
    """A gzip file without its last eight bytes -> with those that fit what it holds."""
    try:
        inner = zlib.decompressobj(-15).decompress(data[10:], 1 << 24)
    except zlib.error:
        inner = b""
    return data + struct.pack("<II", zlib.crc32(inner), len(inner))


def changed_tar(rng, data, other):
    if rng.random() < 0.15:
        return changed_bytes(rng, data, other)
    data = bytearray(data)
    headers = [at for at in range(0, len(data), 512) if data[at + 257 : at + 262] == b"ustar"]
    for at in rng.sample(headers, min(len(headers), rng.choice((1, 1, 2)))):
        what = rng.random()
        if what < 0.25:
            data[at + 124 : at + 136] = rng.choice(_TAR_NUMBERS)  # the size
        elif what < 0.45:
            data[at + 156] = rng.choice(b"\0" + b"0123456789gxXLKSDMNVA")  # the type
        elif what < 0.6:
            name = rng.choice(_NAMES).encode("utf-8", "surrogateescape")[:100]
            data[at : at + 100] = name.ljust(100, b"\0")
        elif what < 0.75:
            behind = at + 512
            data[behind : behind + 512] = changed_bytes(rng, data[behind : behind + 512])
        else:
            header = changed_bytes(rng, data[at : at + 512])
            data[at : at + 512] = header[:512].ljust(512, b"\0")
        if rng.random() < 0.9:  # the checksum
            data[at + 148 : at + 156] = b" " * 8
            data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
        if rng.random() < 0.01:  # much behind a little
            data[at + 512 : at + 512] = bytes(1 << 21)
    return bytes(data)


_TAR_NUMBERS = [b"%011o\0" % n for n in (0, 1, 511, 6146, 8**11 - 1)]
_TAR_NUMBERS += [b"-0000000001\0", b"           \0", b"x" * 12, b"\x80" + b"\xff" * 11]
_TAR_NUMBERS += [b"\xff" * 12, b"\x80" + bytes(6) + b"\1" + bytes(4)]


# Pictures


def changed_png(rng, data, other):
    chunks, what = _chunks(data), rng.random()
    if not chunks or what < 0.1:
        return changed_bytes(rng, data, other)
    if what < 0.3:
        return _png(_chunks(changed_bytes(rng, data, other)))
    i = rng.randrange(len(chunks))
    name, body = chunks[i]
    if what < 0.5:
        name, header = chunks[0]
        chunks[0] = (name, rng.choice((_changed_size, changed_bytes))(rng, header))
    elif what < 0.6:
        del chunks[i]
    elif what < 0.7:
        chunks.insert(rng.randint(0, len(chunks)), rng.choice((*chunks, *_chunks(other))))
    elif what < 0.8:
        about = rng.choice((b"tRNS", b"PLTE", b"gAMA", b"iCCP", b"zTXt", b"eXIf", b"acTL", b"fcTL"))
        body = rng.choice((rng.randbytes(_length(rng)), b"", b"a\0\0" + zlib.compress(bytes(9999))))
        chunks.insert(rng.randint(1, len(chunks)), (about, body))
    elif what < 0.9 and name == b"IDAT":
        with contextlib.suppress(zlib.error):
            chunks[i] = (name, zlib.compress(changed_bytes(rng, zlib.decompress(body)), 1))
    else:
        chunks[i] = (name, changed_bytes(rng, body))
    return _png(chunks)


def _chunks(data):
    """[(name, body), …] of a PNG file, as far as it goes; [] when it is none."""
    chunks, at = [], 8
    while data[:8] == _PNG and at + 8 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        chunks.append((data[at + 4 : at + 8], data[at + 8 : end]))
        at = end + 4
    return chunks


def _png(chunks):
    parts = [_PNG]
    for name, body in chunks:
        sum_ = zlib.crc32(name + body).to_bytes(4, "big")
        parts += [len(body).to_bytes(4, "big"), name, body, sum_]
    return b"".join(parts)


def _changed_size(rng, header):
    """Of a PNG: a few are as large as is allowed, most are far smaller or far larger."""
    sides = (0, 1, 2, 3, 5, 9, 64, 500, 2**16, 2**31 - 1, 2**32 - 1)
    sides = sides if rng.random() < 0.95 else (1, 5, 5000, 7071, 10**7, 5 * 10**7)
    width, height = rng.choice(sides), rng.choice(sides)
    return struct.pack(">II", width, height) + header[8:]


_PNG = b"\x89PNG\r\n\x1a\n"


def changed_cache(rng, data, other):
    """Of the scaled faces: a .npy file with the SHA-256 of its pixels behind it."""
    data = changed_bytes(rng, data[:-64], other[:-64]) + data[-64:]
    if rng.random() < 0.6:
        data = data[:-64] + hashlib.sha256(data[128:-64]).hexdigest().encode()
    return changed_bytes(rng, data, other) if rng.random() < 0.2 else data


_BY_ENDING = {
    ".json": changed_json,
    ".csv": changed_csv,
    ".npz": changed_npz,
    ".npy": changed_cache,
    ".png": changed_png,
    ".zip": changed_zip,
    ".gz": changed_gzip,
}


# Targets. Each function returns the seeds of one: a list of Seed.


def idx_files():
    """IDX files, plain and gzipped, one by one and as sets."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (3, 4, 4), np.uint8), np.array([0, 7, 9], np.uint8)

    def written(array):
        sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
        return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()

    many, one = written(images), written(labels)
    packed, packed_one = gzip.compress(many, mtime=0), gzip.compress(one, mtime=0)
    plain = dict(zip(fashion_mnist.FILES["train"], (many, one), strict=True))
    zipped = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in plain.items()}
    two = dict(zip(plain, (written(images[1:]), written(labels[1:])), strict=True))
    inside = {f"emnist-x-{name}/emnist-x-{name}": content for name, content in plain.items()}
    test = dict(zip(fashion_mnist.FILES["test"], (many, one), strict=True))
    for name, content in (plain | test).items():
        fashion_mnist.OFFICIAL[name] = hashlib.sha256(content).hexdigest()

    def whole(name, split, folder):
        data.load(name, split, folder)

    def verified(folder):
        if (folder / "x.gz").exists():
            download._sha256_of_gzip(folder / "x.gz", 10_000)

    return [
        *(Seed({"x": many}, lambda folder: idx.read_idx(folder / "x", 3)),) * 2,
        *(Seed({"x.gz": packed}, lambda folder: idx.read_idx(folder / "x.gz", 3)),) * 2,
        Seed({"x.gz": packed_one}, lambda folder: idx.read_idx(folder / "x.gz", 1)),
        Seed(plain, functools.partial(whole, "idx", "train")),
        Seed(zipped, functools.partial(whole, "idx", "train")),
        Seed(inside, functools.partial(whole, "idx", "train")),
        Seed(two, functools.partial(whole, "idx", "train")),
        Seed(test, functools.partial(whole, "idx", "test")),
        Seed(zipped, functools.partial(whole, "fashion-mnist", "train")),
        Seed({"x.gz": packed}, verified),
    ]


def cifar10_files():
    """CIFAR-10's binary version, with two records in a file, packed and unpacked."""
    cifar10.RECORDS = 2
    rng = np.random.default_rng(0)
    contents = {}
    for name in (*cifar10.FILES["train"], *cifar10.FILES["test"]):
        records = rng.integers(0, 256, (2, cifar10.RECORD_BYTES), np.uint8)
        records[:, 0] %= 10
        records[:, 100:] //= 128  # so that they can be packed, and are quickly
        contents[f"{cifar10.FOLDER}/{name}"] = records.tobytes()

    def packed(**settings):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", **settings) as archive:
            for name, content in contents.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return {cifar10.ARCHIVE: gzip.compress(file.getvalue(), 1, mtime=0)}

    def split(name):
        return lambda folder: data.load("cifar10", name, folder)

    gnu, pax = packed(), packed(format=tarfile.PAX_FORMAT, pax_headers={"comment": "x" * 200})
    read = {name: split(name) for name in ("train", "test")}
    return [
        *(Seed(contents, read[name]) for name in read),
        *(Seed(gnu, read[name]) for name in read),
        *(Seed(pax, read[name]) for name in read),
    ]


@functools.cache
def tiny_pictures():
    """{name: bytes}: pictures of 4×4 pixels in every format and mode that is read."""
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (4, 4, 4), np.uint8)
    rgba, rgb = Image.fromarray(colours), Image.fromarray(colours[..., :3].copy())
    grey, deep = rgb.convert("L"), rng.integers(0, 65536, (4, 4), np.uint16)
    rows = [bytes(range(i, i + 8)) for i in range(4)]
    passes = [b"a", b"b", b"cd", b"ef", b"gh", b"ijkl", b"mnop"]
    turned = Image.Exif()
    turned[0x0112] = 6
    made = {
        "rgb": (rgb, {}),
        "rgba": (rgba, {}),
        "grey": (grey, {}),
        "grey_alpha": (rgba.convert("LA"), {}),
        "bits": (rgb.convert("1"), {}),
        "palette": (rgb.convert("P"), {"transparency": 3}),
        "grey_key": (grey, {"transparency": 9}),
        "turned": (rgb, {"exif": turned}),
    }
    found = {f"{name}.png": small.saved(image, **how) for name, (image, how) in made.items()}
    found |= {
        "grey_16.png": small.picture(deep),
        "grey_16_key.png": small.png((4, 4), 16, small.GREY, rows, transparent=b"\1\2"),
        "colours_16.png": small.png((4, 4), 16, small.COLOURS, [row * 3 for row in rows]),
        "key_2.png": small.png((4, 4), 2, small.GREY, [b"\x1b"] * 4, transparent=b"\0\1"),
        "interlaced.png": small.png((4, 4), 8, small.GREY, passes, interlaced=True),
        "palette_4.png": small.png(
            (4, 4), 4, small.PALETTE, [b"\1\2"] * 4, palette=bytes(range(48)), transparent=b"\0\x80"
        ),
        "rgb.jpg": small.saved(rgb, "JPEG"),
        "grey.jpeg": small.saved(grey, "JPEG"),
        "inks.jpg": small.saved(rgb.convert("CMYK"), "JPEG"),
        "scans.jpg": small.saved(rgb, "JPEG", progressive=True, exif=turned),
        "rgb.bmp": small.saved(rgb, "BMP"),
        "palette.bmp": small.saved(rgb.convert("P"), "BMP"),
        "bits.bmp": small.saved(rgb.convert("1"), "BMP"),
        "runs.bmp": _bmp_of_runs(),
        "lossy.webp": small.saved(rgb, "WEBP"),
        "lossless.webp": small.saved(rgba, "WEBP", lossless=True),
        "moving.webp": small.saved(rgb, "WEBP", save_all=True, append_images=[rgb.rotate(90)]),
    }
    return found


def _bmp_of_runs():
    """A BMP of 4×4 pixels with run lengths, which Pillow reads and does not write."""
    body = b"\4\1\0\0" * 3 + b"\0\4\1\2\3\4\0\0" + b"\0\1"
    header = struct.pack("<IiiHHIIiiII", 40, 4, 4, 1, 8, 1, len(body), 0, 0, 256, 0)
    start = 14 + 40 + 1024
    palette = bytes(range(256)) * 4
    return struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start) + header + palette + body


def _with_two_good(name, content):
    """A picture as the second, by name, of three; the others can be read."""
    good = tiny_pictures()["rgb.png"]
    return {"0.png": good, f"x_{name}": content, "z.png": good}


def _faces(folder, path="."):
    data.load("faces", "train", folder / path)


def _pictures(folder, path="."):
    data.read_pictures(folder / path, (4, 4, 1 if current["number"] % 2 else 3))


def _measured(folder, path="."):
    """As evaluate reads pictures. What it does next takes seconds."""
    with contextlib.suppress(Reached):
        measure_file.evaluate_file(
            str(folder / path), n=10, seed=0, name="idx", xp=np, say=print, warn=print
        )


class Reached(Exception):
    """The files have been read."""


def _stop_before_measuring():
    def stop(*args, **settings):
        raise Reached

    measure_file.build_reference = stop
    measure_file.protocol.LEAST = 1


def pictures():
    """Folders of pictures, of which one is changed; read as faces, and at their own size."""
    _stop_before_measuring()
    seeds = []
    for name, content in tiny_pictures().items():
        files = _with_two_good(name, content)
        seeds += [Seed(files, read, (f"x_{name}",)) for read in (_faces, _pictures, _measured)]
    return [*seeds, *(Seed({"a.png": b}, _measured) for b in tiny_pictures().values())]


def zip_files():
    """.zip files of pictures, as faces and at their own size."""
    _stop_before_measuring()
    seeds = []
    for name, content in tiny_pictures().items():
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for inner, body in _with_two_good(name, content).items():
                archive.writestr(zipfile.ZipInfo(f"a/{inner}"), body, zipfile.ZIP_DEFLATED)
        for read in (_faces, _pictures, _measured):
            seeds.append(Seed({"x.zip": file.getvalue()}, functools.partial(read, path="x.zip")))
    return seeds


def faces_caches():
    """The cache of scaled faces. Whatever it holds, the pictures themselves are there."""
    files = {f"in/{n}": b for n, b in _with_two_good("y.png", tiny_pictures()["rgb.png"]).items()}
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        made = {}
        for n in (2, 3):
            source = small.put(Path(folder) / str(n), dict(list(files.items())[:n]))
            with _cache_in(Path(folder)), open_pictures(source) as opened:
                faces_cache.load(opened, (255, 255, 255), "train")
                made[n] = faces_cache._file(opened, (255, 255, 255)).read_bytes()

    def read(folder):
        with open_pictures(folder / "in") as source:
            path = faces_cache._file(source, colour("white"))
        if (folder / "cache.npy").exists():
            path.parent.mkdir(parents=True)
            os.rename(folder / "cache.npy", path)
        assert data.load("faces", "train", folder / "in").images.shape[1:] == (64, 64, 3)

    return [Seed(files | {"cache.npy": cache}, read, ("cache.npy",)) for cache in made.values()]


def image_files():
    """.npz files of images, as sample writes them, read as evaluate does."""
    _stop_before_measuring()

    def read(folder, **how):
        with contextlib.suppress(Reached):
            measure_file.evaluate_file(
                str(folder / "x.npz"), n=10, seed=0, xp=np, say=print, warn=print, **how
            )

    rng, seeds = np.random.default_rng(0), []
    for shape in ((6, 28, 28, 1), (7, 32, 32, 3)):
        images = rng.integers(0, 256, shape, np.uint8)
        for labels in ({}, {"labels": rng.integers(0, 10, len(images))}):
            for save in (np.savez, np.savez_compressed):
                file = io.BytesIO()
                save(file, images=images, **labels)
                seeds.append(Seed({"x.npz": file.getvalue()}, read))
    images = rng.integers(0, 256, (6, 3, 32, 32), np.uint8)  # channels first
    file = io.BytesIO()
    np.savez(file, images, np.arange(6))
    seeds.append(Seed({"x.npz": file.getvalue()}, read))
    asked = functools.partial(read, name="idx", classes=(1, 2, 3, 4, 5, 6, 7, 8, 9))
    return [*seeds, dataclasses.replace(seeds[0], read=asked)]


def array_files():
    """tinygan's own .npz files, with arrays of every form."""
    arrays = {
        "a/0.W": np.arange(6, dtype=np.float32).reshape(2, 3),
        "turned": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "number": np.array(2.5),
        "empty": np.zeros((0, 4), np.float32),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npz"
        npz.write_arrays(path, {"format": 1, "note": "n", "list": [1, 2.5, None]}, arrays)
        content = path.read_bytes()

    def read(folder):
        meta, found = npz.read_arrays(folder / "x.npz")
        assert isinstance(meta, dict)
        for array in found.values():
            assert not array.flags.writeable

    return [Seed({"x.npz": content}, read)]


FIRST_EDITION = Path(__file__).parent / "runs/first_edition"


@functools.cache
def run_folders():
    """{name: {file: bytes}}: small runs of several recipes, trained now, and of the first edition.

    From here on, the curves of a run are seldom drawn, the training images are read only once, and
    the networks of cgan, which have no --width, are small.
    """
    load, once, curves = data.load, functools.cache(data.load), plots.curves
    data.load = lambda name, *how: (once if name == "fashion-mnist-subset" else load)(name, *how)
    plots.curves = lambda *args: curves(*args) if current["number"] % 100 == 0 else None
    cgan = recipes.get("cgan")
    recipes._RECIPES["cgan"] = dataclasses.replace(cgan, build=_small_conditional_pair)
    new = {
        "dcgan": "dcgan --width 1 --batch-size 16 --ema 0.9 --flip --lr-d 0.001 --limit 48",
        "cgan": "cgan --batch-size 16 --limit 200",
        "vae": "vae --width 1 --batch-size 16 --code 2 --components 2 --limit 48",
        "gmm": "gmm --components 2 --dims 2 --covariance tied --limit 40",
        "wgan-gp": "wgan-gp --width 1 --batch-size 4 --d-steps 2 --limit 16",
        "classifier": "classifier --width 1 --batch-size 16 --flip --limit 48",
    }
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, words in new.items():
            out = Path(folder) / name
            common = f"--data fashion-mnist-subset --epochs 2 --quiet --backend numpy --out {out}"
            train.main([*words.split(), *common.split()])
            timing = "epoch,step,seconds,images_per_second\n1,1,0.25,64.0\n2,2,0.24,66.7\n"
            (out / "timing.csv").write_text(timing)
            names = ("config.json", "checkpoint.npz", "timing.csv", "result.json")
            found[name] = _contents(out, names)
        found["dcgan"] |= _evaluated(Path(folder) / "dcgan")
    for old in sorted(FIRST_EDITION.iterdir()):
        found[f"first edition's {old.name}"] = _contents(old, ("config.json", "checkpoint.npz"))
    return found


def _contents(folder, names):
    files = {name: folder / name for name in names}
    return {name: file.read_bytes() for name, file in files.items() if file.exists()}


def _small_conditional_pair(rng, *, noise_dim, classes):
    def embedding():
        return nn.Embedding(classes, classes, rng=rng)

    G = Conditional(embedding(), nn.Dense(noise_dim + classes, 3, rng=rng), nn.LeakyReLU(),
                    nn.Dense(3, 784, rng=rng), nn.Sigmoid(), nn.Reshape((28, 28, 1)))  # fmt: skip
    D = Conditional(embedding(), nn.Dense(784 + classes, 1, rng=rng))
    return G, D


def _evaluated(folder):
    """evaluation.json and evaluation.npz of a run, as evaluate writes them, but for the times."""
    protocol.SETTINGS.update(bins_fitted_on=200, kid_subsets=2, memorisation_on=20)
    quiet = {"xp": np, "say": protocol.silent}
    against = measured_against(20, 0, warn=protocol.silent, **quiet)
    evaluate_run(folder, against, seed=0, data_dir=None, **quiet)
    path = folder / "evaluation.json"
    evaluation = json.loads(path.read_text()) | {"ms_per_1000": 12.5}
    path.write_text(json.dumps(evaluation, indent=2))
    return _contents(folder, ("evaluation.json", "evaluation.npz"))


def checkpoints():
    """Run folders from which images are drawn."""

    def read(folder):
        shape = (28, 28, 1) if b'"classifier"' in _bytes(folder / "config.json") else None
        model = trained_model.load(folder, np, shape)
        if model.draws_images:
            trained_model.bytes_of_a_draw(model)
            trained_model.draw(model, 1, 0)
        else:
            model.named(np.zeros((1, 28, 28, 1), np.uint8))

    kept = ("config.json", "checkpoint.npz")
    return [
        Seed({name: files[name] for name in kept}, read, ("checkpoint.npz", *kept))
        for files in run_folders().values()
    ]


def _bytes(path):
    return path.read_bytes() if path.exists() else b""


def resumed_runs():
    """Run folders that are gone on with, up to the first update."""
    folders = run_folders()
    Run.train = lambda self, progress, stop_requested: True

    def read(recipe, folder):
        more = ["--epochs", "3"] if current["number"] % 2 else []
        words = [recipe, "--out", str(folder), "--resume", "--backend", "numpy", *more]
        with contextlib.redirect_stdout(io.StringIO()) as out:
            train.main(words)
        for line in out.getvalue().splitlines():  # some of it comes from the files
            assert not _what_is_wrong(line), line

    seeds = []
    for name, files in folders.items():
        files = {n: b for n, b in files.items() if not n.startswith("evaluation.")}
        read_it = functools.partial(read, name.split()[-1])
        kept = {"samples/epoch_0001.png": b""}  # what is there is not read
        seeds.append(Seed(files | kept, read_it, ("checkpoint.npz", "checkpoint.npz", *files)))
    return seeds


def config_files():
    """config.json of every recipe, and what a resumed run makes of it."""

    def read(folder):
        config = config_file.read_config(folder)
        recipe = recipes.get(config["recipe"])
        wanted = settings({"epochs": 9}, recipe, config, folder)
        config_file.changes(config, wanted, 5)

    found = [files["config.json"] for files in run_folders().values()]
    for name in recipes.names():
        recipe, example = recipes.get(name), json.loads(found[0])
        example |= {"recipe": name, "options": recipe.options, "data": recipe.data}
        found.append(json.dumps(example, indent=2).encode())
    return [Seed({"config.json": content}, read) for content in found]


def table_files():
    """timing.csv and result.json of a run."""

    def read(folder):
        rows = tables.read_timing(folder, 10)
        assert sum(row[1] for row in rows) <= 10 * len(rows)
        assert isinstance(tables.read_result(folder, step), dict)

    seeds, step = [], json.loads(run_folders()["cgan"]["result.json"])["step"]
    for name in ("cgan", "dcgan"):
        files = {n: b for n, b in run_folders()[name].items() if n in ("timing.csv", "result.json")}
        seeds.append(Seed(files, read))
    rows = "".join(f"{i},{i},{i / 3:.2f},{1e4 / i:.1f}\n" for i in range(1, 8))
    return [*seeds, Seed({"timing.csv": f"epoch,step,seconds,rate\n{rows}".encode()}, read)]


def evaluations():
    """Evaluations that were kept, as evaluate prints and compare compares them."""
    files = run_folders()["dcgan"]
    names = ("config.json", "evaluation.json", "evaluation.npz")
    files = {name: files[name] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        good = read_evaluation(small.put(Path(folder) / "good", files))

    def read(folder):
        found = comparison.kept(folder, 20, 0)
        if found is None:  # it is measured again
            return
        rows = comparison.groups([folder, Path("good")], [found, good])
        text = "".join(map(comparison_table, rows)) + comparison.as_csv(rows) + table(found[0])
        shown = comparison.picture_rows(rows)
        (text + "".join(title for title, _ in shown)).encode()
        if current["number"] % 50 == 0:
            plots.labelled_rows(folder / "compare.png", shown)

    def read_only(folder):
        found = read_evaluation(folder)
        if found is not None:
            table(found[0])
            comparison.groups([folder, Path("good")], [found, good])

    other = json.loads(files["evaluation.json"]) | {"prior": "gmm"}
    other["protocol"] |= {"classes": [1, 8]}
    other["metrics"] |= {"memorisation": None, "agreement": 0.5}
    other = files | {"evaluation.json": json.dumps(other, indent=2).encode()}
    _made_to_belong(other)
    kept = ("evaluation.json", "evaluation.json", "evaluation.npz")
    return [
        Seed(files, read, kept, _made_to_belong),
        Seed(other, read, kept, _made_to_belong),
        Seed(files, read_only, kept, _made_to_belong),
        Seed(files, read, ("config.json", *kept)),
    ]


def _made_to_belong(files):
    """Change evaluation.npz so that it names the evaluation.json that is there."""
    try:
        evaluation = json.loads(files["evaluation.json"])
        names = ("protocol", "checkpoint_sha256", "prior")
        text = json.dumps({"format": 1, "of": {name: evaluation[name] for name in names}})
        members = dict(_members(files["evaluation.npz"]))
    except (KeyError, TypeError, ValueError, RecursionError):
        return
    members["meta.npy"] = _meta(text.encode())
    files["evaluation.npz"] = _sealed(zip_of(list(members.items()), b"0" * 64))


TARGETS = {  # the seeds of each, and its share of a thousand inputs
    "idx": (idx_files, 100),
    "cifar10": (cifar10_files, 70),
    "pictures": (pictures, 180),
    "zip": (zip_files, 120),
    "faces-cache": (faces_caches, 20),
    "images.npz": (image_files, 90),
    "arrays.npz": (array_files, 90),
    "checkpoint": (checkpoints, 130),
    "resume": (resumed_runs, 60),
    "config.json": (config_files, 60),
    "tables": (table_files, 20),
    "evaluation": (evaluations, 60),
}
current = {"number": 0}  # of the input that is read: what is slow is done for few of them


# One input


class TooSlow(BaseException):
    """The time is up. No parser catches it by accident."""


@dataclass(frozen=True)
class Outcome:
    """kind: "good", "refused" or "finding". text: the sentence, or what is wrong. seconds: of the
    parser. place: where an exception was raised. details: a traceback."""

    kind: str
    text: str = ""
    seconds: float = 0.0
    place: str = ""
    details: str = ""


def examine(read, folder, seconds=SECONDS):
    """Call read(folder) under watch.    -> Outcome"""
    out, warned = io.StringIO(), []

    def too_slow(number, frame):
        raise TooSlow(f"more than {seconds:g} s")

    def note(message, category, filename, line, file=None, text=None):
        text = f"warned: {category.__name__}: {message} ({Path(filename).name}:{line})"
        warned.append((text, traceback.extract_stack()))

    began, raised = time.perf_counter(), None
    before = signal.signal(signal.SIGALRM, too_slow)
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
    ):
        _as_python_shows_warnings(note)
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            read(folder)
        except BaseException as error:
            raised = error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    took = time.perf_counter() - began
    outcome = dataclasses.replace(_judged(raised, out.getvalue(), warned), seconds=took)
    raised = None  # or it would keep what the parser has read, by way of its traceback
    return outcome


def _as_python_shows_warnings(show):
    """Every warning that a user would see, and those of files left open, are given to `show`."""
    warnings.showwarning = show
    warnings.simplefilter("always")
    for hidden in (DeprecationWarning, PendingDeprecationWarning, ImportWarning):
        warnings.simplefilter("ignore", hidden)


def _judged(raised, printed, warned):
    if raised is not None and not isinstance(raised, UserError | RunError):
        text = f"{type(raised).__name__}: {raised}"
        details = "".join(traceback.format_exception(raised, limit=-9))
        return Outcome("finding", text[:LETTERS], 0.0, _place_of(raised), details[-20_000:])
    for line in printed.splitlines():
        wrong = _what_is_wrong(line)
        if wrong or not line.startswith(_SPEAKERS):
            wrong = wrong or "other output"
            return Outcome("finding", f"printed: {wrong}: {line[:200]!r}")
    if warned:
        text, stack = warned[0]
        details = "".join(traceback.format_list(stack[-12:]))
        return Outcome("finding", text[:LETTERS], 0.0, _place_in(stack), details)
    if raised is None:
        return Outcome("good", printed)
    if wrong := _what_is_wrong(str(raised)):
        details = "".join(traceback.format_exception(raised, limit=-9))
        text = f"sentence: {wrong}: {str(raised)[:200]!r}"
        return Outcome("finding", text, 0.0, _place_of(raised), details[-20_000:])
    return Outcome("refused", str(raised))


_SPEAKERS = ("faces: ", "pictures: ", "idx: ", "data: ", "this run began with ")


def _what_is_wrong(sentence):
    """Why a text is not one line for people; "" when it is."""
    if not sentence.strip():
        return "empty"
    if len(sentence.splitlines()) > 1:
        return "more than a line"
    if any(unicodedata.category(c) == "Cc" for c in sentence):
        return "control characters"
    if len(sentence) > LETTERS:
        return f"{len(sentence):,} characters"
    if re.search(r"MemoryError|[Uu]nable to allocate|out of memory", sentence):
        return "it asked for too much memory"
    return "it tells of an object in memory" if re.search(r" at 0x[0-9a-f]{6}", sentence) else ""


def _place_of(error):
    return _place_in(traceback.extract_tb(error.__traceback__))


def _place_in(frames):
    """The innermost line of tinygan in a traceback."""
    ours = [frame for frame in frames if "tinygan/" in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno} {ours[-1].name}"


def blanked(text):
    """A sentence with names and numbers blanked, so that equal kinds of sentences are equal."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", text[:LETTERS])
    words = ["#" if re.search(r"[^A-Za-z.,:;()’'…-]", word) else word for word in text.split()]
    return re.sub(r"#( #)+", "#", " ".join(words))


@contextlib.contextmanager
def _cache_in(folder):
    """A with-block in which tinygan's cache is in this folder, and no data is found elsewhere."""
    before = dict(os.environ)
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    os.environ.pop("TINYGAN_DATA", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _laid_out(files, folder):
    """A with-block in which the files are in the folder."""
    for name, content in files.items():
        path = folder / name
        if not path.parent.exists():
            path.parent.mkdir(parents=True)
        path.write_bytes(content)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# A target


@dataclass(frozen=True)
class Limits:
    seconds: float = SECONDS
    megabytes: int = MEGABYTES


_COUNTS = np.dtype(
    [("number", "i8"), ("good", "i8"), ("refused", "i8"), ("slowest", "f8"), ("peak", "f8"),
     ("slowest_number", "i8"), ("peak_number", "i8")]
)  # fmt: skip


def run_target(name, seeds, numbers, seed, limits=Limits(), keep=None):
    """Read the inputs with these numbers, a range, in a child process.    -> a line of the report

    When the child dies, the next one goes on behind the input that it has died of.
    """
    counts = np.frombuffer(mmap.mmap(-1, _COUNTS.itemsize), _COUNTS)[0:1].view(np.recarray)
    began, left, findings, sentences = time.monotonic(), numbers, Counter(), set()
    described = []

    def note(number, outcome):
        key = outcome["place"] + " " + blanked(outcome["text"])
        findings[key] += 1
        if findings[key] == 1 and len(described) < MOST_KEPT:
            described.append({"number": number, "key": key, **outcome})
        if keep and findings[key] <= 3:
            _keep(keep / name / str(number), name, seeds, seed, number, outcome)

    shared = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=shared, prefix="fuzz") as folder:
        while left:
            counts.number = -1
            ended = _in_child(name, seeds, left, seed, limits, Path(folder), counts)
            for line in _lines(Path(folder) / "journal"):
                if "sentence" in line:
                    sentences.add(line["sentence"])
                else:
                    note(line.pop("number"), line)
            if ended is None:
                break
            at = int(counts.number[0])
            if at < 0:
                raise RuntimeError(f"the target {name} cannot be begun: {ended}")
            note(at, {"text": f"the process ended: {ended}", "place": "", "details": ""})
            left = range(at + 1, left.stop)
    found = {n: counts[n][0].item() for n in _COUNTS.names if n != "number"}
    for finding in described:
        finding["times"] = findings[finding.pop("key")]
    return {
        "inputs": len(numbers),
        **found,
        "sentences": len(sentences),
        "findings": sum(findings.values()),
        "seconds": time.monotonic() - began,
        "described": described,
        "all_sentences": sorted(sentences),
    }


def _in_child(name, seeds, numbers, seed, limits, folder, counts):
    """Read inputs in a child process. Returns None, or how it ended before the last one."""
    (folder / "journal").write_bytes(b"")
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            _read_all(name, seeds, numbers, seed, limits, folder, counts)
            code = 0
        except BaseException:
            (folder / "trouble").write_text(traceback.format_exc(limit=-9))
        finally:
            os._exit(code)
    last, since = None, time.monotonic()
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if last != (last := int(counts.number[0])):
            since = time.monotonic()
        if last >= 0 and time.monotonic() - since > PATIENCE * limits.seconds:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return f"no answer for {PATIENCE * limits.seconds:g} s"
        time.sleep(0.02)
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    if (folder / "trouble").exists():
        raise RuntimeError((folder / "trouble").read_text())
    return f"exit code {os.WEXITSTATUS(status)}" if status else None


def _read_all(name, seeds, numbers, seed, limits, folder, counts):
    """What the child does: examine each input, and note what came of it."""
    with open(folder / "journal", "a") as journal, _output_to(folder / "output") as output:
        work, known, times = folder / "in", set(), Counter()
        with _cache_in(work):
            _read_the_seeds(name, seeds, work)
            base = _peak()
            _limit_memory(limits.megabytes)
            for number in numbers:
                counts.number = current["number"] = number
                outcome = _with_output(_outcome(name, seeds, seed, number, work, limits), output)
                if outcome.kind == "finding":
                    noted = dataclasses.asdict(outcome) | {"number": number}
                    times[outcome.place] += 1
                    if times[outcome.place] > MOST_KEPT:
                        noted["details"] = ""
                    print(json.dumps(noted), file=journal, flush=True)
                else:
                    counts[outcome.kind] += 1
                    if outcome.text and (text := blanked(outcome.text)) not in known:
                        known.add(text)
                        print(json.dumps({"sentence": text}), file=journal, flush=True)
                if outcome.seconds > counts.slowest:
                    counts.slowest, counts.slowest_number = outcome.seconds, number
                if (peak := _peak() - base) > counts.peak:
                    counts.peak, counts.peak_number = peak, number


def _read_the_seeds(name, seeds, folder):
    """Read what is not damaged: what is loaded at the first time is not counted later."""
    current["number"] = 0
    for i, good in enumerate(seeds):
        with _laid_out(good.files, folder):
            outcome = examine(good.read, folder, 60)
        if outcome.kind != "good":
            raise RuntimeError(f"seed {i} of {name}: {outcome.text}\n{outcome.details}")
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak of memory begins anew


def _outcome(name, seeds, seed, number, folder, limits):
    """The Outcome of one input."""
    try:
        files, read = make_input(name, seeds, seed, number)
    except Exception:
        return Outcome("finding", "no input can be made", details=traceback.format_exc(limit=-9))
    with _laid_out(files, folder):
        return examine(read, folder, limits.seconds)


@contextlib.contextmanager
def _output_to(path):
    """A with-block in which stdout and stderr, of libraries in C too, go to a file: its number."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(handle, number)
    yield handle


def _with_output(outcome, output):
    """The outcome, or a finding when something else was written to the file of the output."""
    if os.fstat(output).st_size == 0:
        return outcome
    text = os.pread(output, 200, 0)
    os.ftruncate(output, 0)
    wrong = f"written to the output: {text!r}"
    return outcome if outcome.kind == "finding" else Outcome("finding", wrong, outcome.seconds)


def _limit_memory(megabytes):
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _peak():
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def _keep(folder, name, seeds, seed, number, outcome):
    """Write an input and what came of it into a folder."""
    files, _ = make_input(name, seeds, seed, number)
    small.put(folder, files)
    text = f"python tests/fuzz.py --target {name} --seed {seed} --only {number}\n\n"
    (folder / "finding.txt").write_text(
        text + outcome["text"] + "\n\n" + outcome["details"], errors="backslashreplace"
    )


# The report


def main(argv=None, targets=TARGETS, limits=Limits()):
    """targets: {name: (a function that makes its seeds, its share)}. Returns the exit code."""
    if os.environ.get("OMP_NUM_THREADS") != "1":  # a process with threads should not be forked
        os.environ["OMP_NUM_THREADS"] = "1"
        os.execv(sys.executable, sys.orig_argv)
    args = _parser(targets).parse_args(argv)
    chosen = {name: targets[name] for name in ([args.target] if args.target else targets)}
    if args.only is not None:
        return _one(args, chosen, limits)
    report, whole = {}, sum(share for _, share in chosen.values())
    print(_row("target", _COLUMNS), flush=True)
    for name, (make_seeds, share) in chosen.items():
        with _cache_in(Path("/nowhere")):
            seeds = make_seeds()
        numbers = range(max(1, round(args.inputs * share / whole)))
        line = run_target(name, seeds, numbers, args.seed, limits, args.keep)
        report[name] = line
        print(_row(name, _cells(line)), flush=True)
    total = {key: sum(line[key] for line in report.values()) for key in _SUMS}
    total |= {key: max(line[key] for line in report.values()) for key in ("slowest", "peak")}
    print(_row("total", _cells(total)))
    for name, line in report.items():
        for finding in line["described"]:
            print(f"\n{name}, input {finding['number']}, {finding['times']} times: "
                  f"{finding['text']} [{finding['place']}]")  # fmt: skip
    if args.json:
        whole = {"seed": args.seed, "targets": report, "total": total}
        args.json.write_text(json.dumps(whole, indent=2) + "\n")
    return 1 if total["findings"] else 0


def _parser(targets):
    parser = argparse.ArgumentParser(description="Read damaged files; report what goes wrong.")
    add = parser.add_argument
    add("--inputs", type=int, default=20_000, help="how many in all (default 20000)")
    add("--seed", type=int, default=0, help="of the changes (default 0)")
    add("--target", choices=targets, help="read only these files")
    add("--only", type=int, metavar="NUMBER", help="read this input of --target, and tell all")
    add("--json", type=Path, metavar="FILE", help="write the report there too")
    add("--keep", type=Path, metavar="DIR", help="write the inputs of findings there")
    return parser


_SUMS = ("inputs", "good", "refused", "sentences", "findings", "seconds")
_COLUMNS = ["inputs", "good", "refused", "sentences", "findings", "slowest", "memory", "inputs/s"]


def _cells(line):
    counts = [f"{line[key]:,}" for key in _SUMS[:-1]]
    rate = line["inputs"] / max(line["seconds"], 1e-9)
    return [*counts, f"{line['slowest']:.2f} s", f"{line['peak']:.0f} MB", f"{rate:,.0f}"]


def _row(name, cells):
    return f"{name:<12}" + "".join(f"{cell:>11}" for cell in cells)


def _one(args, chosen, limits):
    """Make one input again, and tell what comes of it."""
    if not args.target:
        raise SystemExit("--only needs --target")
    make_seeds, _ = chosen[args.target]
    with _cache_in(Path("/nowhere")):
        seeds = make_seeds()
    if args.keep:
        small.put(args.keep, make_input(args.target, seeds, args.seed, args.only)[0])
    with tempfile.TemporaryDirectory() as folder, _cache_in(Path(folder) / "in"):
        work = Path(folder) / "in"
        _read_the_seeds(args.target, seeds, work)
        _limit_memory(limits.megabytes)
        current["number"] = args.only
        outcome = _outcome(args.target, seeds, args.seed, args.only, work, limits)
    print(f"{outcome.kind} after {outcome.seconds:.3f} s: {outcome.text}\n{outcome.details}")
    return 1 if outcome.kind == "finding" else 0


if __name__ == "__main__":
    sys.exit(main())
