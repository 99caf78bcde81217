"""Averaged weights."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinygan import nn
from tinygan.training.averaged_weights import move_average


@given(keep=st.floats(0, 1), seed=st.integers(0, 100))
def test_move_average_weighs_all_weights_and_copies_running_statistics(keep, seed):
    rng = np.random.default_rng(seed)
    nets = [
        nn.Sequential(nn.Dense(3, 4, rng=rng), nn.BatchNorm(4), nn.ReLU(), nn.Dense(4, 2, rng=rng))
        for _ in range(2)
    ]
    for net in nets:
        for array in [p.data for p in net.params()] + list(net.named_buffers().values()):
            array[...] = rng.standard_normal(array.shape)
    target, source = nets
    before = [[p.data.copy() for p in net.params()] for net in nets]
    buffers = [b.copy() for b in source.named_buffers().values()]
    move_average(target, source, keep)
    assert len(before[0]) == 6
    for p, old, new in zip(target.params(), *before, strict=True):
        np.testing.assert_allclose(p.data, keep * old + (1 - keep) * new, rtol=1e-5, atol=1e-6)
    for net in nets:  # the source keeps its own
        for b, expected in zip(net.named_buffers().values(), buffers, strict=True):
            np.testing.assert_array_equal(b, expected)
    for p, old in zip(source.params(), before[1], strict=True):
        np.testing.assert_array_equal(p.data, old)
    move_average(target, source, keep=0.0)
    for p, q in zip(target.params(), source.params(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)
        assert not np.shares_memory(p.data, q.data)
