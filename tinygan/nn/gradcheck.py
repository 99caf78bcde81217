"""Detect a wrong derivative: compare it with the slope measured by finite differences.

By Taylor, f(x ± h) = f(x) ± h f′ + h²/2 f″ ± h³/6 f‴ + …, so (f(x + h) − f(x − h)) / 2h is f′ +
h²/6 f‴ + …: the slope, measured from values of f alone, so that it cannot share a mistake with a
hand-written backward. Its error has two parts: the h² term, and rounding, which grows as 1/h. In
float64 their sum is smallest near h = 1e-5, at about 1e-10. In float32 the rounding error of an
element can be 1e-3, large enough to hide a wrong gradient.
"""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from tinygan import backend
from tinygan.nn.layer import check_float

_STEP = 1e-5


@dataclass
class GradientReport:
    """What check_gradients found: the worst relative error for each name.

    errors: dict[str, float]. Under "x" (absent for integer inputs) and each parameter's dotted name
    is the error of the elementwise comparison, under the name followed by "·v" that of the
    directional one. worst: the largest of all errors.
    """

    errors: dict

    @property
    def worst(self):
        return max(self.errors.values(), default=0.0)

    def __str__(self):
        lines = [f"{name:<20} {error:.1e}" for name, error in self.errors.items()]
        return "\n".join([f"worst relative error {self.worst:.1e}", *lines])


def check_gradients(layer, x, *, rng=None, max_elements=200):
    """Compare layer.backward with finite differences, in float64. A wrong gradient raises nothing.

    The loss is L = Σ r · y with random weights r, so that gy = r and every output matters. There
    are two comparisons, for x and for each parameter. Elementwise: for at most `max_elements`
    elements drawn at random, |a − n| / max(|a|, |n|, 1e-3 of the largest). Directional: along a
    random direction v of length 1 over all elements, Σ g · v must be the slope of L along v (their
    difference, relative to the larger of the two or g's root mean square).

    layer: in training mode. Its parameters are changed to float64 for the check and restored
    afterwards, as are its gradients, running statistics and random generators. x: any input the
    layer takes, on the host; integer inputs have no gradient and only the parameters are checked.
    rng: host NumPy Generator, default_rng(0) when left out.
    Returns a GradientReport; its `.worst` should be below 1e-6.
    Raises TypeError when x is neither float32 nor float64 nor integers.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    if x.dtype.kind not in "iu":
        check_float("check_gradients", x)
    with _float64(layer):
        x = np.array(x, np.float64 if x.dtype.kind == "f" else x.dtype, order="C")
        generators = [(g, g.bit_generator.state) for g in layer.generators()]

        def forward():
            for generator, state in generators:  # the same dropout mask every time
                generator.bit_generator.state = state
            return layer.forward(x)

        r = rng.standard_normal(forward().shape)
        forward()
        gx = layer.backward(r)
        checked = {name: (p.data, p.grad) for name, p in layer.named_params().items()}
        if x.dtype.kind == "f":
            checked = {"x": (x, gx), **checked}

        def loss():
            return float((forward() * r).sum())

        errors = {}
        for name, (array, gradient) in checked.items():
            if gradient.shape != array.shape:
                errors[name] = float("inf")
                continue
            chosen = rng.permutation(array.size)[:max_elements]
            numeric = numerical_gradient(loss, array, chosen)
            errors[name] = relative_error(gradient.ravel()[chosen], numeric)
            errors[f"{name}·v"] = _directional_error(loss, array, gradient, rng)
        return GradientReport(errors)


def numerical_gradient(f, x, indices=None, h=_STEP):
    """Central differences: (f(x + h eᵢ) − f(x − h eᵢ)) / 2h for each i.

    f: called without arguments, returns a float that depends on x. x: a contiguous float64 array;
    changed in place for each measurement and restored. indices: flat positions, all of them when
    left out. Returns a float64 array (len(indices),). Raises ValueError for another x.
    """
    flat = x.reshape(-1)
    if x.dtype != np.float64 or not np.shares_memory(flat, x):
        raise ValueError(
            "numerical_gradient needs a contiguous float64 array, to change it in place by small "
            f"steps; got {x.dtype} {x.shape}"
        )
    indices = range(x.size) if indices is None else indices
    slopes = np.empty(len(indices))
    for slot, i in enumerate(indices):
        before = flat[i]
        flat[i] = before + h
        above = f()
        flat[i] = before - h
        below = f()
        flat[i] = before
        slopes[slot] = (above - below) / (2 * h)
    return slopes


def relative_error(analytic, numeric):
    """The largest |a − n| / max(|a|, |n|, floor), floor being 1e-3 of the largest |a| or |n|.

    The floor is for elements that are tiny compared to the largest: finite differences cannot
    distinguish those from 0. If all are nearly 0, the error is the absolute difference.
    """
    if analytic.size == 0:
        return 0.0
    if not (np.isfinite(analytic).all() and np.isfinite(numeric).all()):
        return float("inf")
    largest = max(np.abs(analytic).max(), np.abs(numeric).max())
    floor = 1e-3 * largest if largest > 1e-8 else 1.0
    scale = np.maximum(np.maximum(np.abs(analytic), np.abs(numeric)), floor)
    return float((np.abs(analytic - numeric) / scale).max())


def _directional_error(loss, array, gradient, rng):
    v = rng.standard_normal(array.shape)
    v /= max(np.sqrt((v * v).sum()), 1e-300)
    before = array.copy()
    array += _STEP * v
    above = loss()
    array[...] = before - _STEP * v
    below = loss()
    array[...] = before
    numeric = (above - below) / (2 * _STEP)
    analytic = float((gradient * v).sum())
    # relative to the gradient's root mean square too: v may be nearly orthogonal to the gradient
    rms = float(np.sqrt((gradient * gradient).sum() / max(gradient.size, 1)))
    scale = max(abs(analytic), abs(numeric), rms)
    return abs(analytic - numeric) / (scale if scale > 1e-8 else 1.0)


@contextmanager
def _float64(layer):
    """A with-block in which the layer computes in float64; afterwards all is as before."""
    params = [(p, p.data, p.grad) for p in layer.params()]
    buffers = [
        (owner, name, getattr(owner, name)) for owner in layer.tree() for name in owner.buffers
    ]
    generators = [(g, g.bit_generator.state) for g in layer.generators()]
    if any(backend.array_module(data) is not np for _, data, _ in params):
        raise ValueError("check_gradients works on the host: call layer.to(numpy) first")
    try:
        for p, data, _ in params:
            p.data, p.grad = data.astype(np.float64), np.zeros(data.shape)
        for owner, name, value in buffers:
            setattr(owner, name, value.astype(np.float64))
        yield
    finally:
        for p, data, grad in params:
            p.data, p.grad = data, grad
        for owner, name, value in buffers:
            setattr(owner, name, value)
        for generator, state in generators:
            generator.bit_generator.state = state
        layer.drop()
