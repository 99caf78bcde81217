"""Functions that a library hides are found by its table of symbols, or not at all."""

import ctypes
import sys

import pytest

from tinygan.nn.fast import symbols

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads the format of Linux's files")


def address(library, name):
    return ctypes.cast(library[name], ctypes.c_void_p).value


@on_linux
def test_the_table_tells_the_places_of_exported_functions_too(blas):
    library = ctypes.CDLL(str(blas.file))
    names = [blas.exports, blas.exports.replace("get_num", "set_num")]
    places = symbols._places(blas.file, names)
    if places is None:
        pytest.skip("this library has no table of symbols")
    first, second = (address(library, name) for name in names)
    assert places[1] - places[0] == second - first


def test_a_function_that_is_not_there_is_not_found(blas):
    assert symbols.functions(blas.file, [blas.exports, "no_such_function"], blas.exports) is None
    (found,) = symbols.functions(blas.file, [blas.exports], blas.exports)
    assert found() == blas.get_threads()


@pytest.mark.parametrize(
    "contents",
    [
        b"no library at all, and longer than any header of one would be " * 2,
        b"\x7fELF\x02\x01",
        b"\x7fELF\x02\x01" + b"\xff" * 100,
        b"\x7fELF\x02\x01" + bytes(100),
    ],
)
def test_a_file_of_another_form_has_none(tmp_path, contents, blas, monkeypatch):
    file = tmp_path / "lib.so"
    file.write_bytes(contents)
    monkeypatch.setattr(ctypes, "PyDLL", lambda path: ctypes.CDLL(str(blas.file)))
    assert symbols.functions(file, ["no_such_function"], blas.exports) is None
