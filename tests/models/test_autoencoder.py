"""The two halves of an autoencoder fit each other."""

import numpy as np
import pytest

from tinygan import recipes
from tinygan.models import autoencoder


@pytest.mark.parametrize("width", [1, 16])
def test_the_halves_fit(rng, width):
    x = rng.random((3, 28, 28, 1), np.float32)
    code = autoencoder.dense_encoder(rng, outputs=5, width=width).forward(x)
    assert code.shape == (3, 5)
    logits = autoencoder.dense_decoder(rng, code=5, width=width).forward(code)
    assert logits.shape == x.shape
    assert logits.dtype == np.float32


def test_a_variational_encoder_outputs_two_numbers_for_each_element_of_the_code(rng):
    encoder, decoder = recipes.get("vae").build(rng, code=7, width=1, variational=True)
    assert encoder.layers[-1].n_out == 14
    assert decoder.layers[0].n_in == 7
