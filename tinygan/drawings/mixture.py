"""What the components of a Gaussian mixture stand for: their means as images, and draws from one.

p(x) = Σ_k w_k N(x; μ_k, Σ_k): the weight w_k is the share of images that component k draws, μ_k the
image in its middle, and Σ_k how its draws differ from that. The mixture may be one of the pixels'
principal components (the recipe gmm) or of an autoencoder's codes, which are then decoded.
"""

import numpy as np

from tinygan import backend
from tinygan.drawings import latent, sheet
from tinygan.errors import UserError


def draw_means(run, out, *, n=100):
    """Draw the mean image of each component, the one with the largest weight first, n at most.

    Above each stands its number, as `component` takes it, and its weight.
    Returns the lines to print. Raises UserError for an autoencoder without a mixture.
    """
    weights, means = _weights_and_means(run.model)
    order = np.argsort(-weights, kind="stable")[:n]
    images = latent.images(run.model, means[order].astype(np.float32))
    cells = [
        (image, f"{k}: {100 * weights[k]:.1f} %") for k, image in zip(order, images, strict=True)
    ]
    columns = next(k for k in range(1, len(cells) + 1) if k * k >= len(cells))
    title = f"{run.model.name}: the means of {len(cells)} components with their numbers and weights"
    rows = sheet.in_rows([cells], [""], columns)
    sheet.save(out, rows, title, sheet.scale_for(run.model.image_shape))
    first, last = int(order[0]), int(order[-1])
    return [
        f"the means of {len(cells)} components in {out}; weights from {100 * weights[first]:.1f} % "
        f"to {100 * weights[last]:.1f} %",
        run.next_line("one alone", "tinygan.draw", "component", "--component", first),
    ]


def draw_component(run, out, *, component=None, n=32, seed=0):
    """Draw a component's mean, and n draws from it alone.

    component: its number, from 0, as `means` shows it; the one with the largest weight if None.
    Returns the lines to print. Raises UserError for a number that no component has.
    """
    model = run.model
    weights, means = _weights_and_means(model)
    k = int(weights.argmax()) if component is None else component
    if k >= len(weights):
        raise UserError(
            f"--component {k} is not one of this run's {len(weights)}: they count from 0 to "
            f"{len(weights) - 1}"
        )
    mean = latent.images(model, means[k : k + 1].astype(np.float32))[0]
    images = latent.images(model, draws(model, k, n, np.random.default_rng(seed)))
    title = (
        f"{model.name}, component {k} of {len(weights)}, of weight {100 * weights[k]:.1f} %: its "
        "mean, and draws from it"
    )
    columns = next(c for c in range(1, n + 1) if c * c >= n)
    rows = [("mean", [(mean, "")])]
    rows += sheet.in_rows([[(image, "") for image in images]], [""], columns)
    sheet.save(out, rows, title, sheet.scale_for(model.image_shape))
    return [
        f"{n} draw{'s' * (n > 1)} from component {k}, of weight {100 * weights[k]:.1f} %, in {out}",
        run.next_line("all components", "tinygan.draw", "means"),
    ]


def draws(model, k, n, rng):
    """n points from component k alone: float32 (n, D) on the host."""
    mixture = latent.fitted_mixture(model).restored(rng)
    weights, means, covariances = (backend.to_numpy(a) for a in model.mixture.arrays.values())
    mixture.set_parameters(np.eye(len(weights))[k], means, covariances)
    return mixture.sample(n)[0].astype(np.float32)


def _weights_and_means(model):
    arrays = latent.fitted_mixture(model).arrays
    return backend.to_numpy(arrays["weights"]), backend.to_numpy(arrays["means"])
