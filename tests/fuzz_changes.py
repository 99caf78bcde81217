"""Damage to files, for fuzz.py: bytes, and parts of what has a structure, with right checksums.

A change takes (rng, data, other), bytes and those of another file of the kind, and returns bytes.
"""

import ast
import bz2
import contextlib
import functools
import gzip
import hashlib
import io
import json
import re
import struct
import warnings
import zipfile
import zlib

import numpy as np


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
    ours, what = is_sealed(data), rng.random()
    if what < 0.05:
        return changed_bytes(rng, data, other)
    if what < 0.2:
        data = changed_bytes(rng, data[:-64], other) + data[-64:]
    else:
        parts = list(members(data) or ())
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            _change_members(rng, parts, members(other) or (), _changed_array)
        data = zip_of(parts, b"0" * 64 if ours else b"")
    return sealed(data) if ours else data


def _changed_array(rng, name, body, other):
    if name != "meta.npy" or rng.random() < 0.1:
        return changed_npy(rng, body, other)
    parts, others = _npy_parts(body), _npy_parts(other)
    if parts is None:
        return changed_bytes(rng, body)
    return meta_member(changed_json(rng, parts[1], others[1] if others else b""))


def meta_member(text):
    """A .npy file of the bytes of a JSON text."""
    return _npy(_header({"descr": "'|u1'", "fortran_order": "False", "shape": (len(text),)}), text)


def is_sealed(data):
    return data[-64:] == hashlib.sha256(data[:-64]).hexdigest().encode()


def sealed(data):
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
def members(data):
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
    parts = list(members(data) or ())
    for _ in range(rng.choice((1, 1, 2, 3))):
        _change_members(rng, parts, members(other) or (), changed)
    data = zip_of(parts)
    if rng.random() < 0.3:  # the directory at the end
        size = min(len(data), 22 + 50 * len(parts))
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
