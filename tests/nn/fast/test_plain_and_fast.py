"""Every fast function equals its plain namesake, over sizes and geometries at random."""

import copy
import inspect
from contextlib import contextmanager

import numpy as np
import pytest
from fast_cases import (
    ARGUMENTS,
    MAPS,
    PLAIN,
    arrays,
    functions,
    geometries,
    geometries_of_few_channels,
    in_dtype,
    map_arguments,
    shapes,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinygan.nn import fast
from tinygan.nn.fast import blocks, openblas, planes, slabs
from tinygan.nn.fast import threads as nn_threads


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


def test_every_fast_function_with_a_plain_namesake_is_exported_and_tested_here():
    modules = functions(fast, but="kernels").keys()
    assert modules & PLAIN.keys() == set(fast.__all__) <= {*ARGUMENTS, *MAPS}


def test_dispatch_finds_no_other_name_in_the_package():
    for name in PLAIN.keys() - set(fast.__all__):
        assert not hasattr(fast, name), name


@pytest.mark.parametrize("name", fast.__all__)
def test_the_two_take_the_same_arguments(name):
    assert inspect.signature(PLAIN[name]) == inspect.signature(getattr(fast, name))


def check_elementwise(name, shape, dtype):
    """The results are equal, and so are the arguments afterwards, whether updated or left alone."""
    arguments = in_dtype(ARGUMENTS[name](np.random.default_rng(0), shape), dtype)
    mine, its = copy.deepcopy(arguments), copy.deepcopy(arguments)
    found = arrays([getattr(fast, name)(*mine), mine])
    expected = arrays([PLAIN[name](*its), its])
    for a, b in zip(found, expected, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        tolerance = 100 * np.finfo(dtype).eps * max(1, np.abs(b).max(initial=0))
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(set(fast.__all__) - set(MAPS)))
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
