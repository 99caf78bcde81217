"""Walks from one noise to another: what lies between two images.

On a straight line between two noises the middle is too near to 0. The length of z ~ N(0, I) with d
numbers is nearly always near √d (its mean square is d, and its spread stays below 1 however large d
is), and the middle of two such z has a length near √(d / 2): a noise that G has never been given.
So one walks on the sphere, at constant speed in the angle Ω between the two:

    slerp(a, b, t) = sin((1 − t) Ω) / sin Ω · a + sin(t Ω) / sin Ω · b,    cos Ω = <a, b> / |a| |b|

Sources: Shoemake 1985, "Animating rotation with quaternion curves", section 3.3; White 2016,
"Sampling generative networks", which brought it to G's noise.
"""

import numpy as np

from tinygan.drawings import latent, sheet
from tinygan.recipes.autoencoder import Autoencoder

_TINY = 1e-6  # of sin Ω: below it the two point in one direction, or in opposite ones


def slerp(a, b, t):
    """The point at t on the arc from a to b.    a, b (d,), t in [0, 1] -> (d,), in a's dtype.

    a at t = 0 and b at t = 1, exactly. Where a and b point in one direction, or in opposite ones
    (between which no arc is the shortest), or one is 0, the straight line.
    """
    x, y = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(x) * np.linalg.norm(y)
    cos = np.clip(x @ y / lengths, -1.0, 1.0) if lengths > 0 else 1.0
    omega = np.arccos(cos)
    if np.sin(omega) < _TINY:
        return ((1.0 - t) * x + t * y).astype(a.dtype)
    along = np.sin((1.0 - t) * omega) * x + np.sin(t * omega) * y
    return (along / np.sin(omega)).astype(a.dtype) if 0 < t < 1 else (b if t else a).copy()


def straight(a, b, t):
    """(1 − t) a + t b, in a's dtype."""
    return ((1.0 - t) * a + t * b).astype(a.dtype)


def draw(run, out, *, n=8, steps=9, seed=0, classes=None, prior=None):
    """Draw n walks, one a row.

    steps: images in a row, its two ends among them, at least 2. seed: of the noises at the ends.
    classes: to ask for; along a row the class stays. prior: of an autoencoder. With the
    prior gmm the walk is straight: its codes lie wherever the encoder put them, not on a sphere
    around 0, and half-way between two of them is a place among the codes.
    Returns the lines to print. Raises UserError as latent.py does.
    """
    model = run.model
    labels = latent.labels_for(model, n, classes)
    ends = latent.numbers(model, 2 * n, np.random.default_rng(seed), prior)
    between = slerp if latent.is_normal(model, prior) else straight
    times = np.linspace(0.0, 1.0, steps).tolist()
    z = np.stack(
        [between(a, b, t) for a, b in zip(ends[::2], ends[1::2], strict=True) for t in times]
    )
    images = latent.images(model, z, None if labels is None else labels.repeat(steps))
    images = images.reshape(n, steps, *model.image_shape)
    rows = [
        ("" if labels is None else run.class_text(labels[i]), [(image, "") for image in row])
        for i, row in enumerate(images)
    ]
    what = "codes" if isinstance(model, Autoencoder) else "noises"
    how = "on a sphere" if between is slerp else "in a straight line"
    title = f"{model.name}: from the {what} on the left to those on the right, {how}"
    sheet.save(out, rows, title, sheet.scale_for(model.image_shape))
    next_walk = run.next_line("others", "tinygan.draw", "walk", "--seed", seed + 1)
    return [f"{n} walk{'s' * (n > 1)} of {steps} images in {out}", next_walk]
