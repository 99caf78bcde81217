"""A run small enough for tests, and the ways to let it train."""

import dataclasses

import numpy as np
import pytest

from tinygan import data, recipes
from tinygan.evaluation.features import features_of
from tinygan.progress import Progress
from tinygan.runs.config import Settings, read_config
from tinygan.runs.prepare import settle
from tinygan.runs.run import Run

SETTINGS = Settings(
    recipe="dcgan",
    data="fashion-mnist-subset",
    limit=40,
    seed=0,
    options=recipes.get("dcgan").options | {"width": 2, "batch_size": 8},
    epochs=4,
    steps=None,
    sample_every=1,
    checkpoint_every=1,
    fd_every=None,
    keep_best=False,
    backend="numpy",
    data_dir=None,
    background=None,
    tf32=False,
)
QUIET = Progress(quiet=True)


def never():
    """A stop_requested that never says yes."""
    return False


def after(steps):
    """A stop_requested that says yes at the `steps`-th time it is asked."""
    asked = iter(range(1, 10**6))
    return lambda: next(asked) >= steps


@pytest.fixture(scope="session")
def clothes():
    return data.load("fashion-mnist-subset")


@pytest.fixture
def make_run(tmp_path, clothes):
    """make_run(name, xp, resume=False, **changes): a run in tmp_path/name, five steps an epoch.

    changes: Settings, or options of the recipe; recipe="name" makes a run of another one.
    """

    def make(name="run", xp=np, resume=False, recipe="dcgan", dataset=clothes, **changes):
        recipe = recipes.get(recipe)
        options = {n: SETTINGS.options.get(n, v) for n, v in recipe.options.items()}
        options |= {n: changes.pop(n) for n in list(changes) if n in options}
        settings = dataclasses.replace(SETTINGS, recipe=recipe.name, options=options, **changes)
        images, labels = (array[: settings.limit] for array in (dataset.images, dataset.labels))
        training = recipe.new_training(options, settings.seed, images, labels, xp, features_of)
        trained_on = {"name": dataset.name, "images": len(images), "sha256": dataset.sha256}
        run = Run(tmp_path / name, training, settings, trained_on)
        settle(run, recipe, is_new=not resume)
        if resume:
            run.resume(read_config(run.folder))
        else:
            run.make_folder()
            run.start()
        return run

    return make
