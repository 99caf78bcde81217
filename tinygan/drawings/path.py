"""How a flow leads noise to an image: what it moves, at times between 0 and 1.

Of a latent flow a code is moved; it is shown as the image that the decoder makes of it.
"""

import numpy as np

from tinygan.drawings import latent, sheet
from tinygan.progress import plural


def draw(run, out, *, n=8, steps=9, seed=0, classes=None):
    """Draw n paths, one a row.

    steps: images in a row, noise and image among them, at least 2, and at most one more than the
    run's --ode-steps. seed: of the noise; the last images are those of `python -m tinygan.sample`
    with the same n and seed. classes: to ask for.
    Returns the lines to print. Raises UserError for a class that the run does not know.
    """
    model = run.model
    labels = latent.labels_for(model, n, classes)
    noise = model.noise(n, np.random.default_rng(seed))
    times, images = model.path(noise, labels, steps)  # (steps, n, H, W, C)
    rows = [
        (
            run.class_text(labels[i]),
            [(image[i], f"t = {t:.2f}") for t, image in zip(times, images, strict=True)],
        )
        for i in range(n)
    ]
    title = f"{model.name}: from noise (t = 0) to image (t = 1)"
    sheet.save(out, rows, title, sheet.scale_for(model.image_shape))
    return [
        f"{plural(n, 'path')} of {len(times)} images in {out}",
        run.next_line("from one noise to another", "tinygan.draw", "walk"),
    ]
