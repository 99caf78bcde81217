"""The update of a flow: the path, what the regression learns, and which labels are left out."""

import numpy as np
import pytest

from tinygan import nn
from tinygan.models.ode import heun_steps, solve
from tinygan.models.velocity import DenseVelocity
from tinygan.training.averaged_weights import warm
from tinygan.training.flow_loop import flow_step, path, times, without_some


def test_the_path_leads_from_noise_to_data(rng):
    x0, x1 = rng.standard_normal((2, 3, 4, 4, 1))
    t = np.array([0.0, 0.25, 1.0])
    x = path(x0, x1, t)
    np.testing.assert_array_equal(x[0], x0[0])
    np.testing.assert_allclose(x[1], 0.75 * x0[1] + 0.25 * x1[1])
    np.testing.assert_array_equal(x[2], x1[2])


def test_times_are_spread_evenly(rng, xp):
    t = times(50, rng, xp)
    t = np.asarray(t.get() if hasattr(t, "get") else t)
    assert t.dtype == np.float32
    np.testing.assert_array_equal(np.sort(np.floor(t * 50)), np.arange(50))
    assert (np.diff(t) < 0).any()


def test_about_the_share_of_labels_is_left_out(rng):
    labels = np.arange(4000) % 10
    found = without_some(labels, 10, 0.1, rng)
    left_out = found == 10
    assert 300 < left_out.sum() < 500
    np.testing.assert_array_equal(found[~left_out], labels[~left_out])
    assert labels.max() == 9
    np.testing.assert_array_equal(without_some(labels, 10, 0.0, rng), labels)


def test_it_learns_the_velocity_of_each_class(rng):
    """Data of one point a class: noise must be led to the point that is asked for."""
    points = np.array([[2.0, 0.0], [-1.0, 1.0]], np.float32)
    net = DenseVelocity(2, 2, width=48, blocks=2, rng=rng)
    adam, losses = nn.Adam(net.params(), 3e-3, (0.9, 0.999)), []
    for _ in range(500):
        labels = rng.integers(0, 2, 128)
        x0 = rng.standard_normal((128, 2), dtype=np.float32)
        losses.append(flow_step(net, adam, x0, points[labels], times(128, rng, np), labels)["loss"])
    asked = np.arange(40) % 2
    x0 = rng.standard_normal((40, 2), dtype=np.float32)
    end = solve(heun_steps, lambda x, t: net.forward(x, np.full(40, t, np.float32), asked), x0, 10)
    assert np.abs(end - points[asked]).mean() < 0.15
    assert np.mean(losses[-50:]) < 0.2 * losses[0]


@pytest.mark.parametrize(("step", "keep"), [(0, 0.1), (89, 90 / 99), (10**6, 0.999)])
def test_an_average_follows_faster_while_there_were_few_updates(step, keep):
    assert warm(0.999, step) == pytest.approx(keep)
