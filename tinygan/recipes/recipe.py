"""What a recipe is made of: a row of the table, a model that draws, and a training that teaches it.

Runs, samples and evaluations know nothing more of what is trained than these three.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinygan import backend, plots
from tinygan.data.feed import feed
from tinygan.errors import UserError
from tinygan.nn.shard import current_shard
from tinygan.recipes.distance import Distance, every

PREVIEWS = 64  # images in a sample sheet


@dataclass(frozen=True)
class Recipe:
    """One experiment: a row of the table.

    name; summary: one line for --list; details: what a reader should know before running it, with
    the document that it follows.
    data: the name of its data set. image_shape: (H, W, C); None takes what the data has.
    epochs: passes over the data.
    build: makes the new networks, or the mixture, that the model is made of; the model of each kind
    says with which arguments.
    split: (images, labels, options, seed) -> Parts, the images that train and those set aside.
    model, training: the Model and the Training, see below.
    options: the options it takes, with its defaults; their meanings are in options.py.
    fixed: settings that no option changes, such as Adam's betas.
    images_between: training images between two distances to real images (--fd-every), at the width
    in options: so many that measuring takes at most 3 % of the time on a processor. None: measured
    after every epoch.
    images_in_two_minutes: those that train in it on two cores, at the width in options. A run on
    fewer measures nothing.
    """

    name: str
    summary: str
    details: str
    data: str
    image_shape: tuple[int, int, int] | None
    epochs: int
    build: Callable
    split: Callable
    model: type
    training: type
    options: dict
    fixed: dict
    images_between: int | None
    images_in_two_minutes: int | None

    def __post_init__(self):  # rows may be given the same dicts
        object.__setattr__(self, "options", dict(self.options))
        object.__setattr__(self, "fixed", dict(self.fixed))

    def networks(self, rng, **options):
        """A GAN's new networks (G, D) on the host.

        rng: draws their weights, and gives their dropout masks the keys. options: width,
        init_std, or for a cgan classes (how many); the recipe's own when left out.
        Raises UserError for a recipe that is not a GAN.
        """
        if "noise_dim" not in self.fixed:
            raise UserError(f"{self.name} is not a GAN: it has no two networks (G, D)")
        given = {name: value for name, value in options.items() if value is not None}
        return self.build(rng, **self.model.sizes(self.options | self.fixed) | given)

    def new_model(self, options, seed, xp=np, image_shape=None):
        """The untrained Model. options: the recipe's, all of them. seed: of its initial weights.

        image_shape: (H, W, C), where the recipe takes what the data has.
        """
        shape = self.image_shape or image_shape
        return self.model(self.name, self.build, options | self.fixed, seed, shape, xp)

    def new_training(self, options, seed, images, labels, xp=np, features=None):
        """The Training of a new Model.

        images, labels: uint8 (N, H, W, C) and (N,) on the host, all that may be trained on.
        features: (uint8 images) -> (N, D), for a recipe that watches a distance between images.
        Raises UserError when the images do not suit the recipe or its options.
        """
        self._check_shape(images.shape[1:])
        parts = self.split(images, labels, options, seed)
        model = self.new_model(options, seed, xp, images.shape[1:])
        return self.training(model, parts, seed, features)

    def fd_every(self, options, images_per_epoch, epochs):
        """Epochs between two distances of a training where none are asked for; 0 for none.

        options: its own. images_per_epoch, epochs: of the training, epochs may be a fraction.
        """
        if not self.model.draws_images:
            return 0
        if self.images_between is None:
            return 1
        narrower = self.options.get("width", 1) / options.get("width", 1)
        between, short = self.images_between, self.images_in_two_minutes
        if images_per_epoch * epochs < short * max(1.0, narrower):
            return 0
        draws = self.model.passes(options) / self.model.passes(self.options)
        between *= max(1.0, narrower) * max(1.0, draws)
        return every(between, images_per_epoch, epochs)

    def _check_shape(self, shape):
        if self.image_shape not in (None, shape):
            want, have = (" × ".join(map(str, sizes)) for sizes in (self.image_shape, shape))
            raise UserError(f"{self.name} draws images of {want}, but the data has {have}")


@dataclass(frozen=True)
class Parts:
    """Images and their labels, uint8 (N, H, W, C) and (N,) on the host, by what they are for.

    train; validation: looked at after each epoch; test: looked at once, at the end. Each is a pair
    (images, labels), or None.
    """

    train: tuple
    validation: tuple | None = None
    test: tuple | None = None


def all_train(images, labels, options, seed):
    """Recipe.split where nothing is set aside."""
    return Parts(train=(images, labels))


class Model:
    """Networks, or other arrays, and how to draw with them. It has no data and no optimizer.

    name: of the recipe. build, options: see Recipe; options include what is fixed. seed: of the
    initial weights. image_shape: (H, W, C) of what is drawn. xp: the array module.
    networks: dict[str, Layer], filled by the subclass; the others read it. step: updates done, of
    weights that come from a checkpoint.
    """

    choices = ()  # what can be chosen when drawing: "prior", "classes"
    draws_images = True
    keeps_best = False  # whether it has the weights of its best epoch among its networks
    step = 0

    def __init__(self, name, build, options, seed, image_shape, xp):
        self.name, self.build, self.options = name, build, options
        self.image_shape, self.xp = image_shape, xp
        self.rng = weights_rng(seed)
        self.networks = {}

    def arrays(self):
        """Every array that a checkpoint must hold, by name; not copies: loading fills them."""
        return {
            f"{name}/{key}": array
            for name, network in self.networks.items()
            for key, array in network.named_arrays().items()
        }

    @staticmethod
    def passes(options):
        """How often a draw asks the network, to a factor that is the same for all options."""
        return 1

    def loaded(self, path, notes):
        """Called after the arrays, and the training's notes, were read from the file `path`.

        Raises UserError when the arrays are invalid.
        """

    def use(self, weights):
        """Draw from now on with these weights: "last" or "average". None: those that a run draws
        with itself, the average where it has one. "best": where keeps_best is true.

        Raises UserError for weights that it does not have.
        """
        if weights == "average":
            raise UserError(f"{self.name} has no average of its weights: leave --weights out")

    def can_draw(self):
        """Whether it can draw now; an autoencoder cannot before a mixture was fitted."""
        return self.draws_images

    def draw(self, n, rng, **choice):
        """(n images, uint8 (n, H, W, C) on the host, their labels or None).

        rng: host Generator, for the noise. choice: a value for some of `choices`.
        """
        raise UserError(f"{self.name} draws no images")

    def sheet(self, rng):
        """The images of a sample sheet, and how many make a row."""
        return self.draw(PREVIEWS, rng)[0], 8

    def weights(self):
        """The number of learned numbers by part: dict[str, int]."""
        return {
            name: sum(p.data.size for p in network.params())
            for name, network in self.networks.items()
        }

    def drawing(self, prior=None):
        """The parts, of those that `weights` counts, that take part in drawing."""
        return tuple(self.weights())

    def examples(self):
        """What each network takes, a batch of one on the host: dict[str, tuple of arrays]."""
        return {}

    def probe(self):
        """(networks to feed one after another, an input for the first), to find where numbers stop
        being finite; None where that makes no sense."""


class Training:
    """A Model's data, optimizers and updates. A run asks for one update after another.

    model: a Model, new or loaded. parts: Parts. seed: of the order of the data and of the noise.
    features: see Recipe.new_training.
    Subclasses set
    optimizers   dict[str, Adam], by the name of the network that each trains
    generators   dict[str, Generator], whose states a checkpoint must hold
    columns      dict[str, str]: what an update measures -> the word for it in a progress line
    images_per_step, steps_per_epoch
    batches_per_step: of how many batches, one after another, the images of a step consist
    notes        dict, JSON-able: what else to remember from one epoch to the next. "validation":
                 a list of dicts, one for each epoch in which something was measured; "finished":
                 why there is no more to do; "health": a list of dicts, one for each look at a GAN;
                 "best": which weights were kept, see Run.
    """

    measured = "fd"  # the name of what the rows of notes["validation"] hold beside their epoch
    columns: dict
    images_per_step: int
    steps_per_epoch: int
    batches_per_step = 1

    def __init__(self, model, parts, seed, features=None):
        self.model, self.parts, self.seed, self.features = model, parts, seed, features
        self.options, self.xp = model.options, model.xp
        self.images, self.labels = parts.train
        self.optimizers, self.generators, self.notes = {}, {}, {"validation": []}

    @functools.cached_property
    def distance(self):
        """The Distance that `measure` notes."""
        return Distance(self.model, self.parts, self.seed, self.features)

    def updates(self, start):
        """Train: yield after each update, from the `start`-th on, a dict of 0-d device arrays, one
        for each column. It never ends by itself."""
        raise NotImplementedError

    def end_epoch(self, epoch):
        """Called after each whole epoch: note what is measured after every one of them."""

    def measure(self, epoch):
        """Note the distance of the model's draws to real images, after this epoch.

        Called after `prepare`. A model that cannot draw has none.
        """
        if self.model.can_draw():
            self.notes["validation"].append({"epoch": epoch, "fd": self.distance.measure()})

    def noticed(self, step):
        """Called after the update number `step`, where one process alone may take its time.

        Returns lines for people: what was noticed of the training.
        """
        return []

    def not_finite(self, step):
        """Called when the update number `step` gave what is not finite, before the run fails.

        Returns lines, as noticed does.
        """
        return []

    def ill(self):
        """What is wrong with the training now, as people call it: a list."""
        return []

    def settle(self, epochs):
        """Called once, before a new training begins: fill in the options that depend on how many
        epochs it is to have (a fraction, where its end is a number of updates)."""

    def tables(self):
        """Further tables of its own: dict of a file's name -> lines."""
        return {}

    def prepare(self):
        """Called before the model is saved or draws: bring up to date what follows from the
        weights. It depends on them and on the seed alone."""

    def check(self, path):
        """Called after a checkpoint was read from the file `path`.

        Raises UserError when the notes or the model's arrays are invalid.
        """
        rows = self.notes.setdefault("validation", [])  # a run of an earlier version may have none
        check_validation(rows, self.measured, path)
        self.model.loaded(path, self.notes)

    def sheet(self, rng):
        """The images of a sample sheet, and how many make a row."""
        return self.model.sheet(rng)

    def panels(self, history):
        """What curves.png shows: a list of plots.Panel for history (steps, columns).

        Here the distance to real images, where it was measured; a subclass puts its own before it.
        """
        rows = [(row["epoch"], row[self.measured]) for row in self.notes["validation"]]
        if not rows:
            return []
        best, points = self.notes.get("best"), {"Fréchet distance": rows}
        if best or self.model.keeps_best:
            kept = (best["epoch"], best["fd"]) if best else min(rows, key=lambda row: row[1])
            points["the weights that are kept"] = [kept]
        return [plots.Panel("fd", {}, points, log=True, note=_DISTANCE)]

    def result(self):
        """Measured once, when the training is complete: dict of str to number."""
        return {}

    def column(self, history, name):
        """The values of one column of the history, by its name."""
        return np.asarray(history)[:, list(self.columns).index(name)]

    def to_device(self, array):
        return backend.to_device(array, self.xp)

    def batches(self, start, labels=None):
        """Batches of the training images from the `start`-th on, as data/feed.py yields them.

        labels (N,): what they are given with, on the host. With the option flip, half are mirrored.
        """
        return feed(
            self.images,
            self.images_per_step,
            self.seed,
            start,
            xp=self.xp,
            low=self.options["low"],
            labels=labels,
            flip=self.generators.get("flip"),
            mine=current_shard().rows(self.images_per_step, self.batches_per_step),
        )


_DISTANCE = (
    "Fréchet distance of samples to real images, those of the validation part where there is one; "
    "lower is better."
)


def weights_rng(seed):
    """The Generator of initial weights, from which the keys of dropout masks follow."""
    return np.random.default_rng(seed).spawn(2)[0]


def training_rng(seed):
    """The Generator that a training draws noise from."""
    return np.random.default_rng(seed).spawn(2)[1]


def generators_of(networks):
    """The generators that the layers of the networks, dict[str, Layer], draw from, by name."""
    return {
        f"{name}/{i}": rng
        for name, network in networks.items()
        for i, rng in enumerate(network.generators())
    }


def flip_rng(seed):
    """The Generator that says which images are mirrored, where not training_rng does."""
    return np.random.default_rng(seed).spawn(4)[3]  # the third draws sample sheets


def whole_updates(batch_size, images, *, d_steps=1, of="images there are"):
    """The number of updates in an epoch of so many images; an update takes d_steps batches.

    Raises UserError when there are too few images for one; `of` says what the images are.
    """
    if batch_size * d_steps > images:
        batch = f"a batch of {batch_size}" if d_steps == 1 else f"{d_steps} batches of {batch_size}"
        lower = "--batch-size" if d_steps == 1 else "--batch-size or --d-steps"
        raise UserError(f"{batch} is more than the {images} {of}: lower {lower}")
    return images // (batch_size * d_steps)


def check_validation(rows, measure, path):
    """Raise UserError unless notes["validation"], read from the file `path`, is a list of dicts,
    each with a whole number "epoch" above 0 and a finite float `measure` of at least 0."""
    if not isinstance(rows, list) or not all(
        isinstance(row, dict)
        and row.keys() == {"epoch", measure}
        and type(row["epoch"]) is int
        and 0 < row["epoch"] <= 10**9
        and type(row[measure]) is float
        and 0 <= row[measure] < math.inf
        for row in rows
    ):
        raise UserError(f"{path} is corrupt: its validation rows have no epoch and {measure}")
