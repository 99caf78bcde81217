"""What to type to measure what sample has drawn."""

import os

import numpy as np

from tinygan.cli import flag, next_line
from tinygan.evaluation.protocol import LEAST
from tinygan.runs.config import read_config


def how_to_measure(run, out, n, labels, chosen):
    """The line that says it. A grid cannot be measured, nor can few images: then it names the run.

    out: the file or folder with the n images that the run drew. labels: of the images, or None.
    chosen: the options weights, prior and classes as they were typed, None where they were not.
    """
    samples, options = run, dict(chosen)
    if n >= LEAST and not out.lower().endswith(".png"):
        config = read_config(run)
        samples = out
        options = {"data": config["data"], "data_dir": config["data_dir"]}
        if labels is not None and os.path.isdir(out):  # pictures have no labels
            options["classes"] = ",".join(map(str, np.unique(labels)))
    words = [samples]
    for name, value in options.items():
        words += [] if value is None else [flag(name), value]
    return next_line("how good such pictures are", "tinygan.evaluate", *words)
