"""The ranks of a distributed run: processes that mpiexec has started, with one run folder.

Rank 0 leads: it alone prints, draws, measures and writes. It tells the others before each update
that there is one, and at the end that there is none; so they end when it does, whatever the reason.
In the same exchange each says whether it was asked to stop, and for how long it has worked.

An error that all ranks know of (what `together` does has failed somewhere, or rank 0 has ended)
ends each by itself. After any other, the ranks may be waiting for each other, so the one with the
error says what it is and aborts them all. What kills a process without a word is noticed by
watchdog.py.
"""

import contextlib
import json
import os
import signal
import socket
import time
import traceback

import numpy as np

from tinygan import backend, launcher
from tinygan.cli import typed
from tinygan.errors import RunError, UserError
from tinygan.nn.shard import ALONE, averaged, sharing
from tinygan.runs import placement, watchdog

_GRACE = 3.0  # seconds that a rank with an error waits for rank 0, which may have it too


class Alone:
    """The one process of a run that is not distributed."""

    rank, ranks = 0, 1
    shard = ALONE  # what it trains with, see nn/shard.py

    def typed(self, *words):
        """A command line to paste that starts as many ranks."""
        return typed(*words)

    def together(self, do):
        """do() on every rank, rank 0 first."""
        return do()

    def only_first(self, do):
        """What do() on rank 0 gives (JSON-able), on every rank."""
        return do()

    def check_same(self, facts):
        """Raise UserError unless all ranks have the same facts, a dict of JSON-able values."""

    def check_batch(self, size):
        """Raise UserError unless a batch of this size can be split evenly over the ranks."""

    def take_device(self, xp):
        """Give each rank a GPU of its own where xp is CuPy."""

    def lead(self, updates):
        """The updates as rank 0 asks for them."""
        return updates

    def stop_asked(self):
        """Whether a rank was asked to stop, as far as rank 0 knows."""
        return False

    def lap(self):
        """(the slowest rank, its share of the time) since the last lap; () for a rank alone."""
        return ()

    def restart(self):
        """What rank 0 has done since the last update was no part of the training."""


class Ranks(Alone):
    """One of several ranks.

    comm: an mpi4py communicator of all. local: of those on this machine. note: what to know of
    where they compute, a text. shard: is set before the training.
    """

    def __init__(self, comm):
        self.comm, self.rank, self.ranks = comm, comm.rank, comm.size
        self.local = placement.ranks_here(comm)
        self.note = ""
        self.ends_by_itself = False  # whether all ranks know why they end
        self._asked = False
        self._began = self._paused = 0.0  # when the last exchange ended, and the last lap
        self._waited_before = 0.0
        self._work, self._wall = np.zeros(self.ranks), 0.0  # seconds since the last lap

    # What ranks tell each other, before and after the training

    def together(self, do):
        """do() on every rank, rank 0 first, so that the others find what it has prepared.

        Where it raises UserError, RunError or MemoryError on some, all ranks end: rank 0 with the
        error, the others without a word.
        """
        result, error = None, None
        for turn in (0, 1):
            if turn == min(self.rank, 1):
                try:
                    result = do()
                except (UserError, RunError, MemoryError) as raised:
                    error = raised
            self._end_if_any(error)
        return result

    def _end_if_any(self, error):
        code = getattr(error, "exit_code", 1)
        told = None if error is None else [str(error) or "not enough memory", code]
        errors = self.gather(told)
        if not any(errors):
            return
        self.ends_by_itself = True
        with_one = [rank for rank, found in enumerate(errors) if found]
        message, code = errors[with_one[0]]
        if self.rank:
            raise SystemExit(code)
        where = "" if with_one[0] == 0 else f"rank {with_one[0]}: "
        raise (UserError if code == 2 else RunError)(f"{where}{message}")

    def only_first(self, do):
        """What do() on rank 0 gives (JSON-able), on every rank. Errors as in `together`."""
        value, error = None, None
        if self.rank == 0:
            try:
                value = do()
            except (UserError, RunError, MemoryError) as raised:
                error = raised
        self._end_if_any(error)
        return self.gather(value)[0]

    def gather(self, value):
        """The values of all ranks, JSON-able, in a list on each."""
        mine = np.frombuffer(json.dumps(value).encode(), np.uint8)
        sizes = np.empty(self.ranks, np.int64)
        self.comm.Allgather(np.array([mine.size], np.int64), sizes)
        found = np.empty(sizes.sum(), np.uint8)
        self.comm.Allgatherv(mine, [found, sizes.tolist()])
        ends = np.cumsum(sizes)
        return [
            json.loads(found[end - size : end].tobytes())
            for size, end in zip(sizes, ends, strict=True)
        ]

    def typed(self, *words):
        return f"mpiexec -n {self.ranks} {typed(*words, '--distributed')}"

    def check_batch(self, size):
        if size is not None and size % self.ranks:
            below, above = size - size % self.ranks, size - size % self.ranks + self.ranks
            nearest = below if below and size - below <= above - size else above
            divisors = [n for n in range(2, self.ranks) if size % n == 0]
            fewer = f", or start {divisors[-1]} ranks" if divisors else ""
            raise UserError(
                f"a batch of {size} cannot be split evenly over {self.ranks} ranks: the nearest "
                f"that can is --batch-size {nearest}{fewer}"
            )

    def take_device(self, xp):
        self.check_same({"--backend": xp.__name__})
        if xp is not np:
            self.together(lambda: backend.nccl(xp))
            self._end_if_any(placement.take_gpu(self.local, xp))

    def check_same(self, facts):
        facts = json.loads(json.dumps(facts))
        everyones = self.gather({"facts": facts, "host": socket.gethostname()})
        first = everyones[0]["facts"]
        error = None
        for rank, found in enumerate(everyones):
            for name in first | found["facts"]:
                here, there = (facts.get(name, "nothing") for facts in (first, found["facts"]))
                if here != there:
                    error = error or UserError(
                        f"rank {rank} on {found['host']} differs from rank 0: {name} is {there} "
                        f"there, and {here} here; all ranks need the same"
                    )
        self._end_if_any(error)

    # While it trains

    def lead(self, updates):
        """Rank 0: yield what each update has measured, after the others were told to make it too.

        When the generator is closed, or the updates end, the others are told to end.
        """
        try:
            self.ends_by_itself = False  # in an update the others wait for this rank
            while self._exchange(goes_on=True):
                found = self._update(updates)
                self.ends_by_itself = True
                yield found
                self.ends_by_itself = False
        finally:
            if self.ends_by_itself:
                self._exchange(goes_on=False)

    def follow(self, updates, stop_requested):
        """The other ranks: make updates as rank 0 asks for them, until it ends."""
        while True:
            self._asked = self._asked or stop_requested()
            if not self._exchange(goes_on=True):
                break
            self._update(updates)
        self.ends_by_itself = True

    def _update(self, updates):
        """What the next update measures. Only now the shard is in use: what rank 0 draws or
        measures in between, it does alone."""
        with sharing(self.shard):
            return averaged(next(updates))

    def stop_asked(self):
        return self._asked

    def lap(self):
        self._paused = time.perf_counter()
        slowest, wall = int(self._work.argmax()), self._wall
        share = self._work[slowest] / wall if wall else 0.0
        self._work, self._wall = np.zeros(self.ranks), 0.0
        return (slowest, min(share, 1.0)) if share > 0 else ()

    def restart(self):
        now = time.perf_counter()
        self._began += now - (self._paused or now)

    def _exchange(self, goes_on):
        """Tell all ranks whether this one goes on, was asked to stop, and how long it has worked
        at the last update. Returns whether rank 0 goes on."""
        waited, now = self.shard.waited, time.perf_counter()
        began = self._began or now
        worked = now - began - (waited - self._waited_before)
        mine, found = np.array([goes_on, self._asked, worked]), np.empty((self.ranks, 3))
        self.comm.Allgather(mine, found)
        now = time.perf_counter()
        self._wall += now - began if self._began else 0.0  # the first time there was no update
        self._work += found[:, 2]
        self._began, self._waited_before = now, waited
        self._asked = bool(found[:, 1].any())
        return bool(found[0, 0])


@contextlib.contextmanager
def alone():
    """A with-block of a run that is not distributed.

    Raises UserError where a launcher has started several processes, which would all do the same.
    """
    if launcher.started() > 1:
        raise UserError(
            f"{launcher.started()} processes were started, and each would train by itself: add "
            "--distributed, or start one"
        )
    yield Alone()


@contextlib.contextmanager
def join():
    """A with-block of one of several ranks: it yields its Ranks. All of them end together.

    Raises UserError, with what to install or how to start, where there are no ranks to join.
    """
    try:
        comm = _world()
    except UserError as error:
        if launcher.rank():  # each machine has an installation of its own
            launcher.tell(f"tinygan: rank {launcher.rank()}: {error}")
        raise
    ranks = Ranks(comm)
    notes = ranks.gather(placement.divide_cores(ranks.local))
    ranks.note = "; ".join(dict.fromkeys(filter(None, notes)))
    stop_watching = _watched(ranks)
    try:
        yield ranks
    except BaseException as error:
        if not ranks.ends_by_itself:
            _abort(ranks, error, stop_watching)
        raise
    finally:
        comm.Barrier()  # until then each is watched: rank 0 may still measure
        stop_watching()


def _watched(ranks):
    """Start the watchdog of this machine. Returns a function that stops it."""
    local, pid = ranks.local, os.getpid()
    pairs, process, told = np.empty((local.size, 2), np.int64), None, np.zeros(64, np.uint8)
    local.Allgather(np.array([ranks.rank, pid]), pairs)
    if local.rank == 0:
        process, name = watchdog.start(dict(pairs.tolist()), of_all=local.size == ranks.ranks)
        if process is not None:
            told[: 8 + len(name)] = np.frombuffer(process.pid.to_bytes(8, "big") + name, np.uint8)
    local.Bcast(told)
    number = int.from_bytes(told[:8].tobytes(), "big")
    connection = watchdog.connect(told[8:].tobytes().rstrip(b"\0")) if number else None

    def stop():
        if number:
            watchdog.stop(number)
        if connection is not None:
            connection.close()
        if process is not None:
            process.wait()

    return stop


def _abort(ranks, error, stop_watching):
    """Say what the error is and end all ranks now."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if ranks.rank and isinstance(error, UserError | RunError | MemoryError | KeyboardInterrupt):
        time.sleep(_GRACE)  # rank 0 may have the same error, and more to say
    who = "" if ranks.rank == 0 else f"rank {ranks.rank}: "
    if isinstance(error, UserError | RunError):
        text = f"tinygan: {who}{error}"
    elif isinstance(error, MemoryError):
        text = f"tinygan: {who}not enough memory: lower --batch-size"
    elif isinstance(error, KeyboardInterrupt):
        text = "tinygan: stopped"
    else:
        text = who + "".join(traceback.format_exception(error)).rstrip()
    launcher.tell(text)
    stop_watching()
    time.sleep(0.2)  # until mpiexec has passed on what was printed
    code = 130 if isinstance(error, KeyboardInterrupt) else 1
    code = getattr(error, "exit_code", code)
    ranks.comm.Abort(code)
    os._exit(code)  # Abort may return before it has ended this process


def _world():
    """MPI's communicator of all processes that were started together."""
    command = typed("tinygan.train", "RECIPE", "--distributed")
    how = f"start them with: mpiexec -n 4 {command}"
    try:
        import mpi4py
    except ImportError:
        raise UserError(
            "--distributed needs mpi4py, which is not installed: pip install 'tinygan[mpi]' (or "
            f"mpi4py and an MPI of your own); then {how}"
        ) from None
    if launcher.rank() is None:
        raise UserError(f"--distributed needs several processes, and this one is alone; {how}")
    try:
        with watchdog.at_start():
            from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise UserError(
            f"mpi4py {mpi4py.__version__} finds no MPI library ({error}): pip install mpich, or "
            "load your cluster's MPI"
        ) from None
    comm = MPI.COMM_WORLD
    if comm.size == 1 and launcher.started() > 1:
        raise UserError(
            f"mpiexec has started {launcher.started()} processes, but they do not find each other: "
            f"it is of another MPI than mpi4py, which uses {MPI.get_vendor()[0]}"
        )
    return comm
