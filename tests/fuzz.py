"""python tests/fuzz.py: read very many damaged files, and see that each is read or refused well.

Each input is one seed, a few small files as tinygan and others really write them, with some of its
bytes, values or parts changed, often so that checksums are right again and the change reaches the
code behind them. An input depends on (--seed, target, number) alone: --only NUMBER makes it again.

A parser that is given such files has to return, or to raise a UserError or RunError whose text is
one printable line of at most 1,000 characters, within 10 seconds and 512 MB. All else is a finding:
another exception, a warning, other output, a process that dies or does not answer.

Each target runs in a child process, so that one that dies ends nothing but that input. Linux only.
"""

import argparse
import contextlib
import dataclasses
import io
import json
import mmap
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import small_pictures as small
from fuzz_changes import changed
from fuzz_targets import LETTERS, TARGETS, cache_in, current, what_is_wrong

from tinygan.errors import RunError, UserError

SECONDS, MEGABYTES = 10.0, 512  # of an input: time and memory
PATIENCE = 3  # a child that has not answered for so many times SECONDS is ended
MOST_KEPT = 200  # findings of a target that are described; more are only counted


def make_input(target, seeds, seed, number):
    """({relative path: bytes}, read) of the input with this number."""
    rng = random.Random(f"{seed} {target} {number}")
    chosen, other = rng.choice(seeds), rng.choice(seeds)
    files, names = dict(chosen.files), chosen.change or tuple(chosen.files)
    for name in rng.sample(names, 1 if rng.random() < 0.8 else rng.randint(1, len(names))):
        another = other.files.get(name) or rng.choice(list(other.files.values()))
        fate = rng.random()
        if fate < 0.005:
            files.pop(name, None)
        elif fate < 0.02:
            files[name] = another
        else:
            files[name] = changed(rng, name, files.get(name, b""), another)
    if chosen.repair and rng.random() < 0.5:
        chosen.repair(files)
    return files, chosen.read


# One input


class TooSlow(BaseException):
    """The time is up. No parser catches it by accident."""


@dataclass(frozen=True)
class Outcome:
    """kind: "good", "refused" or "finding". text: the sentence, or what is wrong. seconds: of the
    parser. place: where an exception was raised. details: a traceback."""

    kind: str
    text: str = ""
    seconds: float = 0.0
    place: str = ""
    details: str = ""


def examine(read, folder, seconds=SECONDS):
    """Call read(folder) under watch.    -> Outcome"""
    out, warned = io.StringIO(), []

    def too_slow(number, frame):
        raise TooSlow(f"more than {seconds:g} s")

    def note(message, category, filename, line, file=None, text=None):
        text = f"warned: {category.__name__}: {message} ({Path(filename).name}:{line})"
        warned.append((text, traceback.extract_stack()))

    began, raised = time.perf_counter(), None
    before = signal.signal(signal.SIGALRM, too_slow)
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
    ):
        _as_python_shows_warnings(note)
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            read(folder)
        except BaseException as error:
            raised = error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    took = time.perf_counter() - began
    outcome = dataclasses.replace(_judged(raised, out.getvalue(), warned), seconds=took)
    raised = None  # or it would keep what the parser has read, by way of its traceback
    return outcome


def _as_python_shows_warnings(show):
    """Every warning that a user would see, and those of files left open, are given to `show`."""
    warnings.showwarning = show
    warnings.simplefilter("always")
    for hidden in (DeprecationWarning, PendingDeprecationWarning, ImportWarning):
        warnings.simplefilter("ignore", hidden)


def _judged(raised, printed, warned):
    if raised is not None and not isinstance(raised, UserError | RunError):
        text = f"{type(raised).__name__}: {raised}"
        details = "".join(traceback.format_exception(raised, limit=-9))
        return Outcome("finding", text[:LETTERS], 0.0, _place_of(raised), details[-20_000:])
    for line in printed.splitlines():
        wrong = what_is_wrong(line)
        if wrong or not line.startswith(_SPEAKERS):
            wrong = wrong or "other output"
            return Outcome("finding", f"printed: {wrong}: {line[:200]!r}")
    if warned:
        text, stack = warned[0]
        details = "".join(traceback.format_list(stack[-12:]))
        return Outcome("finding", text[:LETTERS], 0.0, _place_in(stack), details)
    if raised is None:
        return Outcome("good", printed)
    if wrong := what_is_wrong(str(raised)):
        details = "".join(traceback.format_exception(raised, limit=-9))
        text = f"sentence: {wrong}: {str(raised)[:200]!r}"
        return Outcome("finding", text, 0.0, _place_of(raised), details[-20_000:])
    return Outcome("refused", str(raised))


_SPEAKERS = ("faces: ", "pictures: ", "idx: ", "data: ", "this run was last trained with ")


def _place_of(error):
    return _place_in(traceback.extract_tb(error.__traceback__))


def _place_in(frames):
    """The innermost line of tinygan in a traceback."""
    ours = [frame for frame in frames if "tinygan/" in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno} {ours[-1].name}"


def blanked(text):
    """A sentence with names and numbers blanked, so that equal kinds of sentences are equal."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", text[:LETTERS])
    words = ["#" if re.search(r"[^A-Za-z.,:;()’'…-]", word) else word for word in text.split()]
    return re.sub(r"#( #)+", "#", " ".join(words))


@contextlib.contextmanager
def _laid_out(files, folder):
    """A with-block in which the files are in the folder."""
    for name, content in files.items():
        path = folder / name
        if not path.parent.exists():
            path.parent.mkdir(parents=True)
        path.write_bytes(content)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# A target


@dataclass(frozen=True)
class Limits:
    seconds: float = SECONDS
    megabytes: int = MEGABYTES


_COUNTS = np.dtype(
    [("number", "i8"), ("good", "i8"), ("refused", "i8"), ("slowest", "f8"), ("peak", "f8"),
     ("slowest_number", "i8"), ("peak_number", "i8")]
)  # fmt: skip


def run_target(name, seeds, numbers, seed, limits=Limits(), keep=None):
    """Read the inputs with these numbers, a range, in a child process.    -> a line of the report

    When the child dies, the next one goes on behind the input that it has died of.
    """
    counts = np.frombuffer(mmap.mmap(-1, _COUNTS.itemsize), _COUNTS)[0:1].view(np.recarray)
    began, left, findings, sentences = time.monotonic(), numbers, Counter(), set()
    described = []

    def note(number, outcome):
        key = outcome["place"] + " " + blanked(outcome["text"])
        findings[key] += 1
        if findings[key] == 1 and len(described) < MOST_KEPT:
            described.append({"number": number, "key": key, **outcome})
        if keep and findings[key] <= 3:
            _keep(keep / name / str(number), name, seeds, seed, number, outcome)

    shared = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=shared, prefix="fuzz") as folder:
        while left:
            counts.number = -1
            ended = _in_child(name, seeds, left, seed, limits, Path(folder), counts)
            for line in _lines(Path(folder) / "journal"):
                if "sentence" in line:
                    sentences.add(line["sentence"])
                else:
                    note(line.pop("number"), line)
            if ended is None:
                break
            at = int(counts.number[0])
            if at < 0:
                raise RuntimeError(f"the target {name} cannot be begun: {ended}")
            note(at, {"text": f"the process ended: {ended}", "place": "", "details": ""})
            left = range(at + 1, left.stop)
    found = {n: counts[n][0].item() for n in _COUNTS.names if n != "number"}
    for finding in described:
        finding["times"] = findings[finding.pop("key")]
    return {
        "inputs": len(numbers),
        **found,
        "sentences": len(sentences),
        "findings": sum(findings.values()),
        "seconds": time.monotonic() - began,
        "described": described,
        "all_sentences": sorted(sentences),
    }


def _in_child(name, seeds, numbers, seed, limits, folder, counts):
    """Read inputs in a child process. Returns None, or how it ended before the last one."""
    (folder / "journal").write_bytes(b"")
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            _read_all(name, seeds, numbers, seed, limits, folder, counts)
            code = 0
        except BaseException:
            (folder / "trouble").write_text(traceback.format_exc(limit=-9))
        finally:
            os._exit(code)
    last, since = None, time.monotonic()
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if last != (last := int(counts.number[0])):
            since = time.monotonic()
        if last >= 0 and time.monotonic() - since > PATIENCE * limits.seconds:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return f"no answer for {PATIENCE * limits.seconds:g} s"
        time.sleep(0.02)
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    if (folder / "trouble").exists():
        raise RuntimeError((folder / "trouble").read_text())
    return f"exit code {os.WEXITSTATUS(status)}" if status else None


def _read_all(name, seeds, numbers, seed, limits, folder, counts):
    """What the child does: examine each input, and note what came of it."""
    with open(folder / "journal", "a") as journal, _output_to(folder / "output") as output:
        work, known, times = folder / "in", set(), Counter()
        with cache_in(work):
            _read_the_seeds(name, seeds, work)
            base = _peak()
            _limit_memory(limits.megabytes)
            for number in numbers:
                counts.number = current["number"] = number
                outcome = _with_output(_outcome(name, seeds, seed, number, work, limits), output)
                if outcome.kind == "finding":
                    noted = dataclasses.asdict(outcome) | {"number": number}
                    times[outcome.place] += 1
                    if times[outcome.place] > MOST_KEPT:
                        noted["details"] = ""
                    print(json.dumps(noted), file=journal, flush=True)
                else:
                    counts[outcome.kind] += 1
                    if outcome.text and (text := blanked(outcome.text)) not in known:
                        known.add(text)
                        print(json.dumps({"sentence": text}), file=journal, flush=True)
                if outcome.seconds > counts.slowest:
                    counts.slowest, counts.slowest_number = outcome.seconds, number
                if (peak := _peak() - base) > counts.peak:
                    counts.peak, counts.peak_number = peak, number


def _read_the_seeds(name, seeds, folder):
    """Read what is not damaged: what is loaded at the first time is not counted later."""
    current["number"] = 0
    for i, good in enumerate(seeds):
        with _laid_out(good.files, folder):
            outcome = examine(good.read, folder, 60)
        if outcome.kind != "good":
            raise RuntimeError(f"seed {i} of {name}: {outcome.text}\n{outcome.details}")
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak of memory begins anew


def _outcome(name, seeds, seed, number, folder, limits):
    """The Outcome of one input."""
    try:
        files, read = make_input(name, seeds, seed, number)
    except Exception:
        return Outcome("finding", "no input can be made", details=traceback.format_exc(limit=-9))
    with _laid_out(files, folder):
        return examine(read, folder, limits.seconds)


@contextlib.contextmanager
def _output_to(path):
    """A with-block in which stdout and stderr, of libraries in C too, go to a file: its number."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(handle, number)
    yield handle


def _with_output(outcome, output):
    """The outcome, or a finding when something else was written to the file of the output."""
    if os.fstat(output).st_size == 0:
        return outcome
    text = os.pread(output, 200, 0)
    os.ftruncate(output, 0)
    wrong = f"written to the output: {text!r}"
    return outcome if outcome.kind == "finding" else Outcome("finding", wrong, outcome.seconds)


def _limit_memory(megabytes):
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _peak():
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def _keep(folder, name, seeds, seed, number, outcome):
    """Write an input and what came of it into a folder."""
    files, _ = make_input(name, seeds, seed, number)
    small.put(folder, files)
    text = f"python tests/fuzz.py --target {name} --seed {seed} --only {number}\n\n"
    (folder / "finding.txt").write_text(
        text + outcome["text"] + "\n\n" + outcome["details"], errors="backslashreplace"
    )


# The report


def main(argv=None, targets=TARGETS, limits=Limits()):
    """targets: {name: (a function that makes its seeds, its share)}. Returns the exit code."""
    if os.environ.get("OMP_NUM_THREADS") != "1":  # a process with threads should not be forked
        os.environ["OMP_NUM_THREADS"] = "1"
        os.execv(sys.executable, sys.orig_argv)
    args = _parser(targets).parse_args(argv)
    chosen = {name: targets[name] for name in ([args.target] if args.target else targets)}
    if args.only is not None:
        return _one(args, chosen, limits)
    report, whole = {}, sum(share for _, share in chosen.values())
    print(_row("target", _COLUMNS), flush=True)
    for name, (make_seeds, share) in chosen.items():
        with cache_in(Path("/nowhere")):
            seeds = make_seeds()
        numbers = range(max(1, round(args.inputs * share / whole)))
        line = run_target(name, seeds, numbers, args.seed, limits, args.keep)
        report[name] = line
        print(_row(name, _cells(line)), flush=True)
    total = {key: sum(line[key] for line in report.values()) for key in _SUMS}
    total |= {key: max(line[key] for line in report.values()) for key in ("slowest", "peak")}
    print(_row("total", _cells(total)))
    for name, line in report.items():
        for finding in line["described"]:
            print(f"\n{name}, input {finding['number']}, {finding['times']} times: "
                  f"{finding['text']} [{finding['place']}]")  # fmt: skip
    if args.json:
        whole = {"seed": args.seed, "targets": report, "total": total}
        args.json.write_text(json.dumps(whole, indent=2) + "\n")
    return 1 if total["findings"] else 0


def _parser(targets):
    parser = argparse.ArgumentParser(description="Read damaged files; report what goes wrong.")
    add = parser.add_argument
    add("--inputs", type=int, default=20_000, help="how many in all (default 20000)")
    add("--seed", type=int, default=0, help="of the changes (default 0)")
    add("--target", choices=targets, help="read only these files")
    add("--only", type=int, metavar="NUMBER", help="read this input of --target, and tell all")
    add("--json", type=Path, metavar="FILE", help="write the report there too")
    add("--keep", type=Path, metavar="DIR", help="write the inputs of findings there")
    return parser


_SUMS = ("inputs", "good", "refused", "sentences", "findings", "seconds")
_COLUMNS = ["inputs", "good", "refused", "sentences", "findings", "slowest", "memory", "inputs/s"]


def _cells(line):
    counts = [f"{line[key]:,}" for key in _SUMS[:-1]]
    rate = line["inputs"] / max(line["seconds"], 1e-9)
    return [*counts, f"{line['slowest']:.2f} s", f"{line['peak']:.0f} MB", f"{rate:,.0f}"]


def _row(name, cells):
    return f"{name:<12}" + "".join(f"{cell:>11}" for cell in cells)


def _one(args, chosen, limits):
    """Make one input again, and tell what comes of it."""
    if not args.target:
        raise SystemExit("--only needs --target")
    make_seeds, _ = chosen[args.target]
    with cache_in(Path("/nowhere")):
        seeds = make_seeds()
    if args.keep:
        small.put(args.keep, make_input(args.target, seeds, args.seed, args.only)[0])
    with tempfile.TemporaryDirectory() as folder, cache_in(Path(folder) / "in"):
        work = Path(folder) / "in"
        _read_the_seeds(args.target, seeds, work)
        _limit_memory(limits.megabytes)
        current["number"] = args.only
        outcome = _outcome(args.target, seeds, args.seed, args.only, work, limits)
    print(f"{outcome.kind} after {outcome.seconds:.3f} s: {outcome.text}\n{outcome.details}")
    return 1 if outcome.kind == "finding" else 0


if __name__ == "__main__":
    sys.exit(main())
