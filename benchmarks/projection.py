"""How long a data-parallel step would take with ranks and links that were not at hand.

P ranks, n images each, exchange some arrays in every step, of so many bytes in all:

    step(P, n) = compute(n) + exchanges · turns · (latency + a) + moved · (1 / speed + b)
    turns = 2 log₂ P,    moved = 2 (P − 1)/P · bytes

An exchange halves what it works on, log₂ P times, and doubles it again; a ring moves as many bytes,
in 2 (P − 1) turns. latency and speed are those of the link: assumed, and from data sheets. The two
constants are fitted to exchanges that were measured here, between two processes with one memory,
which is a link of no latency and no limit: a is what a turn costs beside the link (Python, MPI), b
what a byte does (cores copy it, and add it up). GPUs add at the speed of their own memory, so for
them b is 0.

compute(n) of a rank as measured here is the line through its steps of two batch sizes. That of a
GPU is the projection in results/speed/launches.json, at its batch size; of its two bounds, launches
take as long for fewer images, and kernels as much less as there are fewer, but for Adam's.

No rank computes while it exchanges, as in training/parallel.py, and none waits for a slower one.
Each has a link of its own, or a ring goes once through that of each machine.
Source: Thakur, Rabenseifner & Gropp 2005, "Optimization of collective communication operations in
MPICH"; the cost of halving and doubling, with the adding, is also in the comments of MPICH's code.
"""

import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import roofline

MARK = "projection, not measured"
GPU_STEPS = Path(__file__).parent / "results" / "speed" / "launches.json"


class Link(NamedTuple):
    """ranks: how many it joins. latency: seconds. speed: bytes per second, each way."""

    name: str
    ranks: int
    latency: float
    speed: float
    source: str


# Makers publish speeds. The latencies, between two programs, are assumed, as in lesson 25.
NVLINK = Link("NVLink, one box", 8, 2e-6, 450e9, "NVIDIA, H100 SXM: 900 GB/s, both ways together")
NETWORKS = (
    Link("Ethernet, 10 Gbit/s", 64, 50e-6, 10e9 / 8, "IEEE 802.3ae; TCP"),
    Link("Ethernet, 100 Gbit/s", 64, 50e-6, 100e9 / 8, "IEEE 802.3ba; TCP"),
    Link("InfiniBand, 200 Gbit/s", 64, 2e-6, 200e9 / 8, "InfiniBand HDR, four lanes"),
)


class Constants(NamedTuple):
    """a: seconds per turn. b: seconds per byte moved."""

    a: float
    b: float


class Work(NamedTuple):
    """What ranks do in a step. compute: a function of n, in seconds. exchanges: how many.
    size: bytes of all exchanged arrays."""

    compute: object
    exchanges: int
    size: int


def moved(ranks, size):
    """Bytes out of each rank in an all-reduce of `size` bytes, the least possible: 2 (P − 1)/P."""
    return 2 * (ranks - 1) / ranks * size


def step(work, ranks, images, link, constants):
    """Seconds of a step of `images` on each of the ranks. link: None for one memory."""
    if ranks == 1:
        return work.compute(images)
    latency, per_byte = (0.0, 0.0) if link is None else (link.latency, 1 / link.speed)
    turns = 2 * math.log2(ranks)
    return (
        work.compute(images)
        + work.exchanges * turns * (latency + constants.a)
        + moved(ranks, work.size) * (per_byte + constants.b)
    )


def fit(sizes, seconds):
    """The Constants of exchanges between two ranks, with the least squares of relative errors.

    sizes: bytes of the arrays. Neither constant is below 0.
    """
    sizes, seconds = np.asarray(sizes, float), np.asarray(seconds)
    turns = np.full(len(sizes), 2.0)
    columns = np.stack([turns, moved(2, sizes)], axis=1) / seconds[:, None]
    a, b = np.linalg.lstsq(columns, np.ones(len(sizes)), rcond=None)[0]
    return Constants(max(0.0, float(a)), max(0.0, float(b)))


def line_through(steps):
    """compute(n) from dict n -> seconds, of one size or two: a line that does not fall."""
    (fewer, least), (more, most) = min(steps.items()), max(steps.items())
    slope = max(0.0, (most - least) / (more - fewer)) if more > fewer else most / more
    return lambda n: max(0.0, most + slope * (n - more))


def gpu(recipe, width, precision="float32"):
    """compute(n) of an H100, or None where no step of that recipe and width was projected."""
    try:
        (found,) = json.loads(GPU_STEPS.read_text())["results"]
    except FileNotFoundError:
        return None
    for row in found["steps"]:
        if (row["recipe"], row["width"]) == (recipe, width):
            bounds = row["projected"][precision]
            adam = 1e6 * row["kernels"]["tinygan_adam"]["megabytes"] / roofline.BYTES
            per_image = (bounds["kernels"] - adam) / found["batch_size"]
            return lambda n: max(bounds["launches"], adam + per_image * n)
    return None


def scaled(work, batch_size, ranks, link, constants):
    """dict(strong, weak), each dict(seconds, images_per_second, speed_up): one step on P ranks.

    strong: batch_size images in all, None where there are more ranks. weak: as many on each rank.
    speed_up: against one rank.
    """
    alone = batch_size / work.compute(batch_size)
    found = {"strong": None}
    shares = {"strong": batch_size / ranks, "weak": batch_size}
    for name, images in shares.items() if ranks <= batch_size else [("weak", batch_size)]:
        seconds = step(work, ranks, images, link, constants)
        rate = ranks * images / seconds
        found[name] = {"seconds": seconds, "images_per_second": rate, "speed_up": rate / alone}
    return found


def project(kinds, batch_size, constants):
    """What is projected: a list of dict(mark, of, link, ranks, latency, speed, strong, weak).

    kinds: name -> (Work, links). GPUs are those called "H100"; the others add with their cores.
    """
    rows = []
    for of, (work, links) in kinds.items():
        known = constants_of(of, constants)
        for link in links:
            facts = {"link": link.name, "ranks": link.ranks, "latency": link.latency}
            facts |= {"speed": link.speed, "source": link.source}
            found = scaled(work, batch_size, link.ranks, link, known)
            rows.append({"mark": MARK, "of": of} | facts | found)
    return rows


def constants_of(kind, constants):
    """A GPU has a, and no b."""
    return constants._replace(b=0.0) if kind == "H100" else constants
