"""The conditional GAN: asked for a class, and stopped when it comes no nearer to real images."""

import numpy as np

from tinygan.cli import class_numbers
from tinygan.data.split import split
from tinygan.errors import UserError
from tinygan.metrics import frechet_distance
from tinygan.models import gan
from tinygan.recipes.asked_classes import labels_for, rows_of
from tinygan.recipes.gan import FIXED, OPTIONS, Gan, GanTraining, pair
from tinygan.recipes.recipe import Parts, Recipe
from tinygan.training.averaged_weights import move_average
from tinygan.training.early_stopping import best_epoch, has_stopped
from tinygan.training.gan_loop import generate


class ConditionalGan(Gan):
    """G and D that are told a class. "best" is the G of the best epoch so far: it draws.

    classes: the labels that it knows. The networks count them from 0.
    """

    choices = ("classes",)
    keeps_best = True

    def __init__(self, *args):
        super().__init__(*args)
        self.classes = class_numbers(self.options["classes"])
        self.networks["best"] = self.copy_of_G()
        self.use(None)

    @staticmethod
    def sizes(options):
        count = len(class_numbers(options["classes"]))
        width = {"width": options["width"]} if "width" in options else {}
        return {"noise_dim": options["noise_dim"], "classes": count} | width

    def loaded(self, path, notes):
        if not notes.get("validation"):  # until the first distance the newest G draws
            self.keep_newest()

    def own_drawer(self):
        return "best" if "best" in self.networks else super().own_drawer()

    def keep_newest(self):
        """From now on the newest G draws."""
        move_average(self.networks["best"], self.newest(), keep=0.0)

    def draw(self, n, rng, classes=None):
        """classes: labels to draw, in equal parts and in order; all that it knows when left out.

        Raises UserError for a class that it was not trained on.
        """
        labels = labels_for(self, n, classes)
        return self.draw_classes(self.drawing_network(), labels, rng), labels

    def draw_classes(self, G, labels, rng):
        """An image of each of these labels (n,) by the network G."""
        numbers = np.searchsorted(self.classes, labels)
        return generate(G, self.noise(len(labels), rng), numbers, low=self.options["low"])

    def sheet(self, rng):
        k = len(self.classes)
        rows = max(1, 8 // k)  # of each class
        return self.draw(8 * rows * k, rng)[0], 8

    def examples(self):
        label = np.zeros(1, np.int64)
        return {name: (*inputs, label) for name, inputs in super().examples().items()}

    def probe(self):
        return None


class ConditionalTraining(GanTraining):
    """GanTraining with labels, whose distance to the validation part decides when it ends.

    The Fréchet distance is that between the validation images and as many draws with the same
    labels, in the features that the training was given. The G with the lowest distance is kept.
    """

    def __init__(self, model, parts, seed, features=None):
        super().__init__(model, parts, seed, features)
        if features is None:
            raise ValueError(f"{model.name} needs features, to measure a distance between images")
        self.real_features = {
            name: features(getattr(parts, name)[0]) for name in ("validation", "test")
        }

    def what_trains(self):
        return f"images that train, 80 % of those with the labels {self.options['classes']}"

    def batches(self, start):
        numbers = np.searchsorted(self.model.classes, self.labels)
        return super().batches(start, labels=numbers)

    def measure(self, epoch):
        rows, patience = self.notes["validation"], self.options["patience"]
        rows.append({"epoch": epoch, "fd": self._distance(self.model.newest(), "validation")})
        best = best_epoch(rows, "fd")
        if best == epoch:
            self.model.keep_newest()
            self.notes["best_step"] = epoch * self.steps_per_epoch
        elif patience and has_stopped(rows, "fd", patience):
            why = f"the validation distance has not improved since epoch {best}"
            self.notes["finished"] = why

    def prepare(self):
        if not self.notes["validation"]:  # until the first distance the newest G draws
            self.model.keep_newest()

    def result(self):
        """The distance to images that nothing else has seen, and the epoch of that G."""
        fd = self._distance(self.model.networks["best"], "test")
        return {"test_fd": fd, "best_epoch": best_epoch(self.notes["validation"], "fd")}

    def _distance(self, G, name):
        """Between a part of the images and as many draws by G with their labels."""
        _, labels = getattr(self.parts, name)
        drawn = self.model.draw_classes(G, labels, np.random.default_rng(self.seed))
        return frechet_distance(self.real_features[name], self.features(drawn))


def split_classes(images, labels, options, seed):
    """Of the images with the wanted classes 80 % train, 10 % are for validation, 10 % for the test.

    Raises UserError when a class has no image, or there are too few.
    """
    wanted = rows_of(labels, class_numbers(options["classes"]))
    parts = split(len(wanted), (0.8, 0.1, 0.1), seed=seed)
    if min(len(part) for part in parts) < 2:
        raise UserError(f"{len(wanted)} images are too few to split: a tenth must be two or more")
    return Parts(*((images[wanted[part]], labels[wanted[part]]) for part in parts))


_SHARED = {  # what the rows share
    "data": "fashion-mnist",
    "image_shape": (28, 28, 1),
    "epochs": 200,
    "split": split_classes,
    "model": ConditionalGan,
    "training": ConditionalTraining,
    "images_between": None,
    "images_in_two_minutes": None,
}
_SPLIT = (
    "--classes 0,1 are T-shirts and trousers; any labels will do. 80 % of their images train, 10 % "
    "decide when to stop (--patience) and which epoch draws, 10 % are looked at when the training "
    "has ended (test_fd)."
)
_OPTIONS = OPTIONS | {"classes": "0,1", "patience": 20}

RECIPES = [
    Recipe(
        name="cgan",
        summary="conditional dense GAN that is asked for T-shirts or trousers",
        details='Follows the document "Generative Adversarial Network (GAN) for Fashion MNIST '
        'Image Generation", with its layer sizes. Pixels are in [0, 1]. ' + _SPLIT,
        build=pair(gan.conditional_generator, gan.conditional_discriminator),
        options={n: v for n, v in _OPTIONS.items() if n != "width"},
        fixed=FIXED | {"low": 0},
        **_SHARED,
    ),
    Recipe(
        name="cgan-cnn",
        summary="conditional DCGAN: the networks of dcgan, asked for a class",
        details="The label is appended to the noise, and to the images for D as one more channel, "
        "a learned picture for each class. It follows no document: it is here because the dense "
        "cgan's pictures are grainy. " + _SPLIT,
        build=pair(gan.conditional_dcgan_generator, gan.conditional_dcgan_discriminator),
        options=_OPTIONS | {"batch_size": 64, "ema": 0.999},
        fixed=FIXED,
        **_SHARED,
    ),
]
