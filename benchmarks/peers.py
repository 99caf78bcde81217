"""Whom a step of tinygan is compared with, and the processes that run them."""

import functools

from benchmarks import report, torch_steps
from benchmarks.workers import Worker
from benchmarks.workloads import tinygan_workload

PEERS = {  # name: what it is called in a table
    "torch": "PyTorch",
    "torch-compile": "PyTorch, compiled",
    "torch-graph": "PyTorch, CUDA graph",
    "jax": "JAX",
}
HOW = (  # for --help
    "; torch-compile is torch.compile of the networks, torch-graph the step as one CUDA graph, "
    "jax a step under jax.jit, on the CPU (JAX is installed by hand: pip install jax)"
)


def usable(backend_name, peers):
    """Those of the peers that run where this backend does; the others are named on stderr."""
    elsewhere = {"torch-graph": "numpy", "jax": "cupy"}
    why = {"torch-graph": "it needs a GPU", "jax": "it is measured on the CPU alone"}
    left = [peer for peer in peers if elsewhere.get(peer) == backend_name]
    for peer in left:
        report.say(f"{peer} is left out on the backend {backend_name}: {why[peer]}")
    return [peer for peer in peers if peer not in left]


def sides(recipe, batch_size, width, backend_name, peers, *, plain=False, tf32=False):
    """What is compared: name -> a function that starts its Worker.

    plain: whether tinygan's plain functions are among them.
    """
    size = (batch_size, width, backend_name)
    start = functools.partial(Worker, tinygan_workload, recipe, *size, tf32=tf32)
    found = {"tinygan": start}
    if plain:
        found["tinygan, plain"] = functools.partial(start, plain=True)
    for peer in torch_steps.PEERS:
        if peer in peers:
            found |= torch_steps.torch_workers(recipe, peer, *size, tf32=tf32)
    if "jax" in peers:
        found["jax"] = functools.partial(
            Worker, jax_workload, recipe, batch_size, width, imports=("jax",)
        )
    return found


def jax_workload(*size):
    """jax_twins.jax_workload, whose module needs JAX."""
    from benchmarks import jax_twins

    return jax_twins.jax_workload(*size)


def peer_of(side):
    """The peer that a side is a configuration of: "torch, contiguous" -> "torch"."""
    return side.partition(",")[0]


def best_of(peer, measured):
    """(seconds, name) of the fastest side of a peer, None if it has none.

    measured: name -> dict(seconds), a spread.
    """
    return min(
        ((found["seconds"]["median"], side) for side, found in measured.items()
         if peer_of(side) == peer),
        default=None,
    )  # fmt: skip
