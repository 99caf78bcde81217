"""A GAN run small enough for tests."""

import dataclasses

import numpy as np
import pytest

from tinygan import data, recipes
from tinygan.data import Dataset
from tinygan.training.config import Settings
from tinygan.training.run import GanRun

SETTINGS = Settings(
    recipe="dcgan",
    data="fashion-mnist-subset",
    limit=40,
    width=2,
    batch_size=8,
    lr=2e-4,
    seed=0,
    epochs=4,
    steps=None,
    sample_every=1,
    checkpoint_every=1,
    backend="numpy",
    data_dir=None,
)


@pytest.fixture(scope="session")
def clothes():
    return data.load("fashion-mnist-subset")


@pytest.fixture
def make_run(tmp_path, clothes):
    """make_run(name, xp, resume=False, **settings): a run in tmp_path/name, five steps an epoch."""

    def make(name="run", xp=np, resume=False, **changes):
        settings = dataclasses.replace(SETTINGS, **changes)
        run = GanRun(tmp_path / name, recipes.get("dcgan"), settings, clothes, xp)
        run.resume() if resume else run.start()
        return run

    return make


__all__ = ["SETTINGS", "Dataset"]
