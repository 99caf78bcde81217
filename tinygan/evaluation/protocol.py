"""The protocol: what is compared with what, so that the numbers of two runs mean the same.

n samples are compared with n images of the test split, which no recipe trains on:

    fd, kid, precision, recall, density, coverage   of features, see features.py
    ndb, js                                         of pixels, in bins fitted to training images
    classes, entropy                                of the classes that the features' classifier
                                                    predicts
    agreement                                       how often, among the classes that could be asked
                                                    for, it predicts the one that was; if two or
                                                    more could
    memorisation                                    is the nearest training image too near?

Beside them stands the floor: the same numbers for n training images in place of the samples. No
generator that learns from such images can be expected to do better, so the floor says which part of
a number is chance. (The classifier has seen training images before, so its own floor is a little
above that of new ones.)

The training images of a run are all that it was given. A conditional GAN has trained on 80 % of
those with its classes, but memorisation looks for copies among all of them.
"""

import numpy as np

from tinygan.metrics.diversity import class_histogram, entropy
from tinygan.metrics.frechet import frechet_distance
from tinygan.metrics.kernel import kernel_distance
from tinygan.metrics.memorisation import memorisation_ratio, nearest
from tinygan.metrics.ndb import ndb
from tinygan.metrics.prdc import prdc

SPLIT = "test"
ENOUGH = 2048  # images below which the numbers are too noisy to rely on
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


def silent(text):
    """A `say` that says nothing."""


def measure(reference, images, labels=None, *, limit=None, say=silent):
    """All metrics of samples.

    reference: the real images, see reference.py. images: uint8 (n, H, W, C), n at least 6; for
    numbers that can be compared, the reference's n. labels: (n,), the classes that were asked for,
    if any. limit: of the run that drew them, see Reference.seen. say: called with a line of text
    before each slow part.
    Returns a dict of floats, except "classes", a list of counts, and "memorisation", None where it
    is undefined. Memorisation takes at most 2,000 of the samples, evenly spaced, for it compares
    each with every training image. "agreement" is there when labels are, the extractor has learned
    this data and two classes or more take part: the share of samples for which, of the reference's
    classes, its classifier finds the one asked for most likely.
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


def floor(reference, *, say=silent):
    """The same metrics for n training images, drawn by seed, in place of the samples.

    They are not compared with themselves: the bins are fitted to other training images, and for
    memorisation they are left out of the training images. "agreement" is that of the test images
    with their labels, which the classifier has not seen.
    """
    say("the floor: the same for real training images")
    others = np.delete(reference.train, reference.held_out, axis=0)
    found, _ = _scores(reference, reference.train[reference.held_out], others, say)
    if reference.can_agree:
        logits = reference.extractor.logits(reference.test_features)
        found["agreement"] = _agreement(reference, logits, reference.test_labels)
    return found


def nearest_training_images(reference, images, *, limit=None):
    """The training image that is nearest to each of the images, by pixels.    (N, H, W, C)

    Of the classes of a conditional GAN all images take part, also the 20 % that it did not train
    on. limit: see Reference.seen.
    """
    seen = reference.seen(limit)
    return seen[nearest(images, seen)[1]]


def spread(n, most):
    """The positions of at most `most` of n things, evenly spaced: samples may be in order."""
    most = min(n, most)
    return np.arange(most) * n // most


def _scores(reference, images, train, say):
    """(the metrics of images beside the reference's test images, the logits of their classes)."""
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
    logits = reference.extractor.logits(features)
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


def _agreement(reference, logits, labels):
    classes = np.arange(logits.shape[1]) if reference.classes is None else reference.classes
    classes = np.asarray(classes)
    return float((classes[logits[:, classes].argmax(axis=1)] == labels).mean())
