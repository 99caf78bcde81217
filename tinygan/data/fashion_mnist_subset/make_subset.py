"""Make the embedded subset from the whole Fashion-MNIST: the first 600 training and the first 100
test images of each class, in their original order.

    python tinygan/data/fashion_mnist_subset/make_subset.py FOLDER

FOLDER holds the four official files. Writes the same four files, smaller, beside this script, and
prints the SHA-256 of their unpacked contents, which tinygan/data/fashion_mnist.py checks.
"""

import gzip
import hashlib
import sys
from pathlib import Path

import numpy as np

from tinygan.data import fashion_mnist


def first_of_each_class(labels, count):
    """Positions of the first `count` examples of each class, in ascending order."""
    chosen = [np.flatnonzero(labels == c)[:count] for c in range(len(fashion_mnist.CLASSES))]
    return np.sort(np.concatenate(chosen))


def idx_bytes(array):
    """`array` (uint8) in the IDX format."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def main(folder):
    for split, per_class in (("train", 600), ("test", 100)):
        whole = fashion_mnist.load(split, folder)
        chosen = first_of_each_class(whole.labels, per_class)
        images_name, labels_name = fashion_mnist.FILES[split]
        for name, array in (
            (images_name, whole.images[chosen, :, :, 0]),
            (labels_name, whole.labels[chosen]),
        ):
            contents = idx_bytes(array)
            packed = gzip.compress(contents, compresslevel=9, mtime=0)
            (Path(__file__).parent / f"{name}.gz").write_bytes(packed)
            print(f"{name} {hashlib.sha256(contents).hexdigest()}  {len(packed):,} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
