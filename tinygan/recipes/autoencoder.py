"""Autoencoders, plain and variational: codes of images, and two ways to draw from codes."""

import functools
import warnings

import numpy as np

from tinygan import backend, nn, plots
from tinygan.data.pixels import to_float
from tinygan.errors import UserError
from tinygan.models import autoencoder
from tinygan.models.gmm import ConvergenceWarning, GaussianMixture
from tinygan.nn.shard import drawn
from tinygan.recipes.gan import DOCUMENT_000
from tinygan.recipes.recipe import (
    Model,
    Recipe,
    Training,
    all_train,
    training_rng,
    whole_updates,
)
from tinygan.recipes.stored_mixture import StoredMixture
from tinygan.training.autoencoder_loop import ae_step, vae_step
from tinygan.training.gan_loop import generate


class Autoencoder(Model):
    """An encoder, a decoder, and a Gaussian mixture of the codes.

    To draw, codes come from one of two priors: "normal", N(0, I), or "gmm", the mixture. The first
    suits the variational autoencoder, whose codes are trained to be N(0, I). The codes of a plain
    one may be anywhere.
    """

    choices = ("prior",)

    def __init__(self, *args):
        super().__init__(*args)
        o = self.options
        encoder, decoder = self.build(
            self.rng, code=o["code"], width=o["width"], variational=o["variational"]
        )
        self.networks = {"encoder": encoder, "decoder": decoder}
        for network in self.networks.values():
            network.to(self.xp).train()
        self.mixture = StoredMixture(o["components"], o["code"], "full", self.xp)

    def arrays(self):
        mixture = {f"prior/{name}": array for name, array in self.mixture.arrays.items()}
        return super().arrays() | mixture

    def loaded(self, path, notes):
        self.mixture.check(path)

    def encode(self, images):
        """uint8 images on the host -> their codes (for a variational encoder the means), host."""
        to_pixels = functools.partial(to_float, low=self.options["low"])
        out = nn.in_batches(self.networks["encoder"], images, before=to_pixels)
        return out[:, : self.options["code"]]

    def decode(self, codes):
        """The image of each code (N, d) on the host: uint8 (N, H, W, C) on the host."""
        to_image = nn.Sequential(self.networks["decoder"], nn.Sigmoid())
        return generate(to_image, codes, low=self.options["low"])

    def draw(self, n, rng, prior=None):
        """prior: "normal" or "gmm"; the run's own when left out."""
        if (prior or self.options["prior"]) == "normal":
            codes = rng.standard_normal((n, self.options["code"]), dtype=np.float32)
        elif self.mixture.is_empty():
            raise UserError(
                "no Gaussian mixture could be fitted to this run's codes: train it longer, or draw "
                "with --prior normal"
            )
        else:
            codes = self.mixture.sample(n, rng).astype(np.float32)
        return self.decode(codes), None

    def can_draw(self):
        return self.options["prior"] == "normal" or not self.mixture.is_empty()

    def sheet(self, rng):
        prior = "normal" if self.mixture.is_empty() else None
        return self.draw(64, rng, prior=prior)[0], 8

    def weights(self):
        return super().weights() | {"mixture": self.mixture.free_parameters()}

    def drawing(self, prior=None):
        normal = (prior or self.options["prior"]) == "normal"
        return ("decoder",) if normal else ("decoder", "mixture")

    def examples(self):
        return {
            "encoder": (np.zeros((1, *self.image_shape), np.float32),),
            "decoder": (np.zeros((1, self.options["code"]), np.float32),),
        }

    def probe(self):
        code = np.zeros((1, self.options["code"]), np.float32)
        return {"decoder": self.networks["decoder"]}, backend.to_device(code, self.xp)


class AutoencoderTraining(Training):
    """Updates of encoder and decoder, see autoencoder_loop."""

    FITTED_ON = 10_000  # images at most whose codes the mixture is fitted to

    def __init__(self, model, parts, seed, features=None):
        super().__init__(model, parts, seed, features)
        o = self.options
        fitted_on = len(self.images[: self.FITTED_ON])
        if o["components"] > fitted_on:
            raise UserError(
                f"--components {o['components']} is more than the {fitted_on} images whose codes "
                "the mixture is fitted to"
            )
        self.images_per_step = o["batch_size"]
        self.steps_per_epoch = whole_updates(o["batch_size"], len(self.images))
        self.optimizers = {
            name: nn.Adam(network.params(), o["lr"], o["betas"])
            for name, network in model.networks.items()
        }
        self.noise_rng = training_rng(seed)
        self.generators = {"noise": self.noise_rng}
        self.columns = {"reconstruction": "reconstruction"}
        if o["variational"]:
            self.columns["kl"] = "KL"

    def updates(self, start):
        o, pair = self.options, self.model.networks.values()
        optimizers = list(self.optimizers.values())
        for x in self.batches(start):
            if o["variational"]:
                noise = drawn(len(x), self._noise)
                yield vae_step(*pair, optimizers, x, self.to_device(noise))
            else:
                yield ae_step(*pair, optimizers, x)

    def _noise(self, n):
        return self.noise_rng.standard_normal((n, self.options["code"]), dtype=np.float32)

    def prepare(self):
        """Fit the mixture to the codes of (at most 10,000) training images.

        Codes that no mixture fits (all the same, say, when nothing was learned) leave it empty.
        """
        codes = self.model.encode(self.images[: self.FITTED_ON])
        rng = np.random.default_rng(self.seed)
        settings = {"reg_covar": 1e-4, "max_iter": 50, "tol": 1e-2}  # a rough fit is good enough
        mixture = GaussianMixture(self.options["components"], rng=rng, **settings)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                mixture.fit(codes.astype(np.float64))
        except ValueError:
            mixture = None
        self.model.mixture.store(mixture)

    def panels(self, history):
        values = {"": self.column(history, "reconstruction")}
        panels = [plots.Panel("reconstruction (nats per image)", values, note=RECONSTRUCTION)]
        if self.options["variational"]:
            kl = {"": self.column(history, "kl")}
            panels.append(plots.Panel("KL from N(0, I) (nats)", kl, note=_KL))
        return panels + super().panels(history)


RECONSTRUCTION = (
    "Binary cross entropy of all pixels; lower is nearer to the image, never 0 for grey."
)
_KL = (
    "How much the codes tell about their image: the divergence of their distribution from N(0, I)."
)


def _networks(rng, *, code, width, variational):
    outputs = 2 * code if variational else code  # means, and log variances
    encoder = autoencoder.dense_encoder(rng, outputs=outputs, width=width)
    return encoder, autoencoder.dense_decoder(rng, code=code, width=width)


_OPTIONS = {"width": 64, "batch_size": 128, "lr": 1e-3, "code": 32, "components": 30}
_FIXED = {"betas": (0.9, 0.999), "low": 0}
_AUTOENCODER = {  # what the rows share
    "data": "fashion-mnist",
    "image_shape": (28, 28, 1),
    "epochs": 50,
    "build": _networks,
    "split": all_train,
    "model": Autoencoder,
    "training": AutoencoderTraining,
    "images_between": 170_000,
    "images_in_two_minutes": 1_800_000,
}

RECIPES = [
    Recipe(
        name="ae",
        summary="dense autoencoder, drawing from a mixture fitted to its codes",
        details=DOCUMENT_000
        + "Images from noise two ways: --prior normal decodes N(0, I), --prior gmm decodes samples "
        "of a Gaussian mixture fitted to the codes. Both can be asked of a trained run with python "
        "-m tinygan.sample.",
        options=_OPTIONS | {"prior": "gmm"},
        fixed=_FIXED | {"variational": False},
        **_AUTOENCODER,
    ),
    Recipe(
        name="vae",
        summary="variational autoencoder: the same networks, codes made to be N(0, I)",
        details="As ae, with a random code and the Kullback–Leibler term, both derived by hand in "
        "training/autoencoder_loop.py (Kingma & Welling 2014).",
        options=_OPTIONS | {"prior": "normal"},
        fixed=_FIXED | {"variational": True},
        **_AUTOENCODER,
    ),
]
