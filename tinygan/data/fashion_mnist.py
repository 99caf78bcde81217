"""Fashion-MNIST: 70,000 photographs of clothes, 28×28 grey, in ten classes.

60,000 are for training and 10,000 for testing. MIT licence, © 2017 Zalando SE. tinygan comes with
a tenth of it (see fashion_mnist_subset/), in four files with the same names, so that everything
runs without a download.
Source: Xiao, Rasul & Vollgraf 2017, "Fashion-MNIST: a novel image dataset for benchmarking machine
learning algorithms".
"""

import functools
import shlex
from pathlib import Path

from tinygan.cli import typed
from tinygan.data import idx_set
from tinygan.data.idx_set import FILES
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

__all__ = ["CLASSES", "FILES", "cache_dir", "fetch_command", "load", "load_subset"]

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
    """The whole set if it is found, else the embedded subset; see data.load.

    The files may have any of the names in idx_set; their contents are verified.
    """
    for folder in _locations(data_dir):
        paths = idx_set.find(folder, lambda name: name == "" or "fashion" in name.lower())
        missing = [name for name in FILES[split] if name not in paths]
        if not missing:
            check = functools.partial(_check_official, folder)
            return idx_set.read("fashion-mnist", split, paths, str(folder), check)
        if len(missing) == 1:
            raise UserError(
                f"{folder} has only a part of Fashion-MNIST: {missing[0]}[.gz] is missing; get it "
                f"with {fetch_command(folder)}, or remove the rest"
            )
    if data_dir is not None:
        raise UserError(
            f"no Fashion-MNIST in {data_dir}: there is no {FILES[split][0]}[.gz] in it "
            f"({idx_set.what_is_there(data_dir)}); get it with {fetch_command(data_dir)}, or leave "
            "--data-dir out"
        )
    return load_subset(split)


def load_subset(split):
    """The 6,000 training or 1,000 test images that come with tinygan."""
    folder = Path(__file__).parent / "fashion_mnist_subset"
    paths = {name: folder / f"{name}.gz" for name in FILES[split]}
    return idx_set.read("fashion-mnist-subset", split, paths, "the tinygan package", _check_subset)


def _locations(data_dir):
    return locations(data_dir, "fashion-mnist")


def _check_official(folder, name, path, digest):
    if digest != OFFICIAL[name]:
        raise UserError(
            f"{path} is altered: its SHA-256 is not that of Fashion-MNIST; remove it and get it "
            f"again with {fetch_command(folder)}, or train on it as it is with --data idx "
            f"--data-dir {shlex.quote(str(folder))}"
        )


def _check_subset(name, path, digest):
    if digest != SUBSET[name]:
        raise UserError(
            f"{path} is altered: it is not the file from tinygan; install tinygan again"
        )
