"""The protocol: what is compared with what, so that two runs' numbers mean the same.

n samples stand against n images of the test split, which no recipe trains on:

    fd, kid, precision, recall, density, coverage   of features, see features.py
    ndb, js                                         of pixels, in bins fitted to training images
    classes, entropy                                what the features' classifier takes them for
    agreement                                       how often that is the class that was asked for,
                                                    among those that could be, if two or more
    memorisation                                    is the nearest training image too near?

Beside them stands the floor: n training images in the samples' place. No generator that learns from
such images can be expected to do better, so the floor says which part of a number is chance. (The
classifier has seen training images before; so its own floor is a little above that of fresh ones.)

The training images of a run are all that it was given. A conditional GAN has trained on 80 % of
those with its classes, but memorisation looks for copies among all of them.
"""

from dataclasses import dataclass

import numpy as np

from tinygan import backend, data
from tinygan.errors import UserError
from tinygan.evaluation.features import Extractor, extractor_for
from tinygan.metrics.diversity import class_histogram, entropy
from tinygan.metrics.frechet import frechet_distance
from tinygan.metrics.kernel import kernel_distance
from tinygan.metrics.memorisation import memorisation_ratio, nearest
from tinygan.metrics.ndb import Bins, fit_bins, ndb
from tinygan.metrics.prdc import prdc

SPLIT = "test"
ENOUGH = 2048  # images below which the numbers are too unsteady to rely on
LEAST = 6  # for k = 5 neighbours other than oneself
SETTINGS = {  # with another of these, a number means something else
    "version": 1,
    "split": SPLIT,
    "k": LEAST - 1,
    "kid_subsets": 100,
    "kid_subset_size": 1000,  # at most, and half of n, so that the subsets differ
    "bins": 100,
    "bins_fitted_on": 20_000,  # training images, at most
    "memorisation_on": 2000,  # samples and test images, at most: it compares each with all training
}
_BIN_PIXELS = 1 << 26  # numbers that k-means has to hold at most: half a gigabyte


@dataclass(frozen=True, eq=False)
class Reference:
    """Real images and all that is computed from them once, for any number of runs.

    data: the name of what was found. train_sha256, test_sha256: of the splits' contents.
    classes: the labels that take part, or None for all. asked, n: how many images were wanted of
    the test split, and how many there are. seed: which ones.
    train: uint8 (M, H, W, C), and train_numbers (M,), their places in the training split.
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


def _silent(text):
    pass


def build(name, n=10_000, seed=0, *, data_dir=None, classes=None, sha256=None, xp=np, say=_silent):
    """The Reference for a data set.

    name, data_dir: as for data.load. n: lowered to what the test split has, and to half of the
    training split. classes: labels, to leave all other images out. sha256: what the training
    images' must be, if given. xp: what computes the features. say: told of each slow part.
    Raises UserError when the data is missing or other than it should be, when there are too few
    images, or no extractor for their shape.
    """
    train, test = (data.load(name, split, data_dir) for split in ("train", "test"))
    if sha256 is not None:
        check_same_data(train, sha256)
    extractor = extractor_for(test.images.shape[1:], xp)
    if classes is not None and set(np.unique(train.labels).tolist()) <= set(classes):
        classes = None
    train_rows, test_rows = (_rows(dataset, classes) for dataset in (train, test))
    asked, n = n, min(n, len(test_rows), len(train_rows) // 2)
    least = n + SETTINGS["bins"]
    if n < LEAST or len(train_rows) < least:
        only = "" if classes is None else f" of the classes {', '.join(map(str, classes))}"
        raise UserError(
            f"{train.name} has {len(train_rows):,} training and {len(test_rows):,} test images"
            f"{only}: too few to measure; {least} and {LEAST} are the least"
        )
    test_rng, train_rng, bins_rng = np.random.default_rng(seed).spawn(3)
    test_rows = np.sort(test_rng.choice(test_rows, n, replace=False))
    order = train_rng.permutation(len(train_rows))
    train_images = train.images if classes is None else train.images[train_rows]

    pixels = train.images[0].size
    fitted_on = order[n:][: min(SETTINGS["bins_fitted_on"], _BIN_PIXELS // pixels)]
    say(f"sorting {len(fitted_on):,} training images into {SETTINGS['bins']} bins …")
    bins = fit_bins(train_images[np.sort(fitted_on)], SETTINGS["bins"], rng=bins_rng)
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


def measure(reference, images, labels=None, *, limit=None, say=_silent):
    """All metrics of samples.

    images: uint8 (n, H, W, C), n at least 6; for numbers that compare, the reference's n. labels:
    (n,), the classes that were asked for, if any. limit: of the run that drew them, see
    Reference.seen. say: told of each slow part.
    Returns a dict of floats, but "classes", a list of counts, and "memorisation", None where it is
    undefined. It takes at most 2,000 of the samples, evenly spaced, for it compares each with
    every training image. "agreement" is there when labels are, the extractor has learned this data
    and two classes or more take part: the share of samples for which, of the reference's classes,
    its classifier finds the one asked for most likely.
    Raises ValueError for images of another shape or dtype.
    """
    if images.dtype != np.uint8 or images.shape[1:] != reference.image_shape:
        raise ValueError(
            f"samples must be uint8 (n, {', '.join(map(str, reference.image_shape))}), "
            f"got {images.dtype} {images.shape}"
        )
    found, logits = _scores(reference, images, reference.seen(limit), say)
    if labels is not None and reference.can_agree:
        found["agreement"] = _agreement(reference, logits, labels)
    return found


def floor(reference, *, say=_silent):
    """The same metrics for n training images, drawn by seed, in the place of the samples.

    Where they would be compared with themselves they are not: the bins are fitted to other
    training images, and for memorisation they are taken out of these. "agreement" is that of the
    test images with their labels, which the classifier has not seen.
    """
    say("the floor: the same for real training images")
    others = np.delete(reference.train, reference.held_out, axis=0)
    found, _ = _scores(reference, reference.train[reference.held_out], others, say)
    if reference.can_agree:
        logits = _logits(reference.extractor, reference.test_features)
        found["agreement"] = _agreement(reference, logits, reference.test_labels)
    return found


def nearest_training_images(reference, images, *, limit=None):
    """The training image that is nearest to each of the images, by pixels.    (N, H, W, C)

    Of a conditional GAN's classes all are looked at, also the 20 % that it did not train on.
    """
    seen = reference.seen(limit)
    return seen[nearest(images, seen)[1]]


def spread(n, most):
    """The positions of at most `most` of n things, evenly spaced: samples may be in order."""
    most = min(n, most)
    return np.arange(most) * n // most


def _scores(reference, images, train, say):
    """(the metrics of images beside the reference's test images, their classes' logits)."""
    say(f"features of {len(images):,} images …")
    features = reference.extractor.features(images)
    say("distances between them …")
    rng = np.random.default_rng(reference.seed)  # the same subsets for every run
    kid, kid_std = kernel_distance(
        reference.test_features,
        features,
        subsets=SETTINGS["kid_subsets"],
        subset_size=min(SETTINGS["kid_subset_size"], len(images) // 2),
        rng=rng,
    )
    found = {"fd": frechet_distance(reference.test_features, features)}
    found |= {"kid": kid, "kid_std": kid_std}
    found |= prdc(reference.test_features, features, k=SETTINGS["k"])
    say("bins, and nearest training images …")
    found |= ndb(reference.bins, images)
    logits = _logits(reference.extractor, features)
    counts = class_histogram(logits.argmax(axis=1), logits.shape[1])
    found |= {"classes": counts.tolist(), "entropy": entropy(counts)}
    found["memorisation"] = _memorisation(images, train, reference.test)
    return found, logits


def _memorisation(images, train, test):
    most = SETTINGS["memorisation_on"]
    try:
        return memorisation_ratio(
            images[spread(len(images), most)], train, test[spread(len(test), most)]
        )
    except ValueError:  # the samples are the test images, or nothing was trained on
        return None


def _logits(extractor, features):
    """What the extractor's classifier makes of features (n, 128): its last layer alone."""
    logits = extractor.network.layers[-1].forward(backend.to_device(features, extractor.xp))
    return backend.to_numpy(logits)


def _agreement(reference, logits, labels):
    classes = np.arange(logits.shape[1]) if reference.classes is None else reference.classes
    classes = np.asarray(classes)
    return float((classes[logits[:, classes].argmax(axis=1)] == labels).mean())


def _rows(dataset, classes):
    """The positions of the images that take part."""
    if classes is None:
        return np.arange(len(dataset.images))
    return np.flatnonzero(np.isin(dataset.labels, classes))
