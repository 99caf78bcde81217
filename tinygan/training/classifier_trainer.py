"""Training a classifier, with a tenth of the images set aside to see how well it does."""

import numpy as np

from tinygan import backend, nn, plots
from tinygan.data.batches import batches
from tinygan.data.pixels import to_float
from tinygan.data.split import split
from tinygan.errors import UserError
from tinygan.training.classifier_loop import classifier_step, mirrored, predict
from tinygan.training.trainer import Trainer, column, validation_rows_fit, whole_updates

CLASSES = 10


class ClassifierTrainer(Trainer):
    """One network that names classes. Trains on nine tenths of the images, mirrored at random;
    after each epoch the accuracy on the other tenth is noted. See Trainer for the arguments.
    """

    def __init__(self, recipe, options, seed, xp, images=None, labels=None):
        if images is None:
            raise UserError(f"{recipe.name} draws no images: it says what is on them")
        self.recipe, self.options, self.xp, self.seed = recipe, options, xp, seed
        self.notes = {"validation": []}
        self.columns = {"loss": "loss", "accuracy": "accuracy"}
        weights_rng, self.flip_rng = np.random.default_rng(seed).spawn(2)
        if labels.max() >= CLASSES or labels.min() == labels.max():
            raise UserError(
                f"{recipe.name} needs labels from 0 to {CLASSES - 1}, of at least two classes: "
                f"these go from {labels.min()} to {labels.max()}"
            )
        self.network = recipe.build(
            weights_rng, image_shape=images.shape[1:], classes=CLASSES, width=options["width"]
        )
        self.network.to(xp).train()
        self.networks = {"classifier": self.network}
        self.optimizers = {
            "classifier": nn.Adam(self.network.params(), options["lr"], recipe.betas)
        }
        self.generators = {"dropout": weights_rng, "flip": self.flip_rng}
        train, held = split(len(images), (0.9, 0.1), seed=seed)
        if not len(held):
            raise UserError(f"{len(images)} images are too few to set a tenth of them aside")
        self.images, self.labels = images[train], labels[train]
        self.held_images, self.held_labels = images[held], labels[held]
        self.images_per_step = options["batch_size"]
        self.steps_per_epoch = whole_updates(
            self.images_per_step, len(self.images), of="images that train"
        )

    def updates(self, start):
        pairs = batches(self.images, self.images_per_step, self.seed, start, labels=self.labels)
        for images, labels in pairs:
            images = backend.to_device(mirrored(images, self.flip_rng), self.xp)
            labels = backend.to_device(labels, self.xp)
            (optimizer,) = self.optimizers.values()
            yield classifier_step(self.network, optimizer, to_float(images), labels)

    def end_epoch(self, epoch):
        right = self.accuracy(self.held_images, self.held_labels)
        self.notes["validation"].append({"epoch": epoch, "accuracy": right})

    def check(self, path):
        if not validation_rows_fit(self.notes.get("validation"), "accuracy"):
            raise UserError(f"{path} is of no use: its validation accuracies are damaged")

    def accuracy(self, images, labels):
        """The share of uint8 images (N, H, W, C) whose class is the most likely one."""
        return float((predict(self.network, images).argmax(axis=1) == labels).mean())

    def sheet_images(self, rng):
        """A row for each class: held-out images that were taken for it, or white."""
        named = predict(self.network, self.held_images).argmax(axis=1)
        rows = []
        for c in range(CLASSES):
            row = self.held_images[named == c][:CLASSES]
            white = np.full((CLASSES - len(row), *row.shape[1:]), 255, np.uint8)
            rows += [row, white]
        return np.concatenate(rows), CLASSES

    def panels(self, history):
        loss = {"training batches": column(history, self.columns, "loss")}
        right = {"training batches": column(history, self.columns, "accuracy")}
        held = [(row["epoch"], row["accuracy"]) for row in self.notes["validation"]]
        chance = {"chance": 1 / CLASSES}
        return [
            plots.Panel("loss (nats)", loss, guides={"ln 10": np.log(CLASSES)}),
            plots.Panel("accuracy", right, {"held out": held}, guides=chance, limits=(0, 1)),
        ]
