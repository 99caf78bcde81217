"""CIFAR-10: where it is looked for, how its bytes are read, and every file that is refused."""

import gzip
import hashlib
import io
import tarfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import data
from tinygan.data import cifar10
from tinygan.errors import UserError

RECORDS = 7
ALL = (*cifar10.FILES["train"], *cifar10.FILES["test"])


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    """Files of seven records, and a machine without CIFAR-10."""
    monkeypatch.setattr(cifar10, "RECORDS", RECORDS)
    monkeypatch.delenv("TINYGAN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def contents(rng):
    """{name: bytes} of the six files."""
    return {name: records(rng) for name in ALL}


def records(rng, n=RECORDS):
    labels = rng.integers(0, 10, (n, 1), np.uint8)
    return np.concatenate([labels, rng.integers(0, 256, (n, 3072), np.uint8)], axis=1).tobytes()


def put(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def member(name, content=b"", **settings):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in settings.items():
        setattr(info, key, value)
    return info, content


def plain(contents):
    return [member(f"{cifar10.FOLDER}/{name}", content) for name, content in contents.items()]


def pack(folder, members, mode="w:gz"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / cifar10.ARCHIVE
    with tarfile.open(path, mode) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return path


def complaint(*args):
    with pytest.raises(UserError) as caught:
        data.load("cifar10", *args)
    text = str(caught.value)
    assert "\n" not in text
    return text


# Reading


def test_planes_become_pixels_and_the_first_byte_the_label(tmp_path):
    content = bytearray(RECORDS * 3073)
    content[3073] = 4  # the second record
    content[3073 + 1 + 0 * 1024 + 5 * 32 + 9] = 10  # red at row 5, column 9
    content[3073 + 1 + 1 * 1024 + 5 * 32 + 9] = 20
    content[3073 + 1 + 2 * 1024 + 31 * 32 + 30] = 30  # blue at row 31, column 30
    put(tmp_path, {"test_batch.bin": bytes(content)})
    found = data.load("cifar10", "test", tmp_path)
    assert found.images.shape == (RECORDS, 32, 32, 3)
    assert (found.images.dtype, found.labels.dtype) == (np.uint8, np.uint8)
    assert found.labels.tolist() == [0, 4] + [0] * (RECORDS - 2)
    assert found.images[1, 5, 9].tolist() == [10, 20, 0]
    assert found.images[1, 31, 30].tolist() == [0, 0, 30]
    assert found.images.sum() == 60
    assert found.images.flags.c_contiguous


@pytest.mark.parametrize("split", ["train", "test"])
def test_packed_and_unpacked_are_the_same(tmp_path, contents, split):
    put(tmp_path / "plain" / cifar10.FOLDER, contents)
    path = pack(
        tmp_path / "packed", [member(cifar10.FOLDER, type=tarfile.DIRTYPE), *plain(contents)]
    )
    unpacked = data.load("cifar10", split, tmp_path / "plain")
    packed = data.load("cifar10", split, tmp_path / "packed")
    np.testing.assert_array_equal(unpacked.images, packed.images)
    np.testing.assert_array_equal(unpacked.labels, packed.labels)
    joined = b"".join(contents[name] for name in cifar10.FILES[split])
    assert unpacked.sha256 == packed.sha256 == hashlib.sha256(joined).hexdigest()
    assert unpacked.name == packed.name == "cifar10"
    assert len(unpacked.images) == RECORDS * len(cifar10.FILES[split])
    labels = [joined[i] for i in range(0, len(joined), 3073)]
    assert unpacked.labels.tolist() == labels
    assert packed.origin == f"{path}, not the official archive"
    assert "not verified as the official files" in unpacked.origin
    assert sorted(p.name for p in (tmp_path / "packed").iterdir()) == [cifar10.ARCHIVE]


def test_the_batches_are_in_order_whatever_their_order_in_the_archive(tmp_path, contents):
    pack(tmp_path, plain(contents)[::-1])
    put(tmp_path / "plain", contents)
    first, second = (data.load("cifar10", "train", tmp_path / p) for p in ("", "plain"))
    np.testing.assert_array_equal(first.images, second.images)


def test_the_official_archive_is_known_by_its_md5(tmp_path, contents, monkeypatch):
    path = pack(tmp_path, plain(contents))
    assert cifar10.ARCHIVE_MD5 == "c32a1d4ab5d03f1284b67883e8d87530"
    monkeypatch.setattr(cifar10, "ARCHIVE_MD5", hashlib.md5(path.read_bytes()).hexdigest())
    assert data.load("cifar10", "train", tmp_path).origin == f"{path}, the official archive"


def test_it_is_looked_for_in_the_usual_places(tmp_path, contents, monkeypatch):
    named = tmp_path / "named"
    monkeypatch.setenv("TINYGAN_DATA", str(named))
    places = [named, named / "cifar10", cifar10.cache_dir(), cifar10.cache_dir() / "cifar10"]
    for place in places:
        pack(place, plain(contents))
    for place in places:
        assert str(place / cifar10.ARCHIVE) in data.load("cifar10").origin
        (place / cifar10.ARCHIVE).unlink()
    text = complaint("train")
    assert "was not found" in text
    assert "https://www.cs.toronto.edu/~kriz/cifar.html" in text
    assert str(cifar10.cache_dir() / "cifar10") in text
    assert "--data-dir" in text


def test_where_a_named_folder_has_no_set_it_is_said_what_is_there(tmp_path, monkeypatch):
    put(tmp_path, {"a.txt": b"x"})
    assert f"no CIFAR-10 in {tmp_path} (it holds a.txt): put" in complaint("train", tmp_path)
    assert "(no such file or directory)" in complaint("train", tmp_path / "no")

    def refusing(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.listdir", refusing)
    text = complaint("train", tmp_path)
    assert f"no CIFAR-10 in {tmp_path} (permission denied): put" in text


def test_a_split_does_not_need_the_files_of_the_other(tmp_path, contents):
    put(tmp_path, {"test_batch.bin": contents["test_batch.bin"]})
    assert len(data.load("cifar10", "test", tmp_path).images) == RECORDS
    assert "no CIFAR-10 in" in complaint("train", tmp_path)


def test_there_are_ten_classes_and_the_set_is_among_the_names():
    assert len(set(cifar10.CLASSES)) == 10
    assert (cifar10.CLASSES[0], cifar10.CLASSES[3], cifar10.CLASSES[9]) == (
        "airplane",
        "cat",
        "truck",
    )
    assert "cifar10" in data.names()


# What is refused


@pytest.mark.parametrize("name", cifar10.PICKLED)
@pytest.mark.parametrize("named", [True, False])
def test_the_pickled_version_is_refused_by_name_and_never_opened(
    tmp_path, monkeypatch, name, named
):
    monkeypatch.setenv("TINYGAN_DATA", str(tmp_path))
    if name.endswith(".gz"):
        (tmp_path / name).write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    else:
        put(tmp_path / name, {"data_batch_1": b"cos\nsystem\n(S'exit 1'\ntR."})
    text = complaint("train", tmp_path if named else None)
    assert str(tmp_path / name) in text
    assert "pickled" in text
    assert cifar10.ARCHIVE in text


def test_the_binary_version_is_read_even_with_the_pickled_one_beside_it(tmp_path, contents):
    pack(tmp_path, plain(contents))
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"x")
    assert len(data.load("cifar10", "train", tmp_path).images) == 5 * RECORDS


def test_a_missing_batch_is_named(tmp_path, contents):
    put(tmp_path / "plain", {k: v for k, v in contents.items() if k != "data_batch_3.bin"})
    assert "data_batch_3.bin is missing" in complaint("train", tmp_path / "plain")
    some = {k: v for k, v in contents.items() if k != "data_batch_3.bin"}
    pack(tmp_path / "packed", plain(some))
    assert f"no {cifar10.FOLDER}/data_batch_3.bin" in complaint("train", tmp_path / "packed")


@pytest.mark.parametrize("size", [0, 1, RECORDS * 3073 - 1, RECORDS * 3073 + 1])
def test_a_file_of_the_wrong_size_is_refused(tmp_path, contents, size):
    contents["data_batch_2.bin"] = bytes(size)
    put(tmp_path / "plain", contents)
    pack(tmp_path / "packed", plain(contents))
    for kind in ("plain", "packed"):
        text = complaint("train", tmp_path / kind)
        assert "data_batch_2.bin" in text
        assert f"{size:,} bytes instead of {RECORDS * 3073:,}" in text


def test_a_label_above_nine_is_refused(tmp_path, contents):
    content = bytearray(contents["data_batch_4.bin"])
    content[2 * 3073] = 10
    put(tmp_path, contents | {"data_batch_4.bin": bytes(content)})
    text = complaint("train", tmp_path)
    assert "data_batch_4.bin" in text
    assert "a label 10" in text


@pytest.mark.parametrize(
    "settings",
    [
        {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        {"type": tarfile.LNKTYPE, "linkname": "data_batch_1.bin"},
        {"type": tarfile.FIFOTYPE},
        {"type": tarfile.CHRTYPE},
        {"type": tarfile.DIRTYPE},
    ],
)
def test_anything_but_a_plain_file_in_its_place_is_refused(tmp_path, contents, settings):
    rest = {k: v for k, v in contents.items() if k != "data_batch_1.bin"}
    bad = member(f"{cifar10.FOLDER}/data_batch_1.bin", **settings)
    pack(tmp_path, [bad, *plain(rest)])
    assert "data_batch_1.bin in it is not a plain file" in complaint("train", tmp_path)


@pytest.mark.parametrize(
    "name", ["../{}", "/{}", "cifar-10-batches-bin/../{}", "x/cifar-10-batches-bin/{}", "{}"]
)
def test_only_the_expected_names_are_read_and_nothing_is_ever_written(
    tmp_path, contents, name, monkeypatch
):
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    pack(tmp_path / "in", [member(name.format(n), c) for n, c in contents.items()])
    assert "has no cifar-10-batches-bin/data_batch_1.bin" in complaint("train", tmp_path / "in")
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == [cifar10.ARCHIVE]


def test_a_declared_size_is_believed_only_when_it_is_right(tmp_path, contents):
    """The header claims 2⁶⁰ bytes, but neither the member nor the stream is read that far."""
    info, content = plain(contents)[0]
    info.size = 1 << 60
    header = info.tobuf(tarfile.GNU_FORMAT)
    (tmp_path / cifar10.ARCHIVE).write_bytes(gzip.compress(header + content))
    assert f"{1 << 60:,} bytes instead of" in complaint("train", tmp_path)
    info.name = "unknown"
    (tmp_path / cifar10.ARCHIVE).write_bytes(
        gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + content)
    )
    assert "it ends too early" in complaint("train", tmp_path)


def test_an_archive_with_too_many_members_is_refused(tmp_path, contents):
    pack(tmp_path, [member(str(i)) for i in range(1001)] + plain(contents))
    assert "more than 1000 members" in complaint("train", tmp_path)


def test_no_more_is_unpacked_than_six_files_can_have(tmp_path, contents):
    bomb = member("readme.html", bytes(8_000_000))
    path = pack(tmp_path, [bomb, *plain(contents)])
    assert path.stat().st_size < 500_000
    assert "its contents are larger than the six files" in complaint("train", tmp_path)


def test_an_extended_header_of_a_gigabyte_is_not_read(tmp_path, contents):
    info, _ = member("long", type=tarfile.GNUTYPE_LONGNAME)
    info.size = 1 << 30
    (tmp_path / cifar10.ARCHIVE).write_bytes(
        gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(5000000))
    )
    assert "its contents are larger" in complaint("train", tmp_path)


def test_a_packed_file_that_is_too_large_is_not_read(tmp_path):
    (tmp_path / cifar10.ARCHIVE).write_bytes(bytes(6 * RECORDS * 3073 + (1 << 20) + 1))
    assert "too large" in complaint("train", tmp_path)


@pytest.mark.parametrize("keep", [0, 5, 30, 1000, -5])
def test_a_truncated_archive_is_refused(tmp_path, contents, keep):
    path = pack(tmp_path, plain(contents)[:5])
    path.write_bytes(path.read_bytes()[: keep if keep >= 0 else path.stat().st_size // 2])
    assert str(path) in complaint("train", tmp_path)


def cut_and_padded(raw):
    return gzip.compress(gzip.decompress(raw)[:40_000]) + b"\r\n"


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda raw: b"", "is not a gzip file: it starts with nothing instead of 1f8b; get the"),
        (lambda raw: b"<html>", "is not a gzip file: it starts with 3c68 instead of 1f8b; get the"),
        (gzip.decompress, "is not a gzip file: it starts with "),
        (lambda raw: raw[: len(raw) // 2], "is truncated: its gzip stream ends too early"),
        (cut_and_padded, "is damaged: there are other bytes after the end of its gzip stream"),
    ],
)
def test_what_is_wrong_with_the_gzip_stream_is_said(tmp_path, contents, harm, says):
    path = pack(tmp_path, plain(contents))
    path.write_bytes(harm(path.read_bytes()))
    assert f"{path} {says}" in complaint("train", tmp_path)


@given(seed=st.integers(0, 10_000), where=st.integers(0, 600))
def test_a_forged_header_ends_in_one_line_or_does_no_harm(tmp_path_factory, seed, where):
    rng = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("forged")
    path = pack(folder, plain({name: records(rng) for name in ALL}), "w")
    tar = bytearray(path.read_bytes())
    tar[where] ^= 1 + seed % 255
    path.write_bytes(gzip.compress(bytes(tar)))
    text = ""
    try:
        assert len(data.load("cifar10", "train", folder).images) == 5 * RECORDS
    except UserError as error:
        text = str(error)
    assert "\n" not in text
