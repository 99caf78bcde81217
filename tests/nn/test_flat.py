"""Parameters in one flat array: nothing changes for those who read or write single arrays."""

import copy

import numpy as np
import pytest

from tinygan import backend, nn
from tinygan.nn.flat import flat_of, flatten
from tinygan.training.averaged_weights import move_average
from tinygan.training.gan_loop import gradient_length


def network(seed=0):
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Dense(5, 7, rng=rng), nn.LeakyReLU(), nn.BatchNorm(7), nn.Dense(7, 1, rng=rng)
    )


def batch(xp):
    return backend.to_device(np.random.default_rng(1).standard_normal((4, 5), np.float32), xp)


def host(params):
    return [backend.to_numpy(p.data).copy() for p in params]


def test_moving_a_network_lays_its_params_out_in_order_and_keeps_their_values(xp):
    net, same = network(), network()
    net.to(xp)
    flat = flat_of(net.params())
    for p, q, start in zip(net.params(), same.params(), [0, 64, 128, 192, 256, 320], strict=True):
        np.testing.assert_array_equal(backend.to_numpy(p.data), q.data)
        found = flat.data[start : start + q.data.size]
        np.testing.assert_array_equal(backend.to_numpy(found), q.data.ravel())
    assert flat.data.shape == flat.grad.shape == (384,)
    assert net.to(xp) is net
    assert flat_of(net.params()) is flat  # not laid out again


def test_params_of_two_dtypes_or_none_are_left_as_they_are():
    layer = nn.Dense(2, 3, rng=np.random.default_rng(0))
    layer.W.data, layer.W.grad = layer.W.data.astype(float), layer.W.grad.astype(float)
    flatten(layer.params())
    flatten([])
    assert flat_of(layer.params()) is None
    assert flat_of([]) is None


def test_a_param_that_got_another_array_is_trained_all_the_same():
    """Its own array, and the moments that it had."""
    found = []
    for replaced in (False, True):
        net = network().to(np)
        optimizer = nn.Adam(net.params(), lr=0.1)
        for step in range(3):
            if replaced and step == 1:
                p = net.params()[0]
                p.data = p.data.copy()
                assert flat_of(net.params()) is None
            optimizer.zero_grad()
            y = net.forward(batch(np))
            net.backward(np.ones_like(y))
            optimizer.step()
        found.append(host(net.params()))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_a_flat_step_is_the_step_of_each_array(xp):
    found = []
    for moved in (False, True):
        net = network()
        for p in net.params():
            p.data, p.grad = p.data.astype(float), p.grad.astype(float)
        if moved:
            net.to(xp)
        optimizer = nn.Adam(net.params(), lr=0.1)
        x = batch(xp if moved else np).astype(float)
        for _ in range(3):
            optimizer.zero_grad()
            y = net.forward(x)
            net.backward(y * y - 0.5 * x[:, :1])
            optimizer.step()
        found.append([*host(net.params()), *map(backend.to_numpy, (*optimizer.m, *optimizer.v))])
        found[-1].append(float(gradient_length(net)))
    # a gradient of rounding alone, which a GPU sums otherwise, becomes 1e-8 in Adam
    atol = 1e-7 if xp.__name__ == "cupy" else 1e-9
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=atol)


@pytest.mark.parametrize("moved", [(False, False), (True, False), (True, True)])
def test_an_average_is_that_of_each_array(moved):
    nets = [network(seed) for seed in (0, 1)]
    a, w = (host(net.params()) for net in nets)
    for net, move in zip(nets, moved, strict=True):
        if move:
            net.to(np)
    move_average(*nets, keep=0.75)
    for p, before, other in zip(nets[0].params(), a, w, strict=True):
        np.testing.assert_allclose(p.data, 0.75 * before + 0.25 * other, rtol=1e-6)


def test_a_copy_of_a_moved_network_learns_by_itself():
    net = network().to(np)
    optimizer = nn.Adam(net.params(), lr=0.1)
    for twin, its in (copy.deepcopy((net, optimizer)), (copy.deepcopy(net), None)):
        its = its or nn.Adam(twin.params(), lr=0.1)
        before, mine = host(twin.params()), host(net.params())
        twin.backward(twin.forward(batch(np)))
        its.step()
        assert all((a != b).any() for a, b in zip(host(twin.params()), before, strict=True))
        assert all(np.array_equal(a, b) for a, b in zip(host(net.params()), mine, strict=True))
        move_average(twin, net, keep=0.0)
        assert all(np.array_equal(a, b) for a, b in zip(host(twin.params()), mine, strict=True))


# The gradient of a Param


def accumulated(p):
    p.add(np.full(2, 3.0))
    p.add(np.full(2, 4.0))
    return p.grad.tolist()


def test_after_clear_the_first_gradient_is_written_and_the_next_one_added():
    p = nn.Param(np.zeros(2))
    assert accumulated(p) == [7, 7]
    p.clear()
    assert accumulated(p) == [7, 7]


def test_a_cleared_gradient_reads_as_zeros_wherever_it_is_read():
    for read in (lambda p: p.grad, lambda p: flat_of([p]).grad[:2]):
        p = nn.Param(np.zeros(2))
        flatten([p])
        p.add(np.ones(2))
        p.clear()
        assert read(p).tolist() == [0, 0]


def test_whoever_has_the_array_sees_it_cleared_and_may_write_into_it():
    p = nn.Param(np.zeros(2))
    array = p.grad
    p.add(np.ones(2))
    p.clear()
    assert array.tolist() == [0, 0]
    array += 5
    p.add(np.ones(2))
    assert p.grad.tolist() == array.tolist() == [6, 6]
    p.grad = np.ones(2)
    p.clear()
    assert p.grad.tolist() == [0, 0]


def test_gradients_are_written_and_not_added_until_someone_takes_them():
    net = network().to(np).to(np)
    optimizer = nn.Adam(net.params())
    for taken in (False, True):
        if taken:
            net.params()[0].grad.sum()
        optimizer.zero_grad()
        assert [p._is_clear for p in net.params()] == [not taken] + [True] * 5
        y = net.forward(batch(np))
        net.backward(y)
        assert not any(p._is_clear for p in net.params())
        optimizer.step()


def test_a_product_is_written_or_added_and_stays_in_the_dtype():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    for dtype in (np.float64, np.float32):
        p = nn.Param(np.zeros((2, 4), dtype))
        p.clear()
        p.add_from(np.matmul, a, b)
        np.testing.assert_array_equal(p._grad, a @ b)
        p.add_from(np.matmul, a, b)
        np.testing.assert_array_equal(p.grad, 2 * (a @ b))
        assert p.grad.dtype == dtype
