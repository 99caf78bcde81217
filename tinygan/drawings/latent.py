"""The numbers that a model draws an image from, noise or a code, and the image of each."""

import numpy as np

from tinygan import backend, nn
from tinygan.data.pixels import to_uint8
from tinygan.errors import UserError
from tinygan.recipes.autoencoder import Autoencoder
from tinygan.recipes.conditional import ConditionalGan, equal_parts


def is_normal(model, prior=None):
    """Whether they are drawn from N(0, I): all noise is, and the codes of the normal prior."""
    return not isinstance(model, Autoencoder) or (prior or model.options["prior"]) == "normal"


def numbers(model, n, rng, prior=None):
    """z: float32 (n, d) on the host, the same that model.draw draws n images from.

    Those of a normal prior do not depend on n: the first rows of more are the same.
    Raises UserError for a prior where it has no meaning, and for a mixture that was not fitted.
    """
    if not isinstance(model, Autoencoder):
        if prior is not None:
            raise UserError(f"--prior is for autoencoders, and this is {model.name}")
        return model.noise(n, rng)
    if is_normal(model, prior):
        return rng.standard_normal((n, model.options["code"]), dtype=np.float32)
    return fitted_mixture(model).sample(n, rng).astype(np.float32)


def fitted_mixture(model):
    """The StoredMixture of an autoencoder's codes, or of a mixture. UserError when it is empty."""
    if model.mixture.is_empty():
        raise UserError(
            "no Gaussian mixture could be fitted to this run's codes: train it longer, or draw "
            "with --prior normal"
        )
    return model.mixture


def images(model, z, labels=None):
    """The image of each row of z (N, d): uint8 (N, H, W, C) on the host.

    labels (N,): for a conditional GAN, the class of each. An autoencoder decodes its codes; a
    mixture of pixels adds up its principal components.
    """
    low = model.options["low"]
    if not model.networks:  # a mixture of pixels
        mean, components = (backend.to_numpy(array) for array in model.projection.values())
        return to_uint8((mean + z @ components).reshape(len(z), *model.image_shape), low)
    if isinstance(model, Autoencoder):
        network, inputs = nn.Sequential(model.networks["decoder"], nn.Sigmoid()), (z,)
    elif isinstance(model, ConditionalGan):
        network, inputs = model.networks["best"], (z, np.searchsorted(model.classes, labels))
    else:
        network, inputs = model.newest(), (z,)
    return nn.in_batches(network, *inputs, after=lambda x: to_uint8(x, low))


def labels_for(model, n, classes=None):
    """The class of each of n images: of a conditional GAN equal parts of its classes, else None.

    Raises UserError for classes where they have no meaning, or that the run was not trained on.
    """
    if not isinstance(model, ConditionalGan):
        if classes is not None:
            raise UserError(f"--classes is for conditional GANs, and this is {model.name}")
        return None
    return np.asarray(known_classes(model, classes))[equal_parts(n, len(classes or model.classes))]


def known_classes(model, classes=None):
    """These classes, or all that a conditional GAN knows. UserError for one that it does not."""
    for unknown in sorted(set(classes or ()) - set(model.classes)):
        raise UserError(
            f"class {unknown} is not one that this run was trained on: "
            f"{', '.join(map(str, model.classes))}"
        )
    return classes or model.classes
