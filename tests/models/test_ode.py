"""The solvers: their order, how often they ask, and where they end."""

import numpy as np
import pytest

from tinygan.models.ode import euler_steps, heun_steps, solve


def growing(x, t):
    """dx/dt = x (1 + t), so x(1) = x(0) e^1.5."""
    return x * (1 + t)


@pytest.mark.parametrize(("method", "order"), [(euler_steps, 1), (heun_steps, 1.85)])
def test_the_error_falls_with_the_order(method, order):
    errors = [
        np.abs(solve(method, growing, np.ones(1), n) - np.exp(1.5)).max() for n in (40, 80, 160)
    ]
    assert np.log2(errors[0] / errors[1]) > order - 0.1
    assert np.log2(errors[1] / errors[2]) > order - 0.1


@pytest.mark.parametrize(("method", "calls"), [(euler_steps, 4), (heun_steps, 7)])
def test_so_many_calls_and_none_at_the_end(method, calls):
    times = []

    def velocity(x, t):
        times.append(t)
        return np.zeros_like(x)

    assert len(list(method(velocity, np.zeros(2), 4))) == 4
    assert len(times) == calls
    assert min(times) == 0
    assert max(times) < 1


@pytest.mark.parametrize("method", [euler_steps, heun_steps])
def test_a_straight_way_is_exact_in_one_step_and_x_is_not_written_to(method):
    x = np.zeros(3, np.float32)
    end = solve(method, lambda x, t: np.float32([1, 2, 3]), x, 1)
    np.testing.assert_array_equal(end, [1, 2, 3])
    assert end.dtype == np.float32
    assert not x.any()
