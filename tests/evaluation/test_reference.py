"""The real images: which are chosen, how many, and what they are good for."""

import numpy as np
import pytest

from tinygan.errors import UserError
from tinygan.evaluation import protocol
from tinygan.evaluation import reference as module
from tinygan.evaluation.reference import build_reference

SUBSET = "fashion-mnist-subset"
N = 150


def rows(images):
    return {image.tobytes() for image in images}


def test_the_reference_is_of_different_test_images(reference, test):
    assert reference.n == len(reference.test) == len(rows(reference.test)) == N
    assert rows(reference.test) <= rows(test.images)
    where = {image.tobytes(): label for image, label in zip(test.images, test.labels, strict=True)}
    assert [where[image.tobytes()] for image in reference.test] == reference.test_labels.tolist()


def test_the_bins_are_fitted_to_other_training_images(monkeypatch):
    fitted = []
    real = module.fit_bins
    monkeypatch.setattr(
        module, "fit_bins", lambda images, *a, **k: fitted.append(images) or real(images, *a, **k)
    )
    reference = build_reference(SUBSET, N)
    assert len(fitted[0]) == protocol.SETTINGS["bins_fitted_on"]
    assert rows(fitted[0]) <= rows(reference.train)
    assert not rows(fitted[0]) & rows(reference.train[reference.held_out])
    assert reference.bins.counts.sum() == protocol.SETTINGS["bins_fitted_on"]


def test_a_limited_run_has_seen_as_many_training_images(reference, train):
    np.testing.assert_array_equal(reference.seen(5), train.images[:5])
    boots = build_reference(SUBSET, 60, classes=(9,))
    place = int(np.flatnonzero(train.labels == 9)[3])  # of the fourth boot
    assert len(boots.seen(place)) == 3
    np.testing.assert_array_equal(boots.seen(place + 1)[3], train.images[place])


def test_all_classes_by_name_are_all(reference):
    named = build_reference(SUBSET, N, seed=3, classes=tuple(range(10)))
    assert named.protocol() == reference.protocol()


@pytest.mark.parametrize(
    ("n_train", "n_test", "n"), [(300, 20, 20), (220, 1000, 110), (106, 6, 6), (400, 300, 200)]
)
def test_n_is_lowered_to_what_there_is(tiny, n_train, n_test, n):
    tiny(n_train, n_test)
    reference = build_reference("idx", 10_000)
    assert (reference.asked, reference.n) == (10_000, n)
    assert len(reference.test) == len(reference.held_out) == n
    assert protocol.floor(reference)["fd"] >= 0


@pytest.mark.parametrize(
    ("n_train", "n_test", "says"),
    [
        (300, 5, "idx has 300 training and 5 test images: too few to measure"),
        (101, 6, "idx has 101 training and 6 test images: too few to measure; at least 106 and 6"),
    ],
)
def test_too_few_images(tiny, n_train, n_test, says):
    tiny(n_train, n_test)
    with pytest.raises(UserError, match=says):
        build_reference("idx")


def test_a_class_that_has_no_images():
    with pytest.raises(UserError, match="0 training and 0 test images of the classes 77: too few"):
        build_reference(SUBSET, classes=(77,))


def test_data_other_than_the_runs(train):
    with pytest.raises(UserError, match="is not what the run was trained on"):
        build_reference(SUBSET, sha256="0" * 64)
    assert build_reference(SUBSET, 10, sha256=train.sha256).train_sha256 == train.sha256
