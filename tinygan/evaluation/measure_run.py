"""Measuring a run that draws images."""

import functools
import math
import time
from pathlib import Path

from tinygan.errors import UserError
from tinygan.evaluation import protocol
from tinygan.evaluation.features import size_words
from tinygan.evaluation.reference import build_reference
from tinygan.evaluation.report import too_few
from tinygan.evaluation.result import checkpoint_sha256, write_evaluation
from tinygan.recipes import trained_model
from tinygan.runs.config import read_config
from tinygan.runs.tables import read_timing

SHOWN = 16  # samples that are kept to be shown


def evaluate_run(
    folder, against, *, seed, data_dir, xp, say, weights=None, prior=None, classes=None
):
    """Measure a run that draws images, and write evaluation.json and its pictures.

    against: what measured_against returns. seed: of the noise. data_dir: as for data.load; None
    takes the run's. say: see protocol.measure. weights: as for trained_model.load. prior, classes:
    as for trained_model.draw. None takes the run's.
    "parameters" are those of all that draws; "ms_per_1000" is what drawing 1,000 samples takes: the
    fastest of three draws of 1,000, or of n when that is less.
    Returns what read_evaluation reads. Raises UserError as load and draw of trained_model and
    build_reference do, and when the folder cannot be written.
    """
    folder, config = Path(folder), read_config(folder)
    digest = checkpoint_sha256(folder)  # before a run that goes on replaces it
    model = trained_model.load(folder, xp, weights=weights)
    prior = prior or model.options.get("prior")
    if classes is None and "classes" in model.choices:
        classes = model.classes

    def draw(n):
        return trained_model.draw(model, n, seed, prior=prior, classes=classes)

    draw(64)  # warms up, and refuses early
    reference, floor = against(
        config["trained_on"]["name"],
        data_dir=data_dir or config["data_dir"],
        background=config["background"],
        classes=classes,
        sha256=config["trained_on"]["sha256"],
    )
    n, limit = reference.n, config["limit"]
    say(f"drawing {n:,} samples with {folder} …")
    images, labels = draw(n)
    _check_size(folder, images, reference)
    few = min(n, 1000)
    seconds = _fastest_of_three(lambda: draw(few))
    sizes = model.weights()
    evaluation = {
        "protocol": reference.protocol(),
        "metrics": protocol.measure(reference, images, labels, limit=limit, say=say),
        "floor": floor,
        "recipe": config["recipe"],
        "options": config["options"],
        "prior": prior,
        "drawn_with": weights,
        "checkpoint_sha256": digest,
        "parameters": sum(sizes[name] for name in model.drawing(prior)),
        "weights": sizes,
        "updates": model.step,
        "training_seconds": training_seconds(folder, model.step),
        "ms_per_1000": 1e6 * seconds / few,
        "backend": xp.__name__,
    }
    pictures = _pictures(reference, images, limit)
    write_evaluation(folder, evaluation, pictures)
    return evaluation, pictures


def measured_against(n, seed, *, xp, say, warn):
    """Real images for evaluate_run: a function of a data set that builds each only once.

    n, seed, xp, say: as for build_reference. warn: called with a line of text where there are few
    images.
    Returns (data name, data_dir=, background=, classes=, sha256=) -> (Reference, its floor).
    """

    @functools.cache  # runs on the same data share all this
    def reference_and_floor(name, **how):
        reference = build_reference(name, n, seed, xp=xp, say=say, **how)
        for line in too_few(reference):
            warn(line)
        return reference, protocol.floor(reference, say=say)

    return reference_and_floor


def training_seconds(folder, step):
    """How long the first `step` updates of a run took; None where its timing.csv does not say."""
    seconds = sum(row[2] for row in read_timing(Path(folder), step))
    return seconds if 0 < seconds < math.inf else None


def _check_size(folder, images, reference):
    if images.shape[1:] != reference.image_shape:
        raise UserError(
            f"{folder} draws images of {size_words(images.shape[1:])}, but its data has "
            f"{size_words(reference.image_shape)}"
        )


def _pictures(reference, images, limit):
    """What evaluation.npz holds: 16 samples, their nearest training images, and real images."""
    shown = images[protocol.spread(len(images), SHOWN)]
    return {
        "samples": shown,
        "nearest": protocol.nearest_training_images(reference, shown, limit=limit),
        "real": reference.test[protocol.spread(reference.n, SHOWN)],
    }


def _fastest_of_three(function):
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - began)
    return min(seconds)
