"""read_idx returns what was written, or says what is wrong with which file."""

import gzip
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygan.data.idx import MAX_BYTES, read_idx
from tinygan.errors import UserError

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 3, 4), np.uint8)
PACKINGS = {"plain": bytes, "gzipped": lambda contents: gzip.compress(contents, mtime=0)}


def header(*sizes, magic=b"\0\0\x08"):
    return magic + bytes([len(sizes)]) + b"".join(size.to_bytes(4, "big") for size in sizes)


def idx(array):
    return header(*array.shape) + array.tobytes()


def written(folder, contents):
    path = folder / "some-images"
    path.write_bytes(contents)
    return path


def complaint(path):
    """The error of read_idx for an invalid file of three axes: one line, with the file's name."""
    with pytest.raises(UserError) as caught:
        read_idx(path, ndim=3)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    return text


@pytest.mark.parametrize("packing", PACKINGS)
@settings(max_examples=15)
@given(shape=st.lists(st.integers(1, 9), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_an_array_of_any_shape_comes_back_as_it_was(tmp_path_factory, packing, shape, seed):
    array = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    path = written(tmp_path_factory.mktemp("idx"), PACKINGS[packing](idx(array)))
    back, contents = read_idx(path, ndim=len(shape))
    np.testing.assert_array_equal(back, array)
    assert back.dtype == np.uint8
    assert contents == idx(array)


def test_the_array_cannot_be_written_to(tmp_path):
    array, _ = read_idx(written(tmp_path, idx(IMAGES)), ndim=3)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0


WRONG_BEGINNINGS = {
    "empty": (b"", "starts with nothing instead of 00000803"),
    "one byte": (b"\0", "starts with 00 instead of 00000803"),
    "magic cut": (b"\0\0\x08", "starts with 000008 instead of 00000803"),
    "another format": (b"\x89PNG\r\n\x1a\n" + bytes(50), "starts with 89504e47"),
    "no zero in front": (b"\1" + idx(IMAGES)[1:], "starts with 01000803"),
    "signed bytes": (header(2, 3, 4, magic=b"\0\0\x09") + bytes(24), "starts with 00000903"),
    "too few axes": (idx(IMAGES[0]), "uint8 with 3 axes: it starts with 00000802"),
    "too many axes": (idx(IMAGES[None]), "uint8 with 3 axes: it starts with 00000804"),
    "no sizes": (idx(IMAGES)[:4], "truncated: it ends inside its header"),
    "header cut": (idx(IMAGES)[:15], "truncated: it ends inside its header"),
    "no images": (header(0, 3, 4), "claims 0 × 3 × 4 elements, which is zero"),
    "no width": (header(2, 3, 0), "claims 2 × 3 × 0 elements, which is zero"),
    "2**96 bytes": (
        header(*[2**32 - 1] * 3) + bytes(99),
        "claims 4,294,967,295 × 4,294,967,295 × 4,294,967,295 elements, which is zero or more",
    ),
    "over 1 GiB": (header(MAX_BYTES + 1, 1, 1), "claims 1,073,741,825 × 1 × 1 elements"),
}
WRONG_ENDS = {
    "no data": (idx(IMAGES)[:16], "truncated: 0 of 24 bytes"),
    "last byte missing": (idx(IMAGES)[:-1], "truncated: 23 of 24 bytes"),
    "a byte too many": (idx(IMAGES) + b"\0", "damaged: there are bytes after the 24"),
    "twice": (idx(IMAGES) * 2, "damaged: there are bytes after the 24"),
}
WRONG = WRONG_BEGINNINGS | WRONG_ENDS


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_with_the_reason(tmp_path, name, packing):
    contents, reason = WRONG[name]
    assert reason in complaint(written(tmp_path, PACKINGS[packing](contents)))


def test_a_plain_file_cut_anywhere_is_refused(tmp_path):
    whole = idx(IMAGES)
    for end in range(4, len(whole)):
        assert "truncated" in complaint(written(tmp_path, whole[:end]))


def test_a_gzipped_file_cut_anywhere_is_refused(tmp_path):
    whole = gzip.compress(idx(IMAGES))
    for end in range(2, len(whole)):
        text = complaint(written(tmp_path, whole[:end]))
        assert "truncated: its gzip stream ends too early" in text


@pytest.mark.parametrize(("position", "reason"), [(-8, "CRC check failed"), (-4, "length")])
def test_a_wrong_checksum_at_the_end_of_a_gzipped_file_is_refused(tmp_path, position, reason):
    packed = bytearray(gzip.compress(idx(IMAGES)))
    packed[position] ^= 1
    text = complaint(written(tmp_path, packed))
    assert "damaged" in text
    assert reason in text


def test_a_gzip_stream_that_cannot_be_unpacked_is_refused(tmp_path):
    packed = bytearray(gzip.compress(idx(IMAGES)))
    packed[10:20] = b"\xff" * 10
    assert "damaged" in complaint(written(tmp_path, packed))


@settings(max_examples=200)
@given(bit=st.integers(0, 8 * len(gzip.compress(idx(IMAGES), mtime=0)) - 1))
def test_no_flipped_bit_in_a_gzipped_file_gets_through(tmp_path_factory, bit):
    packed = bytearray(gzip.compress(idx(IMAGES), mtime=0))
    packed[bit // 8] ^= 1 << bit % 8
    path = written(tmp_path_factory.getbasetemp(), packed)
    try:
        array, _ = read_idx(path, ndim=3)
    except UserError:
        return
    np.testing.assert_array_equal(array, IMAGES)  # some bits of gzip's header have no effect


@given(bit=st.integers(0, 8 * len(header(2, 3, 4)) - 1))
def test_no_flipped_bit_in_the_header_gets_through(tmp_path_factory, bit):
    contents = bytearray(idx(IMAGES))
    contents[bit // 8] ^= 1 << bit % 8
    complaint(written(tmp_path_factory.getbasetemp(), contents))


@pytest.mark.parametrize("tail", [b"\r\n", b"x", b"garbage", b"\0\0\1", b"\x1f"])
def test_bytes_after_the_gzip_stream_are_refused_and_called_so(tmp_path, tail):
    path = written(tmp_path, gzip.compress(idx(IMAGES)) + tail)
    assert complaint(path) == (
        f"{path} is damaged: there are other bytes after the end of its gzip stream"
    )


def test_a_second_gzip_stream_is_more_of_the_data_and_refused_as_such(tmp_path):
    path = written(tmp_path, gzip.compress(idx(IMAGES)) + gzip.compress(b"more"))
    assert "bytes after the 24" in complaint(path)
    halves = idx(IMAGES)[:20], idx(IMAGES)[20:]
    array, _ = read_idx(written(tmp_path, b"".join(map(gzip.compress, halves))), ndim=3)
    np.testing.assert_array_equal(array, IMAGES)


def test_zeros_after_the_gzip_stream_are_padding(tmp_path):
    array, _ = read_idx(written(tmp_path, gzip.compress(idx(IMAGES)) + bytes(100)), ndim=3)
    np.testing.assert_array_equal(array, IMAGES)


def test_no_more_is_unpacked_than_the_header_announces(tmp_path):
    path = written(tmp_path, gzip.compress(idx(IMAGES) + bytes(20_000_000), compresslevel=1))
    tracemalloc.start()
    try:
        assert "bytes after the 24" in complaint(path)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_header_that_claims_many_bytes_does_not_allocate_them(tmp_path, packing):
    path = written(tmp_path, PACKINGS[packing](header(1, 1, MAX_BYTES) + bytes(99)))
    tracemalloc.start()
    try:
        assert "truncated: 99 of 1,073,741,824 bytes" in complaint(path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_missing_file_is_reported(tmp_path):
    assert "no such file" in complaint(tmp_path / "some-images")


def test_a_folder_is_not_a_file(tmp_path):
    assert "is a directory" in complaint(tmp_path)
