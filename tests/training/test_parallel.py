"""Several ranks train what one rank trains: in float64, but for the order of sums, the same.

The ranks are threads here (thread_ranks.py), and their GPUs the strict device with a stand-in for
NCCL (strict_nccl.py).
"""

import dataclasses
import time
from functools import partial
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
import strict_device
import strict_nccl
from small_training import noise_images
from thread_ranks import ThreadComm, run_ranks

from tinygan import backend, nn, recipes
from tinygan.data.feed import feed
from tinygan.errors import UserError
from tinygan.models.conditional import Conditional
from tinygan.nn.shard import ALONE, Shard, averaged, sharing
from tinygan.training import parallel
from tinygan.training.parallel import (
    DistributedShard,
    average_gradients,
    begin_average,
    shard_of,
)

RANKS = pytest.mark.parametrize("ranks", [2, 4])


class Part(Shard):
    """A rank without others."""

    def __init__(self, rank, ranks):
        self.rank, self.ranks = rank, ranks


# ---- batches -------------------------------------------------------------------------------------


@RANKS
@pytest.mark.parametrize("batches", [1, 3])
@pytest.mark.parametrize("room", [80 << 30, 4000], ids=["resident", "copied ahead"])
def test_the_batches_of_all_ranks_are_those_of_one(ranks, batches, room, xp, monkeypatch):
    """Images and labels; mirrored ones too, drawn in step by all."""
    monkeypatch.setattr(strict_device, "free_memory", room)
    size = 4 * batches
    images, labels = noise_images(30), np.arange(30)

    def first_batches(mine):
        flip = np.random.default_rng(6)
        source = feed(images, size, 5, xp=xp, labels=labels, flip=flip, mine=mine)
        found = [[backend.to_numpy(a).copy() for a in batch] for batch in islice(source, 4)]
        return found, flip.bit_generator.state

    whole, state = first_batches(ALONE.rows(size, batches))
    for rank in range(ranks):
        rows = Part(rank, ranks).rows(size, batches)
        found, its_state = first_batches(rows)
        assert its_state == state
        for batch, everyones in zip(found, whole, strict=True):
            for array, of_all in zip(batch, everyones, strict=True):
                np.testing.assert_array_equal(array, of_all[rows])


# ---- gradients -----------------------------------------------------------------------------------


def network(xp, flat=True):
    rng = np.random.default_rng(0)
    layers = nn.Sequential(nn.Dense(3, 2, rng=rng), nn.ReLU(), nn.Dense(2, 1, rng=rng)).to(xp)
    if not flat:
        p = layers.params()[1]
        p.data = p.data.copy()
    return layers


def fill(layers, value):
    """Gradients of which no two elements are alike, times a value."""
    for i, p in enumerate(layers.params(), 1):
        rising = np.arange(p.data.size, dtype=np.float32).reshape(p.data.shape)
        p.grad[...] = backend.to_device(value * (rising + 10 * i), backend.array_module(p.grad))


def gradients(layers):
    return [backend.to_numpy(p.grad).copy() for p in layers.params()]


@pytest.mark.parametrize("flat", [True, False], ids=["flat", "not flat"])
@pytest.mark.parametrize("ranks", [2, 3])
def test_gradients_become_their_means(ranks, flat, xp):
    expected = network(np)
    fill(expected, (ranks + 1) / 2)

    def train(shard):
        at_once, early = network(xp, flat), network(xp, flat)
        for layers in (at_once, early):
            fill(layers, shard.rank + 1)
        is_done = begin_average(early)  # and other work goes on, with other gradients
        average_gradients(at_once)
        is_done()
        return gradients(at_once), gradients(early), shard.table.begun["shard", shard.rank]

    for at_once, early, exchanges in run_ranks(ranks, train):
        for a, b, c in zip(at_once, early, gradients(expected), strict=True):
            np.testing.assert_allclose(a, c, rtol=1e-6)
            np.testing.assert_array_equal(a, b)
        assert exchanges == (2 if flat else 2 * 4)  # one for each array


@pytest.mark.parametrize("flat", [True, False], ids=["flat", "not flat"])
def test_alone_gradients_stay_as_they_are(flat, xp):
    layers = network(xp, flat)
    fill(layers, 3)
    before = gradients(layers)
    average_gradients(layers)
    begin_average(layers)()
    for a, b in zip(gradients(layers), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_was_measured_becomes_its_mean(xp):
    def measured(shard):
        return {"a": xp.asarray(np.float32(shard.rank)), "b": xp.asarray(np.float32(7))}

    for found in run_ranks(3, lambda shard: averaged(measured(shard))):
        assert {name: float(value) for name, value in found.items()} == {"a": 1, "b": 7}
        assert all(value.dtype == np.float32 for value in found.values())
    alone = measured(ALONE)
    assert averaged(alone) is alone


# ---- whole trainings -----------------------------------------------------------------------------

TINY = {"width": 4, "batch_size": 16, "code": 3, "components": 2, "dims": 4, "flow_width": 4}
OTHERS = {
    "dcgan": {"flip": True, "ema": 0.9, "lr": 5e-3},
    "dcgan-faces": {"width": 1, "batch_size": 8},
    "dcgan-cifar10": {"width": 2},
    "wgan-gp": {"d_steps": 2, "flip": True, "instance_noise": 0.1},
    "cgan": {"classes": "0,1"},
    "classifier": {"flip": True},
    "flow": {"flip": True, "ema": 0.9},
}


def training_of(name, xp=np, **changes):
    """A Training of noise images, tiny."""
    recipe = recipes.get(name)
    if name == "cgan":
        recipe = dataclasses.replace(recipe, build=conditional_pair)
    images = noise_images(403 if name == "gmm" else 97, recipe.image_shape or (28, 28, 1))
    labels = np.arange(len(images)) % (2 if recipe.model.keeps_best else 10)
    tiny = {n: v for n, v in TINY.items() if n in recipe.options}
    options = recipe.options | tiny | OTHERS.get(name, {}) | changes
    return recipe.new_training(options, 0, images, labels, xp, lambda x: x[:, 0, :4, 0])


def conditional_pair(rng, *, noise_dim, classes):
    """cgan's networks, with fewer and smaller layers."""
    G = Conditional(
        nn.Embedding(classes, 2, rng=rng),
        nn.Dense(noise_dim + 2, 28 * 28, rng=rng),
        nn.Sigmoid(),
        nn.Reshape((28, 28, 1)),
    )
    D = Conditional(nn.Embedding(classes, 2, rng=rng), nn.Dense(28 * 28 + 2, 1, rng=rng))
    return G, D


def in_float64(training):
    """The same Training, with networks, optimizers and batches in float64."""

    def wide(x):
        return x.astype(np.float64) if x.dtype == np.float32 else x

    def wide_forward(forward):
        return lambda *inputs: forward(*map(wide, inputs))

    def wide_batches(batches, *args):
        for batch in batches(*args):
            yield tuple(map(wide, batch)) if isinstance(batch, tuple) else wide(batch)

    for network in training.model.networks.values():
        for p in network.params():
            p.data = wide(p.data)
            p.grad = np.zeros_like(p.data)
        for layer in network.tree():
            for name in layer.buffers:
                setattr(layer, name, wide(getattr(layer, name)))
        network.to(np)
        network.forward = wide_forward(network.forward)
    for name, old in training.optimizers.items():
        new = nn.Adam(training.model.networks[name].params(), old.lr, old.betas, old.eps)
        training.optimizers[name] = new
    if hasattr(training.model, "codes"):
        training.model.codes = {n: wide(array) for n, array in training.model.codes.items()}
    training.batches = partial(wide_batches, training.batches)
    return training


def states(training):
    return {name: str(g.bit_generator.state) for name, g in training.generators.items()}


def trained(training, updates=5):
    """(what the updates measured, averaged over the ranks, the arrays of the model, the states of
    the generators)."""
    measured = [
        {name: float(value) for name, value in averaged(row).items()}
        for row in islice(training.updates(0), updates)
    ]
    arrays = {n: backend.to_numpy(a).copy() for n, a in training.model.arrays().items()}
    return measured, arrays, states(training)


@pytest.mark.parametrize("name", [name for name in recipes.names() if name != "gmm"])
def test_ranks_train_what_one_rank_trains(name):
    """In all that is measured and learned; the weights of the ranks are equal to the last bit."""
    one, weights, generators = trained(in_float64(training_of(name)))
    assert all(array.dtype == np.float64 for n, array in weights.items() if "prior" not in n)
    for ranks in (2, 4):
        found = run_ranks(ranks, lambda _: trained(in_float64(training_of(name))))
        for measured, arrays, its_generators in found:
            for mine, expected in zip(measured, one, strict=True):
                assert mine == pytest.approx(expected, rel=1e-10, abs=1e-10)
            assert its_generators == generators
            for key, array in arrays.items():
                np.testing.assert_array_equal(array, found[0][1][key], err_msg=key)
                np.testing.assert_allclose(array, weights[key], atol=1e-10, err_msg=key)


def log_likelihoods(training, updates=5):
    """Those of the updates, as the notes have them (float64), and the arrays of the model."""
    found = [training.notes["log_likelihood"] for _ in islice(training.updates(0), updates)]
    return found, {n: backend.to_numpy(a).copy() for n, a in training.model.arrays().items()}


@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical"])
def test_ranks_with_unequal_shares_fit_the_mixture_that_one_rank_fits(covariance, xp):
    def fit(_=None):
        return log_likelihoods(training_of("gmm", xp, covariance=covariance))

    one, expected = fit()
    assert len(set(one)) == 5
    for found, arrays in run_ranks(2, fit) + run_ranks(4, fit):
        np.testing.assert_allclose(found, one, rtol=1e-10)
        for key, array in arrays.items():
            assert array.dtype == np.float64
            np.testing.assert_allclose(array, expected[key], atol=1e-10, err_msg=key)


@pytest.mark.parametrize("name", ["dcgan", "gan-dense-2", "wgan-gp", "flow"])
def test_an_ordinary_training_of_ranks_stays_in_float32(name, xp):
    def dtypes(_):
        training = training_of(name, xp)
        measured = [averaged(row) for row in islice(training.updates(0), 2)]
        arrays = [value for row in measured for value in row.values()]
        arrays += [p.grad for net in training.model.networks.values() for p in net.params()]
        return {array.dtype for array in (*arrays, *training.model.arrays().values())}

    for found in run_ranks(2, dtypes):
        assert found == {np.dtype(np.float32)}


# ---- MPI, and NCCL -------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch):
    monkeypatch.setattr(strict_device.cuda, "nccl", strict_nccl, raising=False)
    monkeypatch.setattr(parallel, "_in_place", lambda: ThreadComm.IN_PLACE)


@pytest.fixture(params=["mpi", "nccl"])
def module(request):
    """The array module whose arrays go through MPI, and the one whose go through NCCL."""
    return np if request.param == "mpi" else strict_device


def run_distributed(ranks, module, function):
    """As run_ranks, with a DistributedShard."""

    def work(shard):
        with sharing(DistributedShard(ThreadComm(shard), module)) as distributed:
            return function(distributed)

    return run_ranks(ranks, work)


def arrays_of(ranks, dtype, shape=(2, 3)):
    return np.random.default_rng(0).standard_normal((ranks, *shape)).astype(dtype)


def same(found, expected, tolerance=1e-6):
    found = backend.to_numpy(found)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("ranks", [2, 3])
def test_a_distributed_shard_adds_and_gathers_and_leaves_its_array(ranks, dtype, module):
    """Also arrays that are not contiguous, and the second exchange of the result of the first."""
    host = arrays_of(ranks, dtype)

    def exchange(shard):
        x = module.asarray(host[shard.rank])
        same(shard.add(x), host.sum(axis=0))
        same(shard.add(x.T), host.sum(axis=0).T)
        same(shard.gather(x), host)
        same(shard.gather(x[:, ::2]), host[:, :, ::2])
        same(shard.mean(x), host.mean(axis=0))
        same(shard.add(shard.add(x)), ranks * host.sum(axis=0))
        same(shard.gather(shard.add(x))[0], host.sum(axis=0))
        same(x, host[shard.rank])
        assert shard.exchanged == {"gradients": 0, "other": 8 * x.nbytes + 2 * x.nbytes // 3}

    run_distributed(ranks, module, exchange)


def test_a_distributed_shard_adds_single_numbers(module):
    def exchange(shard):
        same(shard.add(module.asarray(np.float64(shard.rank))), np.array(3.0))
        same(shard.add(np.array(shard.rank * 1.0)), np.array(3.0))  # on the host in any case

    run_distributed(3, module, exchange)


@pytest.mark.parametrize("ranks", [2, 3])
def test_a_distributed_shard_begins_a_mean_and_ends_it_when_waited_for(ranks, module):
    host = arrays_of(ranks, np.float32, (64,))

    def exchange(shard):
        first, second = (module.asarray(factor * host[shard.rank]) for factor in (1, -2))
        waits = [shard.begin_mean(first), shard.begin_mean(second)]
        for wait in reversed(waits):
            wait()
        same(first, host.mean(axis=0))
        same(second, -2 * host.mean(axis=0))
        assert shard.exchanged == {"gradients": 2 * first.nbytes, "other": 0}

    run_distributed(ranks, module, exchange)


def test_a_distributed_shard_hands_out_the_array_of_the_first(module):
    host = arrays_of(3, np.float64)

    def exchange(shard):
        mine = np.asfortranarray(host[shard.rank])
        same(shard.from_first(mine), host[0])
        same(mine, host[shard.rank])

    run_distributed(3, module, exchange)


def test_it_says_how_long_it_has_waited(module):
    def exchange(shard):
        began, before = time.perf_counter(), shard.waited
        shard.add(module.zeros(3, np.float32)) + 1
        backend.synchronize(module)
        once = shard.waited
        wait = shard.begin_mean(module.zeros(3, np.float32))
        wait()
        backend.synchronize(module)
        return before, once, shard.waited, shard.waited, time.perf_counter() - began

    for before, once, twice, again, most in run_distributed(2, module, exchange):
        assert before == 0.0 < once < twice == again < most
        assert type(once) is float


def test_the_shard_of_ranks_is_a_distributed_one_or_that_of_a_process_alone(module):
    assert shard_of(SimpleNamespace(ranks=1), module) is ALONE

    def make(shard):
        ranks = SimpleNamespace(ranks=2, comm=ThreadComm(shard))
        made = shard_of(ranks, module)
        assert isinstance(made, DistributedShard)
        assert (made.rank, made.ranks) == (shard.rank, 2)
        assert made.waited == 0.0
        with sharing(made):
            return float(averaged({"a": module.asarray(np.float32(shard.rank))})["a"])

    assert run_ranks(2, make) == [0.5, 0.5]


@pytest.mark.parametrize("name", ["dcgan", "gan-dense-2", "ae", "gmm"])
def test_distributed_ranks_train_what_one_rank_trains(name, module):
    one, weights, generators = trained(training_of(name, module), 3)

    def train(shard):
        found = trained(training_of(name, module), 3)
        return found, shard.exchanged["gradients"]

    for (measured, arrays, its_generators), exchanged in run_distributed(2, module, train):
        for mine, expected in zip(measured, one, strict=True):
            assert mine == pytest.approx(expected, rel=1e-5, abs=1e-5)
        assert its_generators == generators
        for key, array in arrays.items():
            np.testing.assert_allclose(array, weights[key], atol=1e-3, err_msg=key)
        assert (exchanged > 0) == (name != "gmm")


# ---- the GPU's order of things -------------------------------------------------------------------

EXCHANGES = {
    "add": lambda shard, x: shard.add(x),
    "gather": lambda shard, x: shard.gather(x).sum(axis=0),
    "mean": lambda shard, x: [shard.begin_mean(x)(), 2.0 * x][1],
}
EACH = pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)


@EACH
def test_the_host_waits_for_no_exchange_and_reads_nothing(exchange):
    def work(shard):
        x = strict_device.asarray(np.ones(3, np.float32))
        found, counts = strict_device.measure(exchange, shard, x)
        same(found, np.full(3, 2.0, np.float32))
        return counts

    for counts in run_distributed(2, strict_device, work)[
        1:
    ]:  # those of the last alone are its own
        assert (counts.waits, counts.to_host, counts.to_device) == (0, 0, 0)


@EACH
def test_a_forgotten_wait_for_the_end_gives_old_numbers(exchange, monkeypatch):
    begin = parallel._Nccl._begin

    def forgetful(self, *arguments):
        begin(self, *arguments)
        return lambda: None

    def work(shard):
        x = strict_device.asarray(np.ones(3, np.float32))
        return exchange(shard, x).get()

    for found in run_distributed(2, strict_device, work):
        np.testing.assert_array_equal(found, 2)
    monkeypatch.setattr(parallel._Nccl, "_begin", forgetful)
    for found in run_distributed(2, strict_device, work):
        assert (found != 2).all()


@EACH
def test_a_forgotten_wait_for_the_start_is_an_error(exchange):
    def work(shard):
        shard.nccl.stream.wait_event = lambda event: None
        exchange(shard, 1.0 + strict_device.zeros(3, np.float32))

    with pytest.raises(RuntimeError, match="let the stream wait for an event"):
        run_distributed(2, strict_device, work)


# ---- the stand-in is as strict as it claims ------------------------------------------------------


def reduce(comm, x, y, *, count=4, kind=7, op=0):
    stream = strict_device.cuda.Stream(non_blocking=True)
    main = strict_device.cuda.get_current_stream()
    stream.wait_event(main.record())
    comm.allReduce(x, y, count, kind, op, stream.ptr)
    main.wait_event(stream.record())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda comm, x, y: reduce(comm, x.data.ptr, y.data.ptr, count=3),
        lambda comm, x, y: reduce(comm, x.data.ptr, y.data.ptr, count=5),
        lambda comm, x, y: reduce(comm, x.data.ptr, y.data.ptr, kind=8),
        lambda comm, x, y: reduce(comm, x.data.ptr, y.data.ptr, kind=0),
        lambda comm, x, y: reduce(comm, x.data.ptr, y.data.ptr, op=1),
        lambda comm, x, y: reduce(comm, x.data.ptr + 4, y.data.ptr),
        lambda comm, x, y: reduce(comm, x[:2].data.ptr, y.data.ptr),
        lambda comm, x, y: reduce(comm, (x + x).data.ptr, y.data.ptr),
        lambda comm, x, y: comm.allReduce(x.data.ptr, y.data.ptr, 4, 7, 0, 0),
        lambda comm, x, y: comm.allReduce(x.data.ptr, y.data.ptr, 4, 7, 0, 12345),
        lambda comm, x, y: reduce(
            comm, strict_device.zeros((4, 2), "f4")[:, 0].data.ptr, y.data.ptr
        ),
        lambda comm, x, y: reduce(
            comm, x[: 4 - comm.rank].data.ptr, y.data.ptr, count=4 - comm.rank
        ),
    ],
)
def test_the_stand_in_refuses_what_nccl_would_do_wrongly(wrong):
    unique = strict_nccl.get_unique_id()

    def work(shard, do=wrong):
        comm = strict_nccl.NcclCommunicator(2, unique, shard.rank)
        x, y = strict_device.ones(4, np.float32), strict_device.empty(4, np.float32)
        do(comm, x, y)
        return y.get().tolist()

    right = partial(work, do=lambda comm, x, y: reduce(comm, x.data.ptr, y.data.ptr))
    assert run_ranks(2, right) == [[2.0] * 4] * 2
    with pytest.raises(RuntimeError):
        run_ranks(2, work)


@pytest.mark.parametrize(
    ("size", "ids"), [(3, (0, 0)), (1, (0, 0)), (2, (0, 1)), (2, (2, 2))], ids=str
)
def test_the_stand_in_refuses_ranks_that_are_no_group(size, ids):
    known = [strict_nccl.get_unique_id(), strict_nccl.get_unique_id(), bytes(128)]

    def work(shard):
        strict_nccl.NcclCommunicator(size, known[ids[shard.rank]], shard.rank)

    with pytest.raises(RuntimeError):
        run_ranks(2, work)


# NCCL itself


@pytest.mark.gpu
def test_nccl_between_as_many_ranks_as_there_are_here_one():
    """One GPU is a group of one: its sums, gathers and means are its own arrays, by way of NCCL."""
    try:
        xp = backend.get("cupy")
        backend.nccl(xp)
    except UserError as error:
        pytest.skip(str(error))
    x = np.arange(6, dtype=np.float32).reshape(2, 3)

    def work(alone):
        shard, mine = DistributedShard(ThreadComm(alone), xp), xp.asarray(x)
        added, gathered = shard.add(mine), shard.gather(mine)
        shard.begin_mean(mine)()
        backend.synchronize(xp)
        return [backend.to_numpy(a) for a in (added, gathered, mine)], shard.waited

    ((arrays, waited),) = run_ranks(1, work)
    for found, expected in zip(arrays, (x, x[None], x), strict=True):
        same(found, expected)
    assert waited >= 0
