"""Adam in blocks: arrays of any shape and order of memory, all in place."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import nn
from tinygan.nn.fast import blocks
from tinygan.nn.fast.adam import in_one_row


@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_flat_arrays_have_one_axis_and_share_their_memory(shape):
    a, b = np.zeros(shape), np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    flat_a, flat_b = in_one_row(a, b)
    assert flat_a.shape == flat_b.shape == (a.size,)
    assert np.shares_memory(flat_a, a)
    assert np.shares_memory(flat_b, b)
    flat_a += flat_b
    np.testing.assert_array_equal(a, b)


def test_one_number_is_an_array_of_one_axis_too():
    a = np.zeros(())
    (line,) = in_one_row(a)
    line += 3
    assert line.shape == (1,)
    assert a == 3


IN_ODD_ORDER = {
    "transposed": lambda: np.zeros((30, 20)).T,
    "with gaps": lambda: np.zeros((20, 60))[:, ::2],
    "backwards": lambda: np.zeros((20, 30))[::-1],
    "one number": lambda: np.zeros(()),
}


@pytest.mark.parametrize("name", ["transposed", "with gaps", "backwards"])
def test_if_an_array_is_in_another_order_of_memory_all_stay_as_they_are(name):
    plain, odd = np.zeros((20, 30)), IN_ODD_ORDER[name]()
    for arrays in ((plain, odd), (odd, plain), (odd,)):
        assert all(a is b for a, b in zip(in_one_row(*arrays), arrays, strict=True))


@pytest.mark.parametrize("name", IN_ODD_ORDER)
def test_a_parameter_is_moved_whatever_its_order_of_memory(name, rng, monkeypatch):
    monkeypatch.setattr(blocks, "CACHE", 64)
    monkeypatch.setattr(blocks, "WORTH", 256)
    odd = nn.Param(IN_ODD_ORDER[name]())
    plain = nn.Param(np.zeros(odd.data.shape))
    data = odd.data
    optimizers = nn.Adam([odd]), nn.Adam([plain])
    odd.grad += 1
    optimizers[0].zero_grad()
    assert not odd.grad.any()
    for _ in range(3):
        odd.grad[...] = plain.grad[...] = rng.standard_normal(plain.data.shape)
        for optimizer in optimizers:
            optimizer.step()
    assert plain.data.all()
    np.testing.assert_allclose(odd.data, plain.data, rtol=1e-12)
    assert odd.data is data
