"""Batches in a fresh random order every epoch, and images mirrored at random."""

import numpy as np


def batches(images, batch_size, seed, start=0, labels=None):
    """Yield batches without end: each epoch is one shuffle, cut into N // batch_size pieces.

    images: (N, …), N at least batch_size. labels (N,), if given: each batch is (images, labels).
    Each epoch leaves out the images that do not fill a last batch. The order in epoch e depends on
    (seed, e) alone, so another run can be continued with `start`, the number of batches to skip.
    Raises ValueError for a batch_size that is not positive or larger than N.
    """
    for rows in orders(len(images), batch_size, seed, start):
        yield images[rows] if labels is None else (images[rows], labels[rows])


def orders(n, batch_size, seed, start=0):
    """The rows of each batch: int64 (batch_size,), below n. Arguments and errors as for batches."""
    if not 1 <= batch_size <= n:
        raise ValueError(f"a batch of {batch_size} is impossible with {n} images")
    per_epoch = n // batch_size
    epoch, first = divmod(start, per_epoch)
    while True:
        order = np.random.default_rng([seed, epoch]).permutation(n)
        for i in range(first, per_epoch):
            yield order[i * batch_size : (i + 1) * batch_size]
        epoch, first = epoch + 1, 0


def mirrored(images, rng):
    """Each image, mirrored left to right with probability ½.    (N, H, W, C).

    More variety for a set whose pictures look as natural in a mirror.
    """
    flip = rng.random(len(images)) < 0.5
    return np.where(flip[:, None, None, None], images[:, :, ::-1], images)
