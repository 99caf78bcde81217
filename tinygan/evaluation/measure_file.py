"""Measuring the images of a file or a folder, whoever has drawn them."""

import hashlib
import os
from pathlib import Path

import numpy as np

from tinygan.data.pictures import read_pictures, size_of_first
from tinygan.errors import UserError
from tinygan.evaluation import protocol
from tinygan.evaluation.features import size_words
from tinygan.evaluation.reference import build_reference
from tinygan.evaluation.report import too_few
from tinygan.evaluation.result import file_sha256
from tinygan.npz import read_images

BY_SHAPE = {(28, 28, 1): "fashion-mnist", (32, 32, 3): "cifar10", (64, 64, 3): "faces"}


def evaluate_file(file, *, n, seed, name=None, data_dir=None, classes=None, xp, say, warn):
    """Measure the images of an .npz file, or the pictures of a folder or a .zip.

    file: see npz.read_images and data.read_pictures. n: at most how many images; seed: of their
    choice where the file has more. name: of the data set to compare with; None chooses by the size
    of the images. data_dir: as for data.load. classes: labels to compare with; None takes those in
    the file, or all. say: see protocol.measure. warn: called with a line of text where the data is
    not what was asked for.
    Returns a dict like evaluate_run's, with "file" and "file_sha256" (of a folder or a .zip: the
    SHA-256 of its pixels) for the facts of a run.
    Raises UserError for a file that does not fit, and as build_reference does.
    """
    images, labels, digest = _read(file)
    size, n = size_words(images.shape[1:]), min(n, len(images))
    name = name or BY_SHAPE.get(images.shape[1:])
    if name is None:
        raise UserError(f"{file} has images of {size}: name what to compare them with, --data")
    classes = _classes(file, labels, classes)
    if n < protocol.LEAST:
        raise UserError(f"{file} holds {n} images: at least {protocol.LEAST} are needed")
    data = {"data_dir": data_dir, "classes": classes}
    reference = build_reference(name, n, seed, **data, xp=xp, say=say)
    if reference.image_shape != images.shape[1:]:
        raise UserError(
            f"{file} has images of {size}, {reference.data} of "
            f"{size_words(reference.image_shape)}: name the right --data"
        )
    if reference.data != name:
        warn(f"the whole {name} was not found: compared with {reference.data}")
    for line in too_few(reference):
        warn(line)
    chosen = np.random.default_rng(seed).choice(len(images), reference.n, replace=False)
    chosen.sort()
    labels = None if labels is None else labels[chosen]
    return {
        "protocol": reference.protocol(),
        "metrics": protocol.measure(reference, images[chosen], labels, say=say),
        "floor": protocol.floor(reference, say=say),
        "file": Path(file).resolve().name,
        "file_sha256": digest,
        "backend": xp.__name__,
    }


def _read(file):
    """(images, their labels or None, a SHA-256) of an .npz file, a folder or a .zip."""
    if os.path.isdir(file) or str(file).lower().endswith(".zip"):
        size = size_of_first(file)
        known = (shape for shape in BY_SHAPE if shape[:2] == size)
        images = read_pictures(file, next(known, (*size, 3)))
        return images, None, hashlib.sha256(images).hexdigest()
    return *read_images(file), file_sha256(file)


def _classes(file, labels, classes):
    """The classes to compare with: those asked for, or those of the labels, or None for all."""
    if labels is None:
        return classes
    found = np.unique(labels).tolist()
    if classes is None:
        return tuple(found)
    left_out = [label for label in found if label not in classes]
    if left_out:
        raise UserError(
            f"{file} has labels that --classes {','.join(map(str, classes))} leaves out, such as "
            f"{left_out[0]}: name these too, or leave --classes out"
        )
    return classes
