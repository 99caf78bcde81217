"""a − b + c with averaged noises: does a direction of the noise mean something?

Radford et al. average the noises of three images that show one thing, because that of a single one
gives unstable results, and compute with the averages: smiling woman − neutral woman + neutral man
gives smiling men. Of clothes one may try: dark with long sleeves − dark without + bright without.

An average of k noises from N(0, I) is too short for G, √(d / k) instead of √d. What is drawn here
is therefore scaled to the length √d; the sum itself is that of the averages as they are. With three
noises in each the sum has the variance 3 · 1/3 = 1 anyway, and scaling hardly changes it. Measured
with `dcgan --width 32` after 14 epochs (fd between 1,000 draws and 1,000 test images, lower is
better): 55 for single noises, 113 for averages of three as they are, 56 for the same scaled; 75 for
a − b + c of single noises, 56 for the same scaled.
Source: Radford et al. 2016, "Unsupervised representation learning with deep convolutional
generative adversarial networks", section 6.3.2.
"""

import numpy as np

from tinygan.cli import typed
from tinygan.drawings import latent, sheet
from tinygan.errors import UserError
from tinygan.recipes.asked_classes import known_classes


def to_typical_length(z):
    """z √d / |z|, row by row: the length that noise from N(0, I) has.    (N, d), 0 stays 0."""
    length = np.linalg.norm(z, axis=1, keepdims=True)
    return (z * (np.sqrt(z.shape[1]) / np.maximum(length, 1e-12))).astype(z.dtype)


def draw(run, out, *, a=None, b=None, c=None, seed=0, classes=None):
    """Draw what a, b and c are averages of, each average, and a − b + c.

    a, b, c: tuples of numbers of images, as grid.py with the same seed (and classes) shows them.
    classes: of a conditional GAN: the one class that all are drawn in; the first if None.
    Returns the lines to print. Raises UserError when a, b or c is missing, and for several classes.
    """
    model = run.model
    numbers = (a, b, c)
    label = _one_class(model, classes)
    if not all(numbers):
        alone = () if label is None else ("--classes", label)
        grid = run.words("tinygan.draw", "grid", "--numbers", "--seed", seed, *alone)
        raise UserError(
            "sums needs --a, --b and --c, each the numbers of some images that show one thing, as "
            f"in --a 3,8,12 --b 5,9,20 --c 1,7,30: see the numbers with {typed(*grid)}"
        )
    z = latent.numbers(model, 1 + max(map(max, numbers)), np.random.default_rng(seed))
    averages = np.stack([z[list(rows)].mean(axis=0) for rows in numbers])
    result = averages[0] - averages[1] + averages[2]
    combined = to_typical_length(np.stack([*averages, result]))
    members = np.concatenate([z[list(rows)] for rows in numbers])
    drawn = np.concatenate([members, combined])
    labels = None if label is None else np.full(len(drawn), label)
    images = latent.images(model, drawn, labels)
    *of_averages, of_result = images[len(members) :]
    most, blank = max(3, *map(len, numbers)), (np.full_like(images[0], 255), "")
    rows, at = [], 0
    for name, own, average in zip("abc", numbers, of_averages, strict=True):
        cells = [(images[at + i], str(number)) for i, number in enumerate(own)]
        cells += [blank] * (most - len(own))
        rows.append((name, [*cells, ("=", ""), (average, "average")]))
        at += len(own)
    cells = list(zip(of_averages, ("a", "− b", "+ c"), strict=True))
    rows.append(("a − b + c", [*cells, *[blank] * (most - 3), ("=", ""), (of_result, "result")]))
    title = f"{model.name}, seed {seed}: averages of noises, drawn at the length of a noise"
    if label is not None:
        title += f"; class {run.class_text(label)}"
    sheet.save(out, rows, title, sheet.scale_for(model.image_shape, 84))
    return [
        f"a − b + c, with what it is made of, in {out}",
        run.next_line("from one of them to another", "tinygan.draw", "walk"),
    ]


def _one_class(model, classes):
    """The class that a conditional GAN draws all of it in; None for other GANs."""
    if latent.labels_for(model, 1, classes) is None:
        return None
    if classes is not None and len(classes) > 1:
        raise UserError("sums draws one class, so that only the noise differs: --classes 0")
    return known_classes(model, classes)[0]
