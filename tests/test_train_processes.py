"""python -m tinygan.train as a process of its own: interrupted, killed, out of disk."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tinygan import train
from tinygan.runs import checkpoint

SMALL = "dcgan --data fashion-mnist-subset --width 2 --limit 40 --batch-size 8 --backend numpy"
ROOT = Path(train.__file__).parent.parent


def spawn(words, folder, before=None):
    """`python -m tinygan.train WORDS` in this folder, as from a terminal. before: called in it."""

    def as_from_a_terminal():  # a shell or nohup may have switched signals off
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        if before:
            before()

    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "tinygan.train", *words.split()]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=as_from_a_terminal,
    )


def test_ctrl_c_finishes_the_step_saves_and_says_how_to_go_on(tmp_path):
    process = spawn(
        f"{SMALL} --epochs 5000 --out my_run --sample-every 5000",
        tmp_path,
    )
    wait_for_line(process, "epoch 2/")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip() == (
        "finishing this step, then saving; Ctrl-C again stops at once and saves nothing"
    )
    last = out.splitlines()[-1]
    assert last.startswith("stopped and saved at step ")
    assert last.endswith("-m tinygan.train dcgan --out my_run --resume")
    step = int(last.split()[5].rstrip(";"))
    meta, _ = checkpoint.read_arrays(tmp_path / "my_run" / "checkpoint.npz")
    assert meta["step"] == step


def wait_for_line(process, start):
    for line in process.stdout:
        if line.startswith(start):
            return
    raise AssertionError(process.stderr.read())


@pytest.mark.parametrize("delay", [0.0, 0.03, 0.11])
def test_a_kill_at_any_moment_leaves_a_good_checkpoint(tmp_path, delay):
    process = spawn(f"{SMALL} --epochs 5000 --sample-every 5000", tmp_path)
    wait_for_line(process, "epoch 2/")
    time.sleep(delay)
    process.kill()
    process.communicate()
    meta, arrays = checkpoint.read_arrays(tmp_path / "runs/dcgan/checkpoint.npz")
    assert meta["step"] % 5 == 0
    assert all(np.isfinite(a).all() for a in arrays.values() if a.dtype.kind == "f")
    resumed = spawn(f"dcgan --resume --steps {meta['step'] + 1}", tmp_path)
    _, err = resumed.communicate(timeout=60)
    assert (resumed.returncode, err) == (0, "")


def test_a_disk_that_fills_up_ends_with_exit_code_1_and_says_why(tmp_path):
    first = spawn(f"{SMALL} --epochs 1", tmp_path)
    first.communicate(timeout=60)
    path = tmp_path / "runs/dcgan/checkpoint.npz"
    before = path.read_bytes()

    def no_large_files():  # the kernel refuses to write more, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    process = spawn("dcgan --resume --epochs 3", tmp_path, before=no_large_files)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    page, reason = err.splitlines()
    assert page.startswith("tinygan: report.html is not renewed: cannot write ")
    assert reason.startswith("tinygan: cannot write runs/dcgan/checkpoint.npz: file too large")
    assert "the checkpoint of step 5 is kept" in reason
    assert path.read_bytes() == before
    assert not list(path.parent.glob(".*"))


def test_import_is_quick_because_nothing_that_draws_is_loaded():
    code = (
        "import sys, tinygan.train; "
        "print([m for m in ('matplotlib', 'PIL', 'cupy', 'torch') if m in sys.modules])"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_run_that_began_with_ctrl_c_switched_off_ends_with_a_termination_signal(tmp_path):
    """As in `nohup … &` of a script: Ctrl-C is for other programs, `kill` is for this one."""

    def in_the_background():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    process = spawn(f"{SMALL} --epochs 5000 --sample-every 5000", tmp_path, in_the_background)
    wait_for_line(process, "epoch 2/")
    process.send_signal(signal.SIGINT)
    wait_for_line(process, "epoch 3/")
    wait_for_line(process, "epoch 4/")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert out.splitlines()[-1].startswith("stopped and saved at step ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_end_of_the_terminal_or_the_machine_saves_too(tmp_path, number):
    process = spawn(f"{SMALL} --epochs 5000 --sample-every 5000 --checkpoint-every 5000", tmp_path)
    wait_for_line(process, "epoch 2/")
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    meta, _ = checkpoint.read_arrays(tmp_path / "runs/dcgan/checkpoint.npz")
    assert meta["step"] >= 10


def test_a_second_process_in_the_same_folder_is_refused(tmp_path):
    process = spawn(f"{SMALL} --epochs 5000 --sample-every 5000", tmp_path)
    wait_for_line(process, "epoch 2/")
    second = spawn("dcgan --resume --quiet", tmp_path)
    _, err = second.communicate(timeout=60)
    process.kill()
    process.communicate()
    assert second.returncode == 2
    assert "another process is training in runs/dcgan" in err
    assert err.count("\n") == 1
