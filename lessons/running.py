"""A lesson's run, with what it prints kept beside its pictures, in out/NN/printed.txt."""

import os
import subprocess
import sys
from pathlib import Path

from tinygan.files import atomic_write

HERE = Path(__file__).parent


def run(number, *, fast=False):
    """Run a lesson and show what it prints. Returns its exit code.

    fast: a shorter run, of which nothing is kept.
    """
    (script,) = HERE.glob(f"{number}_*.py")
    command = [sys.executable, "-u", str(script), *(["--fast"] if fast else [])]
    lines = []
    how = {"stdout": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    with subprocess.Popen(
        command, env=os.environ | {"PYTHONIOENCODING": "utf-8"}, **how
    ) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if process.returncode == 0 and not fast:
        path = HERE / "out" / number / "printed.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write("".join(lines).encode())
    return process.returncode
