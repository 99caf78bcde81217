"""Fashion-MNIST: the embedded subset, where the whole set is looked for, and what is refused."""

import gzip
import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygan import data
from tinygan.data import fashion_mnist
from tinygan.data.fashion_mnist_subset.make_subset import first_of_each_class
from tinygan.errors import UserError

SYSTEM = Path("/usr/share/datasets")
SUBSET = Path(fashion_mnist.__file__).parent / "fashion_mnist_subset"
COUNTS = {"train": 5, "test": 3}

FETCH = "-m tinygan.data fetch fashion-mnist"


def idx(array):
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def small_set(size=28, seed=0):
    """{name: contents} of four small files."""
    rng = np.random.default_rng(seed)
    contents = {}
    for split, (images, labels) in fashion_mnist.FILES.items():
        n = COUNTS[split]
        contents[images] = idx(rng.integers(0, 256, (n, size, size), np.uint8))
        contents[labels] = idx(rng.integers(0, 10, n, np.uint8))
    return contents


def put(folder, contents, *, packed=True):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


def remove(folder):
    for path in folder.glob("*-ubyte*"):
        path.unlink()


def complaint(*args, **kwargs):
    with pytest.raises(UserError) as caught:
        data.load(*args, **kwargs)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A machine without Fashion-MNIST: home and /usr/share/datasets are in the test's folder."""
    monkeypatch.delenv("TINYGAN_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "home" / "local"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home" / "xdg"))
    places = fashion_mnist._locations

    def moved(data_dir):
        found = places(data_dir)
        if data_dir is not None:
            return found
        assert any(place.is_relative_to(SYSTEM) for place in found)
        return [
            tmp_path / "system" / place.relative_to(SYSTEM)
            if place.is_relative_to(SYSTEM)
            else place
            for place in found
        ]

    monkeypatch.setattr(fashion_mnist, "_locations", moved)
    return tmp_path / "home"


@pytest.fixture
def official(monkeypatch):
    """A small set that is official for this test."""
    contents = small_set()
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(fashion_mnist, "OFFICIAL", digests)
    return contents


# The embedded subset


@pytest.mark.parametrize(("split", "per_class"), [("train", 600), ("test", 100)])
def test_the_subset_has_equally_many_images_of_each_class(split, per_class):
    subset = data.load("fashion-mnist-subset", split)
    assert subset.name == "fashion-mnist-subset"
    assert subset.images.shape == (10 * per_class, 28, 28, 1)
    assert subset.images.dtype == np.uint8
    assert (subset.images.min(), subset.images.max()) == (0, 255)
    assert subset.labels.shape == (10 * per_class,)
    assert subset.labels.dtype == np.uint8
    assert np.bincount(subset.labels).tolist() == [per_class] * len(fashion_mnist.CLASSES)


def test_the_subsets_labels_belong_to_its_images():
    train, test = (data.load("fashion-mnist-subset", split) for split in ("train", "test"))
    means = np.stack([train.images[train.labels == c].mean(axis=0).ravel() for c in range(10)])
    x = test.images.reshape(len(test.images), -1).astype(np.float64)
    nearest = ((means**2).sum(axis=1) - 2 * x @ means.T).argmin(axis=1)
    assert (nearest == test.labels).mean() > 0.6


def test_the_subsets_files_are_small_and_their_licence_is_beside_them():
    files = sorted(SUBSET.glob("*.gz"))
    assert [path.name.removesuffix(".gz") for path in files] == sorted(fashion_mnist.SUBSET)
    assert sum(path.stat().st_size for path in files) <= 3_500_000
    licence = (SUBSET / "LICENSE").read_text(encoding="utf-8")
    assert "MIT License" in licence
    assert "2017 Zalando SE" in licence
    assert "shall be included in all" in licence


def test_the_subset_says_which_bytes_it_was_read_from():
    name = fashion_mnist.FILES["test"][0]
    digest = hashlib.sha256(gzip.decompress((SUBSET / f"{name}.gz").read_bytes())).hexdigest()
    assert data.load("fashion-mnist-subset", "test").sha256 == digest == fashion_mnist.SUBSET[name]


def test_the_subset_is_taken_from_the_package_whatever_lies_elsewhere(
    tmp_path, official, monkeypatch
):
    put(tmp_path, official)
    monkeypatch.setenv("TINYGAN_DATA", str(tmp_path))
    subset = data.load("fashion-mnist-subset", "test")
    assert len(subset.images) == 1000
    assert subset.origin == "the tinygan package"


def test_the_subset_from_a_folder_is_a_contradiction_and_refused(tmp_path):
    assert "leave --data-dir out" in complaint("fashion-mnist-subset", "train", tmp_path)


def test_a_data_folder_of_the_environment_that_does_not_exist_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGAN_DATA", str(tmp_path / "mistyped"))
    assert "mistyped, which is not a folder" in complaint("fashion-mnist", "train", None)


def test_an_altered_subset_is_refused_and_the_whole_set_is_not_offered_as_its_cure(monkeypatch):
    monkeypatch.setitem(fashion_mnist.SUBSET, "t10k-images-idx3-ubyte", "0" * 64)
    text = complaint("fashion-mnist-subset", "test")
    assert f"{SUBSET / 't10k-images-idx3-ubyte.gz'} is altered" in text
    assert FETCH not in text


@pytest.mark.skipif(
    not (SYSTEM / "fashion-mnist").exists(), reason="no /usr/share/datasets/fashion-mnist here"
)
@pytest.mark.parametrize(
    ("split", "count", "per_class"), [("train", 60000, 600), ("test", 10000, 100)]
)
def test_the_subset_is_the_first_of_each_class_of_the_whole_set(split, count, per_class):
    whole = data.load("fashion-mnist", split, SYSTEM / "fashion-mnist")
    assert whole.name == "fashion-mnist"
    assert whole.images.shape == (count, 28, 28, 1)
    assert np.bincount(whole.labels).tolist() == [count // 10] * 10
    subset = data.load("fashion-mnist-subset", split)
    chosen = first_of_each_class(whole.labels, per_class)
    np.testing.assert_array_equal(whole.images[chosen], subset.images)
    np.testing.assert_array_equal(whole.labels[chosen], subset.labels)


# Where the whole set is looked for


def test_the_first_place_that_has_the_set_is_taken(tmp_path, monkeypatch, official):
    monkeypatch.setenv("TINYGAN_DATA", str(tmp_path / "named"))
    bases = [tmp_path / "named", fashion_mnist.cache_dir(), tmp_path / "system"]
    places = [place for base in bases for place in (base, base / "fashion-mnist")]
    for place in places:
        put(place, official)
    for place in places:
        found = data.load("fashion-mnist", "train")
        assert (found.name, found.origin) == ("fashion-mnist", str(place))
        remove(place)
    assert data.load("fashion-mnist", "train").name == "fashion-mnist-subset"


def test_a_folder_that_was_named_comes_before_all_others(tmp_path, monkeypatch, official):
    monkeypatch.setenv("TINYGAN_DATA", str(tmp_path / "variable"))
    for place in (tmp_path / "variable", fashion_mnist.cache_dir(), tmp_path / "argument"):
        put(place, official)
    found = data.load("fashion-mnist", "train", str(tmp_path / "argument"))
    assert found.origin == str(tmp_path / "argument")


def test_a_folder_that_was_named_and_has_no_set_is_an_error_and_not_passed_over(tmp_path, official):
    put(fashion_mnist.cache_dir(), official)
    put(tmp_path / "system", official)
    text = complaint("fashion-mnist", "train", tmp_path / "empty")
    assert f"no Fashion-MNIST in {tmp_path / 'empty'}" in text
    assert f"{FETCH} --data-dir {tmp_path / 'empty'}" in text


def test_without_the_whole_set_the_subset_is_taken_and_named_as_such():
    for split, count in (("train", 6000), ("test", 1000)):
        fallback = data.load("fashion-mnist", split)
        assert fallback.name == "fashion-mnist-subset"
        assert len(fallback.images) == count


def test_an_empty_variable_is_no_place(official, monkeypatch, tmp_path):
    monkeypatch.setenv("TINYGAN_DATA", "")
    monkeypatch.chdir(tmp_path)
    put(tmp_path, official)
    assert data.load("fashion-mnist", "test").name == "fashion-mnist-subset"


@pytest.mark.parametrize(
    ("platform", "where"),
    [
        ("linux", "xdg/tinygan"),
        ("darwin", "Library/Caches/tinygan"),
        ("win32", "local/tinygan"),
    ],
)
def test_the_cache_folder_is_where_the_system_wants_it(home, monkeypatch, platform, where):
    monkeypatch.setattr(sys, "platform", platform)
    assert fashion_mnist.cache_dir() == home / where


@pytest.mark.parametrize(
    ("platform", "where"), [("linux", ".cache/tinygan"), ("win32", "AppData/Local/tinygan")]
)
def test_the_cache_folder_is_under_home_when_no_variable_says_otherwise(
    home, monkeypatch, platform, where
):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA")
    assert fashion_mnist.cache_dir() == home / where


def test_a_user_without_a_home_still_gets_the_subset(monkeypatch):
    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", nowhere)
    assert data.load("fashion-mnist", "test").name == "fashion-mnist-subset"


# What is read and what is refused


def test_a_set_comes_back_with_its_contents_and_their_digest(tmp_path, official):
    put(tmp_path, official)
    found = data.load("fashion-mnist", "test", tmp_path)
    images, labels = (official[name] for name in fashion_mnist.FILES["test"])
    assert found.images.tobytes() == images[16:]
    assert found.images.shape == (3, 28, 28, 1)
    assert found.labels.tobytes() == labels[8:]
    assert found.sha256 == hashlib.sha256(images).hexdigest()


def test_unpacked_files_are_as_good_as_gzipped_ones(tmp_path, official):
    put(tmp_path / "packed", official)
    put(tmp_path / "plain", official, packed=False)
    packed, plain = (
        data.load("fashion-mnist", "train", tmp_path / kind) for kind in ("packed", "plain")
    )
    np.testing.assert_array_equal(packed.images, plain.images)
    np.testing.assert_array_equal(packed.labels, plain.labels)
    assert packed.sha256 == plain.sha256


def test_a_split_does_not_need_the_files_of_the_other(tmp_path, official):
    put(tmp_path, {name: official[name] for name in fashion_mnist.FILES["train"]})
    assert len(data.load("fashion-mnist", "train", tmp_path).images) == 5
    assert "no Fashion-MNIST in" in complaint("fashion-mnist", "test", tmp_path)


@pytest.mark.parametrize("missing", fashion_mnist.FILES["train"])
@pytest.mark.parametrize("named", [True, False])
def test_half_a_set_is_an_error_that_names_the_missing_file(
    tmp_path, monkeypatch, official, missing, named
):
    put(tmp_path, official)
    (tmp_path / f"{missing}.gz").unlink()
    monkeypatch.setenv("TINYGAN_DATA", str(tmp_path))
    text = complaint("fashion-mnist", "train", tmp_path if named else None)
    assert f"{missing}[.gz] is missing" in text
    assert f"{FETCH} --data-dir {tmp_path}" in text


@pytest.mark.parametrize("altered", fashion_mnist.FILES["train"])
@pytest.mark.parametrize("packed", [True, False])
def test_an_altered_file_is_refused_by_name(tmp_path, official, altered, packed):
    contents = bytearray(official[altered])
    contents[-1] ^= 1
    put(tmp_path, official | {altered: bytes(contents)}, packed=packed)
    text = complaint("fashion-mnist", "train", tmp_path)
    assert str(tmp_path / altered) in text
    assert "is altered" in text
    assert FETCH in text


def test_an_altered_set_is_not_passed_over_for_a_good_one_behind_it(
    tmp_path, monkeypatch, official
):
    monkeypatch.setenv("TINYGAN_DATA", str(tmp_path / "named"))
    put(tmp_path / "named", small_set(seed=1))
    put(fashion_mnist.cache_dir(), official)
    assert f"{tmp_path / 'named'}" in complaint("fashion-mnist", "train")


def test_a_damaged_file_is_refused_by_name(tmp_path, official):
    put(tmp_path, official)
    path = tmp_path / f"{fashion_mnist.FILES['train'][0]}.gz"
    path.write_bytes(path.read_bytes()[:-5])
    assert f"{path} is truncated" in complaint("fashion-mnist", "train", tmp_path)


def test_a_place_that_cannot_be_looked_at_is_an_error_of_one_line():
    assert "x" * 300 in complaint("fashion-mnist", "train", "x" * 300)


# Other names of the files


@pytest.mark.parametrize(
    "renamed",
    [
        lambda name: name.replace("-idx", ".idx"),
        lambda name: f"{name}/{name}",
        lambda name: f"fashion-mnist-{name}",
        lambda name: f"Fashion_{name.replace('t10k', 'test')}",
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_the_set_is_found_and_verified_by_its_other_common_names(
    tmp_path, official, renamed, suffix
):
    def write(contents):
        for name, content in contents.items():
            path = tmp_path / f"{renamed(name)}{suffix}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(gzip.compress(content) if suffix else content)

    write(official)
    for split, count in COUNTS.items():
        found = data.load("fashion-mnist", split, tmp_path)
        assert (found.name, len(found.images)) == ("fashion-mnist", count)
    write(small_set(seed=1))
    text = complaint("fashion-mnist", "train", tmp_path)
    assert "is altered: its SHA-256 is not that of Fashion-MNIST" in text
    assert text.endswith(f"--data idx --data-dir {tmp_path}")


def test_a_set_of_another_name_in_the_same_place_is_not_taken_for_it(
    tmp_path, monkeypatch, official
):
    monkeypatch.setenv("TINYGAN_DATA", str(tmp_path))
    put(tmp_path, {f"emnist-letters-{name}": b"x" for name in official})
    assert data.load("fashion-mnist", "train").name == "fashion-mnist-subset"
    put(tmp_path / "fashion-mnist", official)
    assert data.load("fashion-mnist", "train").origin == str(tmp_path / "fashion-mnist")


def test_where_the_set_is_missing_it_is_said_what_is_there(tmp_path):
    (tmp_path / "archive.zip").write_bytes(b"x")
    text = complaint("fashion-mnist", "train", tmp_path)
    assert "there is no train-images-idx3-ubyte[.gz] in it (it holds archive.zip)" in text


# Names


def test_unknown_data_and_unknown_splits_are_refused_with_the_known_ones():
    text = complaint("mnist")
    assert "unknown data 'mnist'" in text
    assert all(name in text for name in data.names())
    assert "unknown split 'valid': choose train or test" in complaint("fashion-mnist", "valid")


def test_the_training_split_is_meant_when_none_is_named():
    assert len(data.load("fashion-mnist-subset").images) == 6000
