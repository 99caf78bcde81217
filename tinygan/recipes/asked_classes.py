"""Labels in a model that can be asked for a class, which has `.classes`: those that it knows."""

import numpy as np

from tinygan.errors import UserError


def labels_for(model, n, classes=None):
    """The label of each of n images: equal parts of these classes, or of all it knows, in order.

    Raises UserError for a class that the model was not trained on.
    """
    classes = known_classes(model, classes)
    return np.asarray(classes)[equal_parts(n, len(classes))]


def known_classes(model, classes=None):
    """These classes, or all that the model knows. UserError for one that it does not."""
    for unknown in sorted(set(classes or ()) - set(model.classes)):
        raise UserError(
            f"class {unknown} is not one that this run was trained on: "
            f"{', '.join(map(str, model.classes))}"
        )
    return classes or model.classes


def equal_parts(n, k):
    """n numbers from 0 to k − 1, in order and in parts of equal size (± 1)."""
    return np.arange(n) * k // n


def rows_of(labels, classes):
    """The rows of the images with these labels. Raises UserError when a class has no image."""
    wanted = np.flatnonzero(np.isin(labels, classes))
    missing = set(classes) - set(np.unique(labels[wanted]).tolist())
    if missing:
        raise UserError(f"--classes: the data has no image of class {min(missing)}")
    return wanted
