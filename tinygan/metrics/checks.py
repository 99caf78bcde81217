"""The input of the metrics: tables of features, or of the pixels of images, one row per image."""

import numpy as np


def feature_rows(features, least=1):
    """Features (N, D) of any real dtype -> float64, without a copy if they are already float64.

    Raises ValueError when they are not a table, have fewer than `least` rows or are not all finite.
    """
    rows = np.asarray(features)
    if rows.ndim != 2 or rows.dtype.kind not in "fiu":
        raise ValueError(f"features must be numbers (N, D), got {rows.dtype} {rows.shape}")
    if rows.shape[0] < least or rows.shape[1] == 0:
        raise ValueError(f"at least {least} rows and 1 column are needed, got {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("features must be finite: there is a NaN or an infinity among them")
    return rows.astype(np.float64, copy=False)


def feature_pair(features_a, features_b, least=1):
    """feature_rows of two sets. Also raises ValueError when they differ in width."""
    a, b = feature_rows(features_a, least), feature_rows(features_b, least)
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"both sets need the same number of features, got {a.shape[1]} and {b.shape[1]}"
        )
    return a, b


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
