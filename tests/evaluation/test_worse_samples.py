"""Every metric gets worse when real images are spoilt in the way that it is there to notice.

Held-out real images play the generator. The features are means over 4×4 pixels, and then those of
the classifier that comes with tinygan.
"""

import numpy as np
import pytest

from tinygan.data import load
from tinygan.evaluation.features import extractor_for
from tinygan.metrics import (
    class_histogram,
    entropy,
    fit_bins,
    frechet_distance,
    kernel_distance,
    ndb,
    prdc,
)

DATA = load("fashion-mnist-subset")
ORDER = np.random.default_rng(0).permutation(len(DATA.images))
IMAGES, LABELS = DATA.images[ORDER], DATA.labels[ORDER]
TRAIN, REAL, CLEAN = IMAGES[:3000], IMAGES[3000:4000], IMAGES[4000:5000]


def blurred(images):
    for _ in range(4):  # 3×3 means
        padded = np.pad(images.astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
        images = sum(padded[:, i : i + 28, j : j + 28] for i in range(3) for j in range(3)) / 9
    return np.rint(images).astype(np.uint8)


def noisy(images):
    noise = np.random.default_rng(1).normal(0, 80, images.shape)
    return np.clip(np.rint(images + noise), 0, 255).astype(np.uint8)


def pooled(images):
    return (images.reshape(-1, 7, 4, 7, 4) / 255).mean(axis=(2, 4)).reshape(len(images), -1)


SPOILT = {
    "blurred": blurred(CLEAN),
    "noisy": noisy(CLEAN),
    "five classes": IMAGES[4000:][LABELS[4000:] < 5][:1000],
}


def scores(samples, bins):
    """Everything, with signs such that more is better."""
    a, b = pooled(REAL), pooled(samples)
    found = prdc(a, b)
    found["frechet"] = -frechet_distance(a, b)
    found["kernel"] = -kernel_distance(a, b, subsets=1, rng=np.random.default_rng(0))[0]
    of_bins = ndb(bins, samples)
    return found | {"ndb": -of_bins["ndb"], "js": -of_bins["js"]}


@pytest.fixture(scope="module")
def bins():
    return fit_bins(TRAIN, 100, rng=np.random.default_rng(2))


@pytest.fixture(scope="module")
def clean(bins):
    return scores(CLEAN, bins)


@pytest.mark.parametrize(
    ("fault", "seen_by"),
    [
        ("blurred", "frechet kernel recall coverage ndb js"),  # precision rises: see prdc
        ("noisy", "frechet kernel precision recall density coverage ndb js"),
        ("five classes", "frechet kernel recall coverage ndb js"),  # each image is a real one
    ],
)
def test_spoilt_images_score_worse(fault, seen_by, clean, bins):
    spoilt = scores(SPOILT[fault], bins)
    for metric in seen_by.split():
        # by 5 % of what there is to lose, or for distances by more than they are for real images
        margin = 0.05 if clean[metric] > 0.5 else 0.5 * abs(clean[metric])
        assert spoilt[metric] < clean[metric] - margin, metric


def test_real_images_score_well(clean):
    assert min(clean[name] for name in ("precision", "recall", "coverage")) > 0.85
    assert clean["density"] == pytest.approx(1, abs=0.15)
    assert clean["ndb"] >= -12  # 5 of 100 are expected


def test_blurred_images_are_precise_and_dense(clean, bins):
    """What prdc's docstring warns of."""
    spoilt = scores(SPOILT["blurred"], bins)
    assert spoilt["precision"] > clean["precision"]
    assert spoilt["density"] > clean["density"]


FEW = 500
HELD_OUT = load("fashion-mnist-subset", "test").images[:FEW]


@pytest.fixture(scope="module")
def shipped():
    """shipped(samples): the scores by features of the classifier that comes with tinygan."""
    extractor = extractor_for((28, 28, 1))
    real = extractor.features(HELD_OUT)

    def measure(samples):
        features = extractor.features(samples[:FEW])
        kid, _ = kernel_distance(real, features, subsets=1, rng=np.random.default_rng(0))
        return prdc(real, features) | {"fd": frechet_distance(real, features), "kid": kid}

    return measure


@pytest.mark.parametrize("fault", SPOILT)
def test_the_shipped_features_see_spoilt_images(shipped, fault):
    # Precision and density are exempt: each image of five classes is a real one, and the classifier
    # puts much of what is no garment among clothes, see the test below.
    clean, spoilt = shipped(CLEAN), shipped(SPOILT[fault])
    assert spoilt["fd"] > 5 * clean["fd"]
    assert spoilt["kid"] > 1 > 3 * abs(clean["kid"])
    for metric in ("recall", "coverage"):
        assert spoilt[metric] < clean[metric] - 0.2, metric


def test_uniform_noise_is_precise_and_not_recalled(shipped):
    """What prdc's docstring warns of."""
    found = shipped(np.random.default_rng(3).integers(0, 256, CLEAN.shape, np.uint8))
    assert found["precision"] > 0.8
    assert found["recall"] < 0.1


def test_fewer_classes_have_less_entropy():
    few = entropy(class_histogram(LABELS[LABELS < 5], 10))
    assert few < entropy(class_histogram(LABELS, 10)) - 0.5
