"""What can be measured of a GAN between two updates, without changing anything of it.

Losses tell little: they may stand still while both networks learn, or while neither does. So we
look at what both do with one batch of real images and one of fakes. Two signs that come to mind are
not used as they are. D's mean belief: two beliefs of 1.000 may come from logits far apart, so
`overlap` compares logits. The length of G's gradient: Adam divides by it (adam.py), so it is told,
and `agreement` says whether what G hears is more than chance.
"""

import copy
import math

import numpy as np

from tinygan import backend, nn
from tinygan.metrics.distances import squared_distances
from tinygan.metrics.diversity import class_histogram, entropy
from tinygan.training.gan_loop import gradient_length

MEANINGS = {
    "overlap": "share of pairs, a real image and a fake, in which D gives the fake the higher "
    "logit: 0, D tells all apart; 0.5, it guesses; 1, it takes fakes for real and real for fakes",
    "d_grad": "length of the gradient of D's loss, without a penalty, by all weights of D",
    "g_grad": "length of the gradient of G's loss, by all weights of G",
    "ratio": "g_grad / d_grad",
    "agreement": "cosine between G's gradients from two halves of the batch: 1, all noise asks "
    "for the same step; 0, the step is chance",
    "d_dead": "share of dead units in that layer of D that has most; dead: the same output for all "
    "images, real or not, and at all places of an image",
    "g_dead": "the same of G, without its output",
    "saturated": "share of G's output values at which its last function is flat (slope below 1 % "
    "of its largest): 0, as many as in real images; 1, all",
    "diversity": "mean distance between two samples in pixels, as a share of that between two real "
    "images",
    "off": "distance between the mean sample and the mean real image, as a share of the mean "
    "distance between two real images",
    "varied": "mean distance between two samples in a classifier's features, as a share of that "
    "between two real images",
    "classes": "how many classes samples have beyond one, e^H − 1 with H their entropy, as a share "
    "of the same of real images: 0, one class; 1, as many",
    "kind": "the class of most samples, by its place among those of the data, from 0",
}
ALWAYS = [n for n in MEANINGS if n not in ("varied", "classes", "kind")]  # without features too
_ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Sigmoid)
_TINY = 1e-30  # instead of a length of 0
_FLAT = 0.01  # of its largest slope: where a squashing function passes on next to nothing


def of_networks(G, D, real, z, labels, loss, seen):
    """The signs of two networks in training mode, as in an update: dict[str, float].

    Nothing changes: all is done on copies. real (N, H, W, C), z (N, noise_dim) and labels, () or
    ((N,),): on the networks' device. loss: a GanLoss. seen: (images) -> the images as D sees them,
    with instance noise or as they are.
    """
    G, D = (copy.deepcopy(network).train() for network in (G, D))
    watched = {"g": _watch(G), "d": _watch(D)}
    half = len(z) // 2
    _clear(D)
    real_logits = D.forward(seen(real), *labels)
    D.backward(loss.real(real_logits)[1], input_grad=False)
    fake_logits, gradients, flat = [], [], []
    for rows in (slice(half), slice(half, None)):
        some = [array[rows] for array in labels]
        fake = G.forward(z[rows], *some)
        images = seen(fake)
        logits = D.forward(images, *some)
        D.backward(loss.fake(logits)[1] / 2, input_grad=False)
        _, glogits = loss.generator(D.forward(images, *some))
        _clear(G)
        G.backward(D.backward(glogits, accumulate=False), input_grad=False)
        fake_logits.append(backend.to_numpy(logits))
        gradients.append([p.grad.copy() for p in G.params()])
        flat.append(_share_flat(watched["g"][-1].layer, fake))
    flat_real = _share_flat(watched["g"][-1].layer, real)
    d_grad, (g_grad, agreement) = float(gradient_length(D)), _of_halves(*gradients)
    return {
        "overlap": overlap(backend.to_numpy(real_logits), np.concatenate(fake_logits)),
        "d_grad": d_grad,
        "g_grad": g_grad,
        "ratio": g_grad / max(d_grad, _TINY),
        "agreement": agreement,
        "d_dead": max(map(_dead, watched["d"]), default=0.0),
        "g_dead": max(map(_dead, watched["g"][:-1]), default=0.0),
        "saturated": (sum(flat) / 2 - flat_real) / max(1 - flat_real, _TINY),
    }


def overlap(real_logits, fake_logits):
    """Share of pairs in which the fake's logit is the higher one; a tie counts half. It is 1 − AUC,
    the area under the curve of D as a classifier. Host arrays of any shape -> a float in [0, 1].

    Source: Fawcett 2006, "An introduction to ROC analysis", section 7.
    """
    real, fake = real_logits.reshape(-1, 1), fake_logits.reshape(1, -1)
    return float((fake > real).mean() + (fake == real).mean() / 2)


class Reference:
    """Real images, measured once, that samples are compared with.

    images: uint8 (N, H, W, C). labels: (N,) integers. features: (images) -> (N, d), or None.
    A sample's class is that whose real images have the nearest mean in the features. So it can be
    had for data that the classifier never saw, and from two classes on.
    """

    def __init__(self, images, labels, features=None):
        pixels = _pixels(images)
        self.mean, self.features = pixels.mean(axis=0), None
        self.distance = max(_mean_distance(pixels), _TINY)
        if features is not None:
            self.features, found = features, features(images)
            self.varied = max(_mean_distance(found), _TINY)
            self.centres = np.stack([
                found[labels == label].mean(axis=0, dtype=np.float64) for label in np.unique(labels)
            ])  # fmt: skip
            self.more = max(self._kinds(found)[0] - 1, _TINY)

    def signs(self, samples):
        """The signs of what G draws: uint8 (n, H, W, C) on the host -> dict[str, float]."""
        pixels = _pixels(samples)
        off = np.linalg.norm(pixels.mean(axis=0) - self.mean)
        found = {
            "diversity": _mean_distance(pixels) / self.distance,
            "off": float(off) / self.distance,
        }
        if self.features is not None:
            features = self.features(samples)
            found["varied"] = _mean_distance(features) / self.varied
            if len(self.centres) > 1:
                kinds, most = self._kinds(features)
                found |= {"classes": (kinds - 1) / self.more, "kind": float(most)}
        return found

    def _kinds(self, features):
        """(exp(H) of the classes: as many classes of one size have this entropy; the largest)."""
        nearest = squared_distances(features.astype(np.float64), self.centres).argmin(axis=1)
        counts = class_histogram(nearest, len(self.centres))
        return math.exp(entropy(counts)), int(counts.argmax())


class _Watched(nn.Layer):
    """A layer that remembers the lowest and highest output of each unit, the last axis of y, over
    all forwards."""

    def __init__(self, layer):
        self.layer, self.low, self.high = layer, None, None

    def forward(self, x):
        y = self.layer.forward(x)
        units, xp = y.reshape(-1, y.shape[-1]), backend.array_module(y)
        low, high = units.min(axis=0), units.max(axis=0)
        self.low = low if self.low is None else xp.minimum(self.low, low)
        self.high = high if self.high is None else xp.maximum(self.high, high)
        return y

    def backward(self, gy, accumulate=True, input_grad=True):
        return self.layer.backward(gy, accumulate, input_grad)


def _watch(network):
    """Put each activation of a Sequential into a _Watched; the list of these."""
    found = []
    for i, layer in enumerate(network.layers):
        if isinstance(layer, _ACTIVATIONS):
            network.layers[i] = _Watched(layer)
            found.append(network.layers[i])
    return found


def _clear(network):
    for param in network.params():
        param.clear()


def _dead(watched):
    """Share of units that have one output, but for rounding, for all images and places."""
    largest = max(float(abs(watched.low).max()), float(abs(watched.high).max()))
    return float((watched.high - watched.low <= 1e-6 * largest).mean())


def _share_flat(layer, y):
    """Of the outputs y of a Tanh, slope 1 − y², or a Sigmoid, y (1 − y): where it is flat."""
    slope = 1 - y * y if isinstance(layer, nn.Tanh) else 4 * y * (1 - y)
    return float((slope < _FLAT).mean())


def _of_halves(a, b):
    """(length of the mean of two gradients, their cosine); lists of arrays."""
    aa, bb, ab = (
        sum(float((x * y).sum()) for x, y in zip(left, right, strict=True))
        for left, right in ((a, a), (b, b), (a, b))
    )
    both = math.sqrt(aa * bb)
    return math.sqrt(max(aa + bb + 2 * ab, 0.0)) / 2, ab / both if both else 0.0


def _pixels(images):
    return images.reshape(len(images), -1).astype(np.float64) / 255


def _mean_distance(rows):
    """Mean Euclidean distance between two different rows: (N, D) -> a float."""
    rows = rows - rows.mean(axis=0, dtype=np.float64)
    d2 = np.maximum(squared_distances(rows, rows), 0)
    np.fill_diagonal(d2, 0)
    return float(np.sqrt(d2).sum()) / max(1, len(rows) * (len(rows) - 1))
