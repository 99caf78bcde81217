"""The input of the metrics: tables of features, or of the pixels of images, one row per image."""

import math

import numpy as np


def feature_rows(name, features, least=1):
    """Features (N, D) of any real dtype -> float64, without a copy if they are already float64.

    Raises ValueError when they are not a table, have fewer than `least` rows or are not all finite.
    """
    rows = np.asarray(features)
    if rows.ndim != 2 or rows.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be numbers (N, D), got {rows.dtype} {rows.shape}")
    if rows.shape[0] < least or rows.shape[1] == 0:
        raise ValueError(f"{name} needs at least {least} rows and 1 column, got {rows.shape}")
    with np.errstate(over="ignore"):  # longer numbers than float64's may be too large for it
        rows = rows.astype(np.float64, copy=False)
    if not np.isfinite(rows).all():
        raise ValueError(f"{name} must be finite: there is a NaN or an infinity among the features")
    return rows


def feature_pair(least=1, **sets):
    """feature_rows of two sets, given by name. Also raises ValueError when they differ in width."""
    a, b = (feature_rows(name, features, least) for name, features in sets.items())
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"both sets need the same number of features, got {a.shape[1]} and {b.shape[1]}"
        )
    return a, b


def exponent(*arrays):
    """The smallest e for which 2^e is above every |x| in the arrays, or 0 if all are 0.

    So the largest of np.ldexp(x, -e) = x / 2^e is near 1, and its square is neither infinite nor 0.
    Unlike another factor, a power of two changes no digit.
    """
    return math.frexp(max(max(float(x.max()), -float(x.min())) for x in arrays))[1]


def flat_images(images, least=1):
    """Images (N, …) -> (N, D) of the same dtype, after the checks that `pixels` relies on.

    Raises ValueError when there are fewer than `least`, or when they are neither uint8 nor floats
    in [-1, 1].
    """
    images = np.asarray(images)
    if images.ndim < 2 or len(images) < least or images.size == 0:
        raise ValueError(f"at least {least} images (N, …) are needed, got shape {images.shape}")
    if images.dtype != np.uint8:
        low, high = images.min(), images.max()
        if images.dtype.kind != "f" or not (low >= -1 and high <= 1):
            raise ValueError(
                "images must be uint8 or floats in [-1, 1], "
                f"got {images.dtype} from {low} to {high}"
            )
    return images.reshape(len(images), -1)


def pixels(rows):
    """Rows of flat_images as float64 in [0, 1]: uint8 v / 255, floats (v + 1) / 2."""
    if rows.dtype == np.uint8:
        return rows / 255.0
    return (rows.astype(np.float64) + 1) / 2


def check_same_width(**named_rows):
    """Raise ValueError unless tables, given by name, have the same number of columns."""
    widths = {name: rows.shape[1] for name, rows in named_rows.items()}
    if len(set(widths.values())) > 1:
        told = ", ".join(f"{name} {width}" for name, width in widths.items())
        raise ValueError(f"all images need the same number of pixels, got {told}")
