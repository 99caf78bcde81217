"""What must hold of the functions in exercises/14.py."""

import numpy as np

from tinygan import models, nn


def parameters(answer):
    for c in (1, 8, 32):
        G = models.dcgan_generator(np.random.default_rng(0), width=c)
        counts = [sum(param.data.size for param in layer.params()) for layer in G.layers]
        found = answer(c)
        kinds = {
            nn.Dense: "the Dense (it has no bias)",
            nn.BatchNorm: "the BatchNorms (gamma and beta a feature)",
            nn.ConvTranspose2d: "the stamps (only the last has a bias)",
        }
        off = found - sum(counts)
        parts = {
            text: sum(n for n, layer in zip(counts, G.layers, strict=True) if type(layer) is kind)
            for kind, text in kinds.items()
        }
        forgotten = next((text for text, n in parts.items() if off == -n), "a bias or a BatchNorm")
        assert off == 0, f"for c = {c} it is off by {off}: look again at {forgotten}"


def seen(answer):
    for kernel, stride, layers in ((5, 2, 1), (5, 2, 2), (3, 2, 3), (3, 1, 3)):
        convolutions = (
            nn.Conv2d(1, 1, kernel, stride=stride, rng=np.random.default_rng(0))
            for _ in range(layers)
        )
        net = nn.Sequential(*convolutions)
        gy = np.zeros_like(net.forward(np.zeros((1, 33, 33, 1))))
        gy[0, 1, 1] = 1
        wanted = (net.backward(gy)[0, :, :, 0] != 0).any(axis=1).sum()
        found = answer(kernel, stride, layers)
        assert found == wanted, (
            f"with {layers} layers of kernel {kernel} and stride {stride} a gradient reaches "
            f"{wanted} pixels, not {found}: how far apart do two neighbours of a layer look?"
        )


def output_padding(answer):
    for h, wanted, kernel, stride, padding in (
        (7, 14, 5, 2, 2), (7, 13, 5, 2, 2), (4, 8, 4, 2, 1), (5, 17, 3, 3, 0), (7, 16, 5, 2, 2)
    ):  # fmt: skip
        more = answer(h, wanted, kernel, stride, padding)
        case = f"{h} to {wanted} with k = {kernel}, s = {stride}, p = {padding}"
        assert more is None or 0 <= more < stride, f"{case}: {more} is not from 0 to s − 1"
        layer = nn.ConvTranspose2d(
            1, 1, kernel, stride=stride, padding=padding, output_padding=more or 0,
            rng=np.random.default_rng(0),
        )  # fmt: skip
        made = layer.forward(np.zeros((1, h, h, 1))).shape[1]
        assert more is None or made == wanted, f"{case}: with {more} the layer makes {made}"
        least = made - (more or 0)
        assert more is not None or not least <= wanted < least + stride, f"{case}: there is one"
