"""python -m benchmarks startup: the time of a whole Python process that imports or trains, and of a
step by which of tinygan and NumPy was imported first.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tinygan
from benchmarks import machine, report
from benchmarks.workloads import tinygan_workload
from tinygan import backend
from tinygan.cli import Parser, path, whole_number
from tinygan.errors import UserError

STARTS = {  # the command, and the aim in seconds on two cores
    "import tinygan": (["-c", "import tinygan"], 0.3),
    "train dcgan --steps 1": (
        ["-m", "tinygan.train", "dcgan", "--steps", "1", "--backend", "numpy"],
        2.5,
    ),
}
# NumPy reads how long its threads may turn idly when it is imported: see tinygan/__init__.py.
FIRST = {"tinygan": "import tinygan, numpy", "NumPy": "import numpy, tinygan"}


def main(argv):
    parser = Parser(
        prog="python -m benchmarks startup",
        description="Time new Python processes, including the start of Python itself, and a step "
        "where tinygan or NumPy was imported first.",
        examples=("benchmarks startup --rounds 3",),
    )
    add = parser.add_argument
    add("--rounds", type=whole_number(1), default=7, metavar="N", help="measurements of "
        "each (default 7)")  # fmt: skip
    add("--json", metavar="FILE", type=path, help="write the results to this file")
    add("--width", type=whole_number(1), metavar="W", help="how wide the networks of "
        "the dcgan step are (default: its own width)")  # fmt: skip
    parser.set_defaults(plot=None)  # a few numbers need no picture
    args = parser.parse_args(argv)
    report.check_files(args)
    about = machine.describe(backend.get("numpy"), [])
    print(machine.line(about), "\n")
    rows, lines = [], [["", "seconds", "aim"]]
    for name, (command, aim) in STARTS.items():
        found = report.spread([_seconds(command)[0] for _ in range(args.rounds + 1)][1:])
        rows.append({"start": name, "seconds": found, "aim": aim})
        lines.append([name, report.seconds(found), f"{aim:g}"])
    steps = {first: [] for first in FIRST}
    for _ in range(args.rounds):  # in turns
        for first, imports in FIRST.items():
            code = f"{imports}; from benchmarks.startup import step; print(step({args.width}))"
            steps[first].append(float(_seconds(["-c", code])[1]))
    for first, seconds in steps.items():
        name, found = f"a dcgan step, {first} imported first", report.spread(seconds)
        rows.append({"start": name, "seconds": found, "aim": None})
        lines.append([name, report.seconds(found), "-"])
    print(f"{report.table(lines)}\n\nMedian and quartiles, after one warm-up run.")
    report.write_files(args, "startup", [{"machine": about, "starts": rows}], None)
    return 0


def step(width):
    """Seconds of a dcgan step of 128 images: the median of five, after two that do not count."""
    run = tinygan_workload("dcgan", 128, width, "numpy")
    return statistics.median([run()["step"] for _ in range(7)][2:])


def _seconds(command):
    """(the seconds of a new Python process, what it printed)."""
    home = str(Path(tinygan.__file__).parent.parent)  # so that this tinygan is imported
    paths = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
    env = os.environ | {"PYTHONPATH": paths}
    env.pop("OPENBLAS_THREAD_TIMEOUT", None)  # as it is before tinygan is imported
    with tempfile.TemporaryDirectory() as folder:
        out = ["--out", f"{folder}/run"] if "-m" in command else []
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *command, *out], capture_output=True, text=True, env=env
        )
        taken = time.perf_counter() - began
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise UserError(f"python {' '.join(command)} failed: {''.join(last)}")
    return taken, done.stdout
