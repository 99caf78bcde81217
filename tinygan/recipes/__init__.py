"""The table of named experiments: data, networks, settings, and where they come from."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field

from tinygan.errors import UserError
from tinygan.models import autoencoder, gan
from tinygan.models.classifier import classifier
from tinygan.training.autoencoder_trainer import AutoencoderTrainer, VariationalTrainer
from tinygan.training.classifier_trainer import ClassifierTrainer
from tinygan.training.conditional_trainer import ConditionalTrainer
from tinygan.training.gan_trainer import GanTrainer
from tinygan.training.mixture_trainer import MixtureTrainer


@dataclass(frozen=True)
class Recipe:
    """One experiment.

    name; summary: one line for --list; details: what a reader should know before running it, with
    the document that it follows.
    data: name of its data set. image_shape: (H, W, C); None takes what the data has.
    epochs: passes over the data. options: the options it takes, with its defaults; their meanings
    are in training/config.py. fixed: those that cannot be chosen. betas: Adam's.
    noise_dim: length of G's input, N(0, 1), for a GAN.
    build: (rng, …) -> its networks. trainer: the Trainer that trains them.
    """

    name: str
    summary: str
    details: str
    trainer: type
    build: Callable | None
    options: dict
    data: str = "fashion-mnist"
    image_shape: tuple[int, int, int] | None = (28, 28, 1)
    epochs: int = 50
    betas: tuple[float, float] = (0.5, 0.999)
    noise_dim: int | None = None
    fixed: dict = field(default_factory=dict)

    def networks(self, rng, **options):
        """A GAN's fresh networks (G, D) on the host.

        rng: draws their weights now and, held by the layers that need one, their dropout masks
        later. options: width, or for cgan classes (how many); the recipe's own when left out.
        Raises UserError for a recipe that is not a GAN.
        """
        if self.noise_dim is None:
            raise UserError(f"{self.name} is not a GAN: it has no two networks (G, D)")
        if "width" in self.options:
            options = {"width": self.options["width"]} | _given(options)
        else:
            options = {"classes": len(self.options["classes"].split(","))} | _given(options)
        return self.build(rng, noise_dim=self.noise_dim, **options)


def names():
    """The names of all recipes."""
    return [recipe.name for recipe in _RECIPES]


def get(name):
    """The Recipe called `name`. Raises UserError for an unknown one, and suggests the nearest."""
    for recipe in _RECIPES:
        if recipe.name == name:
            return recipe
    near = difflib.get_close_matches(name, names(), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"the recipes are {', '.join(names())}"
    raise UserError(f"unknown recipe {name!r}: {hint}")


def check_options(recipe, options, where):
    """Raise UserError when `options`, read from the file `where`, are not those of the recipe."""
    wrong = options.keys() ^ recipe.options.keys()
    wrong |= {n for n, v in options.items() if v is None and recipe.options.get(n) is not None}
    if wrong:
        raise UserError(
            f"{where} does not fit the recipe {recipe.name}: see its option {min(wrong)}"
        )


def _given(options):
    return {name: value for name, value in options.items() if value is not None}


def _gan_options(**changes):
    """The options of every GAN recipe, with the defaults of the DCGAN paper."""
    return {
        "width": 64,
        "batch_size": 128,
        "lr": 2e-4,
        "lr_d": None,
        "lr_g": None,
        "d_steps": 1,
        "loss": "bce",
        "label_smoothing": 0.0,
        "instance_noise": 0.0,
        "ema": None,
    } | changes


def _pair(generator, discriminator):
    """build for a GAN: (rng, noise_dim, …) -> (G, D)."""

    def build(rng, *, noise_dim, **options):
        return generator(rng, noise_dim=noise_dim, **options), discriminator(rng, **options)

    return build


def _dense_1(rng, *, width):
    return gan.dense_discriminator(rng, hidden=(4 * width, 8 * width, 16 * width))


def _dense_2(rng, *, width):
    return gan.dense_discriminator(rng, hidden=(4 * width, 2 * width, width), dropout=0.5)


def _half_cnn(rng, *, width):
    return gan.cnn_discriminator(rng, width=max(1, width // 2))


def _critic(rng, *, width):
    return gan.dcgan_discriminator(rng, width=width, dropout=0.0)


def _all_conv(size, activation):
    shape = {"size": size, "channels": 3}
    return _pair(
        lambda rng, **o: gan.all_conv_generator(rng, **shape, **o, activation=activation),
        lambda rng, **o: gan.all_conv_discriminator(rng, **shape, **o),
    )


def _autoencoder(rng, *, code, width):
    encoder = autoencoder.dense_encoder(rng, outputs=code, width=width)
    return encoder, autoencoder.dense_decoder(rng, code=code, width=width)


def _variational(rng, *, code, width):
    encoder = autoencoder.dense_encoder(rng, outputs=2 * code, width=width)
    return encoder, autoencoder.dense_decoder(rng, code=code, width=width)


_AUTOENCODER = {"width": 64, "batch_size": 128, "lr": 1e-3, "code": 32, "components": 30}
_DOCUMENT_000 = (
    'Follows the document "Project deep unsupervised learning", which compares a mixture, an '
    "autoencoder and four GANs on clothes. "
)

_RECIPES = [
    Recipe(
        name="gmm",
        summary="Gaussian mixture on the principal components of Fashion-MNIST pixels",
        details=_DOCUMENT_000 + (
            "The pixels are reduced to --dims numbers by PCA, EM fits --components Gaussians to "
            "them, and images are drawn by sampling one. An epoch is one iteration of EM; it ends "
            "by itself when an iteration gains less than 0.001 nats."
        ),
        trainer=MixtureTrainer,
        build=None,
        options={"components": 50, "dims": 64, "covariance": "full", "reg_covar": 1e-4},
        epochs=200,
    ),
    Recipe(
        name="ae",
        summary="dense autoencoder, drawing from a mixture fitted to its codes",
        details=_DOCUMENT_000 + (
            "Images from noise two ways: --prior normal decodes N(0, I), --prior gmm decodes "
            "samples of a Gaussian mixture fitted to the codes. Both can be asked of a trained run "
            "with python -m tinygan.sample."
        ),
        trainer=AutoencoderTrainer,
        build=_autoencoder,
        options=_AUTOENCODER | {"prior": "gmm"},
        betas=(0.9, 0.999),
    ),
    Recipe(
        name="vae",
        summary="variational autoencoder: the same networks, codes made to be N(0, I)",
        details=(
            "As ae, with a random code and the Kullback–Leibler term, both derived by hand in "
            "training/autoencoder_loop.py (Kingma & Welling 2014)."
        ),
        trainer=VariationalTrainer,
        build=_variational,
        options=_AUTOENCODER | {"prior": "normal"},
        betas=(0.9, 0.999),
    ),
    Recipe(
        name="gan-dense-1",
        summary="dense GAN, discriminator 256-512-1024 without dropout",
        details=_DOCUMENT_000 + (
            "Dense generator; the document's first dense discriminator. At --width 64 the sizes "
            "of the discriminator are the document's; it does not tell the generator's. It shows "
            "samples after 50, 100 and 150 epochs: --epochs 150."
        ),
        trainer=GanTrainer,
        build=_pair(gan.dense_generator, _dense_1),
        options=_gan_options(),
        noise_dim=100,
    ),
    Recipe(
        name="gan-dense-2",
        summary="dense GAN, discriminator 256-128-64 with dropout 0.5",
        details=_DOCUMENT_000 + (
            "Dense generator; the document's second dense discriminator, smaller and with dropout. "
            "It trains for 150 epochs: --epochs 150."
        ),
        trainer=GanTrainer,
        build=_pair(gan.dense_generator, _dense_2),
        options=_gan_options(),
        noise_dim=100,
    ),
    Recipe(
        name="gan-cnn",
        summary="GAN with upsampling and convolutions in G, convolutions in D",
        details=_DOCUMENT_000 + (
            "G: dense, then upsampling and 3×3 convolutions, ReLU, tanh; D: 3×3 convolutions, "
            "LeakyReLU, dropout 0.25. BatchNorm in G is ours: the document does not speak of it. "
            "It trains for 150 epochs: --epochs 150."
        ),
        trainer=GanTrainer,
        build=_pair(gan.cnn_generator, gan.cnn_discriminator),
        options=_gan_options(),
        noise_dim=100,
    ),
    Recipe(
        name="gan-dense-cnn",
        summary="dense generator against a convolutional discriminator",
        details=_DOCUMENT_000 + (
            "The pairing that it blames for noise in its pictures. The discriminator is that of "
            "gan-cnn with half the channels. The generator's gradient is in curves.png. The "
            "document trains for 150 epochs: --epochs 150."
        ),
        trainer=GanTrainer,
        build=_pair(gan.dense_generator, _half_cnn),
        options=_gan_options(),
        noise_dim=100,
    ),
    Recipe(
        name="dcgan",
        summary="deep convolutional GAN on Fashion-MNIST, 28×28 grey",
        details=(
            "A DCGAN of three 5×5 transposed convolutions against two 5×5 convolutions. The "
            "learning rate and Adam's first beta are those of Radford et al. 2016; the document "
            "this recipe follows (github.com/kohjlalex/DCGAN) trains with --lr 0.00001 --epochs "
            "100. --width 64 is full size; 32 is nearly three times as quick."
        ),
        trainer=GanTrainer,
        build=_pair(gan.dcgan_generator, gan.dcgan_discriminator),
        options=_gan_options(),
        noise_dim=100,
    ),
    Recipe(
        name="dcgan-fashion",
        summary="DCGAN with 4×4 kernels, BatchNorm and LeakyReLU in both nets, 28×28 grey",
        details=(
            'Follows the document "Deep Convolutional GANs for Image Generation". It has BatchNorm '
            "after every layer; here, as in Radford et al. 2016, not after D's first."
        ),
        trainer=GanTrainer,
        build=_pair(gan.fashion_generator, gan.fashion_discriminator),
        options=_gan_options(),
        noise_dim=100,
    ),
    Recipe(
        name="dcgan-faces",
        summary="DCGAN with 4×4 kernels for faces, 64×64 colour; wants --data-dir",
        details=(
            "Follows the document \"Deep Convolutional GANs for Image Generation\", with BatchNorm "
            "everywhere but at D's first layer. --data-dir names a folder or a "
            ".zip of pictures of faces, or CelebA's img_align_celeba.zip; they are cropped and "
            "resized once. --width 16 or 24 keeps it bearable without a GPU."
        ),
        trainer=GanTrainer,
        build=_all_conv(64, gan.nn.LeakyReLU),
        options=_gan_options(),
        data="faces",
        image_shape=(64, 64, 3),
        noise_dim=100,
    ),
    Recipe(
        name="dcgan-cifar10",
        summary="all-convolutional DCGAN on CIFAR-10 with instance noise, 32×32 colour",
        details=(
            'Follows the document "CIFAR-10 Image Generation with Deep Convolutional GAN" '
            "(github.com/masoudrahimi39/Machine-Learning-Hands-On-Projects): no dense layer at "
            "either end, ReLU in G, LeakyReLU in D, noise on what D sees. That its width falls by "
            "half every five epochs is ours, and as in Radford et al. 2016 there is no BatchNorm "
            "after D's first layer. --data-dir names the folder of the official binary version. "
            "The document trains for 100 epochs."
        ),
        trainer=GanTrainer,
        build=_all_conv(32, gan.nn.ReLU),
        options=_gan_options(instance_noise=0.1),
        data="cifar10",
        image_shape=(32, 32, 3),
        noise_dim=100,
    ),
    Recipe(
        name="cgan",
        summary="conditional dense GAN that is asked for T-shirts or trousers",
        details=(
            "Follows the document \"Generative Adversarial Network (GAN) for Fashion MNIST Image "
            "Generation\", with its layer sizes. --classes 0,1 are T-shirts "
            "and trousers; any labels will do. Pixels are in [0, 1]. 80 % of the images train, "
            "10 % decide when to stop, 10 % are looked at when the training has ended."
        ),
        trainer=ConditionalTrainer,
        build=_pair(gan.conditional_generator, gan.conditional_discriminator),
        options={n: v for n, v in _gan_options().items() if n != "width"} | {"classes": "0,1"},
        epochs=200,
        noise_dim=100,
    ),
    Recipe(
        name="wgan-gp",
        summary="Wasserstein GAN with gradient penalty, derived without autograd",
        details=(
            "The generator of dcgan against a critic without dropout. Five updates of the critic "
            "for one of G, Adam with lr 0.0001 and betas (0, 0.9), penalty weight 10: the settings "
            "of Gulrajani et al. 2017."
        ),
        trainer=GanTrainer,
        build=_pair(gan.dcgan_generator, _critic),
        options={
            n: v
            for n, v in _gan_options(batch_size=64, lr=1e-4, d_steps=5).items()
            if n not in ("loss", "label_smoothing")
        },
        fixed={"loss": "wasserstein", "label_smoothing": 0.0},
        betas=(0.0, 0.9),
        noise_dim=100,
    ),
    Recipe(
        name="classifier",
        summary="small convolutional classifier, whose features the metrics use",
        details=(
            "Trains on nine tenths of the training images, mirrored at random, and watches the "
            "rest. python -m tinygan.evaluate says how often it is right on the test images. "
            "--data cifar10 works too."
        ),
        trainer=ClassifierTrainer,
        build=classifier,
        options={"width": 32, "batch_size": 128, "lr": 1e-3},
        image_shape=None,
        epochs=10,
        betas=(0.9, 0.999),
    ),
]  # fmt: skip
