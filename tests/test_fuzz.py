"""A few thousand damaged files are read or refused well, and the harness sees where one is not."""

import json
import os
import random
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("limits of memory, and children by fork, are Linux's", allow_module_level=True)

import fuzz
import fuzz_changes
import fuzz_targets

HERE = Path(__file__).parent
INPUTS = 3000


def run(script, folder, *words):
    """(the exit code, stdout, the report) of a script that ends with fuzz.main."""
    report = folder / "report.json"
    words = [sys.executable, str(script), *map(str, words), "--json", str(report)]
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, done.stdout, json.loads(report.read_text())


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return run(HERE / "fuzz.py", tmp_path_factory.mktemp("fuzz"), "--inputs", INPUTS)


@pytest.mark.slow
@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_damaged_files_are_read_or_refused_in_a_sentence(report, target):
    line = report[2]["targets"][target]
    assert line["findings"] == 0, line["described"]
    assert line["good"] + line["refused"] == line["inputs"] > 0
    assert line["slowest"] < fuzz.SECONDS
    assert line["peak"] < fuzz.MEGABYTES
    assert line["good"] > 0.05 * line["inputs"]
    if target not in (
        "tables",
        "faces-cache",
        "report",
    ):  # what is damaged there is left out, or made again
        assert line["refused"] > 0.05 * line["inputs"]


@pytest.mark.slow
def test_the_report_has_a_line_for_each_target_and_one_for_all(report):
    code, out, found = report
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == ["target", *fuzz.TARGETS, "total"]
    total = found["total"]
    assert total["inputs"] == pytest.approx(INPUTS, abs=len(fuzz.TARGETS))
    assert f"{total['inputs']:,}" in lines[-1]
    assert total["good"] + total["refused"] == total["inputs"]


def test_an_input_depends_on_its_number_alone():
    seeds = fuzz_targets.array_files()
    inputs = [fuzz.make_input("x", seeds, 0, number)[0] for number in range(30)]
    assert [fuzz.make_input("x", seeds, 0, number)[0] for number in range(29, -1, -1)] == inputs[
        ::-1
    ]
    assert len({str(files) for files in inputs}) > 25
    assert fuzz.make_input("x", seeds, 1, 0)[0] != inputs[0] != fuzz.make_input("y", seeds, 0, 0)[0]


def test_most_changed_files_have_right_checksums():
    rng = random.Random(0)
    own = fuzz_targets.array_files()[0].files["x.npz"]
    changed = [fuzz_changes.changed_npz(rng, own, own) for _ in range(300)]
    assert sum(map(fuzz_changes.is_sealed, changed)) / 300 > 0.8
    assert sum(fuzz_changes.members(data) is not None for data in changed) / 300 > 0.5
    assert own not in changed[:50]
    png = fuzz_targets.tiny_pictures()["rgb.png"]
    assert (
        sum(map(png_is_whole, [fuzz_changes.changed_png(rng, png, png) for _ in range(300)])) > 200
    )


def png_is_whole(data):
    at, good = 8, True
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        good &= data[end : end + 4] == zlib.crc32(data[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return good


PLANTED = """
import os, signal, sys, time, warnings
import fuzz
from fuzz_targets import Seed
from tinygan.errors import UserError

def refuse(text):
    raise UserError(text)

def no_answer():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    time.sleep(60)

PARSERS = {
    "reads": lambda: None,
    "refuses": lambda: refuse("x is no file of ours"),
    "raises": lambda: {}["key"],
    "sleeps": lambda: time.sleep(60),
    "allocates": lambda: bytearray(1 << 28),
    "warns": lambda: warnings.warn("careful"),
    "opens": lambda: open(__file__).read(1) and None,
    "prints": lambda: print("looking at it"),
    "writes": lambda: os.write(2, b"libx: odd"),
    "exits": lambda: sys.exit(3),
    "two lines": lambda: refuse("one\\ntwo"),
    "nothing": lambda: refuse(""),
    "escapes": lambda: refuse("\\x1b[2J"),
    "talks": lambda: refuse("x" * 1001),
    "object": lambda: refuse("got <Thing at 0x7fbf05faec80>"),
    "dies": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "hangs": no_answer,
}

def target(parser):
    def read(folder):
        if not (folder / "x").exists() or (folder / "x").read_bytes() != b"good":
            parser()
    return (lambda: [Seed({"x": b"good"}, read)]), 1

targets = {name: target(parser) for name, parser in PARSERS.items()}
sys.exit(fuzz.main(targets=targets, limits=fuzz.Limits(seconds=0.2, megabytes=64)))
"""
FOUND = {
    "raises": "KeyError: 'key'",
    "sleeps": "TooSlow: more than 0.2 s",
    "allocates": "MemoryError",
    "warns": "warned: UserWarning: careful",
    "opens": "warned: ResourceWarning: unclosed file",
    "prints": "printed: other output: 'looking at it'",
    "writes": "written to the output: b'libx: odd'",
    "exits": "SystemExit: 3",
    "two lines": r"sentence: more than a line: 'one\ntwo'",
    "nothing": "sentence: empty: ''",
    "escapes": "sentence: control characters",
    "talks": "sentence: 1,001 characters",
    "object": "sentence: it tells of an object in memory",
    "dies": "the process ended: SIGSEGV",
    "hangs": "the process ended: no answer for 0.6 s",
}


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """(the script, a folder with the inputs of findings, what `run` returns)."""
    folder = tmp_path_factory.mktemp("planted")
    script = folder / "planted.py"
    script.write_text(PLANTED)
    inputs = 3 * (len(FOUND) + 2)
    return (
        script,
        folder / "kept",
        run(script, folder, "--inputs", inputs, "--keep", folder / "kept"),
    )


@pytest.mark.parametrize("name", FOUND)
def test_a_planted_fault_is_found(planted, name):
    _, kept, (code, out, report) = planted
    assert code == 1
    line = report["targets"][name]
    assert line["inputs"] == line["findings"] + line["good"] == 3
    assert FOUND[name] in line["described"][0]["text"]
    assert f"{name}, input {line['described'][0]['number']}, " in out
    number = line["described"][0]["number"]
    text = (kept / name / str(number) / "finding.txt").read_text()
    assert text.startswith(f"python tests/fuzz.py --target {name} --seed 0 --only {number}\n")
    assert FOUND[name] in text


def test_where_nothing_is_wrong_nothing_is_found(planted):
    targets = planted[2][2]["targets"]
    assert (targets["reads"]["good"], targets["reads"]["findings"]) == (3, 0)
    assert targets["refuses"]["refused"] + targets["refuses"]["good"] == 3
    assert targets["refuses"]["all_sentences"] == ["x is no file of ours"]


def test_a_finding_can_be_made_again(planted):
    script, kept, (_, _, report) = planted
    number = report["targets"]["raises"]["described"][0]["number"]
    words = [sys.executable, script, "--target", "raises", "--only", str(number)]
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 1
    assert "KeyError: 'key'" in done.stdout
    seeds = [fuzz_targets.Seed({"x": b"good"}, None)]
    files, _ = fuzz.make_input("raises", seeds, 0, number)
    for name, content in files.items():
        assert (kept / "raises" / str(number) / name).read_bytes() == content


def test_sentences_that_differ_in_names_and_numbers_are_one():
    one = fuzz.blanked("/tmp/a1/x.npz has 1,024 bytes instead of 6: 'that'")
    assert one == fuzz.blanked("/tmp/b/y.npz has 7 bytes instead of 12,000: 'this'")
    assert one != fuzz.blanked("/tmp/b/y.npz has 7 labels instead of 12,000: 'this'")
