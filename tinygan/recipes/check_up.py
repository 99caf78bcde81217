"""A look at a GAN's health: its networks on a batch, its samples beside real images."""

import itertools
import math

import numpy as np

from tinygan import backend
from tinygan.data.pixels import to_float
from tinygan.errors import UserError
from tinygan.health import signs
from tinygan.nn.gaussian_noise import GaussianNoise
from tinygan.nn.shard import ALONE, sharing
from tinygan.training import gan_loss
from tinygan.training.gan_loop import generate

EVERY = 250  # updates between two looks of a training
LOOK = 64  # images and fakes in a look
REFERENCE = 256  # real images that samples are compared with


class CheckUp:
    """Looks at a Gan. What it draws at random depends on the seed and the step alone, and no
    generator of the training is used.

    model: a Gan. images, labels: uint8 (N, H, W, C) and (N,) on the host, what it trains with.
    features: (uint8 images) -> (n, d), or None.
    """

    def __init__(self, model, images, labels, seed, features=None):
        self.model, self.images, self.labels, self.seed = model, images, labels, seed
        self.features = features
        self._reference = None

    def look(self, step, again=0):
        """A row for health.csv: {"step": step} and the signs, each a float with six digits, or None
        where it is not finite. again: another number, another look at the same step."""
        rng = np.random.default_rng([self.seed, step, again])
        with sharing(ALONE), np.errstate(all="ignore"):  # a sick GAN may have numbers of any size
            found = self._signs(step, rng)
        rows = {name: float(f"{x:.6g}") if math.isfinite(x) else None for name, x in found.items()}
        return {"step": step} | rows

    def _signs(self, step, rng):
        model, xp = self.model, self.model.xp
        rows = rng.choice(len(self.images), LOOK, replace=len(self.images) < LOOK)
        labels = ()
        if "classes" in model.choices:
            labels = (np.searchsorted(model.classes, self.labels[rows]),)
        z, real = model.noise(LOOK, rng), backend.to_device(self.images[rows], xp)
        on_device = [backend.to_device(array, xp) for array in (z, *labels)]
        found = signs.of_networks(
            model.networks["G"],
            model.networks["D"],
            to_float(real, model.options["low"]),
            on_device[0],
            on_device[1:],
            gan_loss.by_name(model.options["loss"], model.options["label_smoothing"]),
            self._seen(step, rng),
        )
        drawn = generate(model.newest(), z, *labels, low=model.options["low"])
        return found | self._compare_with().signs(drawn)

    def _seen(self, step, rng):
        """What makes images those that D sees in this step."""
        o = self.model.options
        if not o["instance_noise"]:
            return lambda images: images
        per_epoch = max(1, len(self.images) // (o["batch_size"] * o["d_steps"]))
        return GaussianNoise(self.model.noise_std(step / per_epoch), rng=rng).forward

    def _compare_with(self):
        """The Reference, made at the first look: it takes some tenths of a second."""
        if self._reference is None:
            rng = np.random.default_rng(self.seed)
            n = min(REFERENCE, len(self.images))
            rows = rng.permutation(len(self.images))[:n]
            labels = self.labels[rows]
            self._reference = signs.Reference(self.images[rows], labels, self.features)
        return self._reference


def check_rows(rows, path):
    """Raise UserError unless notes["health"], read from the file `path`, is a list of looks, one
    after another."""
    sound = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    if sound and rows:
        names, steps = rows[0].keys(), [row.get("step") for row in rows]
        sound = (
            {"step", *signs.ALWAYS} <= names <= {"step", *signs.MEANINGS}
            and all(row.keys() == names for row in rows)
            and all(type(step) is int and 0 < step <= 1 << 53 for step in steps)
            and all(a < b for a, b in itertools.pairwise(steps))
            and all(value is None or _is_number(value) for row in rows for value in row.values())
        )
    if not sound:
        raise UserError(f"{path} is corrupt: what it notes of the training's health is no table")


def _is_number(value):
    return type(value) in (int, float) and abs(value) < 1e100
