"""The small convolutional classifier whose features the metrics use."""

import math

from tinygan import nn

FEATURES = 128  # length of an image's feature vector, in the last hidden layer


def classifier(rng, *, image_shape, classes=10, width=32):
    """images (N, H, W, C) in [-1, 1] -> logits (N, classes).

    Five 3×3 convolutions with BatchNorm and ReLU, three of them with stride 2: (H, W, width)
    -> (H/2, W/2, 2 width) twice -> (H/4, W/4, 4 width) -> (H/8, W/8, 2 width), then a dense layer
    to the 128 features, ReLU, dropout, and a dense layer to the logits. H/2 is rounded up.
    image_shape: (H, W, C). Initial weights: N(0, 2 / n_in), He et al. 2015, section 2.2; the
    last layer, which no ReLU follows, N(0, 1 / n_in).
    """
    h, w, c = image_shape
    layers = []
    plan = [(width, 1), (2 * width, 2), (2 * width, 1), (4 * width, 2), (2 * width, 2)]
    for c_out, stride in plan:
        std = math.sqrt(2 / (9 * c))
        layers += [
            nn.Conv2d(c, c_out, 3, stride=stride, padding=1, bias=False, rng=rng, std=std),
            nn.BatchNorm(c_out),
            nn.ReLU(),
        ]
        h, w, c = -(-h // stride), -(-w // stride), c_out
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        nn.Dense(h * w * c, FEATURES, rng=rng, std=math.sqrt(2 / (h * w * c))),
        nn.ReLU(),
        nn.Dropout(0.3, rng=rng),
        nn.Dense(FEATURES, classes, rng=rng, std=math.sqrt(1 / FEATURES)),
    )
