"""The bins: the counts, the z-test by hand and by another library, and the divergence."""

import numpy as np
import pytest

from tinygan.metrics import Bins, fit_bins, ndb

CENTRES = np.array([[0.0], [0.5], [1.0]], np.float32)


def grey(*counts):
    """uint8 images of one pixel: counts of black, middle grey and white ones."""
    return np.repeat(np.array([0, 128, 255], np.uint8), counts)[:, None]


@pytest.fixture
def bins():
    return Bins(CENTRES, np.array([100, 200, 700]))


def test_equal_shares_are_no_difference(bins):
    assert ndb(bins, grey(10, 20, 70)) == {"ndb": 0, "bins": 3, "js": pytest.approx(0, abs=1e-12)}


def test_the_test_is_the_two_proportion_z_test(bins):
    norm = pytest.importorskip("scipy.stats").norm
    for counts in [
        (8, 20, 72),
        (0, 30, 70),
        (20, 20, 60),
        (11, 29, 60),
        (16, 24, 60),
        (17, 23, 60),
    ]:
        different = 0
        for k, trained in enumerate(bins.counts):
            pooled = (trained + counts[k]) / 1100
            z = (trained / 1000 - counts[k] / 100) / np.sqrt(
                pooled * (1 - pooled) * (1 / 1000 + 1 / 100)
            )
            different += 2 * norm.sf(abs(z)) < 0.05
        assert ndb(bins, grey(*counts))["ndb"] == different


def test_the_threshold_of_the_test(bins):
    """q = 0.16 and 0.17 against p = 0.1, worked by hand: z = 1.86 and 2.16."""
    assert ndb(bins, grey(16, 14, 70))["ndb"] == 0
    assert ndb(bins, grey(17, 13, 70))["ndb"] == 1


def test_the_standard_error_is_pooled(bins):
    """q = 0.127 against p = 0.1, 1000 each: z = 1.90; with p alone in SE it would be 2.01."""
    assert ndb(bins, grey(127, 173, 700))["ndb"] == 0


def test_the_divergence_is_scipys(bins):
    distance = pytest.importorskip("scipy.spatial.distance").jensenshannon
    p = bins.counts / 1000
    for counts in [(8, 20, 72), (0, 30, 70), (0, 0, 5), (100, 0, 0)]:
        q = np.array(counts) / sum(counts)
        assert ndb(bins, grey(*counts))["js"] == pytest.approx(distance(p, q) ** 2, rel=1e-9)


def test_nothing_in_common_is_ln_2():
    found = ndb(Bins(CENTRES, np.array([50, 50, 0])), grey(0, 0, 100))
    assert found == {"ndb": 3, "bins": 3, "js": pytest.approx(np.log(2))}


def test_a_bin_that_is_empty_in_both_sets_does_not_differ_and_gives_no_nan():
    found = ndb(Bins(CENTRES, np.array([0, 1000, 0])), grey(0, 10, 0))
    assert found == {"ndb": 0, "bins": 3, "js": 0}


def blobs(rng, counts, middles):
    images = [rng.normal(m, 0.02, (n, 2, 2, 1)) for n, m in zip(counts, middles, strict=True)]
    return np.clip(np.concatenate(images), -1, 1).astype(np.float32)


def test_bins_are_the_clusters_of_the_training_images(rng):
    images = blobs(rng, (40, 60, 100), (-0.9, 0.0, 0.7))
    fitted = fit_bins(rng.permutation(images), 3, rng=rng)
    order = np.argsort(fitted.centres[:, 0])
    np.testing.assert_array_equal(fitted.counts[order], [40, 60, 100])
    expected = np.repeat([[0.05], [0.5], [0.85]], 4, axis=1)  # pixels from [-1, 1] to [0, 1]
    np.testing.assert_allclose(fitted.centres[order], expected, atol=0.01)
    as_bytes = np.rint(images * 127.5 + 127.5).astype(np.uint8)
    assert ndb(fitted, as_bytes) == ndb(fitted, images)
    missing = ndb(fitted, images[40:])
    assert missing["ndb"] >= 1
    assert missing["js"] > 0.05


def test_a_second_draw_differs_in_about_5_of_100_bins(rng):
    """The bins' boundaries are given, so that the test is fair: intervals on a line."""
    centres = ((np.arange(100) + 0.5) / 100).astype(np.float32)[:, None]

    def draw(n):
        return rng.uniform(-1, 1, (n, 1))

    shares = []
    for _ in range(20):
        counts = np.histogram(draw(20000), 100, (-1, 1))[0]
        shares.append(ndb(Bins(centres, counts), draw(5000))["ndb"] / 100)
    assert 0.03 < np.mean(shares) < 0.07


def test_many_images_are_taken_in_pieces(bins, rng):
    samples = rng.permutation(grey(1300, 2600, 9100))
    assert ndb(bins, samples)["js"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("samples", "complaint"),
    [
        (np.zeros((4, 2, 2), np.uint8), "bins 1, samples 4"),
        (np.zeros((0, 1), np.uint8), "at least 1"),
        (np.full((4, 1), 1.5), r"floats in \[-1, 1\], got float64 from 1.5"),
        (np.full((4, 1), np.nan), "floats in"),
        (np.zeros((4, 1), np.int64), "uint8"),
    ],
)
def test_samples_that_do_not_fit_the_bins(bins, samples, complaint):
    with pytest.raises(ValueError, match=complaint):
        ndb(bins, samples)


def test_fewer_images_than_bins(rng):
    with pytest.raises(ValueError, match="at least 100 images"):
        fit_bins(np.zeros((99, 4), np.uint8), rng=rng)
