"""Training two networks against each other, with the options that every GAN recipe takes."""

import numpy as np

from tinygan import backend, nn, plots
from tinygan.data.batches import batches
from tinygan.training import gan_loss
from tinygan.training.gan_loop import fit, generate
from tinygan.training.gradient_penalty import gradient_penalty
from tinygan.training.trainer import Trainer, column, copy_into, whole_updates


class GanTrainer(Trainer):
    """G and D of a recipe. See Trainer for the arguments and gan_loop.fit for the loop.

    With the option ema there is a third network, "average": G's weights, averaged over its updates
    as a ← ema · a + (1 − ema) · G, which is sampled instead of G.
    Source of the average: Yazıcı et al. 2019, "The unusual effectiveness of averaging in GAN
    training".
    """

    low = -1  # what the networks mean by black
    classes = None  # which labels a conditional G can be asked for

    def __init__(self, recipe, options, seed, xp, images=None, labels=None):
        self.recipe, self.options, self.xp = recipe, options, xp
        self.images, self.labels = images, labels
        weights_rng, self.noise_rng = np.random.default_rng(seed).spawn(2)
        self.G, self.D = (net.to(xp).train() for net in self.build(weights_rng))
        self.networks = {"D": self.D, "G": self.G}  # in the order of their updates
        if options["ema"]:
            self.networks["average"] = self._copy_of_G()
        lr = {name: options[f"lr_{name.lower()}"] or options["lr"] for name in "GD"}
        self.optimizers = {
            name: nn.Adam(self.networks[name].params(), lr[name], recipe.betas) for name in "GD"
        }
        self.generators = {"noise": self.noise_rng, "dropout": weights_rng}
        self.loss = gan_loss.by_name(options["loss"], options["label_smoothing"])
        self.columns = {
            "d_loss": "D",
            "g_loss": "G",
            "real_score": "real",
            "fake_score": "fake",
            "g_grad": "gradient",
        }
        self.seed, self.notes = seed, {}
        self.images_per_step = options["batch_size"] * options["d_steps"]
        if images is not None:
            self._take_data()

    def build(self, rng):
        """Fresh networks (G, D) on the host."""
        return self.recipe.networks(rng, **self._shape_options())

    def updates(self, start):
        o = self.options
        return fit(
            self.G,
            self.D,
            self.optimizers["G"],
            self.optimizers["D"],
            batches(self.images, self.images_per_step, self.seed, start, labels=self.labels),
            self.noise_rng,
            noise_dim=self.recipe.noise_dim,
            low=self.low,
            loss=self.loss,
            penalty=self._penalty if o["loss"] == "wasserstein" else None,
            d_steps=o["d_steps"],
            instance_noise=o["instance_noise"],
            start=start,
            steps_per_epoch=self.steps_per_epoch,
            average=self._average if o["ema"] else None,
        )

    def draw(self, n, rng):
        return generate(self.networks.get("average", self.G), self._noise(n, rng), low=self.low)

    def panels(self, history):
        def line(name):
            return column(history, self.columns, name)

        losses = {"discriminator": line("d_loss"), "generator": line("g_loss")}
        scores = {"real images": line("real_score"), "generated images": line("fake_score")}
        if self.options["loss"] == "bce":  # where these stand when D can only guess
            guides = {"2 ln 2": 2 * np.log(2), "ln 2": np.log(2)}
            panels = [
                plots.Panel("loss (nats)", losses, guides=guides),
                plots.Panel("D's mean score", scores, guides={"": 0.5}, limits=(0, 1)),
            ]
        else:
            panels = [plots.Panel("loss", losses), plots.Panel("D's mean output", scores)]
        return [*panels, plots.Panel("length of G's gradient", {"": line("g_grad")}, log=True)]

    def probe(self):
        rng = np.random.default_rng(0)
        return {"G": self.G, "D": self.D}, backend.to_device(self._noise(64, rng), self.xp)

    def _take_data(self):
        self.labels = None  # these networks are not told a class
        self.steps_per_epoch = whole_updates(
            self.options["batch_size"], len(self.images), d_steps=self.options["d_steps"]
        )

    def _copy_of_G(self):
        copy, _ = self.build(np.random.default_rng(0))
        copy_into(copy.to(self.xp), self.G)
        return copy.eval()

    def _noise(self, n, rng):
        return rng.standard_normal((n, self.recipe.noise_dim), dtype=np.float32)

    def _average(self, G):
        copy_into(self.networks["average"], G, keep=self.options["ema"])

    def _penalty(self, D, real, fake):
        return gradient_penalty(D, real, fake, rng=self.noise_rng)

    def _shape_options(self):
        """The options that Recipe.networks takes."""
        return {"width": self.options["width"]}
