"""python -m benchmarks gpu --out DIR: all that one short visit to a GPU should measure.

Every part runs in a process of its own with a limit of its own, and is ended, with the processes it
started, when it is over that: a part that fails or hangs loses only itself. DIR/gpu.json is written
again after each part. The parts themselves are in gpu_parts.py.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import gpu_summary, report, strict
from tinygan import backend
from tinygan.cli import Parser, next_line, path, positive_number
from tinygan.errors import RunError, Stopped, UserError
from tinygan.files import atomic_write, is_empty, reason, write_text

ROOT = Path(__file__).parent.parent
MINUTES = 9
LIMITS = {  # seconds of each part in nine minutes, the most important first; the last has the rest
    "machine": 15,
    "tests": 80,
    "losses": 40,
    "step": 140,
    "layers": 35,
    "scaling": 20,
    "gmm": 15,
    "launches": 20,
    "train": 210,
}
LEAST = 1  # second, with which a part can do anything
RESERVE = 6  # seconds for what comes after the parts
MOST_SHEETS = 3
MOST_LOG = 2_000_000  # bytes of each part


def main(argv):
    args = _parser().parse_args(argv)
    _check(args)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the parts, as Ctrl-C does
    report.installed(["torch", "sklearn"])  # what is missing is said now
    try:
        parts = _visit(args)
        print(gpu_summary.text(parts))
        gpu_summary.draw(Path(args.out) / "summary.png", parts)
    except OSError as error:
        raise RunError(f"cannot write {error.filename or args.out}: {reason(error)}") from None
    except KeyboardInterrupt:
        raise Stopped(f"stopped; the parts that were finished are in {args.out}/gpu.json") from None
    print(f"\nwritten: {args.out}")
    failed = [name for name, part in parts.items() if part["outcome"].startswith("failed")]
    if failed:
        raise RunError(f"failed: {', '.join(failed)}; gpu.log in {args.out} says why")
    print("\n" + next_line("all the numbers", "json.tool", Path(args.out) / "gpu.json"))
    return 0


def _visit(args):
    """Run the parts, and write what they found after each. Returns name -> what run_part does."""
    end = time.monotonic() + 60 * args.minutes - RESERVE
    found = {"benchmark": "gpu", "minutes": args.minutes, "device": args.backend, "parts": {}}
    parts = found["parts"]
    with tempfile.TemporaryDirectory(prefix="tinygan-gpu-") as folder:
        for name in args.part or LIMITS:
            limit = min(LIMITS[name] * args.minutes / MINUTES, end - time.monotonic())
            if limit < LEAST:
                parts[name] = {"seconds": 0, "outcome": "no time was left", "result": None}
            else:
                report.say(f"{name}: at most {limit:.3g} s")
                parts[name] = run_part(name, _words(args), limit, Path(folder), args.out)
            report.say(f"{name}: {parts[name]['outcome']}")
            write_text(Path(args.out) / "gpu.json", json.dumps(found, indent=1) + "\n")
    return parts


def run_part(name, words, limit, folder, out):
    """Run one part. Returns dict(seconds, outcome, result) of numbers and texts.

    limit: seconds. folder: for the part's own files. out: where the log goes, and sheets. What the
    part had found until it was ended is its result.
    """
    result, log, sheets = folder / f"{name}.json", folder / f"{name}.log", folder / f"{name}-sheets"
    command = [sys.executable, "-m", "benchmarks.gpu_parts", name, "--to", str(result)]
    command += ["--sheets", str(sheets), "--seconds", f"{limit:.1f}", *words]
    began, code = time.monotonic(), None
    with open(log, "wb") as file:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(limit)
        finally:
            end_group(process)
    seconds = time.monotonic() - began
    last = keep_log(name, log, Path(out) / "gpu.log")
    for sheet in sorted(sheets.glob("*.png"))[:MOST_SHEETS]:
        shutil.copy(sheet, out)
    kept = json.loads(result.read_text("utf-8")) if result.exists() else None
    if code is None:
        outcome = f"ended at its limit of {limit:.3g} s"
    elif code:
        outcome = f"failed: {last}"
    else:
        outcome = (kept or {}).get("outcome", "done")
    return {"seconds": round(seconds, 1), "outcome": outcome, "result": kept}


def end_group(process):
    """End a process that leads its own session, and all that it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def keep_log(name, log, to):
    """Add a part's output to the log. Returns its last line."""
    content = log.read_bytes()[-MOST_LOG:]
    before = to.read_bytes() if to.exists() else b""
    with atomic_write(to) as file:
        file.write(before + f"== {name}\n".encode() + content + b"\n")
    lines = content.decode(errors="replace").strip().splitlines() or ["it printed nothing"]
    return lines[-1].removeprefix("tinygan: ")[:200]


def _words(args):
    """What every part is told."""
    words = ["--device", args.backend] + ["--small"] * args.small
    for name in ("faces", "cifar10"):
        folder = getattr(args, f"data_dir_{name}")
        if folder is not None:
            words += [f"--data-dir-{name}", os.path.abspath(folder)]
    return words


def _parser():
    parser = Parser(
        prog="python -m benchmarks gpu",
        usage="%(prog)s --out DIR [options]",
        description="Measure everything on a GPU, part by part, without a network: "
        f"{', '.join(LIMITS)}. DIR gets gpu.json, gpu.log, summary.png and up to three sheets of "
        "samples.",
        examples=("benchmarks gpu --out gpu", "benchmarks gpu --out try --small --backend strict"),
    )
    add = parser.add_argument
    add("--out", metavar="DIR", type=path, required=True, help="a folder that is new or empty")
    add("--minutes", metavar="M", type=positive_number, default=MINUTES, help="how long in all; "
        f"the limits of the parts grow and shrink with it (default {MINUTES})")  # fmt: skip
    add(
        "--part",
        nargs="+",
        choices=LIMITS,
        metavar="NAME",
        help="measure only these parts (default: all)",
    )
    add("--small", action="store_true", help="tiny sizes, to try whether everything runs")
    add("--backend", choices=("cupy", "strict"), default="cupy", metavar="NAME", help="cupy, or "
        "with --small strict: the fake device of the tests, where there is no GPU")  # fmt: skip
    for name, what in (("faces", "dcgan-faces"), ("cifar10", "dcgan-cifar10")):
        add(f"--data-dir-{name}", metavar="DIR", type=path, help=f"pictures that {what} is trained "
            "on (default: generated ones)")  # fmt: skip
    return parser


def _check(args):
    """Raise UserError now for what would fail later; make DIR."""
    if args.backend == "strict":
        if not args.small:
            raise UserError("--backend strict computes on the processor: use it with --small")
        strict.device()
    else:
        try:
            backend.get("cupy")
        except UserError as error:
            raise UserError(f"{error}; --small --backend strict tries it all here") from None
    for folder in (args.data_dir_faces, args.data_dir_cifar10):
        if folder is not None and not os.path.exists(folder):
            raise UserError(f"there is no {folder}")
    try:
        os.makedirs(args.out, exist_ok=True)
        if not is_empty(args.out):
            raise UserError(f"--out {args.out} is not empty: name a folder that is new or empty")
    except FileExistsError:
        raise UserError(f"--out {args.out} is a file: name a folder that is new or empty") from None
    except OSError as error:
        raise UserError(f"cannot write {args.out}: {reason(error)}") from None
