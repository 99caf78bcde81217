"""The libraries to compare run in their own processes, in turns: A B A B …

Each process has its own memory and thread pool, and sleeps while another one runs. So changes of
the machine over time (heat, other programs) affect all of them equally, and no idle threads of one
keep another from the cores.
"""

import contextlib
import importlib
import multiprocessing
import signal
import traceback
from pathlib import Path

from tinygan.errors import RunError
from tinygan.nn.fast import memory

first = None  # a module-level function that each new worker calls before anything else


class Worker:
    """A process that builds a workload and runs it on request.

    build: a module-level function; build(*args, **options) returns a workload, a function that runs
    once and returns what it measured, a dict of numbers. imports: modules to import before, so that
    their memory does not count. The process builds while this one goes on: `ready` waits for it.
    `ready` and `run` raise RunError when building or running fails.
    """

    def __init__(self, build, *args, imports=(), **options):
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.is_ready = False
        self.process = context.Process(
            target=_serve, args=(other, first, imports, build, args, options), daemon=True
        )
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited: only we handle Ctrl-C
        try:
            self.process.start()
        finally:
            signal.signal(signal.SIGINT, before)
        other.close()

    def ready(self):
        """Wait until the workload is built."""
        if not self.is_ready:
            self._answer()
            self.is_ready = True

    def run(self):
        """Run once. Returns what the workload measured, and "memory": its peak bytes so far.

        memory is None where the system does not report it (Linux does); a workload on a GPU
        measures its own memory.
        """
        self.ready()
        with contextlib.suppress(OSError):  # it has ended: _answer reports that
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
            raise RunError("a worker process ended: perhaps it ran out of memory") from None
        if isinstance(answer, str):
            raise RunError(f"a worker process failed:\n{answer}")
        return answer


def take_turns(sides, rounds, warm_up=2, failed=None):
    """Run all sides in turns. Returns name -> list of dict, one for each round.

    sides: name -> a function that starts its Worker. Each turn is two runs, of which the second
    counts: after the others' turns, the first has to load its weights into the cache again, which
    does not happen in a training. They are built at the same time, before the first turn. All
    workers are closed at the end, on an error and on Ctrl-C.
    failed: a dict, for the sides that fail: they are left out, and the error is put there by name.
    """
    found, workers = {name: [] for name in sides}, {}

    def attempt(name, action):
        try:
            return action()
        except RunError as error:
            if failed is None:
                raise
            failed[name] = str(error)
            del workers[name], found[name]

    with contextlib.ExitStack() as stack:
        for name, start in sides.items():
            workers[name] = start()
            stack.callback(workers[name].close)
        for name, worker in list(workers.items()):
            attempt(name, worker.ready)
        for i in range(warm_up + rounds):
            for name, worker in list(workers.items()):
                measured = attempt(name, lambda: (worker.run(), worker.run())[1])  # noqa: B023
                if i >= warm_up and name in found:
                    found[name].append(measured)
    return found


def _serve(pipe, first, imports, build, args, options):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    try:
        memory.keep_freed()
        if first is not None:
            first()
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
        with contextlib.suppress(OSError):  # the parent has already ended
            pipe.send(traceback.format_exc())


def _resident():
    """Bytes in memory now, or None. On Linux this also resets the peak."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _grown(before):
    """The peak bytes minus `before`, or None."""
    peak = _status("VmHWM")
    return None if peak is None or before is None else peak - before


def _status(name):
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    found = (line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return 1024 * int(next(found))
