"""TimeEmbedding: its waves, and what it refuses."""

import numpy as np
import pytest

from tinygan import nn


def test_it_is_cosines_then_sines_of_rising_frequency():
    layer = nn.TimeEmbedding(6, fastest=100)
    y = layer.forward(np.array([0.0, 0.5]))
    omega = np.array([1.0, 10.0, 100.0])
    np.testing.assert_allclose(y[0], [1, 1, 1, 0, 0, 0])
    np.testing.assert_allclose(y[1], [*np.cos(omega / 2), *np.sin(omega / 2)])
    assert layer.forward(np.zeros(3, np.float32)).dtype == np.float32


def test_near_times_are_told_apart():
    y = nn.TimeEmbedding(64).forward(np.array([0.90, 0.901]))
    assert np.abs(y[0] - y[1]).max() > 0.5


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"dim": 5}, "an even dim, got 5"),
        ({"dim": 0}, "at least 2"),
        ({"dim": 4, "fastest": 1}, "fastest above 1"),
    ],
)
def test_impossible_sizes_are_refused(how, says):
    with pytest.raises(ValueError, match=says):
        nn.TimeEmbedding(**how)


def test_times_must_be_a_row_of_floats():
    with pytest.raises(ValueError, match=r"expects shape \(any\)"):
        nn.TimeEmbedding(4).forward(np.zeros((2, 1)))
    with pytest.raises(TypeError, match="float32 or float64"):
        nn.TimeEmbedding(4).forward(np.zeros(2, int))
