"""What every data set looks like once it is loaded."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Dataset:
    """Images and labels of one split.

    name: the set that was loaded, which may be a subset of the one asked for. images: uint8
    (N, H, W, C). labels: uint8 (N,). sha256: of what the images were read from (CIFAR-10: files
    that hold the labels too; faces: the pixels of both splits). origin: where they were found, in
    words.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    sha256: str
    origin: str
