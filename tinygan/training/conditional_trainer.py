"""Training a conditional GAN, and stopping when its images no longer come nearer to real ones."""

import numpy as np

from tinygan import plots
from tinygan.data.split import split
from tinygan.errors import UserError
from tinygan.evaluation.features import extractor_for
from tinygan.metrics import frechet_distance
from tinygan.training.gan_loop import generate
from tinygan.training.gan_trainer import GanTrainer
from tinygan.training.trainer import copy_into, validation_rows_fit, whole_updates

PATIENCE = 20  # epochs without a better validation distance before the training ends


class ConditionalTrainer(GanTrainer):
    """G and D that are told a class. See GanTrainer for the arguments.

    Of the images with the wanted classes 80 % train, 10 % decide when to stop, 10 % are looked at
    once, at the end. After each epoch G draws as many images as there are in the second part, with
    the same labels, and the Fréchet distance between the two is noted. The G with the lowest one is
    kept; it is the one that draws. After 20 epochs without a lower one the training ends.
    """

    low = 0

    def __init__(self, recipe, options, seed, xp, images=None, labels=None):
        self.classes = tuple(int(c) for c in options["classes"].split(","))
        super().__init__(recipe, options, seed, xp, images, labels)
        self.networks["best"] = self._copy_of_G()
        self.notes = {"validation": [], "best_fd": None, "best_epoch": 0}

    def _shape_options(self):
        return {"classes": len(self.classes)}

    def _take_data(self):
        wanted = np.flatnonzero(np.isin(self.labels, self.classes))
        missing = set(self.classes) - set(np.unique(self.labels[wanted]).tolist())
        if missing:
            raise UserError(f"--classes: the data has no image of class {min(missing)}")
        numbers = np.searchsorted(sorted(self.classes), self.labels[wanted])  # 0 … classes − 1
        parts = split(len(wanted), (0.8, 0.1, 0.1), seed=self.seed)
        if min(len(part) for part in parts) < 2:
            raise UserError(
                f"{len(wanted)} images are too few to split: a tenth must be two or more"
            )
        images = self.images[wanted]
        (self.images, self.labels), self.validation, self.test = (
            (images[part], numbers[part]) for part in parts
        )
        self.steps_per_epoch = whole_updates(
            self.options["batch_size"],
            len(self.images),
            d_steps=self.options["d_steps"],
            of=f"images that train, 80 % of those with the labels {self.options['classes']}",
        )
        self.extractor = extractor_for(self.recipe.image_shape, self.xp)
        self.real_features = {
            part: self.extractor.features(getattr(self, part)[0]) for part in ("validation", "test")
        }

    def end_epoch(self, epoch):
        fd = self._distance(self._newest(), "validation")
        notes = self.notes
        notes["validation"].append({"epoch": epoch, "fd": fd})
        if notes["best_fd"] is None or fd < notes["best_fd"]:
            notes["best_fd"], notes["best_epoch"] = fd, epoch
            copy_into(self.networks["best"], self._newest())
        elif epoch - notes["best_epoch"] >= PATIENCE:
            notes["finished"] = (
                f"the validation distance has not improved since epoch {notes['best_epoch']}"
            )

    def draw(self, n, rng, labels=None):
        """n images. labels (n,): positions in classes; in equal parts, in order, when left out."""
        if labels is None:
            labels = self.default_labels(n)
        return generate(self._drawing_network(), self._noise(n, rng), labels, low=self.low)

    def default_labels(self, n):
        """As many images of each class as of any other, in order: (n,) positions in classes."""
        return np.arange(n) * len(self.classes) // n

    def sheet_images(self, rng):
        k = len(self.classes)
        rows = max(1, 8 // k)  # of each class
        return self.draw(8 * rows * k, rng), 8

    def panels(self, history):
        rows = [(row["epoch"], row["fd"]) for row in self.notes["validation"]]
        distance = plots.Panel("validation fd", {}, {"Fréchet distance": rows}, log=True)
        return [*super().panels(history), distance]

    def result(self):
        """The distance to the images that nothing else has seen, and the epoch of that G."""
        fd = self._distance(self._drawing_network(), "test")
        return {"test_fd": fd, "best_epoch": self.notes["best_epoch"]}

    def check(self, path):
        notes = self.notes
        rows = notes.get("validation")
        good = (
            validation_rows_fit(rows, "fd")
            and type(notes.get("best_epoch")) is int
            and type(notes.get("best_fd")) is (float if rows else type(None))
        )
        if not good:
            raise UserError(f"{path} is of no use: its validation distances are damaged")

    def _newest(self):
        """G as it is now, or its average where one is kept."""
        return self.networks.get("average", self.G)

    def _drawing_network(self):
        return self.networks["best"] if self.notes["best_epoch"] else self._newest()

    def _distance(self, G, part):
        """Between the images of a part, "validation" or "test", and as many with their labels."""
        _, labels = getattr(self, part)
        rng = np.random.default_rng(self.seed)
        drawn = generate(G, self._noise(len(labels), rng), labels, low=self.low)
        return frechet_distance(self.real_features[part], self.extractor.features(drawn))

    def probe(self):
        return None
