"""Competitors in processes of their own, taking turns: A B A B …

Each has its own memory and its own pool of threads, and sleeps while another one runs. So what the
machine does over time (getting warm, other programs) meets all of them alike, and none is kept
from the cores by a neighbour's idle threads.
"""

import contextlib
import importlib
import multiprocessing
import traceback
from pathlib import Path

from tinygan import memory
from tinygan.errors import RunError


class Worker:
    """A process that builds a workload, and runs it when told to.

    build: a function at the top of a module; build(*args) returns a workload: a function that runs
    once and returns what it measured, a dict of numbers. imports: modules whose memory is not the
    workload's.
    Raises RunError when building or running fails.
    """

    def __init__(self, build, *args, imports=()):
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other, imports, build, args))
        self.process.start()
        other.close()
        self._answer()

    def run(self):
        """One round: what the workload measured, and "memory": the most bytes it held so far."""
        self.pipe.send("run")
        return self._answer()

    def close(self):
        self.pipe.close()
        self.process.join()

    def _answer(self):
        try:
            answer = self.pipe.recv()
        except EOFError:
            raise RunError("a worker process ended by itself: out of memory, perhaps") from None
        if isinstance(answer, str):
            raise RunError(f"a worker process failed:\n{answer}")
        return answer


def take_turns(workers, rounds, warm_up=2):
    """Run each worker in turn. workers: dict by name. -> their rounds: name -> list of dict."""
    found = {name: [] for name in workers}
    for i in range(warm_up + rounds):
        for name, worker in workers.items():
            measured = worker.run()
            if i >= warm_up:
                found[name].append(measured)
    return found


def _serve(pipe, imports, build, args):
    try:
        memory.keep_freed()
        for name in imports:
            importlib.import_module(name)
        before = _resident()
        workload = build(*args)
        pipe.send({})
        while pipe.recv() == "run":
            measured = workload()
            pipe.send({"memory": _peak() - before} | measured)
    except EOFError:  # told to close
        pass
    except Exception:
        pipe.send(traceback.format_exc())


def _resident():
    """Bytes in memory now; the peak starts anew from here where the system can do that (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak():
    return _status("VmHWM")


def _status(name):
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(name + ":"))
