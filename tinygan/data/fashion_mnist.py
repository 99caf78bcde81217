"""Fashion-MNIST: 70,000 photographs of clothes, 28×28 grey, in ten classes.

60,000 are for training and 10,000 for testing. MIT licence, © 2017 Zalando SE. tinygan comes with
a tenth of it (see fashion_mnist_subset/), in four files with the same names, so that everything
runs without a download.
Source: Xiao, Rasul & Vollgraf 2017, "Fashion-MNIST: a novel image dataset for benchmarking machine
learning algorithms".
"""

import hashlib
import os
import shlex
from pathlib import Path

from tinygan.cli import typed
from tinygan.data.dataset import Dataset
from tinygan.data.idx import read_idx
from tinygan.data.locations import cache_dir, locations
from tinygan.errors import UserError

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

__all__ = ["CLASSES", "cache_dir", "fetch_command", "load", "load_subset", "load_unverified"]

FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}

# SHA-256 of the unpacked contents
OFFICIAL = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
SUBSET = {
    "train-images-idx3-ubyte": "cf313073c7eb485392848071d5c433571d7166043e971e3345b095cc30518084",
    "train-labels-idx1-ubyte": "097b93fbcf9bd5bc648b1a457ddc55c9e4ab49afb33f9ecae8ce068399a75e3a",
    "t10k-images-idx3-ubyte": "7cee33c3c6414b1b86c25e665a6c4f41584269de3b7cc9768b1d351922845eef",
    "t10k-labels-idx1-ubyte": "3128d790775889812b73c4f13923559c8b9e281d112c6ea7862acf60a206a909",
}


def fetch_command(folder=None):
    """The command that downloads the set into `folder`, or into the cache if it is None."""
    where = [] if folder is None else ["--data-dir", folder]
    return typed("tinygan.data", "fetch", "fashion-mnist", *where)


def load(split, data_dir=None):
    """The whole set if it is found, else the embedded subset; see data.load."""
    for folder in _locations(data_dir):
        images, labels = (_find(folder, name) for name in FILES[split])
        if images and labels:
            return _read("fashion-mnist", images, labels, OFFICIAL, str(folder))
        if images or labels:
            missing = FILES[split][0 if labels else 1]
            raise UserError(
                f"{folder} has only a part of Fashion-MNIST: {missing}[.gz] is missing; get it "
                f"with {fetch_command(folder)}, or remove the rest"
            )
    if data_dir is not None:
        raise UserError(
            f"no Fashion-MNIST in {data_dir}: there is no {FILES[split][0]}[.gz] in it; get it "
            f"with {fetch_command(data_dir)}, or leave --data-dir out"
        )
    return load_subset(split)


def load_subset(split):
    """The 6,000 training or 1,000 test images that come with tinygan."""
    folder = Path(__file__).parent / "fashion_mnist_subset"
    images, labels = (folder / f"{name}.gz" for name in FILES[split])
    return _read("fashion-mnist-subset", images, labels, SUBSET, "the tinygan package")


def load_unverified(split, data_dir):
    """Four files with this format and these names, whose contents are not verified."""
    if data_dir is None:
        raise UserError("--data idx needs --data-dir: the folder with the four IDX files")
    for folder in _locations(data_dir):
        images, labels = (_find(folder, name) for name in FILES[split])
        if images and labels:
            return _read("idx", images, labels, None, str(folder))
    raise UserError(
        f"no IDX files in {data_dir}: {FILES[split][0]}[.gz] and {FILES[split][1]}[.gz] are needed"
    )


def _locations(data_dir):
    return locations(data_dir, "fashion-mnist")


def _find(folder, name):
    for path in (folder / name, folder / f"{name}.gz"):
        if os.path.isfile(path):  # before Python 3.14 Path.is_file raises without permission
            return path
    return None


def _read(name, images_path, labels_path, expected, origin):
    images, contents = read_idx(images_path, ndim=3)
    digest = _check(images_path, contents, expected)
    labels, contents = read_idx(labels_path, ndim=1)
    _check(labels_path, contents, expected)
    if len(images) != len(labels):
        raise UserError(
            f"{images_path} has {len(images):,} images but {labels_path} has {len(labels):,} labels"
        )
    return Dataset(name, images[..., None], labels, digest, origin)


def _check(path, contents, expected):
    digest = hashlib.sha256(contents).hexdigest()
    if expected is None or digest == expected[path.name.removesuffix(".gz")]:
        return digest
    if expected is SUBSET:
        raise UserError(
            f"{path} is altered: it is not the file from tinygan; install tinygan again"
        )
    raise UserError(
        f"{path} is altered: its SHA-256 is not that of Fashion-MNIST; remove it and get it "
        f"again with {fetch_command(path.parent)}, or train on it as it is with --data idx "
        f"--data-dir {shlex.quote(str(path.parent))}"
    )
