"""Every fast function equals its plain namesake, over sizes and geometries at random."""

import copy
import importlib
import inspect
import math
import pkgutil
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinygan import nn
from tinygan.nn import fast
from tinygan.nn.correlation import conv_size
from tinygan.nn.fast import blocks, openblas, planes, slabs
from tinygan.nn.fast import threads as nn_threads


def functions(package):
    """All public functions of a package's modules: dict of name to function."""
    found = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        found |= {
            name: value
            for name, value in inspect.getmembers(module, inspect.isfunction)
            if value.__module__ == module.__name__ and not name.startswith("_")
        }
    return found


PLAIN = functions(nn)


@contextmanager
def small_blocks(workers):
    """Blocks of a few numbers or images, done by so many threads. (A fixture would be made once for
    all examples of a test.)"""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "CACHE", 64)
        patch.setattr(blocks, "WORTH", 256)
        patch.setattr(slabs, "_ROWS", 4)
        patch.setattr(planes, "_COPIED", 200)
        patch.setattr(nn_threads, "count", lambda: workers if openblas.find() else 1)
        yield


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


def adam_arguments(rng, shape):
    """Arrays of several shapes; v is a mean of squares, so not negative."""
    shapes = [shape, shape[-1:], ()]
    w, g, m = ([np.array(rng.standard_normal(s)) for s in shapes] for _ in range(3))
    v = [np.array(rng.random(s)) for s in shapes]
    return w, g, m, v, int(rng.integers(1, 9)), 0.01, 0.5, 0.9, 1e-3


ELEMENTWISE = {
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
        *column_values(rng, shape, 3),
    ),
    "adam_step": adam_arguments,
    "set_to_zero": lambda rng, shape: ([normal(rng, *shape), normal(rng, shape[-1])],),
}
MAPS = ("correlate", "correlate_adjoint", "weight_gradient")


def test_every_fast_function_with_a_plain_namesake_is_exported_and_tested_here():
    namesakes = functions(fast).keys() & PLAIN.keys()
    assert namesakes == set(fast.__all__) == {*ELEMENTWISE, *MAPS}


def test_dispatch_finds_no_other_name_in_the_package():
    for name in PLAIN.keys() - set(fast.__all__):
        assert not hasattr(fast, name), name


@pytest.mark.parametrize("name", fast.__all__)
def test_the_two_take_the_same_arguments(name):
    assert inspect.signature(PLAIN[name]) == inspect.signature(getattr(fast, name))


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


def check_elementwise(name, shape, dtype):
    """The results are equal, and so are the arguments afterwards, whether updated or left alone."""
    arguments = in_dtype(ELEMENTWISE[name](np.random.default_rng(0), shape), dtype)
    mine, its = copy.deepcopy(arguments), copy.deepcopy(arguments)
    found = arrays([getattr(fast, name)(*mine), mine])
    expected = arrays([PLAIN[name](*its), its])
    for a, b in zip(found, expected, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        tolerance = 100 * np.finfo(dtype).eps * max(1, np.abs(b).max(initial=0))
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


shapes = st.one_of(
    st.tuples(st.integers(1, 200), st.integers(1, 9)),
    st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 5), st.integers(1, 9)),
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ELEMENTWISE)
@given(shape=shapes)
@example(shape=(1, 1))
@example(shape=(1, 300))  # one row, longer than a block
@example(shape=(300, 1))
def test_in_one_block_or_in_many_they_compute_the_same(name, dtype, shape):
    check_elementwise(name, shape, dtype)
    for workers in (1, 2):
        with small_blocks(workers):
            check_elementwise(name, shape, dtype)


@pytest.mark.parametrize("name", ["leaky_relu", "relu", "apply_mask", "bias_gradient", "add_bias"])
@pytest.mark.parametrize("shape", [(0, 3), (0, 4, 3)])
def test_they_agree_on_nothing(name, shape):
    check_elementwise(name, shape, np.float32)


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


def empty_of_nan(shape, dtype=float):
    """In place of np.empty: what is read before it was written is seen."""
    return np.full(shape, np.nan, dtype)


def check_maps(geometry, dtype, **changed):
    """The fast maps, and `changed` ones by name, are the plain ones up to rounding."""
    for name, arguments in map_arguments(geometry, dtype).items():
        function = changed.get(name, getattr(fast, name))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(np, "empty", empty_of_nan)
            found = function(*arguments)
        expected = PLAIN[name](*arguments)
        sizes = [np.abs(a) if isinstance(a, np.ndarray) else a for a in arguments]
        added_up = PLAIN[name](*sizes)  # the sum of the sizes of what was added up
        assert (found.shape, found.dtype) == (expected.shape, dtype), name
        off = np.abs(found - expected)
        assert (off <= {np.float64: 1e-13, np.float32: 1e-5}[dtype] * added_up).all(), (name, off)
        assert not any(np.shares_memory(found, array) for array in arrays(arguments)), name


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@settings(max_examples=150)
@given(geometry=geometries())
@example(geometry=(2, 7, 6, 9, 8, 5, 2, 2))  # DCGAN's
@example(geometry=(3, 8, 7, 8, 3, 3, 2, 0))  # rows and columns left over at the edge
@example(geometry=(2, 3, 1, 9, 9, 2, 1, 4))  # windows that meet nothing but padding
@example(geometry=(2, 9, 5, 8, 9, 2, 4, 0))  # pixels that no window meets
@example(geometry=(2, 1, 2, 9, 1, 6, 4, 4))  # more phases than rows
@example(geometry=(1, 12, 12, 9, 9, 1, 1, 0))  # a matrix product and nothing else
def test_the_maps_agree(geometry, dtype):
    check_maps(geometry, dtype)


@settings(max_examples=100)
@given(geometry=geometries_of_few_channels(), workers=st.sampled_from([1, 2]))
@example(geometry=(5, 28, 28, 1, 9, 5, 2, 2), workers=2)  # the image of a DCGAN
@example(geometry=(3, 9, 7, 2, 4, 3, 4, 0), workers=1)  # pixels between the windows
@example(geometry=(3, 9, 7, 2, 4, 3, 4, 3), workers=1)
@example(geometry=(2, 8, 11, 3, 4, 2, 2, 0), workers=1)  # windows side by side, a column left over
@example(geometry=(2, 1, 2, 3, 4, 7, 2, 3), workers=1)  # a window larger than the image
def test_the_maps_agree_on_images_of_few_channels(geometry, workers):
    check_maps(geometry, np.float64)
    with small_blocks(workers):
        check_maps(geometry, np.float64)


@given(geometry=geometries(), workers=st.sampled_from([1, 2]))
def test_the_maps_agree_on_a_batch_of_many_blocks(geometry, workers):
    with small_blocks(workers):
        check_maps((6, *geometry[1:]), np.float64)


@settings(max_examples=100)
@given(geometry=geometries())
@example(geometry=(2, 1, 2, 9, 1, 6, 4, 4))  # more phases than rows
@example(geometry=(2, 9, 5, 8, 9, 2, 4, 0))  # phases without a kernel row
def test_the_short_form_of_the_adjoint_agrees_too(geometry):
    check_maps(geometry, np.float64, correlate_adjoint=slabs.adjoint_by_phases)


@given(geometry=geometries(most_images=3))
def test_the_maps_agree_whatever_the_order_of_memory(geometry):
    for name, arguments in map_arguments(geometry, np.float64).items():
        odd = [np.asfortranarray(a) if isinstance(a, np.ndarray) else a for a in arguments]
        found, expected = getattr(fast, name)(*odd), PLAIN[name](*arguments)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("c", [1, 9])
def test_no_images_give_no_images_and_no_gradient(c):
    for name, arguments in map_arguments((0, 6, 5, c, 2, 3, 2, 1), np.float32).items():
        found, expected = getattr(fast, name)(*arguments), PLAIN[name](*arguments)
        assert (found.shape, found.dtype) == (expected.shape, np.float32)
        assert not found.any()


@pytest.mark.parametrize("c", [3, 9])
@pytest.mark.parametrize("which", [PLAIN, vars(fast)], ids=["plain", "fast"])
def test_a_gradient_of_another_size_is_refused(which, c, rng):
    x, W = rng.standard_normal((2, 6, 6, c)), rng.standard_normal((3, 3, c, 4))
    for shape in ((2, 5, 6, 4), (2, 6, 7, 4), (1, 6, 6, 4)):
        gy = np.ones(shape)
        with pytest.raises(ValueError, match="expected"):
            which["weight_gradient"](x, gy, 3, 1, 1)
        with pytest.raises(ValueError, match="expected"):
            which["correlate_adjoint"](gy, W, x.shape, 1, 1)
