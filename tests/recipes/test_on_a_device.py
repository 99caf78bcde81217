"""What an update asks of a device: few launches, next to nothing over the bus, and no waiting."""

import numpy as np
import pytest
import strict_device

from tinygan import recipes
from tinygan.data.pixels import to_float

pytestmark = pytest.mark.skipif(
    strict_device.NO_KERNELS is not None, reason=str(strict_device.NO_KERNELS)
)
BATCH = 8


def an_update(name, batch_size=BATCH, **options):
    """The counts of the third update of a recipe."""
    recipe = recipes.get(name)
    rng = np.random.default_rng(0)
    shape = recipe.image_shape or (28, 28, 1)
    n = 2 * batch_size + 60
    images = rng.integers(0, 256, (n, *shape), dtype=np.uint8)
    how = recipe.options | {"batch_size": batch_size} | options
    if "width" in how:
        how["width"] = 2
    labels = np.arange(n) % (2 if recipe.model.keeps_best else 10)
    training = recipe.new_training(
        how, 0, images, labels, strict_device, lambda x: to_float(x).reshape(len(x), -1)[:, :9]
    )
    updates = training.updates(0)
    next(updates), next(updates)
    return strict_device.measure(next, updates)[1]


@pytest.mark.parametrize(
    ("name", "most"),
    [("dcgan", 150), ("gan-dense-1", 105), ("dcgan-cifar10", 245), ("ae", 50), ("cgan", 155)],
)
def test_an_update_is_so_many_launches_at_most(name, most):
    """In batches of 128, where sums over many rows take a launch more."""
    assert an_update(name, batch_size=128).launches <= most


@pytest.mark.parametrize("name", [name for name in recipes.names() if name != "gmm"])
def test_an_update_waits_for_nothing_and_moves_the_noise_and_the_rows_alone(name):
    recipe = recipes.get(name)
    counts = an_update(name)
    times = recipe.options.get("d_steps", 1)
    noise = 4 * recipe.fixed.get("noise_dim", 0)
    if recipe.fixed.get("variational"):
        noise = 4 * recipe.options["code"]
    labels = 8 if name == "classifier" or "classes" in recipe.options else 0
    if name in ("flow", "flow-unet"):
        noise = 4 + 1  # the times, and whose class is left out
    positions = 4 if name == "wgan-gp" else 0  # of the penalty's points
    assert counts.to_device == times * BATCH * (8 + noise + labels + positions)
    assert (counts.waits, counts.to_host) == (0, 0)


def test_options_that_draw_at_random_move_nothing_more():
    plain = an_update("dcgan")
    more = an_update("dcgan", instance_noise=0.1, flip=True, ema=0.99)
    assert more.to_device == plain.to_device
    assert more.waits == 0
