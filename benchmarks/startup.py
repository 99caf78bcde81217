"""python -m benchmarks startup: the time of a whole Python process that imports or trains."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tinygan
from benchmarks import machine, report
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


def main(argv):
    parser = Parser(
        prog="python -m benchmarks startup",
        description="Time new Python processes, including the start of Python itself.",
    )
    add = parser.add_argument
    add("--rounds", type=whole_number(1), default=7, metavar="N", help="default 7")
    add("--json", metavar="FILE", type=path, help="write the results to this file")
    parser.set_defaults(plot=None)  # two numbers need no picture
    args = parser.parse_args(argv)
    report.check_files(args)
    about = machine.describe(backend.get("numpy"), [])
    print(machine.line(about), "\n")
    rows, lines = [], [["", "seconds", "aim"]]
    for name, (command, aim) in STARTS.items():
        found = report.spread([_seconds(command) for _ in range(args.rounds + 1)][1:])
        rows.append({"start": name, "seconds": found, "aim": aim})
        lines.append([name, report.seconds(found), f"{aim:g}"])
    print(f"{report.table(lines)}\n\nMedian and quartiles, after one warm-up run.")
    report.write_files(args, "startup", [{"machine": about, "starts": rows}], None)
    return 0


def _seconds(command):
    home = str(Path(tinygan.__file__).parent.parent)  # so that this tinygan is imported
    paths = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
    env = os.environ | {"PYTHONPATH": paths}
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
    return taken
