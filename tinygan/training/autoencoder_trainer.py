"""Training an autoencoder, plain or variational, and drawing from it in two ways."""

import numpy as np

from tinygan import backend, nn, plots
from tinygan.data.batches import batches
from tinygan.data.pixels import to_float
from tinygan.errors import UserError
from tinygan.models.gmm import free_parameters
from tinygan.training.autoencoder_loop import ae_step, vae_step
from tinygan.training.gan_loop import generate
from tinygan.training.mixture_state import MixtureState
from tinygan.training.trainer import PREVIEWS, Trainer, column, whole_updates

FITTED_ON = 10_000  # images whose codes the mixture is fitted to


class AutoencoderTrainer(Trainer):
    """An encoder and a decoder. See Trainer for the arguments and autoencoder_loop for the updates.

    To draw, codes come from one of two priors, the option prior: "normal", N(0, I), or "gmm", a
    Gaussian mixture fitted to the codes of training images whenever the networks are saved or
    draw. The first suits codes that were made to be N(0, I), which is what the variational
    autoencoder does; where a plain one puts its codes nobody has said.
    """

    low = 0
    variational = False

    def __init__(self, recipe, options, seed, xp, images=None, labels=None):
        self.recipe, self.options, self.xp, self.images = recipe, options, xp, images
        self.seed, self.notes = seed, {}
        weights_rng, self.noise_rng = np.random.default_rng(seed).spawn(2)
        self.encoder, self.decoder = (
            net.to(xp).train()
            for net in recipe.build(weights_rng, code=options["code"], width=options["width"])
        )
        self.prior = MixtureState(options["components"], options["code"]).to(xp)
        self.networks = {"encoder": self.encoder, "decoder": self.decoder, "prior": self.prior}
        self.optimizers = {
            name: nn.Adam(self.networks[name].params(), options["lr"], recipe.betas)
            for name in ("encoder", "decoder")
        }
        self.generators = {"noise": self.noise_rng}
        self.columns = {"reconstruction": "reconstruction"}
        if self.variational:
            self.columns["kl"] = "KL"
        self.images_per_step = options["batch_size"]
        if images is not None:
            if options["components"] > len(images[:FITTED_ON]):
                raise UserError(
                    f"--components {options['components']} is more than the "
                    f"{len(images[:FITTED_ON])} images whose codes the mixture is fitted to"
                )
            self.steps_per_epoch = whole_updates(self.images_per_step, len(images))

    def updates(self, start):
        optimizers = list(self.optimizers.values())
        for batch in batches(self.images, self.images_per_step, self.seed, start):
            x = to_float(backend.to_device(batch, self.xp), self.low)
            if self.variational:
                shape = (len(batch), self.options["code"])
                noise = self.noise_rng.standard_normal(shape, dtype=np.float32)
                noise = backend.to_device(noise, self.xp)
                yield vae_step(self.encoder, self.decoder, optimizers, x, noise)
            else:
                yield ae_step(self.encoder, self.decoder, optimizers, x)

    def prepare(self):
        """Fit the mixture to the codes of (at most 10,000) training images.

        Codes that no mixture fits (all the same, say, when nothing was learned) leave it empty.
        """
        codes = self.encode(self.images[:FITTED_ON]).astype(np.float64)
        rng = np.random.default_rng(self.seed)
        try:
            self.prior.fit(codes, rng, reg_covar=1e-4, max_iter=50, tol=1e-2)
        except ValueError:
            self.prior.clear()

    def encode(self, images):
        """uint8 images on the host -> their codes (for a variational encoder the means), host."""
        self.encoder.eval()
        pieces = []
        for i in range(0, len(images), 256):
            x = to_float(backend.to_device(images[i : i + 256], self.xp), self.low)
            pieces.append(backend.to_numpy(self.encoder.forward(x)))
        self.encoder.train()
        return np.concatenate(pieces)[:, : self.options["code"]]

    def draw(self, n, rng, prior=None):
        """n images. prior: "normal" or "gmm"; the run's own when left out."""
        if (prior or self.options["prior"]) == "normal":
            codes = rng.standard_normal((n, self.options["code"]), dtype=np.float32)
        elif self.prior.empty():
            raise UserError(
                "no Gaussian mixture could be fitted to this run's codes: train it longer, or draw "
                "with --prior normal"
            )
        else:
            codes = self.prior.sample(n, rng).astype(np.float32)
        return generate(self._with_sigmoid(), codes, low=self.low)

    def sheet_images(self, rng):
        prior = "normal" if self.prior.empty() else None
        return self.draw(PREVIEWS, rng, prior=prior), 8

    def check(self, path):
        self.prior.check(path)

    def panels(self, history):
        panels = [
            plots.Panel(
                "reconstruction (nats an image)",
                {"": column(history, self.columns, "reconstruction")},
            )
        ]
        if self.variational:
            kl = {"": column(history, self.columns, "kl")}
            panels.append(plots.Panel("KL from N(0, I) (nats)", kl))
        return panels

    def probe(self):
        code = np.zeros((1, self.options["code"]), np.float32)
        return {"decoder": self.decoder}, backend.to_device(code, self.xp)

    def weights(self):
        mixture = free_parameters(*self.prior.means.shape, self.prior.covariance_type)
        return super().weights() | {"mixture": mixture}

    def _with_sigmoid(self):
        return nn.Sequential(self.decoder, nn.Sigmoid())


class VariationalTrainer(AutoencoderTrainer):
    """As AutoencoderTrainer, with the random code and the KL term of a variational autoencoder."""

    variational = True
