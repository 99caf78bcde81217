"""python -m benchmarks.gpu_parts PART: one part of `python -m benchmarks gpu`, in its own process.

Each part is a function of (args, save). save(found) writes what was found so far, a dict of numbers
and texts, and may be called as often as there is something new; "outcome" in it says in a few words
how it went.
"""

import contextlib
import functools
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from importlib import metadata
from pathlib import Path

from benchmarks import gmm, gpu_losses, gpu_steps, gpu_train, layers, machine, scaling, strict
from benchmarks import workers as worker_processes
from tinygan import backend
from tinygan.cli import Parser, exit_on_error, path, positive_number
from tinygan.files import write_text


def main(argv=None):
    parser = Parser(prog="python -m benchmarks.gpu_parts")
    add = parser.add_argument
    add("part", choices=PARTS)
    add("--to", type=path, required=True)
    add("--sheets", type=path, required=True)
    add("--seconds", type=positive_number, required=True)
    add("--device", choices=("cupy", "strict"), default="cupy")
    add("--small", action="store_true")
    add("--data-dir-faces", type=path)
    add("--data-dir-cifar10", type=path)
    args = parser.parse_args(argv)
    end_with_parent()
    if args.device == "strict":
        strict.stand_in()
        worker_processes.first = strict.stand_in
    if args.small:
        machine.matmul_rate = functools.partial(machine.matmul_rate, size=64, rounds=1)
    PARTS[args.part](args, lambda found: write_text(args.to, json.dumps(found) + "\n"))
    return 0


def end_with_parent():
    """End this process and all it starts as soon as the one that started it is gone."""
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        os.killpg(0, signal.SIGKILL)

    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        threading.Thread(target=watch, daemon=True).start()


def about_machine(args, save):
    """The card, its driver and the versions."""
    xp = backend.get("cupy")
    found = {"backend": backend.describe(xp), "python": platform.python_version(), "versions": {}}
    for package in ("numpy", "cupy-cuda12x", "cupy-cuda13x", "torch", "scikit-learn", "triton"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found["versions"][package] = metadata.version(package)
    runtime, card = xp.cuda.runtime, xp.cuda.Device()
    for name, ask in {
        "driver": lambda: runtime.driverGetVersion(),
        "runtime": lambda: runtime.runtimeGetVersion(),
        "compute_capability": lambda: card.compute_capability,
        "memory_free_and_total": lambda: list(card.mem_info),
        "processors": lambda: runtime.getDeviceProperties(card.id)["multiProcessorCount"],
        "nvidia_smi": _smi,
        "describe": lambda: machine.describe(xp, []),
    }.items():
        try:
            found[name] = ask()
        except Exception as error:  # whatever one of them lacks, the others are of use
            print(f"{name} is not known: {error!r}")
        save(found)
    for on in (False, True):
        backend.set_tf32(xp, on)
        found["matmul_gflops_tf32" if on else "matmul_gflops"] = machine.matmul_rate(xp) / 1e9
    found["outcome"] = found["backend"]
    save(found)
    print(json.dumps(found, indent=1))


def _smi():
    query = "name,driver_version,clocks.sm,clocks.max.sm,power.limit,memory.total"
    command = ["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def tests(args, save):
    """The tests that need a GPU. Before the limit they are interrupted, and say what they found."""
    chosen = ["tests/test_strict_device.py"] if args.small else ["-m", "gpu"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    early = threading.Timer(max(1.0, args.seconds - 8), process.send_signal, [signal.SIGINT])
    early.daemon = True
    early.start()
    last = deque(maxlen=60)
    for line in process.stdout:
        print(line, end="", flush=True)
        last.append(line.rstrip("\n"))
    code = process.wait()
    outcome = summary_of(last) + ", interrupted" * early.finished.is_set()
    early.cancel()
    save({"code": code, "last_lines": list(last), "outcome": outcome})


def summary_of(lines):
    """The line in which pytest counts the tests, or the last one where there is none."""
    counts = [line for line in lines if re.search(r"\d (passed|failed|skipped|errors?)\b", line)]
    return ["no output", *lines, *counts][-1].strip("= ")


def run_benchmark(kind, runs):
    """A part that runs a benchmark's main once for each of `runs`: name -> its words.

    runs: a function of args. What each run found is kept by its name; one that fails is said.
    """

    def part(args, save):
        found, failed = {}, []
        with tempfile.TemporaryDirectory(dir=Path(args.to).parent) as folder:
            for name, words in runs(args).items():
                file = Path(folder) / f"{len(found)}.json"
                try:
                    kind.main([*words.split(), "--json", str(file)])
                    found[name] = json.loads(file.read_text("utf-8"))["results"]
                except Exception as error:
                    print(f"{name} failed: {error}", flush=True)
                    failed.append(name)
                save(found | {"outcome": f"{', '.join(failed)} failed" if failed else "done"})
        if not found:
            raise SystemExit(1)

    return part


def layers_runs(args):
    if args.small:
        return {"float32": "--backend cupy --recipe cgan --batch-size 4 --rounds 1 --peer"}
    words = "--backend cupy --rounds 5 --peer torch"
    few = "--backend numpy --recipe dcgan --rounds 2 --peer torch"
    return {"float32": words, "tf32": f"{words} --tf32", "numpy": few}


def scaling_runs(args):
    if args.small:
        return {"cupy": "--backend cupy --width 2 --batch-size 2 --rounds 1"}
    return {
        "cupy": "--backend cupy --width 64 16 32 128 --batch-size 32 64 128 256 512 --rounds 5",
        "cupy, tf32": "--backend cupy --width 64 128 --batch-size 128 512 --rounds 5 --tf32",
        "numpy": "--backend numpy --width 16 32 64 --batch-size 32 64 128 --rounds 2",
    }


def gmm_runs(args):
    if args.small:
        return {"cupy": "--backend cupy --components 2 --dims 3 --iterations 2 --limit 60 "
                "--rounds 1 --peer"}  # fmt: skip
    return {
        "cupy": "--backend cupy --rounds 2 --peer",
        "numpy": "--backend numpy --rounds 2 --peer sklearn",
    }


PARTS = {
    "machine": about_machine,
    "tests": tests,
    "losses": gpu_losses.losses,
    "step": gpu_steps.steps,
    "layers": run_benchmark(layers, layers_runs),
    "scaling": run_benchmark(scaling, scaling_runs),
    "gmm": run_benchmark(gmm, gmm_runs),
    "launches": gpu_steps.launches,
    "train": gpu_train.train_all,
}

if __name__ == "__main__":
    exit_on_error(main)
