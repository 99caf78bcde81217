"""Sets of four IDX files: found by all their common names, and never one taken for another."""

import gzip
import hashlib
import os

import numpy as np
import pytest

from tinygan import data
from tinygan.data.idx_set import FILES, find
from tinygan.errors import UserError

COUNTS = {"train": 5, "test": 3}
SPLITS = list(FILES)


def idx(array):
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def small_set(seed=0, least=0):
    """{name: contents} of four small files with the labels least, least + 1, …"""
    rng, contents = np.random.default_rng(seed), {}
    for split, (images, labels) in FILES.items():
        n = COUNTS[split]
        contents[images] = idx(rng.integers(0, 256, (n, 9, 9), np.uint8))
        contents[labels] = idx(np.arange(least, least + n, dtype=np.uint8))
    return contents


def put(folder, contents, renamed=str, *, packed=False):
    for name, content in contents.items():
        path = folder / f"{renamed(name)}{'.gz' * packed}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if packed else content)
    return folder


def complaint(split, folder):
    with pytest.raises(UserError) as caught:
        data.load("idx", split, folder)
    text = str(caught.value)
    assert "\n" not in text
    return text


def same(found, contents, split):
    images, labels = (contents[name] for name in FILES[split])
    return found.images.tobytes() == images[16:] and found.labels.tobytes() == labels[8:]


# What is found

NAMES = {
    "MNIST's own": str,
    "with a dot": lambda name: name.replace("-idx", ".idx"),
    "in folders": lambda name: f"{name}/{name}",
    "in folders, with a dot": lambda name: f"{name}/{name.replace('-idx', '.idx')}",
    "in folders with a dot": lambda name: f"{name.replace('-idx', '.idx')}/{name}",
    "EMNIST's": lambda name: f"emnist-letters-{name.replace('t10k', 'test')}",
    "with a name": lambda name: f"my_set_{name}",
    "with test": lambda name: name.replace("t10k", "test"),
}


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_a_set_is_found_by_each_of_its_common_names(tmp_path, name, packed):
    contents = small_set()
    put(tmp_path, contents, NAMES[name], packed=packed)
    (tmp_path / "readme.txt").write_text("x")
    for split in SPLITS:
        found = data.load("idx", split, tmp_path)
        assert same(found, contents, split)
        assert (found.name, found.origin) == ("idx", str(tmp_path))
        assert found.images.shape == (COUNTS[split], 9, 9, 1)
        assert found.sha256 == hashlib.sha256(contents[FILES[split][0]]).hexdigest()


def test_names_that_only_resemble_them_are_not_taken(tmp_path):
    for name in ("train-images-idx3-ubyte.bak", "train-images-idx3-ubyte (1)", "train-images",
                 "retrain-images-idx3-ubyte", "valid-images-idx3-ubyte",
                 "train-images-idx1-ubyte", "train-labels-idx3-ubyte.gz"):  # fmt: skip
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "train-labels-idx1-ubyte").mkdir()
    (tmp_path / "train-labels-idx1-ubyte" / "t10k-labels-idx1-ubyte").write_bytes(b"x")
    assert find(tmp_path) == {}


@pytest.mark.parametrize("split", SPLITS)
def test_a_name_with_the_wrong_number_of_axes_does_not_hide_the_right_one(tmp_path, split):
    contents = small_set()
    put(tmp_path, contents)
    swap = str.maketrans("13", "31")
    for name in FILES[split]:
        head, tail = name.split("idx")
        (tmp_path / f"{head}idx{tail.translate(swap)}").write_bytes(b"x")
    assert same(data.load("idx", split, tmp_path), contents, split)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "MNIST's own"])
def test_of_the_same_set_twice_mnists_own_names_are_taken(tmp_path, name):
    own = small_set(seed=0)
    put(tmp_path, small_set(seed=1), NAMES[name])
    put(tmp_path, own, packed="folders" in name)  # a folder has the name of the unpacked file
    assert all(same(data.load("idx", split, tmp_path), own, split) for split in SPLITS)


def test_an_unpacked_file_comes_before_a_packed_one(tmp_path):
    plain = small_set(seed=0)
    put(tmp_path, small_set(seed=1), packed=True)
    put(tmp_path, plain)
    assert same(data.load("idx", "train", tmp_path), plain, "train")


def test_two_sets_in_one_folder_are_refused_and_named(tmp_path):
    for name in ("emnist-letters", "emnist-digits"):
        put(tmp_path, small_set(), f"{name}-{{}}".format)
    assert complaint("train", tmp_path) == (
        f"{tmp_path} holds the IDX files of several sets (emnist-digits, emnist-letters): put the "
        "four files of one into a folder of their own and name that"
    )


def test_a_training_split_of_one_set_never_meets_the_test_split_of_another(tmp_path):
    for name, split in (("letters", "train"), ("digits", "test")):
        part = {key: small_set()[key] for key in FILES[split]}
        put(tmp_path, part, f"{name}-{{}}".format)
    for split in SPLITS:
        assert "several sets (digits, letters)" in complaint(split, tmp_path)


# What is not found


def test_a_folder_is_needed(monkeypatch, tmp_path):
    monkeypatch.setenv("TINYGAN_DATA", str(tmp_path))
    put(tmp_path, small_set())
    assert "--data-dir" in complaint("train", None)


@pytest.mark.parametrize("missing", FILES["test"])
def test_where_a_file_is_missing_it_is_said_which_are_wanted_and_what_is_there(tmp_path, missing):
    put(tmp_path, {name: b"x" for name in FILES["test"] if name != missing})
    text = complaint("test", tmp_path)
    assert f"no IDX files for the split test in {tmp_path}: t10k-images-idx3-ubyte[.gz]" in text
    assert f"{missing}[.gz]" in text
    assert f"(it holds {min(name for name in FILES['test'] if name != missing)})" in text


def test_of_a_folder_of_other_things_the_first_are_named(tmp_path):
    assert "(it is empty)" in complaint("train", tmp_path)
    put(tmp_path, {f"{i}.png": b"x" for i in range(9)})
    assert "(it holds 0.png, 1.png, 2.png, 3.png, 4.png, 5.png, …)" in complaint("train", tmp_path)
    assert "(no such file or directory)" in complaint("train", tmp_path / "no")
    assert "(not a directory)" in complaint("train", tmp_path / "0.png")


@pytest.mark.skipif(os.name == "nt", reason="such a name is impossible on Windows")
def test_untrusted_names_are_shown_without_control_characters(tmp_path):
    put(tmp_path, {"\x1b[31m\n": b"x", "\x1b-train-images-idx3-ubyte": b"x"})
    assert complaint("train", tmp_path).isprintable()
    put(tmp_path, {"b-train-images-idx3-ubyte": b"x"})
    assert complaint("train", tmp_path).isprintable()


# What is read


def test_images_and_labels_of_different_number_are_refused(tmp_path):
    contents = small_set()
    images, labels = FILES["train"]
    contents[labels] = idx(np.zeros(4, np.uint8))
    put(tmp_path, contents)
    text = complaint("train", tmp_path)
    assert f"{tmp_path / images} has 5 images" in text
    assert f"{tmp_path / labels} has 4 labels" in text


def test_images_in_the_place_of_labels_are_refused(tmp_path):
    contents = small_set()
    images, labels = FILES["train"]
    contents[labels] = contents[images]
    put(tmp_path, contents)
    assert f"{tmp_path / labels} is not an IDX file" in complaint("train", tmp_path)


def test_labels_that_start_above_0_stay_as_they_are_in_both_splits_and_that_is_said(
    tmp_path, capsys
):
    put(tmp_path, small_set(least=1), NAMES["EMNIST's"])
    assert data.load("idx", "train", tmp_path).labels.tolist() == [1, 2, 3, 4, 5]
    path = tmp_path / "emnist-letters-train-labels-idx1-ubyte"
    said = f"idx: the labels in {path} go from 1 to 5: no image has the label 0\n"
    assert capsys.readouterr() == ("", said)
    assert data.load("idx", "test", tmp_path).labels.tolist() == [1, 2, 3]
    assert capsys.readouterr() == ("", "")


def test_labels_from_0_need_no_word(tmp_path, capsys):
    put(tmp_path, small_set())
    data.load("idx", "train", tmp_path)
    assert capsys.readouterr() == ("", "")
