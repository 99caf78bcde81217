"""Precision, recall, density, coverage: are the samples realistic, and are they as varied?

The real features define a region: the union of balls around all real points, each reaching to the
k-th nearest real neighbour. A fake inside is realistic; the fakes' own region tells which real
points the generator could have made. So each fault shows separately: fakes unlike any real image
lower precision; a class that is never drawn lowers recall and coverage.

Realistic means realistic to the features: a classifier trained only on clothes may place noise
among them. With our features, 10,000 images of uniform random pixels, compared with the test images
of Fashion-MNIST, get a precision of 0.72 and a density of 0.39 (real images: 0.92 and 0.99). Recall
and coverage detect the noise, because it all looks alike: 0.0004 and 0.02 (real: 0.92 and 0.97).
"""

import numpy as np

from tinygan.metrics.checks import exponent, feature_pair
from tinygan.metrics.distances import blocks, direct, rounding, squared_distances

_EXPONENT = 480  # features are scaled to 2^480: then no sum of squares is infinite, and few near 0
_SMALLEST = 2.0**-960  # of a squared distance: with less, it may have lost digits
_TOO_WIDE = (
    "real and fake span too many orders of magnitude: the smallest distances are lost beside the "
    "largest features. Remove those that are far out"
)


def prdc(real, fake, k=5):
    """Which points lie in which balls? A ball reaches to the k-th nearest neighbour in its set.

    precision = share of fakes within any real ball;   recall = share of reals within any fake ball
    density = mean over fakes of (number of real balls around it) / k
    coverage = share of real balls that hold a fake

    real, fake: (N, D) and (M, D), any real dtype; computed in float64. k: 1 up to min(N, M) − 1;
    a point is not its own neighbour, but its duplicates are. A ball includes its surface.
    Returns a dict of four floats in [0, 1], density at least 0: near 1 when fakes are like reals.
    Precision and recall depend on N and M, so compare at equal numbers. Precision and density say
    only that features lie among real ones: a classifier may place noise there, and blur can raise
    both, because it moves images to the middle of the region; recall and coverage then fall.
    Raises ValueError for sets of different widths, a k out of range, values that are not finite, or
    distances of which one is more than 10²⁸⁸ times another.
    Source: Kynkäänniemi et al. 2019, section 2 (precision, recall); Naeem et al. 2020, section 3.2
    (density, coverage).
    """
    real, fake = feature_pair(real=real, fake=fake)
    if not 1 <= k < min(len(real), len(fake)):
        raise ValueError(
            f"k = {k} is out of range for {len(real)} real and {len(fake)} fake points"
        )
    real, fake = _scaled(real, fake)
    real_radii, fake_radii = _squared_radii(real, k), _squared_radii(fake, k)

    balls_around_fake = np.zeros(len(fake), int)
    covered, recalled = np.zeros(len(real), bool), np.zeros(len(real), bool)
    middle = real.mean(axis=0)  # near 0 the products are small, and so are their errors
    real_centred, fake_centred = real - middle, fake - middle
    for part in blocks(len(real), len(fake)):
        d2 = squared_distances(real_centred[part], fake_centred)  # (B, M)
        error = rounding(real_centred[part], fake_centred)[:, None]
        of_real, of_fake = real_radii[part, None], fake_radii
        unsure = (np.abs(d2 - of_real) <= error) | (np.abs(d2 - of_fake) <= error)
        for i in np.flatnonzero(unsure.any(axis=1)):
            d2[i, unsure[i]] = _direct(fake[unsure[i]], real[part][i])
        within_real = d2 <= of_real
        balls_around_fake += within_real.sum(axis=0)
        covered[part] = within_real.any(axis=1)
        recalled[part] = (d2 <= of_fake).any(axis=1)
    return {
        "precision": float((balls_around_fake > 0).mean()),
        "recall": float(recalled.mean()),
        "density": float(balls_around_fake.mean() / k),
        "coverage": float(covered.mean()),
    }


def _scaled(real, fake):
    """Both in a unit in which they can be squared; the answer is the same in every unit.

    Raises ValueError when a number is too small beside the largest for that.
    """
    e = exponent(real, fake) - _EXPONENT
    scaled = [np.ldexp(x, -e) for x in (real, fake)]
    if any((np.ldexp(y, e) != x).any() for x, y in zip((real, fake), scaled, strict=True)):
        raise ValueError(_TOO_WIDE)
    return scaled


def _squared_radii(x, k):
    """The squared distance from each row of x to its k-th nearest other row: (N, D) -> (N,).

    Copies have equal radii, so only one is computed: a collapsed generator makes thousands.
    """
    _, rows, copy_of = np.unique(x, axis=0, return_index=True, return_inverse=True)
    centred = x - x.mean(axis=0)
    radii = np.empty(len(rows))
    for part in blocks(len(rows), len(x)):
        here = rows[part]
        d2 = squared_distances(centred[here], centred)  # (B, N)
        d2[np.arange(len(here)), here] = np.inf  # itself, by index: a duplicate is a neighbour
        about = np.partition(d2, k - 1, axis=1)[:, k - 1]  # correct except for rounding
        error = 2 * rounding(centred[here], centred)  # both sides of a comparison have it
        unsure = np.abs(d2 - about[:, None]) <= error[:, None]
        nearer = (d2 < (about - error)[:, None]).sum(axis=1)  # certainly nearer than the k-th
        for i, row in enumerate(here):
            exact = np.sort(_direct(x[unsure[i]], x[row]))
            radii[part.start + i] = exact[k - 1 - nearer[i]]
    return radii[copy_of]


def _direct(x, y):
    """`direct`. Raises ValueError when rows that differ are so near that digits were lost."""
    d2 = direct(x, y)
    tiny = d2 < _SMALLEST
    if tiny.any() and (x[tiny] != y).any():
        raise ValueError(_TOO_WIDE)
    return d2
