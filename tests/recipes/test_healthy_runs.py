"""Of games that are well the doctor says nothing: twelve trainings, of which minutes are a part.

`python -m pytest -m claims` runs them. The 30 trainings of benchmarks/results/doctor are looked at
in tests/health/test_kept_runs.py.
"""

import pytest

from tinygan import recipes
from tinygan.evaluation.features import features_of
from tinygan.health.course import Course

pytestmark = [pytest.mark.claims, pytest.mark.slow]

SMALL = {"width": 8, "batch_size": 32}
WELL = [
    *(("gan-dense-1", {"width": 16}, seed) for seed in range(3)),
    *(("dcgan", SMALL, seed) for seed in range(2)),
    *(("dcgan-fashion", SMALL, seed) for seed in range(2)),
    *(("gan-cnn", {"width": 4, "batch_size": 32}, seed) for seed in range(2)),
    ("wgan-gp", {"width": 4, "batch_size": 16}, 0),
    ("cgan", {}, 0),
    ("cgan-cnn", {"width": 8}, 0),
]


@pytest.mark.parametrize(("name", "changes", "seed"), WELL)
def test_nothing_is_said_of_a_game_that_is_well(name, changes, seed, clothes):
    recipe = recipes.get(name)
    training = recipe.new_training(
        recipe.options | changes, seed, clothes.images, clothes.labels, features=features_of
    )
    for step, _ in enumerate(training.updates(0), 1):
        training.noticed(step)
        if step == 1250:
            break
    looks = training.notes["health"]
    assert len(looks) == 5
    assert [change.words() for change in Course(looks).changes] == []
    assert looks[-1]["varied"] > 0.4  # it is well indeed: its samples differ
