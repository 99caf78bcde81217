"""What is measured against what: the samples, and the floor."""

import json

import numpy as np
import pytest
import strict_device
from hypothesis import given
from hypothesis import strategies as st

from tinygan.evaluation import protocol
from tinygan.evaluation.reference import build_reference
from tinygan.metrics import frechet_distance, prdc

SUBSET = "fashion-mnist-subset"
N = 150


@pytest.fixture(scope="module")
def floor(reference):
    return protocol.floor(reference)


def rows(images):
    return {image.tobytes() for image in images}


def test_the_floor_is_the_same_measurement_of_training_images(reference, floor, train):
    held_out = reference.train[reference.held_out]
    assert len(rows(held_out)) == N
    assert rows(held_out) <= rows(train.images)
    measured = protocol.measure(reference, held_out)
    alike = measured.keys() - {"memorisation"}
    assert {name: measured[name] for name in alike} == {name: floor[name] for name in alike}
    features = reference.extractor.features(held_out)
    assert floor["fd"] == frechet_distance(reference.test_features, features)
    expected = prdc(reference.test_features, features, k=5)
    assert {name: floor[name] for name in expected} == expected


def test_real_images_look_real(floor):
    assert min(floor[name] for name in ("precision", "recall", "coverage")) > 0.7
    assert floor["density"] == pytest.approx(1, abs=0.2)
    assert abs(floor["kid"]) < 3  # noise gets tens
    assert floor["entropy"] == pytest.approx(np.log(10), abs=0.1)
    assert floor["memorisation"] == pytest.approx(1, abs=0.15)
    assert floor["agreement"] > 0.8


def test_the_spread_of_kid_is_over_different_subsets(floor):
    assert 0.001 < floor["kid_std"] < 1


def test_noise_is_seen_by_all_but_precision_density_and_memorisation(reference, floor, rng):
    """The first two may put it among clothes, see prdc; and noise copies nothing."""
    found = protocol.measure(reference, rng.integers(0, 256, reference.test.shape, np.uint8))
    for name in ("fd", "kid", "ndb", "js"):
        assert found[name] > 2 * abs(floor[name]), name
    for name in ("recall", "coverage", "entropy"):
        assert found[name] < 0.7 * floor[name], name


def test_the_test_images_themselves(reference):
    found = protocol.measure(reference, reference.test, reference.test_labels)
    assert found["fd"] == pytest.approx(0, abs=1e-3)
    assert (found["precision"], found["recall"], found["coverage"]) == (1, 1, 1)
    assert found["memorisation"] is None  # nothing is nearer than they are
    assert found["agreement"] == protocol.floor(reference)["agreement"]


def test_copies_are_found_among_the_images_that_were_trained_on(reference, train):
    late = train.images[5000 : 5000 + N]
    assert protocol.measure(reference, late)["memorisation"] == 0
    assert protocol.measure(reference, late, limit=5000 + N)["memorisation"] == 0
    assert protocol.measure(reference, late, limit=5000)["memorisation"] > 0.8


def test_the_nearest_training_image_stands_beside(reference, train):
    copies = train.images[[7, 4000, 12]]
    near = protocol.nearest_training_images(reference, copies)
    np.testing.assert_array_equal(near, copies)
    others = protocol.nearest_training_images(reference, copies, limit=10)
    np.testing.assert_array_equal(others[0], copies[0])
    assert rows(others) <= rows(train.images[:10])


def test_only_the_classes_asked_for(train):
    one = build_reference(SUBSET, 60, classes=(8, 1))
    assert set(one.test_labels) == {1, 8}
    wanted = np.isin(train.labels, (1, 8))
    assert rows(one.train) == rows(train.images[wanted])
    assert one.protocol()["classes"] == [8, 1]
    first = np.isin(train.labels[:500], (1, 8)).sum()
    assert len(one.seen(500)) == first
    counts = protocol.floor(one)["classes"]
    assert counts[1] + counts[8] > 50


def test_agreement_is_the_share_of_right_labels(reference):
    labels = reference.extractor.classify(reference.test)
    assert protocol.measure(reference, reference.test, labels)["agreement"] == 1
    assert protocol.measure(reference, reference.test, (labels + 1) % 10)["agreement"] == 0
    half = np.where(np.arange(N) % 2, labels, (labels + 1) % 10)
    assert protocol.measure(reference, reference.test, half)["agreement"] == 0.5
    assert "agreement" not in protocol.measure(reference, reference.test)


def test_there_is_no_agreement_on_a_single_class():
    boots = build_reference(SUBSET, 60, classes=(9,))
    assert "agreement" not in protocol.floor(boots)
    assert "agreement" not in protocol.measure(boots, boots.test, boots.test_labels)


def test_the_histogram_is_of_the_classifier(reference):
    found = protocol.measure(reference, reference.test)
    named = reference.extractor.classify(reference.test)
    assert found["classes"] == np.bincount(named, minlength=10).tolist()


def test_a_collapse_shows_in_the_entropy(reference):
    found = protocol.measure(reference, reference.test[:1].repeat(N, axis=0))
    assert sorted(found["classes"])[-2:] == [0, N]
    assert found["entropy"] == 0


def test_the_seed_chooses_and_repeats(reference, floor):
    again = build_reference(SUBSET, N, seed=3)
    np.testing.assert_array_equal(again.test, reference.test)
    assert protocol.floor(again) == floor
    assert rows(build_reference(SUBSET, N, seed=4).test) != rows(reference.test)


def test_results_and_protocol_are_json(reference, floor):
    assert json.loads(json.dumps(floor)) == floor
    about = reference.protocol()
    assert json.loads(json.dumps(about)) == about
    assert (about["n"], about["seed"], about["split"], about["data"]) == (N, 3, "test", SUBSET)
    assert about["extractor"]["sha256"] == reference.extractor.sha256


def test_the_fake_device_measures_the_same(reference):
    device = build_reference(SUBSET, N, seed=3, xp=strict_device)
    found, expected = (protocol.measure(r, reference.test[::-1]) for r in (device, reference))
    assert found["classes"] == expected["classes"]
    for name in ("kid", "precision", "recall", "coverage"):
        assert found[name] == pytest.approx(expected[name], abs=0.02), name


@pytest.mark.parametrize("name", ["idx", "faces"])
def test_other_data_is_not_called_by_classes_it_does_not_have(tiny, name):
    tiny(300, 50, name)
    reference = build_reference(name)
    assert reference.protocol()["extractor"]["learned_this_data"] is False
    assert "agreement" not in protocol.floor(reference)
    assert "agreement" not in protocol.measure(reference, reference.test, reference.test_labels)


@pytest.mark.parametrize(
    "images",
    [np.zeros((10, 28, 28, 1)), np.zeros((10, 28, 28), np.uint8), np.zeros((9, 8, 8, 1), np.uint8)],
)
def test_samples_of_another_kind(reference, images):
    with pytest.raises(ValueError, match=r"samples must be uint8 \(n, 28, 28, 1\)"):
        protocol.measure(reference, images)


def test_each_slow_part_is_told_of(reference):
    told = []
    build_reference(SUBSET, N, say=told.append)
    protocol.floor(reference, say=told.append)
    assert any("bins" in line for line in told)
    assert any("floor" in line for line in told)
    assert any("features" in line for line in told)


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_spread_positions(n, most):
    found = protocol.spread(n, most)
    assert len(found) == min(n, most)
    assert found[0] == 0
    gaps = np.diff(found)
    assert found[-1] < n
    assert len(gaps) == 0 or (gaps.min() >= 1 and gaps.max() - gaps.min() <= 1)


def test_agreement_is_among_the_classes_that_could_be_asked_for():
    reference = build_reference("fashion-mnist-subset", 150, classes=(0, 1))
    floor = protocol.floor(reference)
    recognised = floor["classes"][0] + floor["classes"][1]
    assert floor["agreement"] > 0.98 > recognised / 150  # T-shirts are also taken for shirts
