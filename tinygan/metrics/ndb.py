"""The number of statistically different bins: is every kind of image as frequent as it should be?

The training images are sorted into K bins, the cells of k-means on their pixels. Real images fall
into the bins in known proportions; a generator that never draws a kind of image leaves bins empty,
and one that repeats itself fills some bins too much. No network is used.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from tinygan.metrics.checks import check_same_width, flat_images, pixels
from tinygan.metrics.distances import squared_distances
from tinygan.metrics.diversity import entropy
from tinygan.models.kmeans import kmeans

_Z = NormalDist().inv_cdf(1 - 0.05 / 2)  # 1.96: two-sided, p < 0.05
_ROWS = 5000  # images converted to float64 at a time


@dataclass(frozen=True)
class Bins:
    """centres: float32 (K, D), pixels in [0, 1]. counts: (K,), training images nearest to each."""

    centres: np.ndarray
    counts: np.ndarray


def fit_bins(images, n_bins=100, *, rng):
    """K bins: the k-means cells of the training images' pixels.

    images: (N, …) uint8, or floats in [-1, 1]; N at least n_bins. rng: host NumPy Generator for
    the start of k-means.
    Returns Bins, to be used for all sets of samples that are compared.
    Raises ValueError for other images, or for too few.
    Source: Richardson & Weiss 2018; as in their code, k-means stops after at most 100
    iterations.
    """
    rows = flat_images(images, least=n_bins)
    table = np.concatenate([pixels(rows[i : i + _ROWS]).astype(np.float32) for i in _starts(rows)])
    centres, _, _ = kmeans(table, n_bins, rng=rng, max_iter=100)
    return Bins(centres, _count(centres, rows))


def ndb(bins, samples):
    """In how many of the K bins does the share q of samples differ from the share p of training?

    For N training images and M samples, a bin differs when |p − q| > 1.96 · SE: 5 % significance in
    the two-proportion z-test with pooled SE² = r (1 − r) (1/N + 1/M), r = (N p + M q) / (N + M).
    samples: like the images for fit_bins.
    Returns a dict: ndb, the count of such bins; bins, K; js, the Jensen–Shannon divergence
    H((p + q)/2) − (H(p) + H(q))/2 in nats, 0 to ln 2. Real images also get ndb ≈ 0.05 K. With more
    samples, smaller differences count and js is smaller, so compare at equal M.
    Raises ValueError for other images, or images whose size differs from the bins'.
    Source: Richardson & Weiss 2018.
    """
    rows = flat_images(samples)
    check_same_width(bins=bins.centres, samples=rows)
    counts = _count(bins.centres, rows)
    n, m = bins.counts.sum(), counts.sum()
    p, q = bins.counts / n, counts / m
    r = (bins.counts + counts) / (n + m)
    se = np.sqrt(r * (1 - r) * (1 / n + 1 / m))  # 0 where p = q = 0 or p = q = 1
    js = entropy(p + q) - (entropy(p) + entropy(q)) / 2
    return {
        "ndb": int((np.abs(p - q) > _Z * se).sum()),
        "bins": len(p),
        "js": js,
    }


def _count(centres, rows):
    """How many of the rows are nearest to each centre: (K,)."""
    centres = centres.astype(np.float64)
    counts = np.zeros(len(centres), np.int64)
    for i in _starts(rows):
        labels = squared_distances(pixels(rows[i : i + _ROWS]), centres).argmin(axis=1)
        counts += np.bincount(labels, minlength=len(centres))
    return counts


def _starts(rows):
    return range(0, len(rows), _ROWS)
