"""Every kernel equals its plain function, over sizes and geometries at random.

The strict device runs the kernels' own text, by way of the C++ compiler. Where a GPU answers, the
same tests run on it.
"""

import copy
import inspect

import numpy as np
import pytest
import strict_device
from fast_cases import (
    ARGUMENTS,
    MAPS,
    PLAIN,
    arrays,
    geometries,
    geometries_of_few_channels,
    in_dtype,
    map_arguments,
    shapes,
)
from hypothesis import HealthCheck, example, given, settings

from tinygan import backend
from tinygan.kernel import Kernel, Reduction, runs_on
from tinygan.nn.dispatch import fastest
from tinygan.nn.fast import kernels

FIXTURES = [HealthCheck.function_scoped_fixture]  # those used here do not change
COLUMNS = ("im2col", "col2im")
REST = sorted(set(kernels.__all__) - {*MAPS, *COLUMNS})


@pytest.fixture(autouse=True)
def kernels_run(device):
    if not runs_on(device):
        pytest.skip(strict_device.NO_KERNELS)


def on(device, value):
    """`value`, a nest of lists and tuples, with its arrays on the device."""
    if isinstance(value, list | tuple):
        return type(value)(on(device, element) for element in value)
    host = isinstance(value, np.ndarray) and value.dtype != np.uint64  # a key stays on the host
    return backend.to_device(value, device) if host else value


def from_device(value):
    if isinstance(value, list | tuple):
        return type(value)(from_device(element) for element in value)
    return backend.to_numpy(value) if hasattr(value, "get") else value


def test_every_kernel_is_exported_and_tested_here():
    mine = {
        name
        for name, value in inspect.getmembers(kernels, inspect.isfunction)
        if value.__module__ == kernels.__name__ and not name.startswith("_")
    }
    assert mine == set(kernels.__all__)
    assert mine - {*MAPS, *COLUMNS} <= ARGUMENTS.keys()
    used = inspect.getsource(kernels)
    for name, value in vars(kernels).items():
        if isinstance(value, Kernel | Reduction):
            assert used.count(name) > 1, f"{name} is never called"


@pytest.mark.parametrize("name", kernels.__all__)
def test_the_two_take_the_same_arguments(name):
    assert inspect.signature(PLAIN[name]) == inspect.signature(getattr(kernels, name))


def check(name, shape, dtype, device):
    """The results are equal, and so are the arguments afterwards, whether updated or left alone."""
    arguments = in_dtype(ARGUMENTS[name](np.random.default_rng(0), shape), dtype)
    mine, its = on(device, copy.deepcopy(arguments)), copy.deepcopy(arguments)
    result = getattr(kernels, name)(*mine)
    found = arrays(from_device([result, mine]))
    expected = arrays([PLAIN[name](*its), its])
    for a, b in zip(found, expected, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        if b.dtype.kind != "f":
            np.testing.assert_array_equal(a, b)
            continue
        tolerance = 100 * np.finfo(b.dtype).eps * max(1, np.abs(b).max(initial=0))
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", REST)
@settings(max_examples=20, suppress_health_check=FIXTURES)
@given(shape=shapes)
@example(shape=(1, 1))
@example(shape=(1, 300))
@example(shape=(3000, 1))
@example(shape=(700, 3))  # sums in several parts, of different lengths
@example(shape=(5000, 2))
def test_a_kernel_is_its_plain_function(name, dtype, shape, device):
    check(name, shape, dtype, device)


@pytest.mark.parametrize("name", ["leaky_relu", "apply_mask", "keep_mask", "normal_noise"])
@pytest.mark.parametrize("shape", [(0, 3), (0, 4, 3)])
def test_they_agree_on_nothing(name, shape, device):
    check(name, shape, np.float32, device)


@pytest.mark.parametrize("mean", [0, 1e3, 1e4, 1e20])
@pytest.mark.parametrize("outlier", [0, 1e4])
def test_variances_survive_a_large_mean_and_an_outlier_in_the_first_row(mean, outlier, device, rng):
    x = rng.normal(mean, 1, (20_000, 2)).astype(np.float32)
    x[0] += outlier
    found = backend.to_numpy(kernels.batch_moments(on(device, x))[1])
    expected = x.astype(np.float64).var(axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-14 * mean**2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_not_finite_stays_so(dtype, device):
    x = np.array([np.nan, np.inf, -np.inf, 0, -0.0], dtype)
    for name, arguments in {
        "leaky_relu": (x, 0.2),
        "relu_backward": (x, x),
        "logistic": (x,),
        "tanh_backward": (x, x),
        "apply_mask": (x, np.array([True, False, True, False, True]), 0.5),
    }.items():
        with np.errstate(invalid="ignore"):
            expected = PLAIN[name](*arguments)
        found = from_device(getattr(kernels, name)(*on(device, arguments)))
        np.testing.assert_array_equal(found, expected, err_msg=name)


@pytest.mark.parametrize("rows", [3, 700])
def test_the_statistics_of_what_is_not_finite_are_not_finite(rows, device, rng):
    x = rng.standard_normal((rows, 3))
    x[rows // 2] = [0, np.nan, np.inf]
    mean, var = from_device(kernels.batch_moments(on(device, x)))
    assert np.isfinite(mean).tolist() == np.isfinite(var).tolist() == [True, False, False]


# Convolutions


def check_maps(geometry, dtype, device):
    """All kernels of convolutions equal their plain functions."""
    x, _, k, s, p = map_arguments(geometry, dtype)["weight_gradient"]
    cols = PLAIN["im2col"](x, k, s, p)
    np.testing.assert_array_equal(from_device(kernels.im2col(on(device, x), k, s, p)), cols)
    found = from_device(kernels.col2im(on(device, cols), x.shape, k, s, p))
    np.testing.assert_allclose(found, PLAIN["col2im"](cols, x.shape, k, s, p), rtol=0, atol=1e-5)
    for name, arguments in map_arguments(geometry, dtype).items():
        found = from_device(getattr(kernels, name)(*on(device, arguments)))
        expected = PLAIN[name](*arguments)
        sizes = [np.abs(a) if isinstance(a, np.ndarray) else a for a in arguments]
        added_up = PLAIN[name](*sizes)  # the sum of the sizes of what was added up
        assert (found.shape, found.dtype) == (expected.shape, dtype), name
        off = np.abs(found - expected)
        assert (off <= {np.float64: 1e-13, np.float32: 1e-5}[dtype] * added_up).all(), (name, off)


@settings(max_examples=60, suppress_health_check=FIXTURES)
@given(geometry=geometries() | geometries_of_few_channels())
@example(geometry=(2, 7, 6, 9, 8, 5, 2, 2))
@example(geometry=(3, 8, 7, 8, 3, 3, 2, 0))  # rows and columns left over at the edge
@example(geometry=(2, 3, 1, 9, 9, 2, 1, 4))  # windows that meet nothing but padding
@example(geometry=(2, 9, 5, 8, 9, 2, 4, 0))  # pixels that no window meets
@example(geometry=(2, 1, 2, 9, 1, 6, 4, 4))
@example(geometry=(0, 6, 5, 3, 2, 3, 2, 1))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_maps_agree(geometry, dtype, device):
    check_maps(geometry, dtype, device)


def test_arrays_in_another_order_of_memory_give_the_same(device, rng):
    x = rng.standard_normal((3, 6, 5, 4)).astype(np.float32)
    turned = on(device, np.ascontiguousarray(x.transpose(3, 2, 1, 0))).transpose(3, 2, 1, 0)
    for f in (
        lambda x: kernels.im2col(x, 3, 2, 1),
        lambda x: kernels.leaky_relu(x, 0.2),
        lambda x: kernels.bias_gradient(x),
        kernels.length,
    ):
        np.testing.assert_array_equal(from_device(f(turned)), from_device(f(on(device, x))))


def test_a_device_that_runs_kernels_is_given_them(device):
    x = on(device, np.ones(3, np.float32))
    assert fastest(PLAIN["leaky_relu"], x) is kernels.leaky_relu
    assert fastest(PLAIN["add_bias"], x) is PLAIN["add_bias"]


# A fault in any kernel is caught by the tests above

FAULTS = {  # kernel: (what calls it, what stands in its text, what is planted)
    "_LEAKY_RELU": ("leaky_relu", "slope * x", "slope"),
    "_LEAKY_RELU_BACKWARD": ("leaky_relu_backward", "x > 0", "gy > 0"),
    "_RELU_BACKWARD": ("relu_backward", "0 * gy", "gy"),
    "_TANH_BACKWARD": ("tanh_backward", "1 - y * y", "1 - y"),
    "_SIGMOID_BACKWARD": ("sigmoid_backward", "(1 - y)", "(1 + y)"),
    "_LOGISTIC": ("logistic", "e / (1 + e)", "1 / (1 + e)"),
    "_BCE": ("bce_terms", "- l * t", ""),
    "_ADAM": ("adam_step", "rest2 * g * g", "rest2 * g"),
    "_KEEP": ("keep_mask", "16 * (j % 4)", "16 * (j / 4)"),
    "_NORMAL": ("normal_noise", "length * sinf", "sinf"),
    "_APPLY_MASK": ("apply_mask", "scale : T(0)", "T(1) : T(0)"),
    "_ADD_NOISE": ("add_noise", "std * e", "e"),
    "_SUM": ("bias_gradient", "t += _ind.size()", "t += _ind.size() + 1"),
    "_SQUARES": ("length", "x[t] * x[t]", "x[t]"),
    "_MOMENTS": ("batch_moments", "first + s / m", "s / m"),
    "_JOIN": ("batch_moments", "b.squares + d * d * (a.m * b.m / m)", "b.squares"),
    "_BACKWARD_SUMS": ("backward_sums", "x[t] - middle", "x[t]"),
    "_JOIN_SUMS": ("backward_sums", "gy_d * inv_std", "gy_d"),
    "_NORMALISE": ("normalise", "+ beta", ""),
    "_NORMALISE_BACKWARD": ("normalise_backward", "- gbeta / m", ""),
    "_MOVE_RUNNING": ("move_running", "var * unbiased", "var"),
    "_AVERAGE": ("average", "rest * w", "w"),
    "_LENGTH": ("length", "sqrt(a)", "a"),
    "_IM2COL": ("maps", "* s - p", "* s"),
    "_COL2IM": ("maps", "e += s, --v", "e += s"),
}


def test_a_fault_is_planted_in_every_kernel():
    found = {name for name, value in vars(kernels).items() if isinstance(value, Kernel | Reduction)}
    assert found == FAULTS.keys()


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_caught(name, device, monkeypatch):
    caller, right, wrong = FAULTS[name]
    kernel = getattr(kernels, name)
    planted = [
        part.replace(right, wrong) if isinstance(part, str) and field != "name" else part
        for field, part in kernel._asdict().items()
    ]
    assert planted != list(kernel)
    monkeypatch.setattr(kernels, name, type(kernel)(*planted))
    if caller == "maps":
        arguments = check_maps, (3, 8, 7, 8, 3, 3, 2, 1), np.float64, device
    else:
        many = 5000 if caller == "bias_gradient" else 700
        arguments = check, caller, (many, 3), np.float64, device
    with pytest.raises((AssertionError, IndexError)):
        arguments[0](*arguments[1:])
