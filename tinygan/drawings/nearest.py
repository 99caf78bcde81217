"""Samples above the training images that are nearest to them: are they copies?"""

import numpy as np

from tinygan.drawings import sheet
from tinygan.metrics.memorisation import nearest
from tinygan.recipes import trained_model

_COLUMNS = 10


def draw(run, out, *, n=10, seed=0, classes=None, prior=None):
    """Draw n samples, each above the training image nearest to it by pixels.

    The training images are those that the weights were trained with; of a run with --flip also
    their mirror images. A copy has the distance 0: the Euclidean distance of pixels in [0, 1].
    seed, classes, prior: as for grid.draw.
    Returns the lines to print. Raises UserError as trained_model.draw does, and for data that is
    missing or not the run's.
    """
    model = run.model
    samples, labels = trained_model.draw(model, n, seed, classes=classes, prior=prior)
    seen, _ = run.trained_on()
    distances, rows = nearest(samples, seen)
    found = seen[rows]
    if model.options.get("flip"):  # mirrored by turning the samples: the distance is the same
        mirrored, rows = nearest(samples[:, :, ::-1], seen)
        closer = mirrored < distances
        found[closer] = seen[rows[closer], :, ::-1]
        distances = np.where(closer, mirrored, distances)
    names = [""] * n if labels is None else map(run.class_text, labels)
    above = list(zip(samples, names, strict=True))
    below = [(image, f"{d:.2f}") for image, d in zip(found, distances, strict=True)]
    rows = sheet.in_rows([above, below], ["sample", "nearest training image"], _COLUMNS)
    title = (
        f"{model.name}: samples, and the nearest of {len(seen):,} training images with its "
        "distance (0: a copy)"
    )
    sheet.save(out, rows, title, sheet.scale_for(model.image_shape))
    return [
        f"{n} sample{'s' * (n > 1)} and the nearest of {len(seen):,} training images in {out}; "
        f"distance of pixels: least {distances.min():.2f}, mean {distances.mean():.2f}",
        run.next_line("the same as a number", "tinygan.evaluate"),
    ]
