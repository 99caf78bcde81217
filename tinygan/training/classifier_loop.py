"""How a classifier learns, and how often it is right."""

import numpy as np

from tinygan import nn
from tinygan.data.pixels import to_float
from tinygan.training.parallel import average_gradients


def classifier_step(network, optimizer, images, labels):
    """One update.    images (N, H, W, C) in [-1, 1], labels (N,) -> dict(loss, accuracy), 0-d.

    accuracy: on the batch, before the update, in training mode.
    """
    optimizer.zero_grad()
    logits = network.forward(images)
    loss, glogits = nn.softmax_cross_entropy(logits, labels)
    network.backward(glogits, input_grad=False)
    average_gradients(network)
    optimizer.step()
    right = logits.argmax(axis=1) == labels
    return {"loss": loss, "accuracy": right.astype(np.float32).mean()}


def predict(network, images, batch_size=256):
    """The logits of uint8 images (N, H, W, C) on the host, in eval mode -> float32 (N, K), host."""
    return nn.in_batches(network, images, before=to_float, batch_size=batch_size)
