"""Guidance: the arithmetic of two velocities, and how often the network is called."""

import numpy as np
import pytest

from tinygan.models.guidance import guided
from tinygan.models.velocity import DenseVelocity


@pytest.mark.parametrize(("strength", "calls"), [(0, 1), (1, 1), (3.0, 2), (0.5, 2)])
def test_it_adds_the_difference_so_many_times(strength, calls, rng):
    net = DenseVelocity(4, 3, width=5, rng=rng).eval()
    for p in net.params():
        p.data += rng.standard_normal(p.data.shape).astype(np.float32)
    x, labels = rng.standard_normal((6, 4)).astype(np.float32), np.array([0, 1, 2, 0, 1, 2])
    t = np.full(6, 0.3, np.float32)
    of_class, of_all = (net.forward(x, t, l) for l in (labels, np.full(6, 3)))
    seen, forward = [], net.forward
    net.forward = lambda *inputs: seen.append(inputs) or forward(*inputs)
    v = guided(net, labels, strength)(x, 0.3)
    np.testing.assert_allclose(v, of_all + strength * (of_class - of_all), atol=1e-4)
    assert v.dtype == np.float32
    assert len(seen) == calls
