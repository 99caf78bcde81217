"""Losses: functions that return the loss and, with it, its gradient.

Backpropagation starts at the loss. No gradient has to arrive from above, so each function returns
both at once: (loss, dL/dinput). The loss is a 0-d array on the input's device (on the host, a NumPy
scalar). Reading it with float() makes the program wait for a GPU, so do that only to show it.
As in the layers, logits and predictions are float32 or float64; all else is a TypeError.
"""

import numpy as np

from tinygan import backend
from tinygan.nn.activation import sigmoid
from tinygan.nn.dispatch import fastest
from tinygan.nn.layer import check_float


def bce_with_logits(logits, target):
    """Binary cross-entropy of p = sigmoid(l) against target t, mean over all elements.

    L = mean( −t log p − (1 − t) log(1 − p) ) = mean( max(l, 0) − l t + log(1 + e^−|l|) )
    logits: any shape, any range. target: in [0, 1], a number or an array of the same shape.
    Returns (loss, glogits), both in logits' dtype.

    A logit l is log(p / (1 − p)), so p = 1 / (1 + e^−l). Then −log(1 − p) = log(1 + e^l) and
    −log p = log(1 + e^−l) = log(1 + e^l) − l. So the loss of one element is log(1 + e^l) − l t, and
    its derivative is e^l / (1 + e^l) − t: dL/dl = (p − t) / size. The second form of L takes
    max(l, 0) out of the logarithm, which then can neither overflow nor be of a rounded 0.
    Raises ValueError for a target array of another shape or empty logits.
    """
    check_float("bce_with_logits", logits)
    _check_not_empty("bce_with_logits", logits)
    if isinstance(target, int | float | np.generic):
        target = float(target)  # a NumPy float64 would make everything float64
    else:
        _check_same_shape("bce_with_logits", logits, target)
        target = target.astype(logits.dtype, copy=False)
    losses, glogits = fastest(bce_terms, logits)(logits, target)
    return losses.mean(), glogits


def bce_terms(logits, target):
    """The loss of each element, and its share of the mean's gradient: (losses, glogits)."""
    xp = backend.array_module(logits)
    losses = xp.maximum(logits, 0) - logits * target + xp.log1p(xp.exp(-xp.abs(logits)))
    return losses, (sigmoid(logits) - target) / logits.size


def mse(prediction, target):
    """Mean squared error over all elements.    L = mean( (y − t)² ),  dL/dy = 2 (y − t) / size.

    prediction, target: arrays of one shape. Returns (loss, gprediction), in prediction's dtype.
    Raises ValueError for shapes that differ or are empty.
    """
    check_float("mse", prediction)
    _check_not_empty("mse", prediction)
    _check_same_shape("mse", prediction, target)
    difference = prediction - target.astype(prediction.dtype, copy=False)
    return (difference * difference).mean(), difference * (2.0 / difference.size)


def softmax_cross_entropy(logits, labels):
    """Cross-entropy of p = softmax(l) against the right class, mean over the batch.

    L = mean_n( log Σ_k e^l[n,k] − l[n, labels[n]] ),   dL/dl = (softmax(l) − onehot(labels)) / N
    logits (N, K), any range. labels (N,) integers in [0, K).
    Returns (loss, glogits (N, K)), both in logits' dtype.

    With p = softmax(l) = e^l / Σ_k e^l, the derivative of log Σ_k e^l[k] by l[j] is e^l[j] / Σ_k
    e^l[k], that is p[j]; the derivative of l[label] is 1 where j is the label and else 0.
    Subtracting each row's maximum first changes nothing in exact arithmetic (it cancels) and keeps
    every exponent at or below 0, so that nothing overflows.
    Raises ValueError for shapes that do not fit, labels that are not integers, or, on the host,
    labels out of range.
    """
    xp = backend.array_module(logits)
    check_float("softmax_cross_entropy", logits)
    _check_not_empty("softmax_cross_entropy", logits)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            "softmax_cross_entropy expects logits (N, K) and integer labels (N,), got "
            f"{tuple(logits.shape)} and {labels.dtype} {tuple(labels.shape)}"
        )
    n, classes = logits.shape
    if xp is np and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"softmax_cross_entropy expects labels from 0 to {classes - 1}, "
            f"got {labels.min()} to {labels.max()}"
        )
    onehot = labels[:, None] == xp.arange(classes)  # (N, K)
    shifted = logits - logits.max(axis=1, keepdims=True)
    exp = xp.exp(shifted)
    total = exp.sum(axis=1, keepdims=True)
    log_p = shifted - xp.log(total)
    loss = -(log_p * onehot).sum() / n
    return loss, (exp / total - onehot) / n


def _check_same_shape(name, a, b):
    if a.shape != b.shape:
        raise ValueError(f"{name} expects one shape, got {tuple(a.shape)} and {tuple(b.shape)}")


def _check_not_empty(name, x):
    if x.size == 0:
        raise ValueError(f"{name} has no elements to average: shape {tuple(x.shape)}")
