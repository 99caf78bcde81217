"""Test images above what an autoencoder makes of their codes."""

import numpy as np

from tinygan.data.pixels import to_float
from tinygan.drawings import sheet

_COLUMNS = 10


def draw(run, out, *, n=20, seed=0):
    """Draw n test images, and below each its reconstruction.

    A variational encoder gives a code's mean, without its random part. seed: of the choice among
    the test images.
    Returns the lines to print: the mean squared error of a pixel in [0, 1] over all test images,
    as a share of the pixels' variance (a model that knows only the mean image has 100 %).
    Raises UserError for data that is missing or not the run's.
    """
    model = run.model
    images, _ = run.test()
    decoded = model.decode(model.encode(images))
    x, y = to_float(images, 0), to_float(decoded, 0)
    error = float(np.square(x - y).mean(dtype=np.float64))
    variance = float(np.square(x - x.mean(axis=0)).mean(dtype=np.float64))
    each = np.square(x - y).mean(axis=(1, 2, 3))
    chosen = np.sort(np.random.default_rng(seed).permutation(len(images))[:n])
    above = [(image, "") for image in images[chosen]]
    below = [(image, f"{each[i]:.4f}") for i, image in zip(chosen, decoded[chosen], strict=True)]
    title = (
        f"{model.name}, codes of {model.options['code']} numbers: test images, and their "
        f"reconstructions with the mean squared error of a pixel (of all {len(images):,}: "
        f"{error:.4f})"
    )
    rows = sheet.in_rows([above, below], ["test image", "reconstruction"], _COLUMNS)
    sheet.save(out, rows, title, sheet.scale_for(model.image_shape))
    return [
        f"{len(chosen)} test images and their reconstructions in {out}; mean squared error of a "
        f"pixel over {len(images):,}: {error:.4f}, {100 * error / max(variance, 1e-12):.0f} % of "
        "the pixels' variance",
        run.next_line("where their codes lie", "tinygan.draw", "codes"),
    ]
