"""Functions of a loaded library by name, those too that it keeps to itself.

Since NumPy 2.5 its wheels hide those functions of OpenBLAS that are not part of the interface. On
Linux their names and places still stand in the library's file, in its table of symbols:

    the file's header    says where the table of sections is
    a section of type 2  holds the symbols, 24 bytes each; its field `link` is that of their names
    a symbol             says where its name begins, and has a value: its place in the library

Source: "Tool Interface Standard: Executable and Linking Format", 1995, book III; elf(5).
"""

import ctypes
import mmap
import struct
import sys

import numpy as np

_HEADER = struct.Struct("<40xQ10xHH2x")  # places of the section table, its entries' size and number
_SYMBOL = np.dtype(
    [("name", "<u4"), ("info", "u1"), ("other", "u1"), ("section", "<u2"), ("value", "<u8"),
     ("size", "<u8")]
)  # fmt: skip
_FUNCTION, _SYMBOLS = 2, 2


def functions(file, names, exported):
    """The functions of these names in the library `file`, or None unless it has them all.

    file: the path of a library that is loaded. exported: the name of any function that it exports.
    They take nothing and return an int, and keep Python's lock.
    """
    library = ctypes.PyDLL(str(file))
    try:
        return [library[name] for name in names]
    except AttributeError:
        pass
    if sys.platform != "linux" or sys.byteorder != "little" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    try:
        places = _places(file, [exported, *names])
    except (OSError, ValueError, IndexError, struct.error):  # a file of another form
        return None
    if places is None:
        return None
    start = ctypes.cast(library[exported], ctypes.c_void_p).value - places[0]  # where it was loaded
    return [ctypes.PYFUNCTYPE(ctypes.c_int)(start + place) for place in places[1:]]


def _places(file, names):
    """Where these functions are in the library, by its table of symbols; None unless all are."""
    with open(file, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:6] != b"\x7fELF\x02\x01":  # 64 bits, least significant byte first
            return None
        where, size, number = _HEADER.unpack(data[: _HEADER.size])
        sections = [
            struct.unpack("<4xI16xQQI20x", data[i : i + 64])  # type, place, size, link
            for i in range(where, where + size * number, size)
        ]
        for kind, begin, length, link in sections:
            if kind == _SYMBOLS:
                table = np.frombuffer(data[begin : begin + length], _SYMBOL)
                texts = data[sections[link][1] :][: sections[link][2]]
                places = [_place(table, texts, name) for name in names]
                return None if None in places else places
    return None


def _place(table, texts, name):
    """The value of the one function of this name in a table of symbols, or None."""
    begin = texts.find(b"\0" + name.encode() + b"\0") + 1
    rows = table[(table["name"] == begin) & (table["info"] & 15 == _FUNCTION)]
    return int(rows["value"][0]) if begin and len(rows) == 1 else None
