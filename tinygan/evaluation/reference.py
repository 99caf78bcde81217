"""The real images that samples are compared with, and all that is computed from them once."""

from dataclasses import dataclass

import numpy as np

from tinygan import data
from tinygan.errors import UserError
from tinygan.evaluation.features import Extractor, extractor_for
from tinygan.evaluation.protocol import LEAST, SETTINGS, silent
from tinygan.metrics.ndb import Bins, fit_bins

_BIN_PIXELS = 1 << 26  # numbers that k-means has to hold at most: half a gigabyte


@dataclass(frozen=True, eq=False)
class Reference:
    """Real images of one data set, to measure any number of runs against.

    data: the name of what was found. train_sha256, test_sha256: of the splits' contents.
    classes: the labels that take part, or None for all. asked, n: the number of test images that
    were asked for, and that there are. seed: of their choice.
    train: uint8 (M, H, W, C), and train_numbers (M,), their positions in the training split.
    held_out: (n,) indices into train: the floor's images; the bins are fitted to others.
    test, test_labels, test_features: the n test images.
    """

    data: str
    train_sha256: str
    test_sha256: str
    classes: tuple | None
    asked: int
    n: int
    seed: int
    train: np.ndarray
    train_numbers: np.ndarray
    held_out: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    test_features: np.ndarray
    bins: Bins
    extractor: Extractor

    @property
    def image_shape(self):
        return self.test.shape[1:]

    @property
    def knows_the_classes(self):
        """Whether the extractor has learned this data, so that its classes are the data's."""
        return self.data.startswith(self.extractor.name.replace("_", "-"))

    @property
    def can_agree(self):
        """Whether there is an agreement: with a single class it would be 1 whatever is drawn."""
        return self.knows_the_classes and (self.classes is None or len(self.classes) > 1)

    def seen(self, limit=None):
        """The training images of a run that was limited to the first `limit`; (M', H, W, C)."""
        if limit is None:
            return self.train
        return self.train[: np.searchsorted(self.train_numbers, limit)]

    def protocol(self):
        """What must be the same for two results to be comparable: JSON-able."""
        return SETTINGS | {
            "n": self.n,
            "asked": self.asked,
            "seed": self.seed,
            "data": self.data,
            "classes": None if self.classes is None else list(self.classes),
            "image_shape": list(self.image_shape),
            "train_sha256": self.train_sha256,
            "test_sha256": self.test_sha256,
            "extractor": {
                "name": self.extractor.name,
                "sha256": self.extractor.sha256,
                "accuracy": self.extractor.accuracy,
                "learned_this_data": self.knows_the_classes,
            },
        }


def build_reference(
    name,
    n=10_000,
    seed=0,
    *,
    data_dir=None,
    background=None,
    classes=None,
    sha256=None,
    xp=np,
    say=silent,
):
    """The Reference for a data set.

    name, data_dir, background: as for data.load. n: lowered to the number of test images, and to
    half that of the training images. classes: labels; images with others are left out. sha256: what
    that of the training images must be, if given. xp: what computes the features. say: see
    protocol.measure.
    Raises UserError when the data is missing or has another SHA-256, when there are too few images,
    or no extractor for their shape.
    """
    train, test = (data.load(name, split, data_dir, background) for split in ("train", "test"))
    if sha256 is not None:
        check_same_data(train, sha256)
    extractor = extractor_for(test.images.shape[1:], xp)
    if classes is not None and set(np.unique(train.labels).tolist()) <= set(classes):
        classes = None
    train_rows, test_rows = (_rows(dataset, classes) for dataset in (train, test))
    asked, n = n, min(n, len(test_rows), len(train_rows) // 2)
    _check_enough(n, train.name, classes, len(train_rows), len(test_rows))

    test_rng, train_rng, bins_rng = np.random.default_rng(seed).spawn(3)
    test_rows = np.sort(test_rng.choice(test_rows, n, replace=False))
    order = train_rng.permutation(len(train_rows))
    train_images = train.images if classes is None else train.images[train_rows]
    bins = _bins(train_images, order[n:], bins_rng, say)
    say(f"features of {n:,} test images …")
    test_images = test.images[test_rows]
    return Reference(
        data=train.name,
        train_sha256=train.sha256,
        test_sha256=test.sha256,
        classes=None if classes is None else tuple(classes),
        asked=asked,
        n=n,
        seed=seed,
        train=train_images,
        train_numbers=train_rows,
        held_out=np.sort(order[:n]),
        test=test_images,
        test_labels=test.labels[test_rows],
        test_features=extractor.features(test_images),
        bins=bins,
        extractor=extractor,
    )


def check_same_data(train, sha256):
    """Raise UserError unless the training images are those with this SHA-256."""
    if train.sha256 != sha256:
        raise UserError(
            f"the data in {train.origin} is not what the run was trained on (SHA-256 "
            f"{train.sha256[:12]}… instead of {sha256[:12]}…): name the right --data-dir"
        )


def _rows(dataset, classes):
    """The positions of the images that take part."""
    if classes is None:
        return np.arange(len(dataset.images))
    return np.flatnonzero(np.isin(dataset.labels, classes))


def _check_enough(n, name, classes, n_train, n_test):
    least = n + SETTINGS["bins"]
    if n < LEAST or n_train < least:
        only = "" if classes is None else f" of the classes {', '.join(map(str, classes))}"
        raise UserError(
            f"{name} has {n_train:,} training and {n_test:,} test images{only}: too few to "
            f"measure; at least {least} and {LEAST} are needed"
        )


def _bins(images, order, rng, say):
    """Bins fitted to the images (M, H, W, C) at the first positions of `order`."""
    most = min(SETTINGS["bins_fitted_on"], _BIN_PIXELS // images[0].size)
    chosen = np.sort(order[:most])
    say(f"sorting {len(chosen):,} training images into {SETTINGS['bins']} bins …")
    return fit_bins(images[chosen], SETTINGS["bins"], rng=rng)
