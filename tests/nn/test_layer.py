"""What all layers promise: dtypes, caches, nothing of the caller's written into, every backend."""

import numpy as np
import pytest
import strict_device
from layer_cases import (
    LAYERS,
    NOT_COMPUTED_IN,
    make,
    names_with_input_gradient,
    names_with_params,
)

from tinygan import backend, nn


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", names_with_input_gradient())
def test_everything_is_computed_in_the_dtype_of_the_input(name, dtype, version):
    layer, x = make(name, dtype)
    y = layer.forward(x)
    gx = layer.backward(np.ones_like(y))
    assert (y.dtype, gx.dtype) == (dtype, dtype)
    assert {p.grad.dtype for p in layer.params()} <= {np.dtype(dtype)}
    assert {p.data.dtype for p in layer.params()} <= {np.dtype(dtype)}
    assert layer.eval().forward(x).dtype == dtype


@pytest.mark.parametrize("name", LAYERS)
def test_weights_are_born_float32(name):
    build, _ = LAYERS[name]
    layer = build(np.random.default_rng(0))
    for array in [p.data for p in layer.params()] + list(layer.named_buffers().values()):
        assert array.dtype == np.float32


@pytest.mark.parametrize("build", [
    lambda number: nn.LeakyReLU(number),
    lambda number: nn.Dropout(number, rng=np.random.default_rng(0)),
    lambda number: nn.GaussianNoise(number, rng=np.random.default_rng(0)),
    lambda number: nn.BatchNorm(3, eps=number, momentum=number),
])  # fmt: skip
def test_a_float64_setting_does_not_make_float32_into_float64(build):
    layer = build(np.float64(0.1))
    x = np.ones((2, 3), np.float32)
    y = layer.forward(x)
    assert y.dtype == np.float32
    assert layer.backward(y).dtype == np.float32


@pytest.mark.parametrize("name", LAYERS)
def test_neither_x_nor_gy_is_written_to_nor_returned(name, version):
    layer, x = make(name)
    x_before = x.copy()
    y = layer.forward(x)
    gy = np.full_like(y, 0.5)
    y += 1  # it is the caller's: the backward must not depend on it
    gx = layer.backward(gy)
    np.testing.assert_array_equal(x, x_before)
    np.testing.assert_array_equal(gy, 0.5)
    assert not np.shares_memory(x, y)
    assert gx is None or not np.shares_memory(gx, gy)
    y_eval = layer.eval().forward(x)
    assert not np.shares_memory(x, y_eval)
    np.testing.assert_array_equal(x, x_before)


@pytest.mark.parametrize("name", LAYERS)
def test_the_gradients_do_not_change_when_the_caller_writes_into_y(name):
    results = []
    for spoil in (False, True):
        layer, x = make(name)
        y = layer.forward(x)
        gy = np.linspace(-1, 1, y.size).reshape(y.shape)
        if spoil:
            y[...] = 7
        gx = layer.backward(gy)
        results.append([gx, *(p.grad for p in layer.params())])
    for calm, spoiled in zip(*results, strict=True):
        assert calm is None or np.array_equal(calm, spoiled)


@pytest.mark.parametrize("name", LAYERS)
def test_a_second_backward_or_one_without_forward_raises(name):
    layer, x = make(name)
    with pytest.raises(RuntimeError, match=r"needs a forward in training mode"):
        layer.backward(np.zeros(1))
    y = layer.forward(x)
    layer.backward(np.ones_like(y))
    with pytest.raises(RuntimeError, match=r"one forward for each backward"):
        layer.backward(np.ones_like(y))


@pytest.mark.parametrize("name", LAYERS)
def test_an_eval_forward_keeps_nothing_and_leaves_the_kept_alone(name):
    layer, x = make(name)
    with pytest.raises(RuntimeError):
        layer.backward(np.ones_like(layer.eval().forward(x)))
    y = layer.train().forward(x)
    state = {k: v.copy() for k, v in layer.named_buffers().items()}
    layer.eval().forward(x[:1])
    for k, v in layer.named_buffers().items():
        np.testing.assert_array_equal(v, state[k])
    layer.train().backward(np.ones_like(y))


@pytest.mark.parametrize("name", names_with_params())
def test_gradients_add_up_unless_told_not_to(name):
    layer, x = make(name)

    def run(**how):
        for g in layer.generators():
            g.bit_generator.state = state[id(g)]
        return layer.backward(np.ones_like(layer.forward(x)), **how)

    state = {id(g): g.bit_generator.state for g in layer.generators()}
    gx = run()
    once = [p.grad.copy() for p in layer.params()]
    again = run(accumulate=False)
    assert gx is None or np.array_equal(gx, again)
    for p, g in zip(layer.params(), once, strict=True):
        np.testing.assert_array_equal(p.grad, g)
    run()
    for p, g in zip(layer.params(), once, strict=True):
        np.testing.assert_allclose(p.grad, 2 * g, rtol=1e-12)


@pytest.mark.parametrize("accumulate", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_without_input_grad_none_is_returned_and_all_else_stays_the_same(name, accumulate):
    grads = []
    for input_grad in (True, False):
        layer, x = make(name)
        y = layer.forward(x)
        gy = np.linspace(1, 2, y.size).reshape(y.shape)
        gx = layer.backward(gy, accumulate, input_grad)
        assert (gx is not None) == (input_grad and x.dtype.kind == "f")  # labels have no gradient
        with pytest.raises(RuntimeError):
            layer.backward(gy)
        grads.append([p.grad for p in layer.params()])
    for a, b in zip(*grads, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.any() == accumulate


def test_without_input_grad_backward_ends_at_the_first_layer_with_parameters(rng):
    class Forbidden(nn.Tanh):
        def backward(self, gy, accumulate=True, input_grad=True):
            raise AssertionError("this gradient is not used")

    first = Forbidden()
    net = nn.Sequential(first, nn.Dense(3, 2, rng=rng), nn.Tanh())
    dense = net.layers[1]
    y = net.forward(np.ones((2, 3)))
    assert net.backward(np.ones_like(y), input_grad=False) is None
    assert dense.W.grad.any()
    for layer in net.layers:  # all caches are empty
        with pytest.raises(RuntimeError):
            layer.take()
    net.forward(np.ones((2, 3)))
    W, dense.W.data = dense.W.data, None  # any use of it raises: Dense does not compute its gx
    net.backward(np.ones_like(y), input_grad=False)
    dense.W.data = W
    dense.backward = first.backward  # nor is Dense called when no gradient is wanted at all
    net.forward(np.ones((2, 3)))
    assert net.backward(np.ones_like(y), accumulate=False, input_grad=False) is None
    for layer in net.layers:
        with pytest.raises(RuntimeError):
            layer.take()


def leaves(layer):
    """The layers that compute, in the order of forward."""
    return [inner for inner in layer.tree() if not isinstance(inner, nn.Sequential)]


def refused_by(layer, dtype):
    """The sentence, as a regular expression, with which a layer refuses a dtype."""
    return (
        rf"^{type(layer).__name__} computes in float32 or float64, got {np.dtype(dtype)}: "
        r"convert it with \.astype\('float32'\)$"
    )


@pytest.mark.parametrize("dtype", NOT_COMPUTED_IN)
@pytest.mark.parametrize("name", names_with_input_gradient())
def test_every_layer_refuses_every_other_dtype_in_one_sentence(name, dtype):
    layer, x = make(name)
    other = np.ones(x.shape, dtype)
    first, last = leaves(layer)[0], leaves(layer)[-1]
    for mode in (layer.train, layer.eval):
        mode()
        with pytest.raises(TypeError, match=refused_by(first, dtype)):
            layer.forward(other)
    y = layer.train().forward(x)
    with pytest.raises(TypeError, match=refused_by(last, dtype)):
        layer.backward(np.ones(y.shape, dtype))
    if len(leaves(layer)) == 1 and type(layer).jvp is not nn.Layer.jvp:
        layer.forward(x)
        with pytest.raises(TypeError, match=refused_by(layer, dtype)):
            layer.jvp(other)


@pytest.mark.parametrize("name", names_with_input_gradient())
def test_a_refused_dtype_is_refused_on_a_device_too(name, device):
    layer, x = make(name)
    layer.to(device)
    with pytest.raises(TypeError, match="computes in float32 or float64, got float16"):
        layer.forward(backend.to_device(x.astype(np.float16), device))


@pytest.mark.parametrize("dtype", [*NOT_COMPUTED_IN, np.float32, np.float64])
def test_an_embedding_takes_integers_alone_and_gradients_as_all_layers_do(dtype):
    layer, labels = make("embedding")
    other = labels.astype(dtype)
    if np.dtype(dtype).kind in "iu":
        np.testing.assert_array_equal(layer.forward(other), layer.forward(labels))
    else:
        says = f"Embedding expects integer labels, got {np.dtype(dtype)}"
        with pytest.raises(ValueError, match=says):
            layer.forward(other)
    y = layer.forward(labels)
    if dtype in NOT_COMPUTED_IN:
        with pytest.raises(TypeError, match=refused_by(layer, dtype)):
            layer.backward(np.ones(y.shape, dtype))
    else:
        layer.backward(np.ones(y.shape, dtype))


def test_every_layer_that_nn_exports_has_a_case():
    exported = {value for value in vars(nn).values() if isinstance(value, type)}
    exported = {layer for layer in exported if issubclass(layer, nn.Layer)} - {nn.Layer}
    assert exported == {type(layer) for name in LAYERS for layer in make(name)[0].tree()}


@pytest.mark.parametrize("name", LAYERS)
def test_a_device_computes_the_same_and_never_waits(name, device):
    layer, x = make(name)
    moved, _ = make(name)
    assert moved.to(device) is moved
    assert {backend.array_module(p.data) for p in moved.params()} <= {device}
    assert {backend.array_module(p.grad) for p in moved.params()} <= {device}
    y = layer.forward(x)
    gy = np.linspace(-1, 1, y.size).reshape(y.shape)
    gx = layer.backward(gy)
    on_device, gy_device = backend.to_device(x, device), backend.to_device(gy, device)
    waits = strict_device.waits
    y_moved = moved.forward(on_device)
    gx_moved = moved.backward(gy_device)
    assert strict_device.waits == waits
    tolerance = {"rtol": 1e-10, "atol": 1e-12 if name != "noise" else 1e-5}  # float32 in float64
    np.testing.assert_allclose(backend.to_numpy(y_moved), y, **tolerance)
    if gx is not None:
        np.testing.assert_allclose(backend.to_numpy(gx_moved), gx, **tolerance)
    for p, q in zip(layer.params(), moved.params(), strict=True):
        np.testing.assert_allclose(backend.to_numpy(q.grad), p.grad, **tolerance)
    moved.to(np)
    assert {backend.array_module(p.data) for p in moved.params()} <= {np}


@pytest.mark.parametrize("name", LAYERS)
def test_a_device_computes_float64_with_float32_parameters_as_the_host_does(name, device):
    found = []
    for xp in (np, device):
        layer, x = make(name)
        layer.to(xp)
        y = layer.forward(backend.to_device(x, xp))
        gx = layer.backward(y)
        found.append([backend.to_numpy(a) for a in (y, gx) if a is not None])
    for a, b in zip(*found, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_names_are_dotted_paths_and_params_keep_their_order(rng):
    net = nn.Sequential(
        nn.Dense(3, 4, rng=rng), nn.Sequential(nn.BatchNorm(4), nn.Dense(4, 1, bias=False, rng=rng))
    )
    assert list(net.named_params()) == ["0.W", "0.b", "1.0.gamma", "1.0.beta", "1.1.W"]
    assert list(net.named_buffers()) == ["1.0.running_mean", "1.0.running_var"]
    assert net.params() == list(net.named_params().values())


def test_named_arrays_are_the_parameters_and_then_the_buffers_themselves(rng):
    net = nn.Sequential(nn.BatchNorm(3), nn.Dense(3, 4, rng=rng))
    arrays = net.named_arrays()
    assert list(arrays) == [
        "0.gamma", "0.beta", "1.W", "1.b", "0.running_mean", "0.running_var"
    ]  # fmt: skip
    assert arrays["1.W"] is net.layers[1].W.data
    assert arrays["0.running_var"] is net.layers[0].running_var


def test_params_keep_their_identity_through_moves_and_training(rng):
    net = nn.Sequential(nn.Dense(3, 4, rng=rng), nn.BatchNorm(4))
    params = net.params()
    net.to(strict_device).to(np)
    net.forward(np.ones((2, 3), np.float32))
    net.backward(np.ones((2, 4), np.float32))
    nn.Adam(net.params()).step()
    assert all(a is b for a, b in zip(params, net.params(), strict=True))


def test_a_layer_of_ones_own_takes_part_by_its_attributes(rng):
    class Twice(nn.Layer):
        def __init__(self):
            self.inner = nn.Dense(3, 3, rng=rng)
            self.scale = nn.Param(np.ones(1, np.float32))

        def forward(self, x):
            self.keep(self.inner.forward(x))
            return self._kept[0] * self.scale.data

        def backward(self, gy, accumulate=True, input_grad=True):
            inner = self.take()
            if accumulate:
                self.scale.grad += (gy * inner).sum(keepdims=True)[0]
            return self.inner.backward(gy * self.scale.data, accumulate, input_grad)

    net = nn.Sequential(Twice(), nn.Tanh())
    assert list(net.named_params()) == ["0.scale", "0.inner.W", "0.inner.b"]
    assert not net.eval().layers[0].inner.training
    net.train()
    assert nn.check_gradients(net, np.ones((2, 3))).worst < 1e-6


def test_constructor_arguments_stay_readable(rng):
    conv = nn.ConvTranspose2d(2, 3, 5, stride=2, padding=1, output_padding=1, bias=False, rng=rng)
    assert (conv.c_in, conv.c_out, conv.kernel, conv.stride) == (2, 3, 5, 2)
    assert (conv.padding, conv.output_padding, conv.bias) == (1, 1, False)
    dropout = nn.Dropout(0.3, rng=rng)
    assert (dropout.p, dropout.rng) == (0.3, rng)
    assert (nn.BatchNorm(4).features, nn.BatchNorm(4).eps, nn.BatchNorm(4).momentum) == (
        4,
        1e-5,
        0.1,
    )
    assert (nn.LeakyReLU().slope, nn.Reshape([2, 3]).shape, nn.Upsample2d(2).factor) == (
        0.2,
        (2, 3),
        2,
    )
    embedding = nn.Embedding(4, 3, rng=rng)
    assert (embedding.classes, embedding.dim) == (4, 3)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda r: nn.Dense(0, 3, rng=r), "n_in to be a whole number of at least 1, got 0"),
        (lambda r: nn.Dense(3, -1, rng=r), "n_out"),
        (lambda r: nn.Dense(3, 2.5, rng=r), "n_out to be a whole number"),
        (lambda r: nn.Conv2d(1, 1, 3, stride=0, rng=r), "stride"),
        (lambda r: nn.Conv2d(1, 1, 3, padding=-1, rng=r), "padding"),
        (lambda r: nn.ConvTranspose2d(1, 1, 3, output_padding=1, rng=r), "below the stride of 1"),
        (lambda r: nn.BatchNorm(0), "features"),
        (lambda r: nn.Dropout(1.0, rng=r), r"p in \[0, 1\)"),
        (lambda r: nn.Dropout(float("nan"), rng=r), r"p in \[0, 1\)"),
        (lambda r: nn.GaussianNoise(-1, rng=r), "std"),
        (lambda r: nn.LeakyReLU(-0.1), "slope"),
        (lambda r: nn.LeakyReLU(1.5), "slope"),
        (lambda r: nn.Reshape((2, -1)), "shape"),
        (lambda r: nn.Upsample2d(0), "factor"),
        (lambda r: nn.Embedding(0, 3, rng=r), "classes"),
    ],
)
def test_bad_settings_are_refused_in_words(build, says, rng):
    with pytest.raises(ValueError, match=says):
        build(rng)


@pytest.mark.parametrize(
    ("build", "x", "says"),
    [
        (lambda r: nn.Dense(3, 2, rng=r), np.zeros((2, 4)), r"Dense expects shape \(any, 3\), got"),
        (lambda r: nn.Conv2d(3, 2, 3, rng=r), np.zeros((2, 4, 4, 1)), r"\(any, any, any, 3\)"),
        (lambda r: nn.Conv2d(1, 2, 5, rng=r), np.zeros((2, 4, 4, 1)), "kernel of 5 does not fit"),
        (
            lambda r: nn.ConvTranspose2d(1, 2, 3, padding=2, rng=r),
            np.zeros((2, 1, 1, 1)),
            "nothing",
        ),
        (lambda r: nn.BatchNorm(3), np.zeros((2, 4)), r"\(…, 3\)"),
        (lambda r: nn.BatchNorm(3), np.zeros((1, 3)), "two values"),
        (lambda r: nn.Reshape((2, 3)), np.zeros((2, 5)), "does not fit"),
        (lambda r: nn.Upsample2d(2), np.zeros((2, 5)), "expects shape"),
        (lambda r: nn.Embedding(3, 2, rng=r), np.zeros(2), "integer labels"),
        (lambda r: nn.Embedding(3, 2, rng=r), np.array([0, 3]), "labels from 0 to 2, got 0 to 3"),
        (lambda r: nn.Embedding(3, 2, rng=r), np.array([-1]), "labels from 0 to 2"),
    ],
)
def test_input_that_does_not_fit_is_refused_in_words(build, x, says, rng):
    with pytest.raises(ValueError, match=says):
        build(rng).forward(x)


def test_sequential_takes_layers_only():
    with pytest.raises(TypeError, match="takes layers, got list"):
        nn.Sequential([nn.Tanh()])
