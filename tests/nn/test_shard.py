"""Ranks that share a batch compute what one rank computes of the whole of it."""

import math
import threading

import numpy as np
import pytest
from thread_ranks import run_ranks

from tinygan import backend, nn
from tinygan.nn.norm import join_moments
from tinygan.nn.shard import ALONE, Shard, current_shard, drawn, parts, sharing, stacked

RANKS = pytest.mark.parametrize("ranks", [2, 3, 4])


class Part(Shard):
    """A rank without others, for what needs no exchange."""

    def __init__(self, rank, ranks):
        self.rank, self.ranks = rank, ranks


def all_parts(ranks):
    return [Part(rank, ranks) for rank in range(ranks)]


def on_host(arrays):
    return [backend.to_numpy(array) for array in arrays]


# ---- rows and random numbers ---------------------------------------------------------------------


@RANKS
@pytest.mark.parametrize("batches", [1, 2, 3])
def test_each_rank_has_its_share_of_each_batch_in_order(ranks, batches):
    n = 5 * ranks
    whole = np.arange(batches * n)
    for rank, part in enumerate(all_parts(ranks)):
        mine = whole[part.rows(batches * n, batches)].reshape(batches, 5)
        for batch, rows in enumerate(mine):
            np.testing.assert_array_equal(rows, batch * n + 5 * rank + np.arange(5))


def test_a_batch_that_cannot_be_split_evenly_is_refused():
    for n, batches in ((7, 1), (8, 3), (12, 4)):
        with pytest.raises(ValueError, match="reshape"):
            Part(0, 2).rows(n, batches)


def test_alone_a_rank_has_everything_and_exchanges_nothing():
    x = np.arange(6.0)
    assert current_shard() is ALONE
    assert (ALONE.rank, ALONE.ranks, parts()) == (0, 1, 1)
    np.testing.assert_array_equal(x[ALONE.rows(6, 2)], x)
    assert ALONE.add(x) is ALONE.from_first(x) is ALONE.mean(x) is x
    np.testing.assert_array_equal(ALONE.gather(x), [x])
    assert ALONE.begin_mean(x)() is None
    np.testing.assert_array_equal(x, np.arange(6.0))
    np.testing.assert_array_equal(drawn(6, np.arange), np.arange(6))


@RANKS
def test_what_is_drawn_for_the_rows_is_drawn_once_for_the_batch(ranks):
    def draw(rng):
        return drawn(3, lambda n: rng.random((n, 2)))

    one, *generators = (np.random.default_rng(0) for _ in range(ranks + 1))
    whole, found = one.random((3 * ranks, 2)), []
    for part, rng in zip(all_parts(ranks), generators, strict=True):
        with sharing(part):
            found.append(draw(rng))
        assert rng.bit_generator.state == one.bit_generator.state
    np.testing.assert_array_equal(np.concatenate(found), whole)


def test_a_shard_and_what_is_stacked_end_with_their_block_and_belong_to_a_thread():
    seen = []

    def inside():
        with sharing(Part(1, 3)) as outer:
            with stacked(2):
                with sharing(Part(0, 2)) as inner, stacked(3):
                    assert (current_shard(), parts()) == (inner, 3)
                    thread = threading.Thread(
                        target=lambda: seen.append((current_shard(), parts()))
                    )
                    thread.start()
                    thread.join()
                assert (current_shard(), parts()) == (outer, 2)
            raise KeyError

    with pytest.raises(KeyError):
        inside()
    assert (current_shard(), parts()) == (ALONE, 1)
    assert seen == [(ALONE, 1)]


# ---- exchanges -----------------------------------------------------------------------------------


@RANKS
def test_the_mean_over_the_ranks_follows_from_their_sum(ranks, xp):
    def mean(shard):
        return shard.mean(xp.asarray([1.0, 2.0]) * (shard.rank + 1.0))

    for found in run_ranks(ranks, mean):
        np.testing.assert_allclose(backend.to_numpy(found), np.array([1, 2]) * (ranks + 1) / 2)


@pytest.mark.parametrize(
    "fault",
    [
        lambda shard: shard.add(np.zeros(2 + shard.rank)),
        lambda shard: shard.gather(np.zeros(2)) if shard.rank else shard.add(np.zeros(2)),
        lambda shard: shard.rank and shard.add(np.zeros(2)),
        lambda shard: 1 / shard.rank + shard.add(np.zeros(2)),
    ],
)
def test_ranks_that_do_not_agree_fail_and_do_not_hang(fault):
    with pytest.raises((RuntimeError, ZeroDivisionError)):
        run_ranks(3, fault)


# ---- BatchNorm -----------------------------------------------------------------------------------


def batch_norm(dtype, xp, features=3):
    """A BatchNorm whose γ and β are not 1 and 0."""
    rng, layer = np.random.default_rng(1), nn.BatchNorm(features, momentum=0.25)
    for p in layer.params():
        p.data = (p.data + rng.uniform(-0.5, 0.5, features)).astype(dtype)
        p.grad = np.zeros_like(p.data)
    return layer.to(xp)


def x_and_gy(shape, dtype):
    """The rows' means differ, so that no rank has the batch's moments."""
    rng = np.random.default_rng(2)
    drift = np.linspace(-3, 3, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    x = 5 + drift + rng.standard_normal(shape)
    return x.astype(dtype), (drift + rng.standard_normal(shape)).astype(dtype)


def learned(layer, x, gy, xp, **how):
    """y, gx, and the layer's statistics and gradients, of two steps of which the last is shown."""
    for _ in range(2):
        for p in layer.params():
            p.clear()
        y = layer.forward(backend.to_device(x, xp))
        gx = layer.backward(backend.to_device(gy, xp), **how)
    return on_host(
        [y, gx, layer.running_mean, layer.running_var, layer.gamma.grad, layer.beta.grad]
    )


@RANKS
@pytest.mark.parametrize("shape", [(12, 3), (12, 2, 5, 3)], ids=["rows", "images"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
def test_batch_norm_of_shards_is_that_of_the_batch(ranks, shape, dtype, tolerance, xp, version):
    x, gy = x_and_gy(shape, dtype)
    whole = learned(batch_norm(dtype, xp), x, gy, xp)

    def of_shard(shard):
        rows = shard.rows(len(x))
        return learned(batch_norm(dtype, xp), x[rows], gy[rows], xp)

    y, gx, means, variances, ggammas, gbetas = zip(*run_ranks(ranks, of_shard), strict=True)
    joined = [np.concatenate(y), np.concatenate(gx), None, None, sum(ggammas), sum(gbetas)]
    names = "y", "gx", "mean", "variance", "gγ", "gβ"
    for name, found, expected in zip(names, joined, whole, strict=True):
        if found is not None:
            assert found.dtype == dtype, name
            scale = np.abs(expected).max()
            np.testing.assert_allclose(found / scale, expected / scale, atol=tolerance, rtol=0)
    for of_ranks, expected in ((means, whole[2]), (variances, whole[3])):
        for found in of_ranks:
            np.testing.assert_array_equal(found, of_ranks[0])
            np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_batch_norm_of_shards_has_gradients_only_where_they_are_asked_for(xp, version):
    x, gy = x_and_gy((4, 3), np.float64)
    whole = learned(batch_norm(np.float64, xp), x, gy, xp)[1]

    def of_shard(shard):
        rows, layer = shard.rows(len(x)), batch_norm(np.float64, xp)
        _, gx, *_, ggamma, gbeta = learned(layer, x[rows], gy[rows], xp, accumulate=False)
        assert not ggamma.any()
        assert not gbeta.any()
        layer.forward(backend.to_device(x[rows], xp))
        assert layer.backward(backend.to_device(gy[rows], xp), input_grad=False) is None
        return gx

    np.testing.assert_allclose(np.concatenate(run_ranks(2, of_shard)), whole, atol=1e-12)


def test_batch_norm_needs_two_values_of_all_ranks_and_no_rank_in_eval_mode():
    x = np.array([[1.0], [5.0]])

    def of_shard(shard):
        mine, layer = x[shard.rows(2)], nn.BatchNorm(1)
        y = layer.forward(mine)
        if shard.rank == 0:
            layer.eval().forward(mine)  # the others do not
        return y, layer.running_mean, layer.running_var

    (low, mean, var), (high, *_) = run_ranks(2, of_shard)
    np.testing.assert_allclose([low, high], [[[-1]], [[1]]], rtol=1e-5)
    np.testing.assert_allclose([mean[0], var[0]], [0.1 * 3, 0.9 + 0.1 * 8], rtol=1e-6)
    with pytest.raises(ValueError, match="two values"):
        nn.BatchNorm(1).forward(x[:1])


def test_joined_moments_are_those_of_the_whole_also_far_from_zero(xp, rng):
    for shift in (0.0, 1e4):
        x = (shift + rng.standard_normal((3, 50, 4)) + np.arange(3)[:, None, None]).astype("f4")
        means, variances = x.mean(axis=1), x.var(axis=1)
        mean, var = on_host(join_moments(xp.asarray(means), xp.asarray(variances)))
        rows = x.reshape(-1, 4).astype(np.float64)
        assert mean.dtype == var.dtype == np.float32
        np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(var, rows.var(axis=0), rtol=2e-3 if shift else 1e-5)


# ---- noise ---------------------------------------------------------------------------------------


def dropout():
    return nn.Dropout(0.3, rng=np.random.default_rng(3))


def gaussian_noise():
    return nn.GaussianNoise(0.5, rng=np.random.default_rng(3))


ROWS = pytest.mark.parametrize(
    "row", [(1,), (7,), (16,), (3, 3, 1), (5, 7, 3)], ids=lambda row: str(math.prod(row))
)


@RANKS
@ROWS
@pytest.mark.parametrize("batches", [1, 2])
@pytest.mark.parametrize("make", [dropout, gaussian_noise])
def test_the_noise_of_shards_is_that_of_the_batch_bit_for_bit(
    make, batches, row, ranks, xp, version
):
    """In three forwards, one after another; also where rows end in the middle of a block."""
    n = 3 * ranks * batches
    whole = make()
    expected = [backend.to_numpy(whole.forward(xp.ones((n, *row)))) for _ in range(3)]
    assert (expected[0] != expected[1]).any()
    for part in all_parts(ranks):
        layer, rows = make(), part.rows(n, batches)
        with sharing(part), stacked(batches):
            found = [layer.forward(xp.ones((n // ranks, *row))) for _ in range(3)]
        for mine, everyones in zip(found, expected, strict=True):
            np.testing.assert_array_equal(backend.to_numpy(mine), everyones[rows])
        state, expected_state = (r.bits.bit_generator.state for r in (layer, whole))
        np.testing.assert_equal(state, expected_state)


@pytest.mark.parametrize("make", [dropout, gaussian_noise])
def test_many_rows_of_a_shard_are_drawn_by_several_threads_as_those_of_the_batch(make):
    n, row = 2 * 3, 150_001  # more blocks than one thread makes, an odd number of elements
    expected = make().forward(np.ones((n, row)))
    for part in all_parts(2):
        with sharing(part):
            mine = make().forward(np.ones((n // 2, row)))
        np.testing.assert_array_equal(mine, expected[part.rows(n)])
