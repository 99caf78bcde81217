"""Adam's update, its state, and what it refuses."""

import numpy as np
import pytest
from layer_cases import NOT_COMPUTED_IN

from tinygan import backend, nn


def two_params(dtype=np.float64):
    return [nn.Param(np.array([1.0, -2.0], dtype)), nn.Param(np.array([[3.0]], dtype))]


def test_the_first_step_is_lr_in_the_direction_of_the_gradient(version):
    params = two_params()
    optimizer = nn.Adam(params, lr=0.1)
    params[0].grad[...] = [5.0, -1e-3]
    optimizer.step()
    np.testing.assert_allclose(params[0].data, [0.9, -1.9], rtol=1e-5)
    np.testing.assert_array_equal(params[1].data, [[3.0]])


def test_ten_steps_follow_the_algorithm_written_out(xp, version):
    rng = np.random.default_rng(1)
    w = rng.standard_normal(4)
    p = nn.Param(backend.to_device(w.copy(), xp))
    optimizer = nn.Adam([p], lr=0.01, betas=(0.5, 0.9), eps=1e-3)
    m = v = 0.0
    for t in range(1, 11):
        g = rng.standard_normal(4)
        p.grad[...] = backend.to_device(g, xp)
        optimizer.step()
        m = 0.5 * m + 0.5 * g
        v = 0.9 * v + 0.1 * g**2
        w -= 0.01 * (m / (1 - 0.5**t)) / (np.sqrt(v / (1 - 0.9**t)) + 1e-3)
    np.testing.assert_allclose(backend.to_numpy(p.data), w, rtol=1e-12)


def test_it_finds_the_minimum_of_a_parabola():
    p = nn.Param(np.array([3.0, -4.0]))
    optimizer = nn.Adam([p], lr=0.1)
    for _ in range(500):
        p.grad[...] = 2 * p.data
        optimizer.step()
    assert np.abs(p.data).max() < 1e-2


def test_float32_stays_float32_even_with_float64_settings(version):
    params = two_params(np.float32)
    optimizer = nn.Adam(params, lr=np.float64(0.1), betas=np.array([0.5, 0.9]))
    params[0].grad += 1
    optimizer.step()
    assert {a.dtype for a in (*optimizer.m, *optimizer.v)} == {np.dtype(np.float32)}
    assert params[0].data.dtype == np.float32
    assert type(optimizer.lr) is float


def test_zero_grad_empties_every_gradient_in_place(version):
    params = two_params()
    grads = [p.grad for p in params]
    params[0].grad += 1
    nn.Adam(params).zero_grad()
    assert all(p.grad is g and not g.any() for p, g in zip(params, grads, strict=True))


def test_a_loaded_state_goes_on_exactly(xp):
    def run(optimizer, params, steps, seed):
        rng = np.random.default_rng(seed)
        for _ in range(steps):
            for p in params:
                p.grad[...] = backend.to_device(rng.standard_normal(p.data.shape), xp)
            optimizer.step()

    def fresh():
        params = two_params()
        for p in params:
            p.data, p.grad = backend.to_device(p.data, xp), backend.to_device(p.grad, xp)
        return params, nn.Adam(params, lr=0.1)

    params, optimizer = fresh()
    run(optimizer, params, 3, seed=1)
    state = optimizer.state_dict()
    assert all(isinstance(value, np.ndarray) for value in state.values())
    other, resumed = fresh()
    for p, q in zip(other, params, strict=True):
        p.data[...] = q.data
    resumed.load_state_dict(state)
    run(optimizer, params, 3, seed=2)
    run(resumed, other, 3, seed=2)
    for p, q in zip(params, other, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(p.data), backend.to_numpy(q.data))


def test_a_state_is_a_copy():
    optimizer = nn.Adam(two_params())
    state = optimizer.state_dict()
    optimizer.params[0].grad += 1
    optimizer.step()
    assert int(state["t"]) == 0
    assert not state["m.0"].any()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: s.pop("m.1"), "m.1"),
        (lambda s: s.update({"m.9": np.zeros(1)}), "m.9"),
        (lambda s: s.update({"v.0": np.zeros(3)}), "v.0"),
        (lambda s: s.update({"v.0": np.zeros(2, np.float32)}), "v.0"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(change, says):
    optimizer = nn.Adam(two_params())
    state = optimizer.state_dict()
    state["m.0"] = np.array([1.0, 2.0])
    change(state)
    with pytest.raises(ValueError, match=says):
        optimizer.load_state_dict(state)
    assert not optimizer.m[0].any()


@pytest.mark.parametrize(
    "settings",
    [
        {"lr": 0},
        {"lr": -1},
        {"lr": float("nan")},
        {"lr": float("inf")},
        {"eps": 0},
        {"betas": (1.0, 0.9)},
        {"betas": (0.9,)},
        {"betas": (-0.1, 0.9)},
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=r"Adam needs"):
        nn.Adam(two_params(), **settings)


def test_no_parameters_are_refused():
    with pytest.raises(ValueError, match="no parameters"):
        nn.Adam([])


def test_a_parameter_that_is_there_twice_is_refused():
    p = nn.Param(np.ones(3))
    with pytest.raises(ValueError, match="a parameter twice"):
        nn.Adam([p, nn.Param(np.ones(3)), p])


@pytest.mark.parametrize("dtype", NOT_COMPUTED_IN)
def test_the_dtypes_that_layers_refuse_are_refused_and_nothing_moves(dtype):
    says = rf"^Adam computes in float32 or float64, got {np.dtype(dtype)}: convert it with "
    with pytest.raises(TypeError, match=says):
        nn.Adam([nn.Param(np.ones(2)), nn.Param(np.ones(3, dtype))])
    params = two_params()
    adam = nn.Adam(params)
    params[0].grad += 1
    params[1].grad = np.ones((1, 1), dtype)
    with pytest.raises(TypeError, match=says):
        adam.step()
    assert (params[0].data == [1.0, -2.0]).all()
    assert adam.t == 0


def test_every_array_is_updated_in_place(version):
    params = two_params()
    optimizer = nn.Adam(params)
    arrays = [*(p.data for p in params), *optimizer.m, *optimizer.v]
    for p in params:
        p.grad += 1
    optimizer.step()
    for before, after in zip(
        arrays, [*(p.data for p in params), *optimizer.m, *optimizer.v], strict=True
    ):
        assert after is before
        assert after.all()
    assert all((p.grad == 1).all() for p in params)


def test_no_parameter_is_moved_when_a_gradient_does_not_fit(version):
    right, wrong = nn.Param(np.ones(3)), nn.Param(np.ones((2, 3)))
    adam = nn.Adam([right, wrong])
    right.grad += 1
    for shape in ((3, 2), (3,), (1, 3), ()):
        wrong.grad = np.ones(shape)
        with pytest.raises(ValueError, match=r"a gradient .* for a parameter \(2, 3\)"):
            adam.step()
    assert (right.data == 1).all()
    assert (wrong.data == 1).all()
    assert not adam.m[0].any()
    assert adam.t == 0
