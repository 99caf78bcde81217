"""Data sets by name: uint8 images from files that are checked before anything trains on them.

Splits and batches too; nothing here uses a network.
"""

from tinygan.data import cifar10, faces, fashion_mnist, idx_set
from tinygan.data.dataset import Dataset
from tinygan.data.pictures import read_pictures
from tinygan.errors import UserError

__all__ = ["Dataset", "class_names", "load", "names", "read_pictures"]


def names():
    """The names that `load` knows."""
    return ["fashion-mnist", "fashion-mnist-subset", "idx", "cifar10", "faces"]


def class_names(name):
    """The names of a data set's classes in the order of their labels; () where they have none."""
    if name in ("fashion-mnist", "fashion-mnist-subset"):
        return fashion_mnist.CLASSES
    return cifar10.CLASSES if name == "cifar10" else ()


def load(name, split="train", data_dir=None, background=None):
    """Load one split of a data set.

    name: "fashion-mnist", the whole set if it is found, else the embedded subset (the result's
    `.name` says which); "fashion-mnist-subset", the 6,000 + 1,000 images that come with tinygan;
    "idx", any four files in data_dir with Fashion-MNIST's format: MNIST, KMNIST, EMNIST, your own;
    "cifar10", its binary version, packed or not; "faces", any images in the folder or the .zip
    data_dir, scaled to 64×64. split: "train" or "test". data_dir: where to look; if it is None,
    $TINYGAN_DATA, the cache folder and /usr/share/datasets. background: for "faces" alone, the
    colour behind what is transparent, a name or #rrggbb; white if it is None.
    Returns a Dataset. Raises UserError for an unknown name and for missing, damaged or altered
    files.
    """
    if split not in ("train", "test"):
        raise UserError(f"unknown split {split!r}: choose train or test")
    if background is not None and name != "faces":
        raise UserError(f"{name} has no transparency: a background is for --data faces")
    if name == "fashion-mnist":
        return fashion_mnist.load(split, data_dir)
    if name == "fashion-mnist-subset":
        if data_dir is not None:
            raise UserError("fashion-mnist-subset comes with tinygan: leave --data-dir out")
        return fashion_mnist.load_subset(split)
    if name == "idx":
        return idx_set.load(split, data_dir)
    if name == "cifar10":
        return cifar10.load(split, data_dir)
    if name == "faces":
        return faces.load(split, data_dir, faces.BACKGROUND if background is None else background)
    raise UserError(f"unknown data {name!r}: choose one of {', '.join(names())}")
