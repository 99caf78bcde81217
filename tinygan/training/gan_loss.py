"""What D and G minimise: four losses, each for D on real images, D on fakes, and G.

D gives an image a number l (its logit, or score). Each function returns the mean loss of the batch
and its gradient with respect to l, so that the training loop can use any of them.

                 D on real       D on fake       G              source
    bce          −log p          −log(1 − p)     −log p         Goodfellow et al. 2014
    lsgan        ½ (l − 1)²      ½ l²            ½ (l − 1)²     Mao et al. 2017, eq. 9
    hinge        max(0, 1 − l)   max(0, 1 + l)   −l             Lim & Ye 2017
    wasserstein  −l              l               −l             Arjovsky et al. 2017

with p = sigmoid(l). For bce, G's loss is the non-saturating one (section 3 of the paper).
wasserstein needs a D that cannot change faster than its input: see gradient_penalty.py.
"""

from collections.abc import Callable
from typing import NamedTuple

from tinygan import backend
from tinygan.nn import bce_with_logits, sigmoid


class GanLoss(NamedTuple):
    """real, fake, generator: logits (N, 1) -> (loss, glogits): 0-d, and of logits' shape.
    score: logits -> the values to show: D's probability in [0, 1] of a real image, or l itself.
    """

    real: Callable
    fake: Callable
    generator: Callable
    score: Callable


def bce(label_smoothing=0.0):
    """Binary cross-entropy. label_smoothing: real images get the target 1 − label_smoothing.

    If D is never to be fully certain, it has no reason to drive its logits, and with them the
    gradients, to extremes. Only real targets are softened: a soft target for fakes would reward the
    generator's current mistakes. Source: Salimans et al. 2016, section 3.4.
    """
    real_target = 1.0 - label_smoothing
    return GanLoss(
        real=lambda logits: bce_with_logits(logits, real_target),
        fake=lambda logits: bce_with_logits(logits, 0.0),
        generator=lambda logits: bce_with_logits(logits, 1.0),
        score=sigmoid,
    )


def lsgan(label_smoothing=0.0):
    """Least squares: D's output should be 1 − label_smoothing for real images and 0 for fakes."""
    real_target = 1.0 - label_smoothing
    return GanLoss(
        real=lambda logits: _half_square(logits - real_target),
        fake=_half_square,
        generator=lambda logits: _half_square(logits - 1.0),
        score=lambda logits: logits,
    )


def hinge():
    """Hinge: real images with l above 1 and fakes with l below −1 have no loss and no gradient."""
    return GanLoss(
        real=lambda logits: _hinge(logits, -1.0),
        fake=lambda logits: _hinge(logits, 1.0),
        generator=lambda logits: _mean(logits, -1.0),
        score=lambda logits: logits,
    )


def wasserstein():
    """D's mean on fakes minus its mean on real images: for the best D of slope at
    most 1, minus the Wasserstein distance."""
    return GanLoss(
        real=lambda logits: _mean(logits, -1.0),
        fake=lambda logits: _mean(logits, 1.0),
        generator=lambda logits: _mean(logits, -1.0),
        score=lambda logits: logits,
    )


LOSSES = {"bce": bce, "lsgan": lsgan, "hinge": hinge, "wasserstein": wasserstein}
WITH_TARGETS = ("bce", "lsgan")  # these can be smoothed
NAMES = ("bce", "lsgan", "hinge")  # those that any D can use; wasserstein needs a special one


def by_name(name, label_smoothing=0.0):
    """The GanLoss called `name`, a key of LOSSES.

    Raises ValueError for another name, or for label smoothing with a loss that has no target.
    """
    if name not in LOSSES:
        raise ValueError(f"unknown loss {name!r}: choose one of {', '.join(LOSSES)}")
    if name in WITH_TARGETS:
        return LOSSES[name](label_smoothing)
    if label_smoothing:
        raise ValueError(f"label smoothing needs a target to soften, and the {name} loss has none")
    return LOSSES[name]()


def _half_square(difference):
    return 0.5 * (difference * difference).mean(), difference / difference.size


def _hinge(logits, sign):
    """mean max(0, 1 + sign·l), and its gradient: sign / size where that is above 0, else 0."""
    xp = backend.array_module(logits)
    shortfall = xp.maximum(1.0 + sign * logits, 0)
    return shortfall.mean(), (shortfall > 0) * (xp.ones_like(logits) * (sign / logits.size))


def _mean(logits, sign):
    """mean sign·l, and its gradient."""
    xp = backend.array_module(logits)
    return sign * logits.mean(), xp.ones_like(logits) * (sign / logits.size)
