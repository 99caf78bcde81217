"""Fixtures: real images to measure against, and an evaluation that was made up, not measured."""

import numpy as np
import pytest

from tinygan.data import Dataset, load
from tinygan.evaluation import protocol
from tinygan.evaluation import reference as reference_module
from tinygan.evaluation.result import write_evaluation

SUBSET = "fashion-mnist-subset"
METRICS = {
    "fd": 20.5,
    "kid": 1.25,
    "kid_std": 0.5,
    "precision": 0.75,
    "recall": 0.5,
    "density": 0.875,
    "coverage": 0.625,
    "ndb": 7,
    "bins": 100,
    "js": 0.125,
    "classes": [4, 6, 5, 5, 5, 5, 5, 5, 5, 5],
    "entropy": 2.29,
    "memorisation": None,
}


@pytest.fixture(autouse=True, scope="module")
def small():
    with pytest.MonkeyPatch.context() as patch:
        small = {"bins_fitted_on": 400, "kid_subsets": 5, "memorisation_on": 60}
        for name, value in small.items():
            patch.setitem(protocol.SETTINGS, name, value)
        yield


@pytest.fixture(scope="module")
def reference():
    """150 test images and what belongs to them."""
    return reference_module.build_reference(SUBSET, 150, seed=3)


@pytest.fixture(scope="module")
def train():
    return load(SUBSET, "train")


@pytest.fixture(scope="module")
def test():
    return load(SUBSET, "test")


@pytest.fixture
def tiny(monkeypatch, train, test):
    """tiny(M, L): a data set of so many training and test images."""

    def make(n_train, n_test, name="idx"):
        def fake(_, split, data_dir, background):
            of, n = (train, n_train) if split == "train" else (test, n_test)
            return Dataset(name, of.images[:n], of.labels[:n], of.sha256, "here")

        monkeypatch.setattr(reference_module.data, "load", fake)

    return make


@pytest.fixture
def make_evaluation():
    """make_evaluation(recipe="dcgan", fd=1.5, classes=[1, 8], …): with some things changed."""

    def make(recipe="dcgan", *, fd=20.5, classes=None, prior=None, options=None, **how):
        extractor = {"name": "fashion_mnist", "sha256": "e" * 64, "accuracy": 0.9108}
        protocol = {
            "split": "test",
            "n": 50,
            "asked": 50,
            "seed": 0,
            "data": "fashion-mnist-subset",
            "classes": classes,
            "image_shape": [28, 28, 1],
            "train_sha256": "a" * 64,
            "test_sha256": "b" * 64,
            "extractor": extractor | {"learned_this_data": True},
        }
        return {
            "protocol": protocol | how,
            "metrics": METRICS | {"fd": fd},
            "floor": METRICS | {"fd": 4.5, "memorisation": 1.0},
            "recipe": recipe,
            "options": {"width": 2} | (options or {}),
            "prior": prior,
            "checkpoint_sha256": "c" * 64,
            "parameters": 1234,
            "weights": {"G": 1234, "D": 766},
            "updates": 10,
            "training_seconds": 125.0,
            "ms_per_1000": 41.5,
            "backend": "numpy",
        }

    return make


@pytest.fixture
def pictures():
    rng = np.random.default_rng(0)
    shape = (16, 28, 28, 1)
    return {n: rng.integers(0, 256, shape, np.uint8) for n in ("samples", "nearest", "real")}


@pytest.fixture
def folder(tmp_path, make_evaluation, pictures):
    """A run folder with a made-up evaluation in it."""
    (tmp_path / "run").mkdir()
    write_evaluation(tmp_path / "run", make_evaluation(), pictures)
    return tmp_path / "run"
