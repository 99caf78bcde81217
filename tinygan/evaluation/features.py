"""The features by which images are compared: what a small classifier makes of them.

Pixels are a poor measure of likeness: a coat that moves by two of them is another coat. The layer
before a classifier's last has learned what matters to tell things apart, so distances are taken
there, as in the Fréchet Inception Distance (Heusel et al. 2017). The classifiers are our own, so
that nothing has to be downloaded; for the same reason the numbers cannot be compared with published
FIDs.

weights/ holds two: one that has learned Fashion-MNIST, for 28×28 grey images, and one that has
learned CIFAR-10, for 32×32 colour. 64×64 colour (faces) is halved and shown to the second, which
has never seen a face: its numbers rank runs on faces, and mean less than on its own data.
"""

import functools
import hashlib
from pathlib import Path

import numpy as np

from tinygan import backend, nn
from tinygan.data.pixels import to_float
from tinygan.errors import UserError
from tinygan.models.classifier import classifier
from tinygan.npz import read_arrays, write_arrays

_FILES = {(28, 28, 1): "fashion_mnist", (32, 32, 3): "cifar10", (64, 64, 3): "cifar10"}


class Extractor:
    """A trained classifier, used for its features.

    path: a file of its weights, as save_weights writes it. xp: the array module to compute with.
    name: of the file. sha256: of its bytes. accuracy: on the test images of the data it learned.
    Raises UserError when the file is missing or is not such a file.
    """

    def __init__(self, path, xp=np):
        meta, arrays = read_arrays(path)
        self.name, self.xp = Path(path).stem, xp
        self.sha256 = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        try:
            self.shape, self.accuracy = tuple(meta["image_shape"]), float(meta["accuracy"])
            rng = np.random.default_rng(0)
            self.network = classifier(rng, image_shape=self.shape, width=int(meta["width"]))
            for name, array in self.network.named_arrays().items():
                array[...] = arrays[name].reshape(array.shape)
        except (KeyError, ValueError, TypeError) as error:
            raise UserError(f"{path} does not hold a classifier: {error}") from None
        self.network.to(xp).eval()
        self.body = nn.Sequential(*self.network.layers[:-1]).eval()  # all but the last layer

    def features(self, images, batch_size=256):
        """uint8 images (N, H, W, C) on the host -> float32 (N, 128) on the host, at least 0."""
        images = self._fitted(images)
        return nn.in_batches(self.body, images, before=to_float, batch_size=batch_size)

    def logits(self, features):
        """What the last layer makes of features (N, 128): float32 (N, classes), on the host."""
        last = self.network.layers[-1]
        return backend.to_numpy(last.forward(backend.to_device(features, self.xp)))

    def classify(self, images, batch_size=256):
        """The most likely class of each image: (N,) integers on the host."""
        return self.logits(self.features(images, batch_size)).argmax(axis=1)

    def _fitted(self, images):
        """Images of the size that this classifier has learned: as they are, or halved."""
        n, h, w, c = images.shape
        if (h, w, c) == self.shape:
            return images
        if (h, w, c) == (2 * self.shape[0], 2 * self.shape[1], self.shape[2]):
            blocks = images.reshape(n, h // 2, 2, w // 2, 2, c)
            return np.rint(blocks.mean(axis=(2, 4), dtype=np.float32)).astype(np.uint8)
        raise ValueError(f"{self.name} takes images of {self.shape}, got {images.shape[1:]}")


def extractor_for(image_shape, xp=np):
    """The shipped Extractor for images (H, W, C), loaded once and shared: do not change it.

    Raises UserError when there is none for that shape.
    """
    name = _FILES.get(tuple(image_shape))
    if name is None:
        known = ", ".join(map(size_words, _FILES))
        raise UserError(
            f"no feature extractor for images of {size_words(image_shape)}: there are those for "
            f"{known}"
        )
    return _shipped(name, xp)


def features_of(images, xp=np):
    """The features of uint8 images (N, H, W, C) on the host, by the shipped Extractor for their
    shape: float32 (N, 128) on the host. Raises UserError when there is none."""
    return extractor_for(images.shape[1:], xp).features(images)


def size_words(image_shape):
    """(28, 28, 1) -> "28 × 28 × 1"."""
    return " × ".join(map(str, image_shape))


def save_weights(path, network, *, image_shape, width, accuracy):
    """Write what Extractor reads: matrices as float16, which halves the file, the rest as it is.

    network: what models.classifier.classifier built. Raises OSError when it cannot be written.
    """
    meta = {
        "format": 1,
        "image_shape": list(image_shape),
        "width": width,
        "accuracy": accuracy,
    }
    arrays = {}
    for name, array in network.named_arrays().items():
        array = backend.to_numpy(array)
        arrays[name] = array.astype(np.float16) if array.ndim > 1 else array
    write_arrays(path, meta, arrays)


@functools.cache
def _shipped(name, xp):
    return Extractor(Path(__file__).parent / "weights" / f"{name}.npz", xp)
