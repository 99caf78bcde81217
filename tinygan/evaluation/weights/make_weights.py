"""Make a file of weights in this folder from a trained classifier: how the shipped ones were made.

    python -m tinygan.train classifier --flip --width 16 --epochs 8 --out runs/fashion
    python tinygan/evaluation/weights/make_weights.py runs/fashion fashion_mnist

    python -m tinygan.train classifier --flip --data cifar10 --data-dir DIR --width 24 \\
        --out runs/cifar10
    python tinygan/evaluation/weights/make_weights.py runs/cifar10 cifar10

The run's network is rounded to float16 and judged as rounded, on all the test images: 91.08 % of
Fashion-MNIST's, 74.62 % of CIFAR-10's, whose images had been through JPEG once before they were put
into the binary format.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from tinygan import data
from tinygan.cli import exit_on_error
from tinygan.evaluation.features import Extractor, save_weights
from tinygan.recipes import trained_model
from tinygan.runs.config import read_config


def main(argv):
    run, name = argv
    config = read_config(run)
    test = data.load(config["data"], "test", config["data_dir"])
    shape = test.images.shape[1:]
    network = trained_model.load(run, np, shape).network
    about = {"image_shape": shape, "width": config["options"]["width"]}
    with tempfile.TemporaryDirectory() as folder:
        rounded = Path(folder) / "rounded.npz"
        save_weights(rounded, network, **about, accuracy=0.0)
        right = Extractor(rounded).classify(test.images) == test.labels
    accuracy = float(right.mean())
    save_weights(Path(__file__).parent / f"{name}.npz", network, **about, accuracy=accuracy)
    print(f"{name}.npz: right on {right.sum():,} of {len(right):,} test images ({accuracy:.2%})")


if __name__ == "__main__":
    exit_on_error(main, sys.argv[1:])
