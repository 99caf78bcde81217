"""Copies are found; new, blurred or noisy samples and those of few classes are not copies."""

import numpy as np
import pytest

from tinygan.data import load
from tinygan.metrics import memorisation_ratio, nearest


@pytest.fixture(scope="module")
def fashion():
    """(train, test, fresh, fresh's labels): disjoint draws of one distribution."""
    data = load("fashion-mnist-subset")
    order = np.random.default_rng(0).permutation(len(data.images))
    images, labels = data.images[order], data.labels[order]
    return images[:2400], images[2400:3000], images[3000:3600], labels[3000:3600]


def smooth(images):
    padded = np.pad(images.astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    h, w = images.shape[1:3]
    mean = sum(padded[:, i : i + h, j : j + w] for i in range(3) for j in range(3)) / 9
    return np.rint(mean).astype(np.uint8)


def noisy(images, std, rng):
    return np.clip(np.rint(images + rng.normal(0, std, images.shape)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_nearest_is_the_smallest_of_all_distances(rng, dtype):
    if dtype == np.uint8:
        samples, images = (rng.integers(0, 256, (n, 3, 2, 1), dtype) for n in (30, 70))
        x, y = samples / 255, images / 255
    else:
        samples, images = (rng.uniform(-1, 1, (n, 3, 2, 1)).astype(dtype) for n in (30, 70))
        x, y = (samples.astype(float) + 1) / 2, (images.astype(float) + 1) / 2
    d = np.sqrt(((x[:, None] - y[None]) ** 2).sum(axis=(2, 3, 4)))
    distances, indices = nearest(samples, images)
    np.testing.assert_allclose(distances, d.min(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(indices, d.argmin(axis=1))
    assert (distances.shape, indices.shape) == ((30,), (30,))


def test_a_copy_is_at_distance_0_exactly_and_one_level_of_one_pixel_is_not(fashion):
    train = fashion[0]
    which = np.array([2399, 7, 7, 1200])
    distances, indices = nearest(train[which], train)
    np.testing.assert_array_equal(distances, 0)
    np.testing.assert_array_equal(train[indices], train[which])
    touched = train[which].copy()
    touched[:, 14, 14] ^= 1
    distances, indices = nearest(touched, train)
    np.testing.assert_allclose(distances, 1 / 255, rtol=1e-12)
    as_floats = (train.astype(np.float32) - 127.5) / 127.5
    np.testing.assert_array_equal(nearest(as_floats[which], as_floats)[0], 0)


def test_of_several_nearest_the_first_is_named_also_across_pieces():
    images = np.repeat(np.array([100, 200, 120], np.uint8), 5000)[:, None]  # three pieces
    images[[4000, 9000, 14000]] = 0
    distances, indices = nearest(np.array([[90], [200], [121], [1]], np.uint8), images)
    np.testing.assert_array_equal(indices, [0, 5000, 10000, 4000])
    np.testing.assert_allclose(distances, np.array([10, 0, 1, 1]) / 255, rtol=1e-12)


def test_training_images_have_the_ratio_0_whatever_their_position(fashion):
    train, test, fresh, _ = fashion
    assert memorisation_ratio(train[-300:], train, test) == 0
    assert memorisation_ratio(train[:300], train, test) == 0
    half = np.concatenate([train[:300], fresh[:300]])
    assert memorisation_ratio(half, train, test) == pytest.approx(0.5, abs=0.05)


def test_near_copies_lower_the_ratio(fashion, rng):
    train, test, _, _ = fashion
    assert memorisation_ratio(noisy(train[:300], 10, rng), train, test) < 0.4
    assert memorisation_ratio(smooth(train[:300]), train, test) < 0.9


def test_new_images_have_a_ratio_of_about_1_whatever_their_quality(fashion, rng):
    train, test, fresh, labels = fashion
    assert memorisation_ratio(fresh, train, test) == pytest.approx(1, abs=0.03)
    for others in (smooth(fresh), noisy(fresh, 60, rng), fresh[labels < 5], fresh[labels == 1]):
        assert memorisation_ratio(others, train, test) == pytest.approx(1, abs=0.1)


def test_the_sizes_of_the_sets_do_not_matter(fashion):
    train, test, fresh, _ = fashion
    for n_train, n_test in ((2400, 100), (600, 600), (150, 600)):
        found = memorisation_ratio(fresh, train[:n_train], test[:n_test])
        assert found == pytest.approx(1, abs=0.06)


def test_the_ratio_by_its_definition(rng):
    samples, train, test = (rng.integers(0, 256, (n, 2), np.uint8) for n in (5, 9, 6))

    def d(a, b, self=False):
        table = np.sqrt((((a[:, None] / 255) - (b[None] / 255)) ** 2).sum(axis=2))
        if self:
            np.fill_diagonal(table, np.inf)
        return table.min(axis=1).mean()

    expected = d(samples, train) / d(samples, test) / (d(test, train) / d(test, test, self=True))
    assert memorisation_ratio(samples, train, test) == pytest.approx(expected, rel=1e-12)


def test_inputs_are_not_written_to(fashion):
    train, test, fresh, _ = (x[:50] for x in fashion)
    for x in (train, test, fresh):
        x.flags.writeable = False
    assert isinstance(memorisation_ratio(fresh, train, test), float)


def test_invalid_images_are_refused(fashion):
    train, test, fresh, _ = fashion
    with pytest.raises(ValueError, match="samples 784, images 196"):
        nearest(fresh, train[:, ::2, ::2])
    with pytest.raises(ValueError, match="at least 2 images"):
        memorisation_ratio(fresh, train, test[:1])
    with pytest.raises(ValueError, match="got int64 from 0"):
        nearest(fresh.astype(np.int64), train)
    for samples, of_test in ((test, test), (fresh, np.repeat(test[:1], 5, axis=0))):
        with pytest.raises(ValueError, match="nothing to compare with"):
            memorisation_ratio(samples, train, of_test)
