"""The map of an autoencoder's codes: a dot for each test image, where similar codes lie together.

Codes have more than two numbers; PCA finds the two directions in which they vary most. What varies
in the others cannot be seen in the map, so dots that lie together need not have similar codes: the
axes say which share of the variance is theirs.
"""

import numpy as np

from tinygan import figures
from tinygan.errors import UserError
from tinygan.files import reason
from tinygan.models.pca import PCA

_DOTS = 2000


def draw(run, out, *, n=_DOTS, seed=0):
    """Draw the codes of n test images (of all, if there are fewer), coloured by class.

    The two axes are those of the codes that are drawn. seed: of the choice among the test images.
    Returns the lines to print. Raises UserError for codes of one number, for codes that are all
    equal or not finite, and for data that is missing or not the run's.
    """
    model = run.model
    if model.options["code"] < 2:
        raise UserError(f"codes of one number have no map: train {model.name} with a larger --code")
    images, labels = run.test()
    chosen = np.sort(np.random.default_rng(seed).permutation(len(images))[:n])
    labels = labels[chosen]
    pca = PCA(2)
    try:
        places = pca.fit(codes := model.encode(images[chosen]).astype(np.float64)).transform(codes)
    except ValueError as error:
        raise UserError(f"the codes of this run have no map: {error}") from None
    shares = [100 * share for share in pca.explained_variance_ratio_]
    try:
        with figures.new(out, (8, 6), dpi=110) as figure:
            _scatter(figure, run, places, labels, shares)
    except OSError as error:
        raise UserError(f"cannot write {out}: {reason(error)}") from None
    return [
        f"the codes of {len(chosen):,} test images in {out}; the two axes have {sum(shares):.0f} % "
        "of their variance",
        run.next_line("what lies between codes", "tinygan.draw", "walk"),
    ]


def _scatter(figure, run, places, labels, shares):
    axes = figure.subplots()
    known = np.unique(labels).tolist()
    size = 14 if len(places) <= 500 else 7
    order = np.random.default_rng(0).permutation(len(places))  # so that no class hides the others
    colours = {label: f"C{i % 10}" for i, label in enumerate(known)}
    axes.scatter(*places[order].T, s=size, c=[colours[c] for c in labels[order].tolist()])
    for label in known[:20]:
        axes.scatter([], [], color=colours[label], label=run.class_text(label))
    figure.legend(loc="outside right upper", frameon=False)
    for name, set_label, share in zip(
        ("first", "second"), (axes.set_xlabel, axes.set_ylabel), shares, strict=True
    ):
        set_label(f"{name} principal component of the codes ({share:.0f} % of their variance)")
    axes.set_title(f"{run.model.name}: codes of {len(places):,} test images", loc="left")
