"""Named arrays and images in .npz files: what goes in comes out, what is forged does not come in.

How a checkpoint refuses a damaged file is in runs/test_checkpoint.py.
"""

import io
import os
import tracemalloc
import zipfile

import numpy as np
import pytest

from tinygan import npz
from tinygan.errors import UserError
from tinygan.npz import read_arrays, read_images, write_arrays

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28, 1), np.uint8)
ARRAYS = {
    "a/0.W": np.arange(6, dtype=np.float32).reshape(2, 3),
    "turned": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "number": np.array(2.5),
    "empty": np.zeros((0, 4), np.float32),
}


def npy(array, **how):
    member = io.BytesIO()
    np.lib.format.write_array(member, array, **how)
    return member.getvalue()


def header(shape, dtype="|u1"):
    """The first bytes of an .npy member, whatever follows them."""
    member = io.BytesIO()
    about = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(member, about)
    return member.getvalue()


def packed(body, name="images.npy", method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(name, body)
    return file.getvalue()


def sealed(path, members):
    """A file with a right digest around whatever members an attacker likes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = b"0" * 64
        for name, body in members.items():
            archive.writestr(name, body)
    path.write_bytes(file.getvalue())
    with open(path, "r+b") as stream:
        digest = npz._digest(stream)
        stream.seek(-64, os.SEEK_END)
        stream.write(digest)


def refused(read, path, says):
    with pytest.raises(UserError, match=says) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_arrays_come_back_as_they_were_and_read_only(tmp_path):
    write_arrays(tmp_path / "f.npz", {"format": 1, "note": "n"}, ARRAYS)
    meta, found = read_arrays(tmp_path / "f.npz")
    assert meta == {"format": 1, "note": "n"}
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert not found[name].flags.writeable


def test_the_order_of_a_header_does_not_matter(tmp_path):
    text = b"{'shape':(2,2,1,1),\"fortran_order\" : False, 'descr':'|u1'}"
    body = b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + b"abcd"
    (tmp_path / "f.npz").write_bytes(packed(body))
    assert read_images(tmp_path / "f.npz")[0].tobytes() == b"abcd"


def test_numpy_opens_the_file(tmp_path):
    write_arrays(tmp_path / "f.npz", {"format": 1}, ARRAYS)
    with np.load(tmp_path / "f.npz", allow_pickle=False) as found:
        np.testing.assert_array_equal(found["a/0.W"], ARRAYS["a/0.W"])


def test_a_file_of_images_of_anyones_is_none_of_our_own(tmp_path):
    np.savez(tmp_path / "f.npz", images=IMAGES)
    refused(read_arrays, tmp_path / "f.npz", "is truncated or altered: its SHA-256 does not match")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (header((10,), "<f8") + bytes(79), "meta.npy is not as long as its header says"),
        (header((10,), "<f8") + bytes(81), "meta.npy is not as long as its header says"),
        (header((10**9,)) + bytes(5), "holds more than"),
        (header((-1,)), "meta.npy is not as long as its header says"),
        (npy(np.array([{}], object), allow_pickle=True), "meta.npy holds Python objects"),
        (npy(np.zeros(3), version=(2, 0)), "is not in version 1.0 of the .npy format"),
        (header((3,)).replace(b"(3,)", b"(3L)") + bytes(3), "meta.npy has no header of a plain"),
        (header((3,)).replace(b"(3,)", b"list") + bytes(3), "meta.npy has no header of a plain"),
        (header((3,)).replace(b"'|u1'", b"'a1' ") + bytes(3), "meta.npy has no header of a plain"),
        (npy(np.zeros(3, "u1,u1")), "meta.npy has no header of a plain array"),
        (npy(np.frombuffer(b'{"format": ' + b"9" * 4000 + b"}", np.uint8)), "999 and comes from"),
        (npy(np.frombuffer(b'{"form": 1}', np.uint8)), "is not a tinygan file: 'format'"),
    ],
)
def test_a_forged_member_of_our_own_file(tmp_path, body, says):
    sealed(tmp_path / "f.npz", {"meta.npy": body})
    refused(read_arrays, tmp_path / "f.npz", says)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("labels", [None, np.arange(40, dtype=np.int16)])
def test_images_and_labels_come_back(tmp_path, save, labels):
    save(tmp_path / "f.npz", images=IMAGES, **({} if labels is None else {"labels": labels}))
    images, found = read_images(tmp_path / "f.npz")
    np.testing.assert_array_equal(images, IMAGES)
    assert images.dtype == np.uint8
    if labels is None:
        assert found is None
    else:
        np.testing.assert_array_equal(found, labels)


def test_arrays_without_a_name_are_images_and_labels(tmp_path):
    np.savez(tmp_path / "f.npz", IMAGES, np.arange(40))
    images, labels = read_images(tmp_path / "f.npz")
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, np.arange(40))


@pytest.mark.parametrize("shape", [(5, 28, 28, 1), (5, 32, 32, 3), (5, 3, 8, 3), (5, 1, 3, 1)])
def test_grey_without_its_axis_and_colours_that_come_first_are_understood(tmp_path, shape):
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    np.savez(tmp_path / "last.npz", images=images)
    np.testing.assert_array_equal(read_images(tmp_path / "last.npz")[0], images)
    if shape[1] > 3:
        np.savez(tmp_path / "first.npz", images=np.moveaxis(images, 3, 1))
        np.testing.assert_array_equal(read_images(tmp_path / "first.npz")[0], images)
    if shape[3] == 1:
        np.savez(tmp_path / "grey.npz", images=images[..., 0])
        np.testing.assert_array_equal(read_images(tmp_path / "grey.npz")[0], images)


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        (
            {"pictures": IMAGES, "a\nb": IMAGES},
            r"f.npz has no array images \(or arr_0\), but pictures, a\?b: save it with np.savez",
        ),
        (
            {"images": IMAGES / 255},
            r"images must be uint8 \(N, H, W, C\), got float64 \(40, 28, 28, 1\); for values from",
        ),
        ({"images": IMAGES[0, :, :, 0]}, r"got uint8 \(28, 28\)"),
        ({"images": IMAGES[None]}, r"got uint8 \(1, 40, 28, 28, 1\)"),
        ({"images": IMAGES[:0]}, r"got uint8 \(0, 28, 28, 1\)"),
        ({"images": np.array([{}, 1], object)}, "is not an .npz file that can be read"),
        ({"labels": np.zeros(39, int)}, r"labels must be integers \(40,\), got int64 \(39,\)"),
        ({"labels": np.zeros(40)}, r"labels must be integers \(40,\), got float64"),
        ({"labels": np.full(40, -1)}, "labels must be 0 to 255, got -1 to -1"),
        ({"labels": np.full(40, 256)}, "labels must be 0 to 255, got 256 to 256"),
    ],
)
def test_a_file_that_does_not_hold_images(tmp_path, arrays, says):
    np.savez_compressed(tmp_path / "f.npz", **({"images": IMAGES} if "labels" in arrays else {}),
                        **arrays)  # fmt: skip
    refused(read_images, tmp_path / "f.npz", says)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip",
        packed(b""),
        packed(b"\x93NUMPY\x01\x00"),
        packed(header((10**11, 28, 28, 1))),
        packed(header((100, 28, 28, 1))),
        packed(header((-2, -2, 28, 1)) + bytes(4 * 28)),
        packed(header((10**11, 28, 28, 1)) + bytes(5)),
        packed(npy(IMAGES)[:-1]),
        packed(npy(IMAGES) + b"x"),
    ],
)
def test_a_damaged_or_forged_file_of_images(tmp_path, content):
    (tmp_path / "f.npz").write_bytes(content)
    refused(read_images, tmp_path / "f.npz", "f.npz is not an .npz file that can be read")


def test_a_truncated_file_of_images(tmp_path):
    np.savez_compressed(tmp_path / "f.npz", images=IMAGES)
    content = (tmp_path / "f.npz").read_bytes()
    for end in range(1, len(content), len(content) // 10):
        (tmp_path / "f.npz").write_bytes(content[:end])
        refused(read_images, tmp_path / "f.npz", "is not an .npz file that can be read")


def test_a_missing_file_and_a_folder(tmp_path):
    for read in (read_arrays, read_images):
        refused(read, tmp_path / "none.npz", "cannot read .*: no such file")
        refused(read, tmp_path, "cannot read .*: is a directory")


def test_no_more_is_unpacked_than_1_gib(tmp_path, monkeypatch):
    assert npz.MAX_BYTES == 1 << 30
    np.savez_compressed(tmp_path / "f.npz", images=IMAGES)
    monkeypatch.setattr(npz, "MAX_BYTES", IMAGES.size)
    assert read_images(tmp_path / "f.npz")[0].shape == IMAGES.shape
    monkeypatch.setattr(npz, "MAX_BYTES", IMAGES.size - 1)
    refused(read_images, tmp_path / "f.npz", "images.npy holds more than .* GiB")
    (tmp_path / "f.npz").write_bytes(packed(header((1 << 30, 1, 1, 2))))
    monkeypatch.undo()
    refused(read_images, tmp_path / "f.npz", "images.npy holds more than 1 GiB")


@pytest.mark.parametrize(
    ("claimed", "there"),
    [(1 << 29, 1000), (1000, 50_000_000)],
)
def test_no_more_memory_is_taken_than_header_and_bytes_agree_on(tmp_path, claimed, there):
    (tmp_path / "f.npz").write_bytes(packed(header((claimed, 1, 1, 1)) + bytes(there)))
    tracemalloc.start()
    try:
        refused(read_images, tmp_path / "f.npz", "is not as long as its header says")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
