"""python -m benchmarks gpu: parts in processes of their own, without a GPU in tiny sizes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import strict_device

from benchmarks import __main__ as benchmarks
from benchmarks import gpu, gpu_losses, gpu_parts, gpu_steps, gpu_summary, gpu_train

SMALL = "gpu --small --backend strict --out visit"
MOST_FILES, MOST_BYTES = 8, 40_000_000

needs_kernels = pytest.mark.skipif(
    not hasattr(strict_device, "ElementwiseKernel"), reason="no C++ compiler called c++"
)


@pytest.fixture(autouse=True)
def same_end():
    """The command changes what SIGTERM does."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def found(folder):
    return json.loads((folder / "gpu.json").read_text("utf-8"))["parts"]


@needs_kernels
@pytest.mark.slow
def test_every_part_runs_on_the_fake_device(cli, tmp_path):
    began = time.monotonic()
    code, out, err = cli(benchmarks.main, SMALL)
    assert code == 0, err
    assert time.monotonic() - began < 120
    files = sorted(tmp_path.joinpath("visit").iterdir())
    assert len(files) <= MOST_FILES
    assert sum(file.stat().st_size for file in files) < MOST_BYTES
    parts = found(tmp_path / "visit")
    assert list(parts) == list(gpu.LIMITS)
    for name, part in parts.items():
        assert "failed" not in part["outcome"], (name, part)
        assert "limit" not in part["outcome"], (name, part)
        assert part["result"], name
        assert f"== {name}\n" in (tmp_path / "visit/gpu.log").read_text()
        assert name in out
    losses = parts["losses"]["result"]["recipes"]
    assert len(losses) == 16
    assert max(one["largest"] for one in losses.values()) < gpu_losses.FAR
    sheets = [file.name for file in files if file.suffix == ".png" and file.name != "summary.png"]
    assert sheets == ["dcgan-cifar10.png", "dcgan-faces.png", "dcgan.png"]
    assert "ms per step" in out


@needs_kernels
def test_a_part_that_fails_or_hangs_loses_only_itself(cli, tmp_path, monkeypatch):
    limits = {"step": 0.3, "nonsense": 20, "machine": 20}
    monkeypatch.setattr(gpu, "LIMITS", limits)
    monkeypatch.setattr(gpu, "LEAST", 0.1)
    code, out, err = cli(benchmarks.main, SMALL)
    assert code == 1, err
    assert err.splitlines()[-1] == "tinygan: failed: nonsense; gpu.log in visit says why"
    parts = found(tmp_path / "visit")
    assert parts["step"]["outcome"] == "ended at its limit of 0.3 s"
    assert parts["step"]["seconds"] < 10
    assert parts["nonsense"]["outcome"].startswith("failed: argument part: invalid choice")
    assert parts["machine"]["result"]["backend"] == "cupy 1.0 on strict device"
    assert "strict device" in out


@needs_kernels
def test_where_no_time_is_left_nothing_is_started(cli, tmp_path):
    code, _, err = cli(benchmarks.main, f"{SMALL} --minutes 0.01 --part machine tests")
    assert code == 0, err
    assert {part["outcome"] for part in found(tmp_path / "visit").values()} == {"no time was left"}


@needs_kernels
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no groups of processes")
def test_a_kill_leaves_what_was_found_and_no_process(tmp_path):
    out = tmp_path / "visit"
    command = [sys.executable, "-m", *"benchmarks gpu --small --backend strict --out".split()]
    command += [str(out), "--part", "machine", "tests", "losses", "layers"]
    process = subprocess.Popen(
        command,
        cwd=gpu.ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    try:
        for line in process.stderr:
            if line.startswith("tests: at most"):
                break
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    assert found(out)["machine"]["result"]["python"]
    until = time.monotonic() + 20
    while running := with_words(str(tmp_path)):
        assert time.monotonic() < until, running
        time.sleep(0.2)


@needs_kernels
def test_a_full_disk_is_said_in_one_line(cli, monkeypatch):
    def full(path, text):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(gpu, "write_text", full)
    code, _, err = cli(benchmarks.main, f"{SMALL} --part machine")
    assert code == 1
    assert err.splitlines()[-1] == ("tinygan: cannot write visit/gpu.json: no space left on device")


def with_words(text):
    """The command lines of running processes that have a text in them, where /proc tells."""
    lines = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if text in line and "gpu_parts" in line:
            lines.append(line)
    return lines


def test_ctrl_c_ends_the_part_and_what_it_started(tmp_path, monkeypatch):
    """A stand-in for a part starts a process of its own; both are gone after Ctrl-C."""
    note = tmp_path / "pid"
    inner = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    real = subprocess.Popen

    def popen(command, **how):
        process = real([sys.executable, "-c", outer], **how)
        wait = process.wait

        def press(limit=None):
            if limit is None:
                return wait()
            while not (note.exists() and note.read_text()):
                time.sleep(0.05)
            raise KeyboardInterrupt

        process.wait = press
        return process

    monkeypatch.setattr(gpu.subprocess, "Popen", popen)
    with pytest.raises(KeyboardInterrupt):
        gpu.run_part("step", [], 30, tmp_path, tmp_path)
    until = time.monotonic() + 10
    while alive(int(note.read_text())):
        assert time.monotonic() < until
        time.sleep(0.05)


def alive(pid):
    """Whether a process runs; one that has ended and that nobody has asked for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("gpu --small --backend strict", "the following arguments are required: --out"),
        ("gpu --out x --backend strict", "--backend strict computes on the processor"),
        ("gpu --out x --small --backend strict --data-dir-faces no", "there is no no"),
        ("gpu --out full --small --backend strict", "--out full is not empty"),
        ("gpu --out full/file --small --backend strict", "full/file is a file"),
        ("gpu --out x --minutes 0", "must be a finite number above 0"),
        ("gpu --out x --part speed", "invalid choice: 'speed'"),
    ],
)
@needs_kernels
def test_an_error_is_one_line(cli, tmp_path, words, says):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    code, _, err = cli(benchmarks.main, words)
    assert code == 2
    assert err.count("\n") == 1
    assert says in err
    assert not (tmp_path / "x/gpu.json").exists()


def test_without_a_gpu_a_sentence_says_so(cli, monkeypatch):
    def no_gpu(name):
        raise gpu.UserError("no GPU answers")

    monkeypatch.setattr(gpu.backend, "get", no_gpu)
    assert cli(benchmarks.main, "gpu --out visit") == (
        2,
        "",
        "tinygan: no GPU answers; --small --backend strict tries it all here\n",
    )


def test_the_log_keeps_the_end_of_what_a_part_printed(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "MOST_LOG", 10)
    (tmp_path / "log").write_bytes(b"0123456789" * 5 + b"\nthe end\n")
    assert gpu.keep_log("first", tmp_path / "log", tmp_path / "gpu.log") == "the end"
    (tmp_path / "log").write_bytes(b"")
    assert gpu.keep_log("second", tmp_path / "log", tmp_path / "gpu.log") == "it printed nothing"
    assert (tmp_path / "gpu.log").read_text() == "== first\n9\nthe end\n\n== second\n\n"


def test_the_outcome_of_the_tests_is_the_line_that_counts_them():
    counted = "=== 3 failed, 12 passed in 4.29s ==="
    assert gpu_parts.summary_of(["...", counted, "KeyboardInterrupt"]) == counted.strip("= ")
    assert gpu_parts.summary_of(["No module named pytest"]) == "No module named pytest"
    assert gpu_parts.summary_of([]) == "no output"


def test_losses_are_compared_by_their_size():
    other = np.array([[1.0, 100.0], [1.0, 100.0], [1.0, 100.0]])
    mine = other + np.array([[1e-5, 0], [0, 0.05], [0, 0.2]])
    found = gpu_losses.compare(mine, other)
    assert found["first"] == pytest.approx(1e-5)
    assert found["largest"] == pytest.approx(2e-3)
    assert found["far_from"] == 3
    assert gpu_losses.compare(other, other)["far_from"] is None
    assert gpu_losses.compare(other * np.nan, other)["far_from"] == 1


def test_a_trace_is_summed():
    events = [
        {"cat": "kernel", "name": "gemm", "dur": 100.0},
        {"cat": "kernel", "name": "gemm", "dur": 300.0},
        {"cat": "kernel", "name": "add", "dur": 50.0},
        {"cat": "gpu_memcpy", "name": "Memcpy HtoD (Pageable -> Device)", "args": {"bytes": 8}},
        {"cat": "gpu_memset", "name": "Memset (Device)", "dur": 1.0},
        {"name": "process_name"},
    ]
    found = gpu_steps.summed(events)
    assert (found["kernels"], found["memsets"], found["copies"]) == (3, 1, 1)
    assert found["kernel_ms"] == pytest.approx(0.45)
    assert found["bytes"] == {"Memcpy HtoD": 8}
    assert found["longest"][0] == {"name": "gemm", "count": 2, "ms": pytest.approx(0.4)}


def test_the_summary_has_the_fastest_of_each_peer(tmp_path):
    def ms(value):
        return {"median": value / 1e3, "low": 0.0, "high": 0.0}

    sides = {
        "tinygan": ms(4),
        "tinygan, NumPy": ms(900),
        "torch, contiguous": ms(3),
        "torch, channels_last": ms(2),
        "torch-graph, contiguous, fused Adam": ms(1),
    }
    result = {"steps": {"dcgan": {"float32": sides, "TF32": {}}}}
    parts = {
        "step": {"seconds": 5.0, "outcome": "done", "result": result},
        "gmm": {"seconds": 9.0, "outcome": "ended at its limit of 9 s", "result": None},
    }
    text = gpu_summary.text(parts)
    assert "ended at its limit of 9 s" in text
    row = next(line for line in text.splitlines() if line.startswith("dcgan"))
    assert row.split() == ["dcgan", "float32", "4.00", "2.00", "-", "1.00", "0.50", "0.25"]
    gpu_summary.draw(tmp_path / "summary.png", parts)
    assert (tmp_path / "summary.png").read_bytes().startswith(b"\x89PNG")
    assert "ms per step" not in gpu_summary.text({"gmm": parts["gmm"]})


def test_generated_pictures_can_be_told_apart(tmp_path):
    gpu_train.write_faces(tmp_path, 3)
    files = sorted(tmp_path.iterdir())
    assert len({file.read_bytes() for file in files}) == 3
