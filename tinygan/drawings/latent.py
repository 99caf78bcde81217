"""The numbers that a model draws an image from, noise or a code, and the image of each."""

import numpy as np

from tinygan import backend, nn
from tinygan.data.pixels import to_uint8
from tinygan.errors import UserError
from tinygan.recipes import asked_classes, trained_model
from tinygan.recipes.autoencoder import Autoencoder
from tinygan.recipes.flow import Flow


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
            raise UserError(trained_model.not_for("prior", model))
        return model.noise(n, rng).reshape(n, -1)
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

    labels (N,): the class of each, for a model that is asked for one. An autoencoder decodes its
    codes; a mixture of pixels adds up its principal components; a flow moves its noise.
    """
    low = model.options["low"]
    if not model.networks:  # a mixture of pixels
        mean, components = (backend.to_numpy(array) for array in model.projection.values())
        return to_uint8((mean + z @ components).reshape(len(z), *model.image_shape), low)
    if isinstance(model, Autoencoder):
        return model.decode(z)
    if isinstance(model, Flow):
        return model.draw_from(z.reshape(len(z), *model.shape()), labels)
    asked = [np.searchsorted(model.classes, labels)] if "classes" in model.choices else []
    network = model.drawing_network()
    return nn.in_batches(network, z, *asked, after=lambda x: to_uint8(x, low))


def labels_for(model, n, classes=None):
    """The class of each of n images: equal parts of those that the model is asked for, or None.

    Raises UserError for classes where they have no meaning, or that the run was not trained on.
    """
    if "classes" not in model.choices:
        if classes is not None:
            raise UserError(trained_model.not_for("classes", model))
        return None
    return asked_classes.labels_for(model, n, classes)
