"""What draws in each kind of model, as JSON: where z comes from, and the layers it goes through."""

import numpy as np

from tinygan import nn
from tinygan.play.network import described
from tinygan.play.noise import mixture, normal
from tinygan.recipes.autoencoder import Autoencoder
from tinygan.recipes.conditional import ConditionalGan
from tinygan.recipes.flow import Flow, LatentFlow
from tinygan.recipes.gan import Gan
from tinygan.recipes.mixture import PixelMixture


def drawn(model, weights):
    """A dict: image (its shape), low (what black is), priors (see noise.py; the first is the run's
    own), network; classes: the labels it is asked for, or none. Of a flow, whose network is its
    velocity, also flow: {steps, guidance}, and decoder: what follows, or None.

    model: of trained_model.load, on the host. weights: Weights, which get all arrays; those that
    are rounded are rounded in the model too, so that afterwards it draws what the page draws.
    Raises UserError for weights that are not finite, or too many.
    """
    of_kind = next(of_kind for kind, of_kind in _KINDS.items() if isinstance(model, kind))
    shared = {"image": list(model.image_shape), "low": model.options["low"], "classes": []}
    return shared | {"flow": None, "decoder": None} | of_kind(model, weights)


def _gan(model, weights):
    prior = normal([model.options["noise_dim"]])
    return {"priors": [prior], "network": described(model.drawing_network(), weights)}


def _conditional(model, weights):
    return _gan(model, weights) | {"classes": list(model.classes)}


def _autoencoder(model, weights):
    priors = [normal([model.options["code"]])]
    if not model.mixture.is_empty():
        priors.append(mixture(model.mixture, weights))
    if model.options["prior"] == "gmm":
        priors.reverse()
    network = described(_to_pixels(model.networks["decoder"]), weights)
    return {"priors": priors, "network": network}


def _pixel_mixture(model, weights):
    projection = model.projection  # pixels = mean + z · components: a dense layer
    dense = {"kind": "Dense", "name": "components", "W": weights.rounded(projection["components"])}
    dense["b"] = weights.exact(projection["mean"])
    reshape = {"kind": "Reshape", "name": "image", "shape": list(model.image_shape)}
    empty = model.mixture.is_empty()
    prior = normal([model.options["dims"]]) if empty else mixture(model.mixture, weights)
    return {"priors": [prior], "network": {"kind": "Sequential", "layers": [dense, reshape]}}


def _flow(model, weights):
    return {
        "priors": [normal(model.shape())],
        "network": described(model.drawing_network("velocity"), weights),
        "classes": list(model.classes),
        "flow": {"steps": model.options["ode_steps"], "guidance": model.options["guidance"]},
    }


def _latent_flow(model, weights):
    mean, var = model.codes.values()
    codes = {"kind": "ScaleShift", "name": "codes", "scale": weights.exact(np.sqrt(var) + 1e-6)}
    codes["shift"] = weights.exact(mean)
    decoder = described(_to_pixels(model.drawing_network("decoder")), weights)
    decoder["layers"].insert(0, codes)
    return _flow(model, weights) | {"decoder": decoder}


def _to_pixels(decoder):
    """A decoder, and the sigmoid that makes pixels of its logits."""
    return nn.Sequential(*decoder.layers, nn.Sigmoid())


_KINDS = {  # the special ones first
    ConditionalGan: _conditional,
    Gan: _gan,
    Autoencoder: _autoencoder,
    PixelMixture: _pixel_mixture,
    LatentFlow: _latent_flow,
    Flow: _flow,
}
