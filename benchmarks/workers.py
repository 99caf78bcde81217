"""Competitors in processes of their own, taking turns: A B A B …

Each has its own memory and its own pool of threads, and sleeps while another one runs. So what the
machine does over time (getting warm, other programs) meets all of them alike, and none is kept
from the cores by a neighbour's idle threads.
"""

import contextlib
import importlib
import multiprocessing
import signal
import traceback
from pathlib import Path

from tinygan.errors import RunError
from tinygan.nn.fast import memory


class Worker:
    """A process that builds a workload, and runs it when told to.

    build: a function at the top of a module; build(*args, **options) returns a workload, a function
    that runs once and returns what it measured, a dict of numbers. imports: modules whose memory is
    not the workload's.
    Raises RunError when building or running fails.
    """

    def __init__(self, build, *args, imports=(), **options):
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(other, imports, build, args, options), daemon=True
        )
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as its child will: Ctrl-C is ours
        try:
            self.process.start()
        finally:
            signal.signal(signal.SIGINT, before)
        other.close()
        try:
            self._answer()
        except BaseException:
            self.close()
            raise

    def run(self):
        """One round: what the workload measured, and "memory": the most bytes it held so far.

        memory is None where the system does not say (it is Linux that does); of a workload that
        measures it itself, on a GPU, it is that.
        """
        with contextlib.suppress(OSError):  # it is gone: reading says so
            self.pipe.send("run")
        return self._answer()

    def close(self):
        """End the process, whatever it is doing."""
        self.pipe.close()
        self.process.terminate()
        self.process.join()

    def _answer(self):
        try:
            answer = self.pipe.recv()
        except (EOFError, OSError):
            raise RunError("a worker process ended by itself: out of memory, perhaps") from None
        if isinstance(answer, str):
            raise RunError(f"a worker process failed:\n{answer}")
        return answer


def take_turns(sides, rounds, warm_up=2):
    """Run each side in turn. -> its rounds, name -> list of dict.

    sides: name -> a function that starts its Worker. Each turn is two runs, and the second counts:
    after the others' turns the first has to fetch its weights back into the cache, which in a
    training does not happen. At the end, and when something fails or Ctrl-C comes, all of them are
    closed.
    """
    found, workers = {name: [] for name in sides}, {}
    with contextlib.ExitStack() as stack:
        for name, start in sides.items():
            workers[name] = start()
            stack.callback(workers[name].close)
        for i in range(warm_up + rounds):
            for name, worker in workers.items():
                worker.run()
                measured = worker.run()
                if i >= warm_up:
                    found[name].append(measured)
    return found


def _serve(pipe, imports, build, args, options):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    try:
        memory.keep_freed()
        for name in imports:
            importlib.import_module(name)
        before = _resident()
        workload = build(*args, **options)
        pipe.send({})
        while pipe.recv() == "run":
            measured = workload()
            pipe.send({"memory": _grown(before)} | measured)
    except EOFError:  # told to close
        pass
    except Exception:
        with contextlib.suppress(OSError):  # the parent has gone already: nobody to tell
            pipe.send(traceback.format_exc())


def _resident():
    """Bytes in memory now, or None. On Linux the peak starts anew from here."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _grown(before):
    """Bytes of the peak above `before`."""
    peak = _status("VmHWM")
    return None if peak is None or before is None else peak - before


def _status(name):
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    found = (line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return 1024 * int(next(found))
