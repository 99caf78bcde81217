"""Flows: a network that leads noise to data, on the codes of an autoencoder or on pixels."""

import functools
import itertools

import numpy as np

from tinygan import backend, nn, plots
from tinygan.cli import class_numbers
from tinygan.data.pixels import to_float, to_uint8
from tinygan.errors import UserError
from tinygan.models import autoencoder
from tinygan.models.guidance import guided
from tinygan.models.ode import heun_steps, solve
from tinygan.models.unet import UNet
from tinygan.models.velocity import DenseVelocity
from tinygan.nn.norm import batch_moments, join_moments
from tinygan.nn.shard import current_shard
from tinygan.recipes.asked_classes import labels_for, rows_of
from tinygan.recipes.autoencoder import RECONSTRUCTION
from tinygan.recipes.recipe import (
    Model,
    Parts,
    Recipe,
    Training,
    flip_rng,
    training_rng,
    whole_updates,
)
from tinygan.training.autoencoder_loop import ae_step_and_codes
from tinygan.training.averaged_weights import move_average, warm
from tinygan.training.flow_loop import flow_step, times, without_some
from tinygan.training.gan_loop import generate

WITHOUT_CLASS = 0.1  # the share of examples that train without their class


class Flow(Model):
    """A velocity network and its average, which draws.

    classes: the labels that it knows. The network counts them from 0.
    """

    choices = ("classes", "ode_steps", "guidance")
    BATCH = 500  # examples that are moved at once when drawing

    def __init__(self, *args):
        super().__init__(*args)
        self.classes = class_numbers(self.options["classes"])
        self.networks = self.new_networks(self.rng)
        averages = self.new_networks(np.random.default_rng(0))
        for name in self.averaged():
            self.networks[f"average {name}"] = averages[name]
        for network in self.networks.values():
            network.to(self.xp).train()
        for name in self.averaged():
            self.networks[f"average {name}"].eval()
            self.follow(name, keep=0.0)
        self.use(None)

    def new_networks(self, rng):
        """dict of the networks that learn, with the initial weights that rng draws."""
        raise NotImplementedError

    def averaged(self):
        """The names of the networks whose average draws."""
        return ("velocity",)

    def use(self, weights):
        self.drawn_with = "" if weights == "last" else "average "

    def drawing_network(self, name):
        """The network of that name, or its average, as the model draws with it."""
        return self.networks[self.drawn_with + name]

    def follow(self, name, keep):
        """Move the average of a network towards it."""
        move_average(self.networks[f"average {name}"], self.networks[name], keep)

    def shape(self):
        """Of what the velocity network moves: (numbers,), or that of an image."""
        raise NotImplementedError

    def to_images(self, x):
        """What was moved, on the device, as images: uint8 (n, H, W, C) on the host."""
        raise NotImplementedError

    @staticmethod
    def passes(options):
        return options["ode_steps"] * (1 if options["guidance"] in (0, 1) else 2)

    def draw(self, n, rng, classes=None, ode_steps=None, guidance=None):
        """classes: labels to draw, in equal parts and in order. ode_steps, guidance: see models/.
        Without them, all classes that it knows, and the run's own options.

        Raises UserError for a class that it was not trained on.
        """
        labels = labels_for(self, n, classes)
        return self.draw_from(self.noise(n, rng), labels, ode_steps, guidance), labels

    def noise(self, n, rng):
        """x_0 ~ N(0, I): float32 (n, …) on the host."""
        return rng.standard_normal((n, *self.shape()), dtype=np.float32)

    def draw_from(self, noise, labels, ode_steps=None, guidance=None):
        """The image to which each noise leads, for its label: uint8 (n, H, W, C) on the host."""
        steps = ode_steps or self.options["ode_steps"]
        images = np.empty((len(noise), *self.image_shape), np.uint8)
        for start in range(0, len(noise), self.BATCH):
            rows = slice(start, start + self.BATCH)
            x0 = backend.to_device(noise[rows], self.xp)
            velocity = self.velocity(labels[rows], guidance)
            images[rows] = self.to_images(solve(heun_steps, velocity, x0, steps))
        return images

    def path(self, noise, labels, columns):
        """What draw_from moves, after some of its steps: (times, images (times, n, H, W, C)).

        times: from 0 to 1, as many as columns, or one more than there are steps if that is less.
        """
        steps = self.options["ode_steps"]
        shown = np.unique(np.rint(np.linspace(0, steps, columns)).astype(int))  # after so many
        images = np.empty((len(shown), len(noise), *self.image_shape), np.uint8)
        for start in range(0, len(noise), self.BATCH):
            rows = slice(start, start + self.BATCH)
            x0 = backend.to_device(noise[rows], self.xp)
            moved = itertools.chain([x0], heun_steps(self.velocity(labels[rows]), x0, steps))
            wanted = (x for i, x in enumerate(moved) if i in shown)
            for column, x in enumerate(wanted):
                images[column, rows] = self.to_images(x)
        return shown / steps, images

    def velocity(self, labels, guidance=None):
        """The velocity that draws, a function for ode.py. labels (n,): on the host."""
        numbers = backend.to_device(np.searchsorted(self.classes, labels), self.xp)
        strength = self.options["guidance"] if guidance is None else guidance
        return guided(self.drawing_network("velocity"), numbers, strength)

    def sheet(self, rng):
        k = len(self.classes)
        rows = max(1, 8 // k)  # of each class
        return self.draw(8 * rows * k, rng)[0], 8

    def weights(self):
        return {n: size for n, size in super().weights().items() if not n.startswith("average")}

    def drawing(self, prior=None):
        return self.averaged()

    def examples(self):
        x = np.zeros((1, *self.shape()), np.float32)
        return {"velocity": (x, np.zeros(1, np.float32), np.zeros(1, np.int64))}


class FlowTraining(Training):
    """Updates of a velocity network, see flow_loop, and of its average."""

    def __init__(self, model, parts, seed, features=None):
        super().__init__(model, parts, seed, features)
        o = self.options
        self.images_per_step = o["batch_size"]
        self.steps_per_epoch = whole_updates(o["batch_size"], len(self.images))
        self.optimizers = {
            name: nn.Adam(network.params(), o["lr"], o["betas"])
            for name, network in model.networks.items()
            if not name.startswith("average")
        }
        self.noise_rng = training_rng(seed)
        self.noise = nn.GaussianNoise(1.0, rng=self.noise_rng)
        self.generators = {"noise": self.noise_rng, "x0": self.noise.bits}
        if o["flip"]:
            self.generators["flip"] = flip_rng(seed)
        self.columns = {"flow": "flow"}

    def updates(self, start):
        numbers = np.searchsorted(self.model.classes, self.labels)
        for step, (images, labels) in enumerate(self.batches(start, numbers), start):
            measured = self.update(step, images, labels)
            for name in self.model.averaged():
                self.model.follow(name, keep=warm(self.options["ema"], step))
            yield measured

    def update(self, step, images, labels):
        """Update number `step`, from 0, of all networks by a batch. Returns what is measured."""
        raise NotImplementedError

    def flow(self, x1, labels):
        """One update of the velocity network by the data x1."""
        velocity = self.model.networks["velocity"]
        x0 = self.noise.forward(self.xp.zeros_like(x1))
        t = times(len(x1), self.noise_rng, self.xp)
        labels = without_some(labels, len(self.model.classes), WITHOUT_CLASS, self.noise_rng)
        return flow_step(velocity, self.optimizers["velocity"], x0, x1, t, labels)["loss"]

    def panels(self, history):
        values = {"": self.column(history, "flow")}
        panel = plots.Panel("squared error of the velocity", values, note=_FLOW)
        return [panel, *super().panels(history)]


class LatentFlow(Flow):
    """An autoencoder, and a flow of its codes: the noise becomes a code, the code an image.

    Codes are moved with mean 0 and variance 1. The statistics that make them so follow the encoder
    while it learns, and belong to the model.
    """

    def __init__(self, *args):
        super().__init__(*args)
        code = self.options["code"]
        self.codes = {
            "mean": self.xp.zeros(code, np.float32),
            "var": self.xp.ones(code, np.float32),
        }

    def new_networks(self, rng):
        o = self.options
        return self.build(
            rng,
            code=o["code"],
            width=o["width"],
            flow_width=o["flow_width"],
            classes=len(self.classes),
        )

    def averaged(self):
        return ("decoder", "velocity")

    def shape(self):
        return (self.options["code"],)

    def arrays(self):
        return super().arrays() | {f"codes/{name}": array for name, array in self.codes.items()}

    def loaded(self, path, notes):
        mean, var = (backend.to_numpy(array) for array in self.codes.values())
        if not (np.isfinite(mean).all() and np.isfinite(var).all() and var.min() >= 0):
            raise UserError(f"{path} is corrupt: the mean or variance of its codes is impossible")

    def scaled(self, codes):
        """Codes with mean 0 and variance 1."""
        return (codes - self.codes["mean"]) / self._std()

    def measure_codes(self, codes, keep):
        """Let the statistics follow these codes (N, d); `keep` is the share of them that stays."""
        of_all = current_shard().gather(self.xp.stack(batch_moments(codes)))  # (ranks, 2, d)
        for name, new in zip(self.codes, join_moments(of_all[:, 0], of_all[:, 1]), strict=True):
            self.codes[name] *= keep
            self.codes[name] += (1 - keep) * new

    def to_images(self, x):
        return self.decode(backend.to_numpy(x * self._std() + self.codes["mean"]))

    def decode(self, codes):
        """The image of each code (N, d) on the host: uint8 (N, H, W, C) on the host."""
        to_image = nn.Sequential(self.drawing_network("decoder"), nn.Sigmoid())
        return generate(to_image, codes, low=self.options["low"])

    def encode(self, images):
        """uint8 images on the host -> their codes, on the host."""
        to_pixels = functools.partial(to_float, low=self.options["low"])
        return nn.in_batches(self.networks["encoder"], images, before=to_pixels)

    def _std(self):
        return self.xp.sqrt(self.codes["var"]) + 1e-6

    def examples(self):
        images = np.zeros((1, *self.image_shape), np.float32)
        code = np.zeros((1, self.options["code"]), np.float32)
        return {"encoder": (images,), "decoder": (code,)} | super().examples()


class LatentFlowTraining(FlowTraining):
    """Each update trains the autoencoder on the batch, and the flow on the codes of the batch."""

    FOLLOW = 0.99  # of the statistics of the codes, what stays at each update

    def __init__(self, model, parts, seed, features=None):
        super().__init__(model, parts, seed, features)
        self.columns = {"reconstruction": "reconstruction", "flow": "flow"}

    def update(self, step, images, labels):
        names = ("encoder", "decoder")
        pair = [self.model.networks[name] for name in names]
        optimizers = [self.optimizers[name] for name in names]
        measured, codes = ae_step_and_codes(*pair, optimizers, images)
        self.model.measure_codes(codes, keep=warm(self.FOLLOW, step))
        loss = self.flow(self.model.scaled(codes), labels)
        return measured | {"flow": loss}

    def panels(self, history):
        values = {"": self.column(history, "reconstruction")}
        panel = plots.Panel("reconstruction (nats per image)", values, note=RECONSTRUCTION)
        return [panel, *super().panels(history)]


class PixelFlow(Flow):
    """A U-Net that leads noise to an image."""

    def new_networks(self, rng):
        classes, channels = len(self.classes), self.image_shape[2]
        return self.build(rng, channels=channels, classes=classes, width=self.options["width"])

    def shape(self):
        return self.image_shape

    def to_images(self, x):
        return backend.to_numpy(to_uint8(x, self.options["low"]))


class PixelFlowTraining(FlowTraining):
    """Each update trains the flow on the pixels of the batch."""

    def update(self, step, images, labels):
        return {"flow": self.flow(images, labels)}


_FLOW = (
    "Mean over the numbers that are moved. It cannot reach 0: many paths cross at one place, and "
    "the network can only learn their mean."
)


def of_classes(images, labels, options, seed):
    """Recipe.split: the images with the wanted labels train."""
    rows = rows_of(labels, class_numbers(options["classes"]))
    return Parts(train=(images[rows], labels[rows]))


def _latent(rng, *, code, width, flow_width, classes):
    return {
        "encoder": autoencoder.dense_encoder(rng, outputs=code, width=width),
        "decoder": autoencoder.dense_decoder(rng, code=code, width=width),
        "velocity": DenseVelocity(code, classes, width=flow_width, rng=rng),
    }


def _pixels(rng, *, channels, classes, width):
    return {"velocity": UNet(channels, classes, width=width, rng=rng)}


_ALL = ",".join(map(str, range(10)))
_OPTIONS = {
    "batch_size": 128,
    "lr": 1e-3,
    "ema": 0.999,
    "flip": False,
    "classes": _ALL,
    "guidance": 1.0,
    "ode_steps": 20,
}
_FLOW_ROW = {  # what the rows share
    "data": "fashion-mnist",
    "image_shape": (28, 28, 1),
    "split": of_classes,
}

RECIPES = [
    Recipe(
        name="flow",
        summary="latent flow: noise becomes a code of an autoencoder, and the code an image",
        details="Flow matching (Lipman et al. 2023) on the codes of an autoencoder that learns "
        "at the same time. (Stable Diffusion 3 and FLUX are latent flows too, at scale, on an "
        "autoencoder that was trained before.) There is no game: both losses are minimised. It is "
        "asked for a class, and --guidance above 1 exaggerates it; --classes trains on some "
        "classes only. Lessons 22 to 24 derive it.",
        epochs=50,
        build=_latent,
        model=LatentFlow,
        training=LatentFlowTraining,
        options={"width": 64, "code": 64, "flow_width": 256} | _OPTIONS,
        fixed={"betas": (0.9, 0.999), "low": 0},
        images_between=290_000,
        images_in_two_minutes=1_100_000,
        **_FLOW_ROW,
    ),
    Recipe(
        name="flow-unet",
        summary="flow of pixels: a U-Net leads noise to images",
        details="Flow matching (Lipman et al. 2023) on the pixels, by a U-Net as in DDPM (Ho et "
        "al. 2020), without attention. It is asked for a class, and --guidance above 1 exaggerates "
        "it; --classes trains on some classes only.",
        epochs=20,
        build=_pixels,
        model=PixelFlow,
        training=PixelFlowTraining,
        options={"width": 48} | _OPTIONS | {"batch_size": 64, "ode_steps": 10},
        fixed={"betas": (0.9, 0.999), "low": -1},
        images_between=360_000,
        images_in_two_minutes=45_000,
        **_FLOW_ROW,
    ),
]
