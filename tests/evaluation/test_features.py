"""The feature extractor: what it computes, its file, and the shipped weights."""

import hashlib

import numpy as np
import pytest

from tinygan import nn
from tinygan.data import load
from tinygan.data.pixels import to_float
from tinygan.errors import UserError
from tinygan.evaluation import features as module
from tinygan.evaluation.features import Extractor, extractor_for, features_of, save_weights
from tinygan.models.classifier import classifier
from tinygan.npz import read_arrays, write_arrays

SHAPE = (32, 32, 3)


@pytest.fixture(scope="module")
def network():
    """A small network that is not what the constructor makes: running statistics and all."""
    network = classifier(np.random.default_rng(7), image_shape=SHAPE, width=2)
    rng = np.random.default_rng(8)
    for _ in range(3):
        network.forward(rng.uniform(-1, 1, (16, *SHAPE)).astype(np.float32))
    return network.eval()


@pytest.fixture
def path(network, tmp_path):
    path = tmp_path / "small.npz"
    save_weights(path, network, image_shape=SHAPE, width=2, accuracy=0.25)
    return path


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (11, *SHAPE), np.uint8)


def test_the_features_are_what_the_last_layer_sees(path, network, images):
    """Of the network that was saved, within the rounding to float16."""
    extractor = Extractor(path)
    found = extractor.features(images)
    assert (found.shape, found.dtype) == ((11, 128), np.float32)
    expected = nn.Sequential(*network.layers[:-1]).eval().forward(to_float(images))
    np.testing.assert_allclose(found, expected, atol=0.01 * expected.max())
    assert found.min() == 0 < found.max()
    logits = network.layers[-1].forward(found)
    np.testing.assert_array_equal(extractor.classify(images), logits.argmax(axis=1))


def test_the_network_that_was_saved_is_left_alone(path, network, images):
    before = [p.data.copy() for p in network.params()]
    save_weights(path, network, image_shape=SHAPE, width=2, accuracy=0.5)
    Extractor(path).features(images)
    for p, was in zip(network.params(), before, strict=True):
        np.testing.assert_array_equal(p.data, was)
        assert p.data.dtype == np.float32


def test_batches_make_no_difference(path, images):
    extractor = Extractor(path)
    whole = extractor.features(images)
    np.testing.assert_allclose(
        extractor.features(images, batch_size=3), whole, rtol=1e-4, atol=1e-5
    )


def test_every_backend_finds_the_same_and_returns_host_arrays(path, images, device):
    found, expected = Extractor(path, device).features(images), Extractor(path).features(images)
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    assert isinstance(Extractor(path, device).classify(images), np.ndarray)


def test_images_of_twice_the_size_are_halved(path, images):
    extractor = Extractor(path)
    doubled = images.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_array_equal(extractor.features(doubled), extractor.features(images))
    doubled[:, 1::2, 1::2] = np.where(
        doubled[:, 1::2, 1::2] < 128, 255, 0
    )  # a quarter of the pixels
    assert np.abs(extractor.features(doubled) - extractor.features(images)).max() > 0.1


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 1), (64, 32, 3), (16, 16, 3)])
def test_images_of_another_size_are_refused(path, shape):
    with pytest.raises(ValueError, match="small takes images of"):
        Extractor(path).features(np.zeros((2, *shape), np.uint8))


def test_it_knows_its_file(path):
    extractor = Extractor(path)
    assert extractor.name == "small"
    assert extractor.accuracy == 0.25
    assert extractor.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_missing_file(tmp_path):
    with pytest.raises(UserError, match=r"cannot read .*none.npz: no such file"):
        Extractor(tmp_path / "none.npz")


def test_an_altered_file(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="truncated or altered"):
        Extractor(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda meta, arrays: meta.pop("width"),
        lambda meta, arrays: meta.update(width=3),
        lambda meta, arrays: meta.update(width="wide"),
        lambda meta, arrays: meta.update(image_shape=None),
        lambda meta, arrays: arrays.pop(max(arrays)),
    ],
)
def test_a_sound_file_that_holds_something_else(path, change):
    meta, arrays = read_arrays(path)
    change(meta, arrays)
    write_arrays(path, meta, arrays)
    with pytest.raises(UserError, match=r"small.npz does not hold a classifier: ") as caught:
        Extractor(path)
    assert "\n" not in str(caught.value)


def test_the_shipped_weights_are_loaded_once(monkeypatch):
    first = extractor_for((32, 32, 3))
    monkeypatch.setattr(module, "read_arrays", None)  # whoever reads a file now fails
    assert first is extractor_for([64, 64, 3], np)


@pytest.mark.parametrize("shape", [(28, 28, 1), (64, 64, 3)])
def test_features_of_images_by_their_shape(rng, shape):
    images = rng.integers(0, 256, (5, *shape), np.uint8)
    expected = extractor_for(shape).features(images)
    np.testing.assert_array_equal(features_of(images), expected)


def test_features_of_images_on_a_device(rng, device):
    images = rng.integers(0, 256, (5, 28, 28, 1), np.uint8)
    found = features_of(images, device)
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, features_of(images), rtol=1e-3, atol=1e-3)


def test_a_shape_that_nothing_was_trained_for():
    with pytest.raises(UserError, match=r"images of 30 × 30 × 1: there are those for 28 × 28 × 1"):
        extractor_for((30, 30, 1))


SHIPPED = {(28, 28, 1): "fashion_mnist", (32, 32, 3): "cifar10", (64, 64, 3): "cifar10"}


@pytest.mark.parametrize("shape", SHIPPED)
def test_the_shipped_weights_are_there(shape):
    assert extractor_for(shape).name == SHIPPED[shape]
    assert extractor_for(shape).features(np.zeros((2, *shape), np.uint8)).shape == (2, 128)


def test_the_shipped_weights_take_less_than_2_mb_together():
    files = list(module.Path(module.__file__).parent.joinpath("weights").glob("*.npz"))
    assert 0 < sum(file.stat().st_size for file in files) < 2_000_000


def test_the_shipped_classifier_is_as_good_as_it_says():
    """On 200 test images: within four standard errors."""
    test, extractor = load("fashion-mnist-subset", "test"), extractor_for((28, 28, 1))
    images, labels = test.images[::5], test.labels[::5]
    right = (extractor.classify(images) == labels).mean()
    error = np.sqrt(extractor.accuracy * (1 - extractor.accuracy) / len(labels))
    assert extractor.accuracy > 0.9
    assert abs(right - extractor.accuracy) < 4 * error


def test_features_tell_classes_apart_better_than_chance():
    """The nearest other image, by features, is of the same class for most."""
    test, extractor = load("fashion-mnist-subset", "test"), extractor_for((28, 28, 1))
    x, labels = extractor.features(test.images[:300]), test.labels[:300]
    d2 = ((x[:, None] - x) ** 2).sum(axis=2)
    np.fill_diagonal(d2, np.inf)
    assert (labels[d2.argmin(axis=1)] == labels).mean() > 0.75
