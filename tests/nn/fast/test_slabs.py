"""The fast convolution against the plain one, over sizes at random."""

from unittest.mock import patch

import numpy as np
import pytest
import strict_device
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinygan import backend, nn
from tinygan.nn import correlation
from tinygan.nn.correlation import conv_size
from tinygan.nn.fast import slabs, threads

MAPS = ("correlate", "correlate_adjoint", "weight_gradient")
CHANNELS = (1, 2, 3, 8, 9)  # on both sides of slabs._FEW
TOLERANCE = {np.float64: 1e-13, np.float32: 1e-5}  # times the sum of what was added up


@st.composite
def geometries(draw):
    """(n, h, w, c, o, k, s, p): images, their size and channels, channels out, the kernel's."""
    k, s, p = draw(st.integers(1, 6)), draw(st.integers(1, 4)), draw(st.integers(0, 4))
    pixels = st.integers(max(1, k - 2 * p), 12)
    channels = st.sampled_from(CHANNELS)
    return (
        *(draw(st.integers(1, 6)), draw(pixels), draw(pixels)),
        *(draw(channels), draw(channels), k, s, p),
    )


def arrays(geometry, dtype, seed=0):
    """x, W and y of one correlation, none of which may be written to."""
    n, h, w, c, o, k, s, p = geometry
    rng = np.random.default_rng(seed)
    shapes = (n, h, w, c), (k, k, c, o), (n, conv_size(h, k, s, p), conv_size(w, k, s, p), o)
    found = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    for array in found:
        array.flags.writeable = False  # any write raises
    return found


def three_maps(module, x, W, y, geometry):
    k, s, p = geometry[-3:]
    return {
        "correlate": module.correlate(x, W, s, p),
        "correlate_adjoint": module.correlate_adjoint(y, W, x.shape, s, p),
        "weight_gradient": module.weight_gradient(x, y, k, s, p),
    }


def empty_of_nan(shape, dtype=float):
    """np.empty, but what is read before it was written shows."""
    return np.full(shape, np.nan, dtype)


def check(geometry, dtype):
    """slabs' three maps are correlation's, to rounding."""
    inputs = arrays(geometry, dtype)
    with patch.object(np, "empty", empty_of_nan):
        found = three_maps(slabs, *inputs, geometry)
    expected = three_maps(correlation, *inputs, geometry)
    added_up = three_maps(correlation, *map(np.abs, inputs), geometry)
    for name in MAPS:
        assert found[name].dtype == dtype, name
        assert found[name].shape == expected[name].shape, name
        off = np.abs(found[name] - expected[name])
        assert (off <= TOLERANCE[dtype] * added_up[name]).all(), (name, off.max())
        assert not any(np.shares_memory(found[name], array) for array in inputs), name


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@settings(max_examples=150)
@given(geometry=geometries())
@example(geometry=(2, 7, 6, 9, 8, 5, 2, 2))  # DCGAN's
@example(geometry=(3, 8, 7, 8, 3, 3, 2, 0))  # rows and columns left over at the edge
@example(geometry=(2, 3, 1, 9, 9, 2, 1, 4))  # windows that meet nothing but padding
@example(geometry=(2, 9, 5, 8, 9, 2, 4, 0))  # pixels that no window meets
@example(geometry=(2, 1, 2, 9, 1, 6, 4, 4))  # more phases than rows
@example(geometry=(1, 12, 12, 9, 9, 1, 1, 0))  # a matrix product and nothing else
def test_the_maps_are_those_of_correlation(geometry, dtype):
    check(geometry, dtype)


@st.composite
def geometries_of_few_channels(draw):
    """As geometries, with windows that lie apart, touch or overlap but never begin side by side."""
    s, p = draw(st.integers(2, 4)), draw(st.integers(0, 3))
    k = draw(st.integers(1, s - 1) | st.integers(s, 3 * s))
    pixels = st.integers(max(1, k - 2 * p), max(12, k + 2 * s))
    return (
        *(draw(st.integers(1, 5)), draw(pixels), draw(pixels)),
        *(draw(st.integers(1, 3)), draw(st.sampled_from((1, 4, 9))), k, s, p),
    )


@settings(max_examples=100)
@given(geometry=geometries_of_few_channels(), copied=st.sampled_from([1, 300, slabs._COPIED]))
@example(geometry=(5, 28, 28, 1, 9, 5, 2, 2), copied=1 << 14)  # the image of a DCGAN
@example(geometry=(3, 9, 7, 2, 4, 3, 4, 0), copied=300)  # pixels between the windows
@example(geometry=(3, 9, 7, 2, 4, 3, 4, 3), copied=300)
@example(geometry=(2, 8, 11, 3, 4, 2, 2, 0), copied=300)  # windows side by side, a column left over
@example(geometry=(2, 1, 2, 3, 4, 7, 2, 3), copied=300)  # a window larger than the image
def test_the_maps_of_an_image_of_few_channels_are_those_of_correlation(geometry, copied):
    with patch.object(slabs, "_COPIED", copied):
        check(geometry, np.float64)


@given(geometry=geometries())
def test_a_batch_larger_than_a_block_gives_the_same(geometry):
    with patch.object(slabs, "_ROWS", 4), patch.object(slabs, "_COPIED", 200):
        check((6, *geometry[1:]), np.float64)


@pytest.mark.parametrize(
    ("name", "c", "images"),
    [
        ("correlate", 1, 2),  # 36 c numbers of windows an image
        ("correlate", 9, 2),  # two rows of output
        ("correlate_adjoint", 1, 2),
        ("correlate_adjoint", 9, 1),  # three rows of tiles
        ("weight_gradient", 1, 2),
        ("weight_gradient", 9, 6),  # a sum to add up for each: as few as there are threads
    ],
)
def test_a_batch_larger_than_a_block_is_cut_into_several(name, c, images, monkeypatch):
    cuts = []
    right = slabs.over_batch

    def spy(work, n, most=None):
        return right(lambda block: (cuts.append(block), work(block))[1], n, most)

    monkeypatch.setattr(slabs, "over_batch", spy)
    monkeypatch.setattr(slabs, "_ROWS", 4)
    monkeypatch.setattr(slabs, "_COPIED", 100)
    monkeypatch.setattr(threads, "count", lambda: 1)
    x, W, y = arrays((6, 4, 4, c, 3, 3, 2, 1), np.float64)
    {
        "correlate": lambda: slabs.correlate(x, W, 2, 1),
        "correlate_adjoint": lambda: slabs.correlate_adjoint(y, W, x.shape, 2, 1),
        "weight_gradient": lambda: slabs.weight_gradient(x, y, 3, 2, 1),
    }[name]()
    assert cuts == [slice(i, i + images) for i in range(0, 6, images)]


@given(geometry=geometries())
def test_the_memory_of_the_input_may_lie_in_any_order(geometry):
    inputs = arrays(geometry, np.float64)
    turned = [np.asfortranarray(array) for array in inputs]
    found, expected = (three_maps(slabs, *a, geometry) for a in (turned, inputs))
    for name in MAPS:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("c", CHANNELS)
def test_no_images_give_no_images_and_no_gradient(c):
    geometry = (0, 6, 5, c, 2, 3, 2, 1)
    inputs = arrays(geometry, np.float32)
    found, expected = (three_maps(module, *inputs, geometry) for module in (slabs, correlation))
    for name in MAPS:
        assert (found[name].shape, found[name].dtype) == (expected[name].shape, np.float32)
        assert not found[name].any()


LAYERS = {
    "conv, few channels": lambda r: nn.Conv2d(3, 9, 5, stride=2, padding=2, rng=r, std=0.5),
    "conv": lambda r: nn.Conv2d(9, 8, 3, stride=2, padding=1, rng=r, std=0.5),
    "transposed": lambda r: nn.ConvTranspose2d(
        9, 3, 5, stride=2, padding=2, output_padding=1, rng=r, std=0.5
    ),
    "transposed, many channels": lambda r: nn.ConvTranspose2d(8, 9, 4, stride=2, rng=r, std=0.5),
}


def step(build, xp, dtype):
    """y, gx, gW, gb of one step of a layer, as arrays of the host."""
    rng = np.random.default_rng(0)
    layer = build(rng)
    for p in layer.params():
        p.data, p.grad = p.data.astype(dtype), p.grad.astype(dtype)
    layer.b.data += 0.5
    layer.to(xp)
    x = rng.standard_normal((4, 7, 6, layer.c_in)).astype(dtype)
    y = layer.forward(backend.to_device(x, xp))
    gy = rng.standard_normal(y.shape).astype(dtype)
    gx = layer.backward(backend.to_device(gy, xp))
    return [backend.to_numpy(array) for array in (y, gx, layer.W.grad, layer.b.grad)]


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("xp", [np, strict_device], ids=["numpy", "strict"])
def test_the_layers_use_slabs_on_the_processor_and_correlation_on_a_device(name, xp, monkeypatch):
    called = []

    def spy(module, map_name):
        right = getattr(module, map_name)
        monkeypatch.setattr(
            module, map_name, lambda *args: (called.append((module, map_name)), right(*args))[1]
        )

    for module in (slabs, correlation):
        for map_name in MAPS:
            spy(module, map_name)
    step(LAYERS[name], xp, np.float32)
    assert {module for module, _ in called} == {slabs if xp is np else correlation}
    assert sorted(map_name for _, map_name in called) == sorted(MAPS)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", LAYERS)
def test_a_device_and_the_processor_agree(name, dtype, device):
    for here, there in zip(
        step(LAYERS[name], np, dtype), step(LAYERS[name], device, dtype), strict=True
    ):
        assert here.dtype == there.dtype == dtype
        assert np.abs(here - there).max() < TOLERANCE[dtype] * 10 * np.abs(there).max()


@pytest.mark.parametrize("name", [name for name in LAYERS if name.startswith("conv")])
def test_the_linearised_layer_is_the_same_on_a_device(name, device):
    def pushed(xp):
        rng = np.random.default_rng(0)
        layer = LAYERS[name](rng).to(xp)
        x, v = rng.standard_normal((2, 3, 7, 6, layer.c_in)).astype(np.float32)
        layer.forward(backend.to_device(x, xp))
        return backend.to_numpy(layer.jvp(backend.to_device(v, xp)))

    np.testing.assert_allclose(pushed(np), pushed(device), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("c", [3, 9])
def test_a_gradient_of_another_size_is_refused(c):
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((2, 6, 6, c)), rng.standard_normal((3, 3, c, 4))
    for shape in ((2, 5, 6, 4), (2, 6, 7, 4), (1, 6, 6, 4)):
        gy = np.ones(shape)
        with pytest.raises(ValueError, match="expected"):
            slabs.weight_gradient(x, gy, 3, 1, 1)
        with pytest.raises(ValueError, match="expected"):
            slabs.correlate_adjoint(gy, W, x.shape, 1, 1)


@pytest.mark.parametrize("c_out", [1, 9])
def test_images_without_rows_become_what_padding_makes_of_them(c_out, rng):
    layer = nn.ConvTranspose2d(2, c_out, 5, rng=rng)
    assert layer.forward(np.zeros((2, 0, 3, 2), np.float32)).shape == (2, 4, 7, c_out)
