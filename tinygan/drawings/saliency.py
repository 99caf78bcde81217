"""Where D looks: the gradient of its output with respect to the pixels of one image.

D(x + dx) ≈ D(x) + <∂D/∂x, dx>: a pixel with a large |∂D/∂x| is one whose change would change D's
mind most. One backward pass gives it for a whole batch, if the output for an image depends on this
image alone. In training that is not so: dropout makes D random, and BatchNorm mixes the images of a
batch. So D is taken as it is when it is used, in eval mode: dropout changes nothing, and BatchNorm
is the fixed straight line

    y = γ (x − μ) / √(v + ε) + β,    ∂y/∂x = γ / √(v + ε)

of its running statistics. (D was trained with the statistics of a batch of real or of generated
images; the running ones are a mean of both.)
Source: Simonyan, Vedaldi & Zisserman 2014, "Deep inside convolutional networks", section 3.
"""

import numpy as np

from tinygan import backend, nn
from tinygan.data.pixels import to_float
from tinygan.drawings import latent, sheet
from tinygan.errors import UserError
from tinygan.models.conditional import Conditional, ConditionalImages
from tinygan.nn.norm import inverse_std, normalise
from tinygan.recipes import trained_model

_COLUMNS = 10
_BATCH = 256


class RunningNorm(nn.Layer):
    """y = γ (x − μ) / √(v + ε) + β with the running μ and v of a BatchNorm.    x (…, F) -> (…, F).

    norm: the BatchNorm whose arrays it uses. Backward: gx = gy · γ / √(v + ε); γ and β are given.
    Raises as every layer does.
    """

    per_example = True

    def __init__(self, norm):
        self.gamma, self.beta, self.eps = norm.gamma.data, norm.beta.data, norm.eps
        self.mean, self.var = norm.running_mean, norm.running_var

    def forward(self, x):
        inv_std = inverse_std(self.var.astype(x.dtype), self.eps)
        self.keep(self.gamma.astype(x.dtype) * inv_std)
        return normalise(x, self.mean.astype(x.dtype), inv_std, self.gamma, self.beta)

    def backward(self, gy, accumulate=True, input_grad=True):
        slope = self.take()
        return gy * slope if input_grad else None


def as_used(D):
    """D in eval mode, as a new network of the same weights that can be differentiated.

    Layers keep what a backward needs in training mode only; here every layer computes the same in
    both modes. D: a Sequential, Conditional or ConditionalImages. Its Dense, Conv2d, … are shared,
    not copied.
    """
    layers = [
        RunningNorm(layer) if isinstance(layer, nn.BatchNorm) else layer
        for layer in D.layers
        if not isinstance(layer, nn.Dropout | nn.GaussianNoise)
    ]
    if isinstance(D, Conditional | ConditionalImages):
        return type(D)(D.embedding, *layers)
    return nn.Sequential(*layers)


def image_gradient(D, x, *labels):
    """D(x) and ∂D/∂x of each image by itself.    x (N, H, W, C) -> (N,), (N, H, W, C), x's dtype.

    D: gives logits (N, 1), on x's device; neither its gradients nor its mode are changed. labels
    (N,): for a conditional D.
    """
    network = as_used(D)
    modes = [(layer, layer.training) for layer in network.tree()]
    network.train()
    try:
        logits = network.forward(x, *labels)
        gradient = network.backward(backend.array_module(x).ones_like(logits), accumulate=False)
    finally:
        network.drop()
        for layer, training in modes:
            layer.training = training
    return logits[:, 0], gradient


def draw(run, out, *, n=10, seed=0, classes=None, real=False):
    """Draw n images, below each |∂D/∂x| summed over the channels (black 0, white its largest), and
    for grey images below that ∂D/∂x with its sign (red raises D, blue lowers it).

    Each map has a scale of its own. Above an image stands D's output: of most GANs a logit, above 0
    for "real"; of a Wasserstein GAN a number without a zero. seed, classes: as for grid.draw. real:
    training images, chosen by the seed, instead of samples.
    Returns the lines to print. Raises UserError as trained_model.draw does, and with real for data
    that is missing or not the run's.
    """
    model = run.model
    images, labels = _images(run, n, seed, classes, real)
    D, xp = model.networks["D"], run.xp
    numbers = () if labels is None else (np.searchsorted(model.classes, labels),)
    outputs, gradients = [], []
    for start in range(0, len(images), _BATCH):
        part, *others = (
            backend.to_device(array[start : start + _BATCH], xp) for array in (images, *numbers)
        )
        found = image_gradient(D, to_float(part, model.options["low"]), *others)
        for whole, array in zip((outputs, gradients), found, strict=True):
            whole.append(backend.to_numpy(array))
    outputs, gradients = np.concatenate(outputs), np.concatenate(gradients)
    rows = [
        [
            (image, f"{value:+.2f}".replace("-", "−"))
            for image, value in zip(images, outputs, strict=True)
        ],
        [(heat(g), "") for g in np.abs(gradients).sum(axis=-1)],
    ]
    names = ["x, D(x)", "|∂D/∂x|"]
    if images.shape[-1] == 1:
        rows.append([(signed(g), "") for g in gradients[..., 0]])
        names.append("∂D/∂x")
    what = "training images" if real else "samples"
    title = f"{model.name}: {what}, D's output, and where D looks"
    title += "; red raises D, blue lowers it" * (len(rows) == 3)
    sheet.save(
        out, sheet.in_rows(rows, names, _COLUMNS), title, sheet.scale_for(model.image_shape, 84)
    )
    what_next, words = ("in samples", ()) if real else ("in training images", ("--real",))
    return [
        f"{len(images)} {what} and where D looks in {out}; D's mean output {outputs.mean():+.2f}",
        run.next_line(what_next, "tinygan.draw", "saliency", *words),
    ]


def heat(values):
    """Values of at least 0, (H, W) -> uint8 (H, W, 3): black, red, yellow, white at the largest."""
    share = values / max(float(values.max()), 1e-30)
    return (255 * np.clip(3 * share[..., None] - np.arange(3), 0, 1)).round().astype(np.uint8)


def signed(values):
    """(H, W) -> uint8 (H, W, 3): white at 0, red at the largest absolute value, blue at −that."""
    share = np.clip(values / max(float(np.abs(values).max()), 1e-30), -1, 1)
    red, blue = np.maximum(share, 0), np.maximum(-share, 0)
    return (255 * (1 - np.stack([blue, red + blue, red], axis=-1))).round().astype(np.uint8)


def _images(run, n, seed, classes, real):
    """(uint8 images, their labels for a conditional GAN, else None)."""
    if not real:
        return trained_model.draw(run.model, n, seed, classes=classes)
    images, labels = run.trained_on()
    asked = latent.labels_for(run.model, 1, classes)  # refuses classes where there are none
    wanted = np.arange(len(images)) if classes is None else np.flatnonzero(np.isin(labels, classes))
    chosen = np.random.default_rng(seed).permutation(wanted)[:n]
    if not len(chosen):
        raise UserError("none of the training images has such a class")
    return images[chosen], None if asked is None else labels[chosen]
