"""The fast functions run where they may, and nowhere else."""

import os
import subprocess
import sys
import threading
from types import FunctionType

import numpy as np
import pytest

from tinygan import backend, nn
from tinygan.models import gan
from tinygan.nn import fast
from tinygan.nn.activation import relu
from tinygan.nn.dispatch import fastest
from tinygan.training import d_step, g_step


def without_namesake(x):
    return x


def test_the_fast_namesake_is_called_for_numpy_arrays_alone(device):
    x = np.ones(3)
    assert fastest(relu, x) is fast.relu is not relu
    assert fastest(relu, backend.to_device(x, device)) is relu
    assert fastest(without_namesake, x) is without_namesake


def test_in_plain_mode_the_function_itself_is_called_until_the_block_ends():
    x = np.ones(3)
    with nn.plain():
        assert fastest(relu, x) is relu
        with nn.plain():
            pass
        assert fastest(relu, x) is relu
    assert fastest(relu, x) is fast.relu
    with pytest.raises(ZeroDivisionError), nn.plain():
        raise ZeroDivisionError
    assert fastest(relu, x) is fast.relu


def test_plain_blocks_of_two_threads_do_not_end_each_other():
    x, inside, go_on = np.ones(3), threading.Event(), threading.Event()
    found = []

    def other():
        with nn.plain():
            inside.set()
            go_on.wait(10)
            found.append(fastest(relu, x) is relu)
        found.append(fastest(relu, x) is fast.relu)

    thread = threading.Thread(target=other)
    with nn.plain():
        thread.start()
        inside.wait(10)
    assert fastest(relu, x) is fast.relu
    go_on.set()
    thread.join(10)
    assert found == [True, True]


@pytest.mark.parametrize(("value", "plain"), [("1", True), ("0", False), ("", False)])
def test_an_environment_variable_chooses_for_the_whole_process(value, plain):
    code = """
import numpy as np
from tinygan.nn.activation import relu
from tinygan.nn.dispatch import fastest
print(fastest(relu, np.ones(3)) is relu)
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TINYGAN_PLAIN": value},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == str(plain)


# Whole steps

STEPS = {
    "dcgan": (
        lambda r: (gan.dcgan_generator(r, width=2), gan.dcgan_discriminator(r, width=2)),
        [],
    ),
    "dense": (
        lambda r: (
            gan.dense_generator(r, width=1),
            gan.dense_discriminator(r, hidden=(5, 4), dropout=0.3),
        ),
        [],
    ),
    "conditional": (
        lambda r: (
            gan.conditional_generator(r, classes=3),
            gan.conditional_discriminator(r, classes=3),
        ),
        [np.array([0, 2, 1, 1])],
    ),
}


def step(name, dtype=np.float32):
    """The losses and every gradient of one step of D and one of G."""
    rng = np.random.default_rng(0)
    build, labels = STEPS[name]
    networks = build(rng)
    for p in [p for network in networks for p in network.params()]:
        p.data, p.grad = p.data.astype(dtype), p.grad.astype(dtype)
    G, D = networks
    opt_g, opt_d = nn.Adam(G.params()), nn.Adam(D.params())
    z = rng.standard_normal((4, 100)).astype(dtype)
    real = rng.uniform(-1, 1, (4, 28, 28, 1)).astype(dtype)
    fake = G.forward(z, *labels)
    losses = (
        d_step(D, opt_d, real, fake, *labels)["loss"],
        g_step(G, D, opt_g, fake, *labels)["loss"],
    )
    return [*losses, *(p.grad for network in networks for p in network.params())]


def forbid_every_fast_function(monkeypatch):
    """Any call of a function of tinygan.nn.fast raises from now on."""

    def forbidden(*args, **kwargs):
        raise AssertionError("a fast function was called")

    modules = [module for name, module in sys.modules.items() if name.startswith(fast.__name__)]
    for module in modules:
        for name, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and value.__module__.startswith(fast.__name__):
                monkeypatch.setattr(module, name, forbidden)


@pytest.mark.parametrize("name", STEPS)
def test_in_plain_mode_a_step_calls_no_fast_function(name, monkeypatch):
    forbid_every_fast_function(monkeypatch)
    with pytest.raises(AssertionError, match="a fast function was called"):
        step(name)
    with nn.plain():
        step(name)


@pytest.mark.parametrize("name", STEPS)
def test_a_plain_and_a_fast_step_agree(name):
    expected = step(name, np.float64)
    with nn.plain():
        found = step(name, np.float64)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-10 * np.abs(b).max())


@pytest.mark.parametrize("name", STEPS)
def test_a_plain_step_stays_in_float32(name):
    with nn.plain():
        assert {array.dtype for array in step(name)} == {np.dtype(np.float32)}
