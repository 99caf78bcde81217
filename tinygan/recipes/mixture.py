"""A Gaussian mixture of images: PCA of the pixels, then EM, an iteration at a time."""

import contextlib
import math

import numpy as np

from tinygan import backend, plots
from tinygan.data.pixels import to_float, to_uint8
from tinygan.errors import RunError, UserError
from tinygan.models.gmm import GaussianMixture, covariance_shape
from tinygan.models.pca import PCA
from tinygan.nn.shard import current_shard
from tinygan.recipes.gan import DOCUMENT_000
from tinygan.recipes.recipe import Model, Recipe, Training, all_train
from tinygan.recipes.stored_mixture import StoredMixture

_BLOCK = 1000  # images whose float64 pixels are in memory at once


class PixelMixture(Model):
    """A mixture of the pixels' principal components, and the way back to pixels.

    A draw is a point from the mixture and the image with these components: mean + z · components.
    What PCA dropped is not there, so the images are smooth.
    """

    def __init__(self, *args):
        super().__init__(*args)
        o, pixels = self.options, math.prod(self.image_shape)
        if o["dims"] > pixels:
            raise UserError(f"--dims {o['dims']} is more than the {pixels} pixels of an image")
        self.mixture = self.build(o["components"], o["dims"], o["covariance"], self.xp)
        self.projection = {
            "mean": self.xp.zeros(pixels),
            "components": self.xp.zeros((o["dims"], pixels)),
        }

    def arrays(self):
        parts = {"mixture": self.mixture.arrays, "projection": self.projection}
        return {f"{part}/{name}": a for part, arrays in parts.items() for name, a in arrays.items()}

    def loaded(self, path, notes):
        self.mixture.check(path)

    def draw(self, n, rng):
        mean, components = (backend.to_numpy(array) for array in self.projection.values())
        codes = self.mixture.sample(n, rng)  # (n, dims)
        images = np.empty((n, *self.image_shape), np.uint8)
        for start in range(0, n, _BLOCK):
            block = images[start : start + _BLOCK]
            pixels = mean + codes[start : start + _BLOCK] @ components  # (…, dims) @ (dims, pixels)
            block[...] = to_uint8(pixels.reshape(block.shape), self.options["low"])
        return images, None

    def weights(self):
        return {
            "mixture": self.mixture.free_parameters(),
            "projection": sum(array.size for array in self.projection.values()),
        }


class MixtureTraining(Training):
    """EM: one update is one E step and one M step, and so is an epoch.

    It ends when an iteration gains less than TOLERANCE.
    """

    TOLERANCE = 1e-3  # nats
    steps_per_epoch = 1

    def __init__(self, model, parts, seed, features=None):
        super().__init__(model, parts, seed, features)
        n, o = len(self.images), self.options
        if n < 2 or (self.images == self.images[:1]).all():
            raise UserError(f"{model.name} needs images that differ, at least two")
        for name in ("components", "dims"):
            if o[name] > n:
                raise UserError(f"--{name} {o[name]} is more than the {n} images")
        self.images_per_step = n
        self.columns = {"log_likelihood": "log likelihood"}

    def updates(self, start):
        shard, n = current_shard(), len(self.images)
        mixture = self._mixture(start)
        if start == 0:
            with _told():
                self._begin(mixture, shard)
        mine = self._codes(n * shard.rank // shard.ranks, n * (shard.rank + 1) // shard.ranks)
        for log_likelihood in self._iterations(mixture, mine, shard):
            self.model.mixture.store(mixture)
            self._note(log_likelihood)
            yield {"log_likelihood": self.xp.asarray(np.float32(log_likelihood))}

    def _begin(self, mixture, shard):
        """Find the principal components and the parameters that EM starts from. Of several ranks
        the first does so, from all images, and the others get them."""
        if shard.rank == 0:
            pca = PCA(self.options["dims"]).fit(self._pixels())
            self.model.projection["mean"][...] = self.to_device(pca.mean_)
            self.model.projection["components"][...] = self.to_device(pca.components_)
            mixture.start(self._codes(0, len(self.images)))
        if shard.ranks > 1:
            k, d, kind = mixture.n_components, self.options["dims"], mixture.covariance_type
            shapes = {"weights_": (k,), "means_": (k, d)}
            shapes["precisions_cholesky_"] = covariance_shape(k, d, kind)
            for name, shape in shapes.items():
                mine = backend.to_numpy(getattr(mixture, name, self.xp.empty(shape)))
                setattr(mixture, name, self.to_device(shard.from_first(mine)))
            for array in self.model.projection.values():
                array[...] = self.to_device(shard.from_first(backend.to_numpy(array)))

    def _codes(self, first, last):
        """The principal components of these images, where the model is: (last − first, dims)."""
        mean, components = (backend.to_numpy(a) for a in self.model.projection.values())
        codes = np.empty((last - first, self.options["dims"]))
        for start in range(0, len(codes), _BLOCK):
            rows = slice(first + start, min(first + start + _BLOCK, last))
            codes[start : start + _BLOCK] = (self._pixels(rows) - mean) @ components.T  # (…, dims)
        return self.to_device(codes)

    def _iterations(self, mixture, codes, shard):
        how = {"add": shard.add} if shard.ranks > 1 else {}
        with _told():
            yield from mixture.iterations(codes, **how)

    def _mixture(self, start):
        """The GaussianMixture to go on with: new at the start, else as it was stored."""
        o, rng = self.options, np.random.default_rng(self.seed)
        if start:
            return self.model.mixture.restored(rng, self.xp, reg_covar=o["reg_covar"])
        return GaussianMixture(
            o["components"], covariance_type=o["covariance"], reg_covar=o["reg_covar"], rng=rng
        )

    def _note(self, log_likelihood):
        before = self.notes.get("log_likelihood")
        self.notes["log_likelihood"] = log_likelihood
        if before is not None and abs(log_likelihood - before) < self.TOLERANCE:
            why = f"converged: an iteration gains less than {self.TOLERANCE} nats"
            self.notes["finished"] = why

    def _pixels(self, rows=slice(None)):
        """float32 (…, pixels) of some images, or of all."""
        images = self.images[rows]
        return to_float(images, self.options["low"]).reshape(len(images), -1)

    def check(self, path):
        super().check(path)
        value = self.notes.get("log_likelihood")
        if not isinstance(value, float) or not math.isfinite(value):
            raise UserError(f"{path} is corrupt: its log likelihood is not a number")

    def panels(self, history):
        values = self.column(history, "log_likelihood")
        note = "Mean log density of the training images' components; no iteration of EM lowers it."
        panel = plots.Panel("log likelihood (nats per image)", {"": values}, note=note)
        return [panel, *super().panels(history)]

    def result(self):
        """The fit in numbers: log p of an image, two information criteria, whether EM converged."""
        n, free = len(self.images), self.model.weights()["mixture"]
        total = n * self.notes["log_likelihood"]
        return {
            "log_likelihood": self.notes["log_likelihood"],
            "bic": free * math.log(n) - 2 * total,
            "aic": 2 * free - 2 * total,
            "converged": "finished" in self.notes,
        }


@contextlib.contextmanager
def _told():
    """A with-block for steps of EM, whose ValueError becomes a RunError that says what to do."""
    try:
        yield
    except ValueError:
        raise RunError(
            "a component has shrunk onto too few images to have a covariance: start again in "
            "another folder with a larger --reg-covar or fewer --components"
        ) from None


RECIPES = [
    Recipe(
        name="gmm",
        summary="Gaussian mixture on the principal components of Fashion-MNIST pixels",
        details=DOCUMENT_000
        + "The pixels are reduced to --dims numbers by PCA, EM fits --components Gaussians to "
        "them, and images are drawn by sampling one. An epoch is one iteration of EM; it ends by "
        "itself when an iteration gains less than 0.001 nats.",
        data="fashion-mnist",
        image_shape=(28, 28, 1),
        epochs=200,
        build=StoredMixture,
        split=all_train,
        model=PixelMixture,
        training=MixtureTraining,
        options={"components": 50, "dims": 64, "covariance": "full", "reg_covar": 1e-4},
        fixed={"low": 0},
        images_between=440_000,
        images_in_two_minutes=5_500_000,
    ),
]
