"""Arguments of the functions that have a plain and a faster version: sizes and geometries."""

import importlib
import inspect
import math
import pkgutil

import numpy as np
from hypothesis import strategies as st

from tinygan import nn
from tinygan.nn.correlation import conv_size


def functions(package, but=None):
    """All public functions of a package's modules, but for one: dict of name to function."""
    found = {}
    for info in pkgutil.iter_modules(package.__path__):
        if info.name == but:
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        found |= {
            name: value
            for name, value in inspect.getmembers(module, inspect.isfunction)
            if value.__module__ == module.__name__ and not name.startswith("_")
        }
    return found


PLAIN = functions(nn)


# The arguments of each function, for a shape (…, F), in float64


def normal(rng, *shape):
    x = rng.standard_normal(shape)
    x[rng.random(shape) < 0.1] = 0  # where activations have their kink
    return x


def rows(shape):
    return math.prod(shape[:-1]), shape[-1]


def column_values(rng, shape, number):
    """So many arrays (F,) of positive numbers."""
    return [rng.uniform(0.5, 2, shape[-1:]) for _ in range(number)]


def grouped(rng, shape):
    """(N, S, 2, F): examples with two groups of channels."""
    return normal(rng, shape[0], math.prod(shape[1:-1]), 2, shape[-1])


def group_values(rng, shape):
    """The mean and 1 / σ of each group, (N, 2) each."""
    return rng.standard_normal((shape[0], 2)), rng.uniform(0.5, 2, (shape[0], 2))


def blocks_of_bits(rng):
    """A key and a counter, as random_bits.take_blocks has them."""
    key = rng.integers(0, 1 << 64, 2, np.uint64)
    return key, np.array([rng.integers(0, 1000), 0, 0, 0], np.uint64)


def adam_arguments(rng, shape):
    """Arrays of several shapes; v is a mean of squares, so not negative."""
    shapes = [shape, shape[-1:], ()]
    w, g, m = ([np.array(rng.standard_normal(s)) for s in shapes] for _ in range(3))
    v = [np.array(rng.random(s)) for s in shapes]
    return w, g, m, v, int(rng.integers(1, 9)), 0.01, 0.5, 0.9, 1e-3


ARGUMENTS = {
    "leaky_relu": lambda rng, shape: (normal(rng, *shape), rng.choice([0, 0.2, 1]).item()),
    "leaky_relu_backward": lambda rng, shape: (
        *(normal(rng, *shape), normal(rng, *shape)),
        rng.choice([0, 0.2, 1]).item(),
    ),
    "relu": lambda rng, shape: (normal(rng, *shape),),
    "relu_backward": lambda rng, shape: (normal(rng, *shape), normal(rng, *shape)),
    "apply_mask": lambda rng, shape: (normal(rng, *shape), rng.random(shape) < 0.7, 0.7),
    "add_bias": lambda rng, shape: (normal(rng, *shape), normal(rng, shape[-1])),
    "bias_gradient": lambda rng, shape: (normal(rng, *shape),),
    "input_gradient": lambda rng, shape: (normal(rng, *rows(shape)), normal(rng, 5, shape[-1])),
    "batch_moments": lambda rng, shape: (normal(rng, *rows(shape)),),
    "normalise": lambda rng, shape: (
        normal(rng, *rows(shape)),
        *column_values(rng, shape, 4),
    ),
    "normalise_backward": lambda rng, shape: (
        *(normal(rng, *rows(shape)), normal(rng, *rows(shape))),
        *column_values(rng, shape, 5),
        9,
    ),
    "backward_sums": lambda rng, shape: (
        *(normal(rng, *rows(shape)), normal(rng, *rows(shape))),
        *column_values(rng, shape, 2),
    ),
    "group_moments": lambda rng, shape: (grouped(rng, shape),),
    "group_normalise": lambda rng, shape: (
        *(grouped(rng, shape), *group_values(rng, shape)),
        *(normal(rng, 2, shape[-1]), normal(rng, 2, shape[-1])),
    ),
    "group_normalise_backward": lambda rng, shape: (
        *(grouped(rng, shape), grouped(rng, shape), *group_values(rng, shape)),
        normal(rng, 2, shape[-1]),
    ),
    "adam_step": adam_arguments,
    "tanh_backward": lambda rng, shape: (normal(rng, *shape), np.tanh(normal(rng, *shape))),
    "sigmoid_backward": lambda rng, shape: (normal(rng, *shape), rng.random(shape)),
    "logistic": lambda rng, shape: (100 * normal(rng, *shape),),
    "bce_terms": lambda rng, shape: (
        30 * normal(rng, *shape),
        rng.random(shape) if rng.random() < 0.5 else 0.9,
    ),
    "keep_mask": lambda rng, shape: (np.empty(1), shape, *blocks_of_bits(rng), 20_000),
    "normal_noise": lambda rng, shape: (np.empty(1), shape, *blocks_of_bits(rng)),
    "add_noise": lambda rng, shape: (normal(rng, *shape), normal(rng, *shape), 0.3),
    "move_running": lambda rng, shape: (
        *column_values(rng, shape, 2),
        *(1e-5, 0.1, 1.25),
        *column_values(rng, shape, 2),
    ),
    "length": lambda rng, shape: (normal(rng, *shape),),
    "average": lambda rng, shape: (normal(rng, *shape), normal(rng, *shape), 0.99),
}
MAPS = ("correlate", "correlate_adjoint", "weight_gradient")


def in_dtype(value, dtype):
    """Every array of floating-point numbers in `value`, a nest of lists and tuples, in dtype."""
    if isinstance(value, list | tuple):
        return type(value)(in_dtype(element, dtype) for element in value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value.astype(dtype)
    return value


def arrays(value):
    """Every array in `value`, a nest of lists and tuples."""
    if isinstance(value, list | tuple):
        return [array for element in value for array in arrays(element)]
    return [value] if isinstance(value, np.ndarray | np.generic) else []


shapes = st.one_of(
    st.tuples(st.integers(1, 200), st.integers(1, 9)),
    st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 5), st.integers(1, 9)),
)


# The three maps


@st.composite
def geometries(draw, most_images=6):
    """(n, h, w, c, o, k, s, p): images, rows, columns, channels in and out, kernel, stride,
    padding. Channels are on both sides of slabs.FEW."""
    k, s, p = draw(st.integers(1, 6)), draw(st.integers(1, 4)), draw(st.integers(0, 4))
    pixels, channels = st.integers(max(1, k - 2 * p), 12), st.sampled_from((1, 2, 3, 8, 9))
    n, h, w = draw(st.integers(1, most_images)), draw(pixels), draw(pixels)
    return n, h, w, draw(channels), draw(channels), k, s, p


@st.composite
def geometries_of_few_channels(draw):
    """As geometries, with windows that are apart, touch or overlap."""
    s, p = draw(st.integers(2, 4)), draw(st.integers(0, 3))
    k = draw(st.integers(1, s - 1) | st.integers(s, 3 * s))
    pixels = st.integers(max(1, k - 2 * p), max(12, k + 2 * s))
    n, h, w = draw(st.integers(1, 5)), draw(pixels), draw(pixels)
    return n, h, w, draw(st.integers(1, 3)), draw(st.sampled_from((1, 4, 9))), k, s, p


def map_arguments(geometry, dtype):
    """The arguments of each of the three maps, of arrays that may not be written to."""
    n, h, w, c, o, k, s, p = geometry
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, h, w, c)).astype(dtype)
    W = rng.standard_normal((k, k, c, o)).astype(dtype)
    y = rng.standard_normal((n, conv_size(h, k, s, p), conv_size(w, k, s, p), o)).astype(dtype)
    for array in (x, W, y):
        array.flags.writeable = False  # any write raises
    return {
        "correlate": (x, W, s, p),
        "correlate_adjoint": (y, W, x.shape, s, p),
        "weight_gradient": (x, y, k, s, p),
    }
