"""The weights of the first layer as pictures: what the network looks for in its input.

Of a convolution each filter (k, k, c) is a small picture. Of a dense layer each unit has a weight
for every pixel, which together are a picture of the images' size. Grey in the middle is 0; all are
drawn on one scale, on which white is the largest absolute weight and black its negative. Dense
layers start from large random weights, and what they learn is small beside these for a long time.
"""

import numpy as np

from tinygan import backend, nn
from tinygan.drawings import sheet
from tinygan.errors import UserError
from tinygan.models.conditional import Conditional, ConditionalImages

_NETWORKS = ("D", "encoder", "classifier")  # those that look at images


def first_filters(network, image_shape):
    """The first layer's weights, a picture for each of its outputs: (F, H, W, C) on the host.

    network: one that takes images (N, *image_shape); of a conditional one, the weights of the label
    are left out. Raises UserError when its first layer with weights is none of Conv2d and Dense.
    """
    layer = next((x for x in network.layers if x.params()), None)
    if isinstance(layer, nn.Conv2d):
        filters = backend.to_numpy(layer.W.data).transpose(3, 0, 1, 2)  # of (k, k, c_in, c_out)
        labelled = isinstance(network, ConditionalImages)
        return filters[..., : image_shape[2]] if labelled else filters
    if isinstance(layer, nn.Dense):
        W = backend.to_numpy(layer.W.data)  # (n_in, n_out)
        if isinstance(network, Conditional):
            W = W[: len(W) - network.embedding.dim]
        return W.T.reshape(-1, *image_shape)
    raise UserError("the first layer is neither a convolution nor dense: it has no filters")


def to_grey(filters, largest):
    """w in [−largest, largest] -> uint8 with 0 at 128: (w / largest) · 127 + 128, rounded."""
    return (np.clip(filters / max(largest, 1e-30), -1, 1) * 127 + 128).round().astype(np.uint8)


def draw(run, out, *, n=64):
    """Draw n filters, of a GAN those of D, of an autoencoder those of its encoder.

    Where there are more than n, those with the longest weight vectors; the longest comes first.

    A filter of one or three channels is grey or coloured; of another number, the mean over them.
    Returns the lines to print. Raises UserError as first_filters does.
    """
    model = run.model
    name = next(name for name in _NETWORKS if name in model.networks)
    filters = first_filters(model.networks[name], model.image_shape)
    if filters.shape[-1] not in (1, 3):
        filters = filters.mean(axis=-1, keepdims=True)
    lengths = np.sqrt((filters.astype(np.float64) ** 2).sum(axis=(1, 2, 3)))
    chosen = filters[np.argsort(-lengths, kind="stable")[:n]]
    largest = float(np.abs(chosen).max())
    columns = next(k for k in range(1, len(chosen) + 1) if k * k >= len(chosen))
    cells = [(image, "") for image in to_grey(chosen, largest)]
    size = "×".join(map(str, chosen.shape[1:3]))
    how_many = (
        f"{len(chosen)} of {len(filters)}" if len(chosen) < len(filters) else f"{len(chosen)}"
    )
    what = f"{how_many} filters of {size} in the first layer of {model.name}'s {name}"
    title = f"{what}, the largest first; white is {largest:.3g}, grey 0, black −{largest:.3g}"
    sheet.save(out, sheet.in_rows([cells], [""], columns), title, sheet.scale_for(chosen.shape[1:]))
    what_next, *words = {
        "D": ("where D looks", "saliency"),
        "encoder": ("where the codes lie", "codes"),
        "classifier": ("what else can be drawn of it",),
    }[name]
    return [
        f"{what}, in {out}; the largest absolute weight is {largest:.4g}",
        run.next_line(what_next, "tinygan.draw", *words),
    ]
