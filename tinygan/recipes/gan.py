"""GANs: two networks that learn against each other, and the recipes that differ in the two."""

import functools
import itertools

import numpy as np

from tinygan import backend, nn, plots
from tinygan.errors import UserError
from tinygan.health import signs
from tinygan.health.course import Course
from tinygan.health.table import diagnosis_lines, health_lines
from tinygan.models import gan
from tinygan.recipes.check_up import EVERY, CheckUp, check_rows
from tinygan.recipes.recipe import (
    Model,
    Recipe,
    Training,
    all_train,
    flip_rng,
    generators_of,
    training_rng,
    whole_updates,
)
from tinygan.training import gan_loss, instance_noise
from tinygan.training.averaged_weights import move_average, warm
from tinygan.training.gan_loop import fit, generate
from tinygan.training.gradient_penalty import gradient_penalty


class Gan(Model):
    """G and D. With the option ema there is a third network, "average", that draws in G's place."""

    def __init__(self, *args):
        super().__init__(*args)
        G, D = (net.to(self.xp).train() for net in self._new_networks(self.rng))
        self.networks = {"D": D, "G": G}  # in the order of their updates
        if self.options["ema"]:
            self.networks["average"] = self.copy_of_G()
        self.use(None)

    @staticmethod
    def sizes(options):
        """What build takes of the options."""
        more = {"init_std": options["init_std"]} if "init_std" in options else {}
        return {"noise_dim": options["noise_dim"], "width": options["width"]} | more

    def use(self, weights):
        if weights == "average" and "average" not in self.networks:
            raise UserError(
                f"this {self.name} has no average of its weights: leave --weights out (train --ema "
                "keeps one)"
            )
        self.drawer = {"last": "G", "average": "average"}.get(weights, self.own_drawer())

    def own_drawer(self):
        """The name of the network that draws where nothing else is asked for."""
        return "average" if "average" in self.networks else "G"

    def draw(self, n, rng):
        return generate(self.drawing_network(), self.noise(n, rng), low=self.options["low"]), None

    def drawing_network(self):
        """The network that draws: the average of G where one is kept, else G; see use."""
        return self.networks[self.drawer]

    def noise_std(self, epoch):
        """The standard deviation of the noise on what D sees, at this epoch (a fraction)."""
        std, until = self.options["instance_noise"], self.options["instance_noise_until"]
        if until is None:  # of a run of the first edition
            return instance_noise.halved(epoch, std)
        return instance_noise.falling(epoch, std, until)

    def newest(self):
        """G as it is now, or its average where one is kept."""
        return self.networks.get("average", self.networks["G"])

    def noise(self, n, rng):
        """z ~ N(0, I): float32 (n, noise_dim) on the host."""
        return rng.standard_normal((n, self.options["noise_dim"]), dtype=np.float32)

    def weights(self):
        return {name: size for name, size in super().weights().items() if name in ("D", "G")}

    def drawing(self, prior=None):
        return ("G",)

    def examples(self):
        return {
            "G": (np.zeros((1, self.options["noise_dim"]), np.float32),),
            "D": (np.zeros((1, *self.image_shape), np.float32),),
        }

    def probe(self):
        z = self.noise(64, np.random.default_rng(0))
        return {name: self.networks[name] for name in "GD"}, backend.to_device(z, self.xp)

    def copy_of_G(self):
        """A network with G's weights and running statistics, in eval mode."""
        copy, _ = self._new_networks(np.random.default_rng(0))
        move_average(copy.to(self.xp), self.networks["G"], keep=0.0)
        return copy.eval()

    def _new_networks(self, rng):
        return self.build(rng, **self.sizes(self.options))


class GanTraining(Training):
    """Updates of G and D, see gan_loop.fit."""

    def __init__(self, model, parts, seed, features=None):
        super().__init__(model, parts, seed, features)
        o = self.options
        self.columns = {
            "d_loss": "D",
            "g_loss": "G",
            "real_score": "real",
            "fake_score": "fake",
            "g_grad": "gradient",
        }
        self.steps_per_epoch = whole_updates(
            o["batch_size"], len(self.images), d_steps=o["d_steps"], of=self.what_trains()
        )
        self.images_per_step = o["batch_size"] * o["d_steps"]
        self.batches_per_step = o["d_steps"]
        self.optimizers = {
            name: nn.Adam(
                model.networks[name].params(), o[f"lr_{name.lower()}"] or o["lr"], o["betas"]
            )
            for name in "GD"
        }
        self.noise_rng = training_rng(seed)
        self.generators = {"noise": self.noise_rng} | generators_of(model.networks)
        if o["flip"]:
            self.generators["flip"] = flip_rng(seed)
        self.blur = None
        if o["instance_noise"]:
            self.blur = nn.GaussianNoise(o["instance_noise"], rng=self.noise_rng)
            self.generators["blur"] = self.blur.bits
        self.check_up = CheckUp(model, *parts.train, seed, features)
        self.course = None
        try:
            self.loss = gan_loss.by_name(o["loss"], o["label_smoothing"])
        except ValueError as error:
            raise UserError(f"--loss, --label-smoothing: {error}") from None

    def updates(self, start):
        networks, o = self.model.networks, self.options
        penalty = average = None
        steps = itertools.count(start)
        if o["loss"] == "wasserstein":
            penalty = functools.partial(gradient_penalty, rng=self.noise_rng)
        if o["ema"]:

            def average(G):
                move_average(networks["average"], G, warm(o["ema"], next(steps)))

        return fit(
            networks["G"],
            networks["D"],
            self.optimizers["G"],
            self.optimizers["D"],
            self.batches(start),
            self.noise_rng,
            noise_dim=o["noise_dim"],
            loss=self.loss,
            penalty=penalty,
            d_steps=o["d_steps"],
            blur=self.blur,
            blur_std=self.model.noise_std,
            start=start,
            steps_per_epoch=self.steps_per_epoch,
            average=average,
        )

    def settle(self, epochs):
        o = self.options
        if not o["instance_noise"] and o["instance_noise_until"] is not None:
            raise UserError(
                "--instance-noise-until needs a noise: say how much, such as --instance-noise 0.1"
            )
        if o["instance_noise"] and o["instance_noise_until"] is None:
            o["instance_noise_until"] = float(epochs)

    def noticed(self, step):
        return self._noted(self.check_up.look(step)) if step % EVERY == 0 else []

    def not_finite(self, step):
        rows = self._course().rows
        names = rows[0].keys() - {"step"} if rows else signs.MEANINGS
        if not rows or rows[-1]["step"] < step:
            return self._noted({"step": step} | dict.fromkeys(names))
        return []  # a look that came after it has said so

    def _noted(self, row):
        """Put a look into the course and the notes. Returns the lines that it makes."""
        course = self._course()  # before the notes have the row
        self.notes.setdefault("health", []).append(row)
        return [f"doctor, {change.words()}" for change in course.add(row)]

    def _course(self):
        """The Course of the looks so far, also of those before the run was resumed."""
        if self.course is None:
            self.course = Course(self.notes.get("health", []))
        return self.course

    def ill(self):
        return list(self._course().ill)

    def tables(self):
        course = self._course()
        if not course.rows:
            return {}
        return {
            "health.csv": health_lines(course.rows),
            "diagnosis.csv": diagnosis_lines(course.changes),
        }

    def check(self, path):
        super().check(path)
        check_rows(self.notes.get("health", []), path)

    def what_trains(self):
        """What the training images are, in an error."""
        return "images there are"

    def panels(self, history):
        def line(name):
            return self.column(history, name)

        distance = super().panels(history)
        losses = {"discriminator": line("d_loss"), "generator": line("g_loss")}
        scores = {"real images": line("real_score"), "generated images": line("fake_score")}
        if self.options["loss"] == "bce":  # where these stand when D can only guess
            guides = {"2 ln 2": 2 * np.log(2), "ln 2": np.log(2)}
            panels = [
                plots.Panel("loss (nats)", losses, guides=guides, note=_LOSS),
                plots.Panel("D's mean score", scores, guides={"": 0.5}, limits=(0, 1), note=_SCORE),
            ]
        else:
            note = _CRITIC if self.options["loss"] == "wasserstein" else _LOSS
            panels = [
                plots.Panel("loss", losses, note=note),
                plots.Panel("D's mean output", scores, note="Higher: D takes the images for real."),
            ]
        gradient = {"": line("g_grad")}
        panels.append(plots.Panel("length of G's gradient", gradient, log=True, note=_GRADIENT))
        return panels + distance


_LOSS = (
    "The loss of the discriminator D falls when it tells real images from G's, that of the "
    "generator G when its images pass for real. A D whose loss goes to 0 has nothing left to teach."
)
_SCORE = "How sure D is that images are real: 1 is certain, 0 the opposite, ½ a guess."
_CRITIC = "The critic's loss is negative, and rises as G improves."
_GRADIENT = "Of G's loss, by all weights of G. At 0 there is nothing for G to follow."


OPTIONS = {  # of every GAN, with the defaults of the DCGAN paper
    "width": 64,
    "batch_size": 128,
    "lr": 2e-4,
    "lr_d": None,
    "lr_g": None,
    "d_steps": 1,
    "loss": "bce",
    "label_smoothing": 0.0,
    "instance_noise": 0.0,
    "instance_noise_until": None,
    "ema": None,
    "flip": False,
}
FIXED = {"noise_dim": 100, "betas": (0.5, 0.999), "low": -1}  # low: what black is


_GAN = {  # what most rows share
    "data": "fashion-mnist",
    "image_shape": (28, 28, 1),
    "epochs": 50,
    "split": all_train,
    "model": Gan,
    "training": GanTraining,
    "options": OPTIONS,
    "fixed": FIXED,
    "images_between": 25_000,
    "images_in_two_minutes": 40_000,
}


def pair(generator, discriminator):
    """Recipe.build: (rng, noise_dim, width and the like) -> (G, D)."""

    def build(rng, *, noise_dim, **sizes):
        return generator(rng, noise_dim=noise_dim, **sizes), discriminator(rng, **sizes)

    return build


def _dense_1(rng, *, width, init_std):
    hidden = (4 * width, 8 * width, 16 * width)
    return gan.dense_discriminator(rng, hidden=hidden, init_std=init_std)


def _dense_2(rng, *, width, init_std):
    hidden = (4 * width, 2 * width, width)
    return gan.dense_discriminator(rng, hidden=hidden, dropout=0.5, init_std=init_std)


def _half_cnn(rng, *, width):
    return gan.cnn_discriminator(rng, width=max(1, width // 2))


_critic = functools.partial(gan.dcgan_discriminator, dropout=0.0)
_cifar10 = {"size": 32, "channels": 3}
_faces = {"size": 64, "channels": 3}

DOCUMENT_000 = (
    'Follows the document "Project deep unsupervised learning", which compares a mixture, an '
    "autoencoder and four GANs on clothes. "
)

RECIPES = [
    Recipe(
        name="gan-dense-1",
        summary="dense GAN, discriminator 256-512-1024 without dropout",
        details=DOCUMENT_000
        + (
            "Dense generator; the document's first dense discriminator. At --width 64 the sizes "
            "of the discriminator are the document's; it does not tell the generator's. It shows "
            "samples after 50, 100 and 150 epochs: --epochs 150. It learns faster from the initial "
            "weights of He et al. 2015 than from N(0, 0.02²) (three seeds; --init-std)."
        ),
        build=pair(gan.dense_generator, _dense_1),
        **_GAN
        | {
            "options": OPTIONS | {"init_std": "he"},
            "images_between": 55_000,
            "images_in_two_minutes": 650_000,
        },
    ),
    Recipe(
        name="gan-dense-2",
        summary="dense GAN, discriminator 256-128-64 with dropout 0.5",
        details=DOCUMENT_000
        + (
            "Dense generator; the document's second dense discriminator, smaller and with "
            "dropout. It trains for 150 epochs: --epochs 150. From initial weights N(0, 0.02²) it "
            "learns faster than from those of He et al. 2015, and draws more kinds (three seeds at "
            "--width 64; narrower layers shrink the noise more: try --init-std he)."
        ),
        build=pair(gan.dense_generator, _dense_2),
        **_GAN
        | {
            "options": OPTIONS | {"init_std": 0.02},
            "images_between": 100_000,
            "images_in_two_minutes": 1_000_000,
        },
    ),
    Recipe(
        name="gan-cnn",
        summary="GAN with upsampling and convolutions in G, convolutions in D",
        details=DOCUMENT_000
        + (
            "G: dense, then upsampling and 3×3 convolutions, ReLU, tanh; D: 3×3 convolutions, "
            "LeakyReLU, dropout 0.25. BatchNorm in G is ours: the document does not speak of it. "
            "It trains for 150 epochs: --epochs 150."
        ),
        build=pair(gan.cnn_generator, gan.cnn_discriminator),
        **_GAN | {"images_in_two_minutes": 24_000},
    ),
    Recipe(
        name="gan-dense-cnn",
        summary="dense generator against a convolutional discriminator",
        details=DOCUMENT_000
        + (
            "The pairing that it blames for noise in its pictures. The discriminator is that of "
            "gan-cnn with half the channels. The generator's gradient is in curves.png. The "
            "document trains for 150 epochs: --epochs 150."
        ),
        build=pair(gan.dense_generator, _half_cnn),
        **_GAN | {"images_in_two_minutes": 220_000},
    ),
    Recipe(
        name="dcgan",
        summary="deep convolutional GAN on Fashion-MNIST, 28×28 grey",
        details=(
            "A DCGAN of three 5×5 transposed convolutions against two 5×5 convolutions. The "
            "learning rate and Adam's first beta are those of Radford et al. 2016; the document "
            "this recipe follows (github.com/kohjlalex/DCGAN) trains with --lr 0.00001 --epochs "
            "100. --width 64 is full size; 32 is more than twice as fast."
        ),
        build=pair(gan.dcgan_generator, gan.dcgan_discriminator),
        **_GAN,
    ),
    Recipe(
        name="dcgan-fashion",
        summary="DCGAN with 4×4 kernels, BatchNorm and LeakyReLU in both nets, 28×28 grey",
        details=(
            'Follows the document "Deep Convolutional GANs for Image Generation". It has '
            "BatchNorm after every layer; here, as in Radford et al. 2016, not after D's first."
        ),
        build=pair(gan.fashion_generator, gan.fashion_discriminator),
        **_GAN | {"images_in_two_minutes": 96_000},
    ),
    Recipe(
        name="dcgan-faces",
        summary="DCGAN with 4×4 kernels for faces, 64×64 colour; needs --data-dir",
        details=(
            'Follows the document "Deep Convolutional GANs for Image Generation", with BatchNorm '
            "everywhere but at D's first layer. --data-dir names a folder or a .zip of pictures "
            "of faces, or CelebA's img_align_celeba.zip; they are cropped and resized once. "
            "--width 16 or 24 keeps it bearable without a GPU."
        ),
        build=pair(
            functools.partial(gan.all_conv_generator, **_faces, activation=nn.LeakyReLU),
            functools.partial(gan.all_conv_discriminator, **_faces),
        ),
        **_GAN
        | {
            "data": "faces",
            "image_shape": (64, 64, 3),
            "images_between": 8_500,
            "images_in_two_minutes": 7_600,
        },
    ),
    Recipe(
        name="dcgan-cifar10",
        summary="all-convolutional DCGAN on CIFAR-10 with instance noise, 32×32 colour",
        details=(
            'Follows the document "CIFAR-10 Image Generation with Deep Convolutional GAN" '
            "(github.com/masoudrahimi39/Machine-Learning-Hands-On-Projects): no dense layer at "
            "either end, ReLU in G, LeakyReLU in D, noise on what D sees. That the noise falls "
            "linearly, to 0 at the end of the run, is ours, and as in Radford et al. 2016 there is "
            "no BatchNorm after D's first layer. --data-dir names the folder of the official "
            "binary version. The document trains for 100 epochs."
        ),
        build=pair(
            functools.partial(gan.all_conv_generator, **_cifar10, activation=nn.ReLU),
            functools.partial(gan.all_conv_discriminator, **_cifar10),
        ),
        **_GAN
        | {
            "options": OPTIONS | {"instance_noise": 0.1},
            "data": "cifar10",
            "image_shape": (32, 32, 3),
        },
    ),
    Recipe(
        name="wgan-gp",
        summary="Wasserstein GAN with gradient penalty, derived without autograd",
        details=(
            "The generator of dcgan against a critic without dropout. Five updates of the critic "
            "for one of G, Adam with lr 0.0001 and betas (0, 0.9), penalty weight 10: the "
            "settings of Gulrajani et al. 2017."
        ),
        build=pair(gan.dcgan_generator, _critic),
        **_GAN
        | {
            "options": {n: v for n, v in OPTIONS.items() if n not in ("loss", "label_smoothing")}
            | {"batch_size": 64, "lr": 1e-4, "d_steps": 5},
            "fixed": FIXED | {"betas": (0.0, 0.9), "loss": "wasserstein", "label_smoothing": 0.0},
        },
    ),
]
