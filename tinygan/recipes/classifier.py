"""The classifier: no generative model; its features measure the others."""

import numpy as np

from tinygan import nn, plots
from tinygan.data.split import split
from tinygan.errors import UserError
from tinygan.models import classifier
from tinygan.recipes.recipe import (
    Model,
    Parts,
    Recipe,
    Training,
    generators_of,
    training_rng,
    whole_updates,
)
from tinygan.training.classifier_loop import classifier_step, predict

CLASSES = 10


class Classifier(Model):
    """One network that says which class an image has."""

    draws_images = False

    def __init__(self, *args):
        super().__init__(*args)
        self.network = self.build(
            self.rng,
            image_shape=self.image_shape,
            classes=CLASSES,
            width=self.options["width"],
        )
        self.network.to(self.xp).train()
        self.networks = {"classifier": self.network}

    def examples(self):
        return {"classifier": (np.zeros((1, *self.image_shape), np.float32),)}

    def named(self, images):
        """The most likely class of each of the uint8 images (N, H, W, C): (N,) on the host."""
        with np.errstate(all="ignore"):  # a damaged checkpoint may hold numbers of any size
            return predict(self.network, images).argmax(axis=1)


class ClassifierTraining(Training):
    """Updates on batches of images; the accuracy on the validation part after each epoch."""

    measured = "accuracy"

    def __init__(self, model, parts, seed, features=None):
        super().__init__(model, parts, seed, features)
        o, self.columns = self.options, {"loss": "loss", "accuracy": "accuracy"}
        self.images_per_step = o["batch_size"]
        self.steps_per_epoch = whole_updates(
            o["batch_size"], len(self.images), of="images that train"
        )
        self.optimizers = {"classifier": nn.Adam(model.network.params(), o["lr"], o["betas"])}
        self.generators = generators_of(model.networks)
        if o["flip"]:
            self.generators["flip"] = training_rng(seed)

    def updates(self, start):
        optimizer = self.optimizers["classifier"]
        for images, labels in self.batches(start, self.labels):
            yield classifier_step(self.model.network, optimizer, images, labels)

    def end_epoch(self, epoch):
        images, labels = self.parts.validation
        right = float((self.model.named(images) == labels).mean())
        self.notes["validation"].append({"epoch": epoch, "accuracy": right})

    def sheet(self, rng):
        """A row for each class: validation images that were taken for it, or white."""
        images, _ = self.parts.validation
        named = self.model.named(images)
        rows = []
        for c in range(CLASSES):
            row = images[named == c][:CLASSES]
            white = np.full((CLASSES - len(row), *row.shape[1:]), 255, np.uint8)
            rows += [row, white]
        return np.concatenate(rows), CLASSES

    def panels(self, history):
        loss = {"training batches": self.column(history, "loss")}
        right = {"training batches": self.column(history, "accuracy")}
        held = [(row["epoch"], row["accuracy"]) for row in self.notes["validation"]]
        chance = {"chance": 1 / CLASSES}
        return [
            plots.Panel(
                "loss (nats)", loss, guides={"ln 10": np.log(CLASSES)}, note="At ln 10 it guesses."
            ),
            plots.Panel(
                "accuracy",
                right,
                {"held out": held},
                guides=chance,
                limits=(0, 1),
                note="The share of images that it names rightly.",
            ),
        ]


def split_nine_to_one(images, labels, options, seed):
    """Nine tenths train, a tenth is for validation.

    Raises UserError for labels that cannot be learned, or too few images.
    """
    if labels.max() >= CLASSES or labels.min() == labels.max():
        raise UserError(
            f"a classifier needs labels from 0 to {CLASSES - 1}, of at least two classes: these go "
            f"from {labels.min()} to {labels.max()}"
        )
    train, held = split(len(images), (0.9, 0.1), seed=seed)
    if not len(held):
        raise UserError(f"{len(images)} images are too few to set a tenth of them aside")
    return Parts((images[train], labels[train]), validation=(images[held], labels[held]))


RECIPES = [
    Recipe(
        name="classifier",
        summary="small convolutional classifier, whose features the metrics use",
        details="Trains on nine tenths of the training images and watches the rest. With --flip it "
        "sees half of them mirrored, as the shipped classifiers did. python -m tinygan.evaluate "
        "says how often it is right on the test images. --data cifar10 works too.",
        data="fashion-mnist",
        image_shape=None,
        epochs=10,
        build=classifier.classifier,
        split=split_nine_to_one,
        model=Classifier,
        training=ClassifierTraining,
        options={"width": 32, "batch_size": 128, "lr": 1e-3, "flip": False},
        fixed={"betas": (0.9, 0.999), "low": -1},
        images_between=None,
        images_in_two_minutes=None,
    ),
]
