"""Fitting a Gaussian mixture to images, an iteration of EM at a time."""

import math

import numpy as np

from tinygan import backend, nn, plots
from tinygan.data.pixels import to_float, to_uint8
from tinygan.errors import RunError, UserError
from tinygan.models.gmm import e_step, free_parameters, m_step, precisions_cholesky
from tinygan.models.kmeans import kmeans
from tinygan.models.pca import PCA
from tinygan.training.mixture_state import MixtureState
from tinygan.training.trainer import Trainer, column

TOLERANCE = 1e-3  # nats: EM has converged when an iteration gains less


class Projection(nn.Layer):
    """A fitted PCA in the form in which a checkpoint keeps networks: no gradient here."""

    buffers = ("mean", "components")

    def __init__(self, dims, pixels):
        self.mean, self.components = np.zeros(pixels), np.zeros((dims, pixels))


class MixtureTrainer(Trainer):
    """PCA of the pixels, then EM on what remains; one update is one E step and one M step.

    Images are drawn the other way: a point from the mixture, and back from its coordinates to
    pixels. What PCA dropped is not there, so the samples are smooth. See Trainer for the arguments.
    """

    low = 0

    def __init__(self, recipe, options, seed, xp, images=None, labels=None):
        self.recipe, self.options, self.xp, self.seed = recipe, options, xp, seed
        self.images, self.columns = images, {"log_likelihood": "log likelihood"}
        self.shape = recipe.image_shape
        k, dims, pixels = options["components"], options["dims"], int(np.prod(self.shape))
        if dims > pixels:
            raise UserError(f"--dims {dims} is more than the {pixels} pixels of an image")
        self.mixture = MixtureState(k, dims, options["covariance"]).to(xp)
        self.projection = Projection(dims, pixels).to(xp)
        self.networks = {"mixture": self.mixture, "projection": self.projection}
        self.optimizers, self.generators, self.notes = {}, {}, {}
        if images is not None:
            if len(images) < 2 or (images == images[:1]).all():
                raise UserError(f"{recipe.name} needs images that differ, two at the least")
            for name, value in (("--components", k), ("--dims", dims)):
                if value > len(images):
                    raise UserError(f"{name} {value} is more than the {len(images)} images")
            self.images_per_step, self.steps_per_epoch = len(images), 1

    def updates(self, start):
        if start == 0:
            self._start()
        kind, reg_covar = self.options["covariance"], self.options["reg_covar"]
        X = backend.to_device(self._codes(), self.xp)
        m = self.mixture
        while True:
            try:
                factors = precisions_cholesky(m.covariances, kind)
            except ValueError:
                raise RunError(
                    "a component has shrunk onto too few images to have a covariance: start again "
                    "in another folder with a larger --reg-covar or fewer --components"
                ) from None
            log_p, responsibilities = e_step(X, m.weights, m.means, factors, kind)
            m.set(*m_step(X, responsibilities, reg_covar, kind))
            now, before = float(log_p.mean()), self.notes.get("log_likelihood")
            self.notes["log_likelihood"] = now
            if before is not None and abs(now - before) < TOLERANCE:
                self.notes["finished"] = f"converged: an iteration gains less than {TOLERANCE} nats"
            yield {"log_likelihood": self.xp.asarray(np.float32(now))}

    def draw(self, n, rng):
        mean, components = self._projection()
        pixels = mean + self.mixture.sample(n, rng) @ components  # (n, dims) @ (dims, pixels)
        return to_uint8(pixels.reshape(n, *self.shape), self.low)

    def check(self, path):
        if not isinstance(self.notes.get("log_likelihood", 0.0), float):
            raise UserError(f"{path} is of no use: its log likelihood is not a number")
        self.mixture.check(path)

    def panels(self, history):
        values = column(history, self.columns, "log_likelihood")
        return [plots.Panel("log likelihood (nats an image)", {"": values})]

    def result(self):
        """The fit in numbers: log p of a row, two information criteria, whether EM converged."""
        n, free = len(self.images), self.weights()["mixture"]
        total = n * self.notes["log_likelihood"]
        return {
            "log_likelihood": self.notes["log_likelihood"],
            "bic": free * math.log(n) - 2 * total,
            "aic": 2 * free - 2 * total,
            "converged": "finished" in self.notes,
        }

    def weights(self):
        mixture = free_parameters(*self.mixture.means.shape, self.mixture.covariance_type)
        projection = self.projection.mean.size + self.projection.components.size
        return {"mixture": mixture, "projection": projection}

    def _pixels(self):
        return to_float(self.images, self.low).reshape(len(self.images), -1)

    def _codes(self):
        mean, components = self._projection()
        return (self._pixels() - mean) @ components.T

    def _projection(self):
        return backend.to_numpy(self.projection.mean), backend.to_numpy(self.projection.components)

    def _start(self):
        """PCA, and the clusters of k-means as the first responsibilities."""
        pca = PCA(self.options["dims"]).fit(self._pixels())
        self.projection.mean[...] = backend.to_device(pca.mean_, self.xp)
        self.projection.components[...] = backend.to_device(pca.components_, self.xp)
        X, k = self._codes(), self.options["components"]
        _, labels, _ = kmeans(X, k, rng=np.random.default_rng(self.seed))
        first = (labels[:, None] == np.arange(k)).astype(np.float64)
        kind, reg_covar = self.options["covariance"], self.options["reg_covar"]
        X, first = (backend.to_device(array, self.xp) for array in (X, first))
        self.mixture.set(*m_step(X, first, reg_covar, kind))
