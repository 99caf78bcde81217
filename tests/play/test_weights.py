"""Weights as bytes: what is left of a number, and what a page refuses to hold."""

import base64

import numpy as np
import pytest

from tinygan.errors import UserError
from tinygan.play.weights import Weights


def read(weights, reference):
    """What page/weights.js makes of a reference."""
    data = base64.b64decode(weights.base64())
    kind = {"f32": "<f4", "f16": "<f2", "i8": "i1"}[reference["type"]]
    size = int(np.prod(reference["shape"]))
    array = np.frombuffer(data, kind, size, reference["at"]).reshape(reference["shape"])
    if reference["type"] != "i8":
        return array.astype(np.float32)
    shape = [1] * array.ndim
    shape[reference["axis"]] = -1
    return array * read(weights, reference["scale"]).reshape(shape)


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("axis", [-1, 2])
def test_what_is_rounded_is_what_the_page_reads(rng, bits, axis):
    weights, W = Weights(bits), rng.normal(size=(3, 3, 5, 7)).astype(np.float32)
    before = W.copy()
    weights.exact(np.ones(3))
    first, second = weights.rounded(W, axis), weights.rounded(W.copy(), axis)
    np.testing.assert_array_equal(read(weights, first), W)
    np.testing.assert_allclose(read(weights, second), W, rtol=1e-6)  # rounding again: the same
    assert first["at"] % 4 == second["at"] % 4 == 0
    largest = np.abs(before).max(axis=tuple({0, 1, 2, 3} - {axis % 4}), keepdims=True)
    most = largest / 254 if bits == 8 else np.abs(before) * 2.0**-11
    assert (np.abs(W - before) <= most * 1.001).all()
    assert (before != W).any()


def test_what_is_exact_is_float32(rng):
    weights, array = Weights(8), rng.normal(size=11)
    np.testing.assert_array_equal(read(weights, weights.exact(array)), array.astype(np.float32))


def test_a_channel_of_zeros_stays_zero():
    weights, W = Weights(8), np.array([[0, 3], [0, -1]], np.float32)
    found = read(weights, weights.rounded(W))
    np.testing.assert_array_equal(found[:, 0], 0)
    assert found[0, 1] == pytest.approx(3)


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize(
    ("number", "words"),
    [(np.nan, "not finite"), (np.inf, "not finite"), (1e5, "go up to 1e\\+05, more than")],
)
def test_a_number_that_no_page_can_hold_is_refused(bits, number, words):
    array = np.array([[1.0, number]], np.float32)
    for add in (Weights(bits).rounded, Weights(bits).exact):
        with pytest.raises(UserError, match=words):
            add(array)


def test_a_model_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr("tinygan.play.weights._MOST_BYTES", 1000)
    weights = Weights()
    weights.exact(np.zeros(100))
    with pytest.raises(UserError, match="too large for a page"):
        weights.exact(np.zeros(200))
