"""Sets of four IDX files (MNIST, KMNIST, EMNIST, your own): found by their common names, and read.

The files are named as on MNIST's page, train-images-idx3-ubyte and so on, or as they come out of
other archives:

    train-images.idx3-ubyte                           with a dot, from 7-Zip
    train-images-idx3-ubyte/train-images-idx3-ubyte   in a folder of the same name, from Kaggle
    emnist-letters-test-images-idx3-ubyte             the set's name in front, and test for t10k

each with or without .gz. Nothing is guessed: of several sets in one folder, the one with MNIST's
own names is taken, and if there is none the user has to say which.
"""

import hashlib
import os
import re
import sys

from tinygan.data.dataset import Dataset
from tinygan.data.idx import read_idx
from tinygan.data.locations import locations
from tinygan.errors import UserError, shown
from tinygan.files import reason

FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
_NAME = re.compile(
    r"(?:(?P<set>.+)[-_.])?(?P<split>train|t10k|test)-"
    r"(?P<kind>images(?=.idx3)|labels(?=.idx1))(?P<dot>[-.])idx\d-ubyte(?P<gz>\.gz)?"
)


def load(split, data_dir):
    """One split of the set in data_dir, whose contents are not verified; see data.load.

    Labels stay as they are in the file: EMNIST's letters, 1 to 26, keep the numbers by which its
    authors and --classes name them. A line on stderr says so where they do not start at 0.
    """
    if data_dir is None:
        raise UserError("--data idx needs --data-dir: the folder with the four IDX files")
    images, labels = FILES[split]
    for folder in locations(data_dir, "fashion-mnist"):
        paths = find(folder)
        if images in paths and labels in paths:
            dataset = read("idx", split, paths, str(folder))
            if split == "train" and dataset.labels.min() > 0:
                print(
                    f"idx: the labels in {paths[labels]} go from {dataset.labels.min()} to "
                    f"{dataset.labels.max()}: no image has the label 0",
                    file=sys.stderr,
                )
            return dataset
        if paths:
            break
    raise UserError(
        f"no IDX files for the split {split} in {data_dir}: {images}[.gz] and {labels}[.gz] are "
        f"needed ({what_is_there(data_dir)})"
    )


def find(folder, is_wanted=lambda name: True):
    """{MNIST's name of a file: where it is} for the one set in a folder; {} where there is none.

    is_wanted: says for the name of a set in front of its files, such as "emnist-letters" or "",
    whether it is looked for.
    Raises UserError for more than one, none of which has MNIST's own names.
    """
    sets = {}  # {set: {MNIST's name: [(rank, path), …]}}
    for path, match in _candidates(folder):
        name = match["set"] or ""
        if is_wanted(name):
            split = "train" if match["split"] == "train" else "test"
            mnist_name = FILES[split][match["kind"] == "labels"]
            inside = path.parent != folder
            rank = (match["split"] == "test", match["dot"] == ".", inside, bool(match["gz"]))
            sets.setdefault(name, {}).setdefault(mnist_name, []).append((rank, path))
    if len(sets) > 1 and "" not in sets:
        names = ", ".join(shown(name) for name in sorted(sets))
        raise UserError(
            f"{folder} holds the IDX files of several sets ({names}): put the four files of one "
            "into a folder of their own and name that"
        )
    chosen = sets.get("") or next(iter(sets.values()), {})
    return {mnist_name: min(ranked)[1] for mnist_name, ranked in chosen.items()}


def read(name, split, paths, origin, check=lambda mnist_name, path, digest: None):
    """The Dataset of one split. paths: as from find. check: may raise UserError for a SHA-256."""
    images_path, labels_path = (paths[mnist_name] for mnist_name in FILES[split])
    arrays, digests = [], []
    for mnist_name, ndim in zip(FILES[split], (3, 1), strict=True):
        array, contents = read_idx(paths[mnist_name], ndim)
        arrays.append(array)
        digests.append(hashlib.sha256(contents).hexdigest())
        check(mnist_name, paths[mnist_name], digests[-1])
    images, labels = arrays
    if len(images) != len(labels):
        raise UserError(
            f"{images_path} has {len(images):,} images but {labels_path} has {len(labels):,} labels"
        )
    return Dataset(name, images[..., None], labels, digests[0], origin)


def what_is_there(folder):
    """What a folder holds, in words for an error that does not find something in it."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        return reason(error)
    first = ", ".join(shown(name) for name in names[:6])
    return f"it holds {first}{', …' * (len(names) > 6)}" if names else "it is empty"


def _candidates(folder):
    """(path, match of its name) of all files that are named as one of the four."""
    for path, match in _matches(folder):
        if os.path.isfile(path):  # before Python 3.14 Path.is_file raises without permission
            yield path, match
        for inner, same in _matches(path):
            parts = ("set", "split", "kind")
            if os.path.isfile(inner) and same.group(*parts) == match.group(*parts):
                yield inner, same


def _matches(folder):
    """(path, match of its name) of everything in a folder that has such a name; in order."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        if match := _NAME.fullmatch(name):
            yield folder / name, match
