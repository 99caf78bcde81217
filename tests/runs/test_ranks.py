"""Runs of several ranks, started by mpiexec: the same training, one folder, no hang."""

import contextlib
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tinygan.runs import ranks, watchdog

TESTS = Path(__file__).parent.parent
SCRIPT = [sys.executable, str(TESTS / "mpi_ranks.py")]
TRAIN = [sys.executable, "-m", "tinygan.train"]
TINY = (
    "dcgan --data fashion-mnist-subset --backend numpy --width 2 --batch-size 8 --limit 64".split()
)
LIMIT = 300  # seconds after which what was started is taken to hang


def _mpiexec():
    beside = Path(sys.executable).with_name("mpiexec")
    with contextlib.suppress(ImportError):
        import mpi4py  # noqa: F401

        return str(beside) if beside.exists() else shutil.which("mpiexec")


MPIEXEC = _mpiexec()
pytestmark = pytest.mark.mpi
needs_mpi = pytest.mark.skipif(MPIEXEC is None, reason="mpi4py or mpiexec is not installed")


def environment(**more):
    """That of this process, with tinygan importable from this checkout and one thread a process."""
    path = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    return os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"} | more


def start(n, words, folder, **more):
    """Begin `mpiexec -n N words` in a folder."""
    return subprocess.Popen(
        [MPIEXEC, "-n", str(n), *words],
        cwd=folder,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def ended(process):
    """A with-block after which the process has ended, and its pipes are closed."""
    try:
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def run(n, words, folder, **more):
    """(exit code, stdout, stderr) of `mpiexec -n N words`, or of the words alone where n is 0."""
    if n == 0:
        done = subprocess.run(
            words,
            cwd=folder,
            env=environment(**more),
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        return done.returncode, done.stdout, done.stderr
    process = start(n, words, folder, **more)
    with ended(process):
        out, err = process.communicate(timeout=LIMIT)
    return process.returncode, out, err


def train(n, *more, folder, out="run", **environ):
    """As run, of a tiny training."""
    shared = ["--distributed"] if n else []
    return run(n, [*TRAIN, *TINY, "--out", out, *shared, *more], folder, **environ)


def metrics(folder):
    with open(folder / "metrics.csv", newline="") as file:
        return np.array([[float(x) for x in row] for row in list(csv.reader(file))[1:]])


# The same training


@pytest.fixture(scope="module")
def one_rank(tmp_path_factory):
    """The losses of every recipe, trained by one process."""
    folder = tmp_path_factory.mktemp("one")
    assert run(0, [*SCRIPT, "losses", "one.json"], folder)[0] == 0
    return json.loads((folder / "one.json").read_text())


@needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 4])
def test_ranks_train_what_one_rank_trains(n, one_rank, tmp_path):
    """50 updates of every recipe: losses within 1e-10 in float64, with the recipe's learning rate,
    and within 1e-4 in float32, with a slow one (1e-5)."""
    code, _, err = run(n, [*SCRIPT, "losses", "losses.json"], tmp_path)
    assert code == 0, err
    found = json.loads((tmp_path / "losses.json").read_text())
    assert found.keys() == one_rank.keys()
    for name, rows in found.items():
        tolerance = 1e-10 if name.endswith("float64") or name.startswith("gmm") else 1e-4
        np.testing.assert_allclose(rows, one_rank[name], rtol=0, atol=tolerance, err_msg=name)


@needs_mpi
@pytest.mark.slow
def test_em_on_shared_rows_is_em(tmp_path):
    for n in (0, 2):
        code, _, err = run(n, [*SCRIPT, "mixture", f"{n}.json"], tmp_path)
        assert code == 0, err
    one, two = (json.loads((tmp_path / f"{n}.json").read_text()) for n in (0, 2))
    for name, values in one.items():
        np.testing.assert_allclose(two[name], values, rtol=0, atol=1e-10, err_msg=name)


# One run, one folder


@needs_mpi
def test_any_number_of_ranks_goes_on(tmp_path):
    """Two epochs by 2 ranks, one by 4, one by none: the files of four epochs in one go."""
    assert train(0, "--epochs", "4", folder=tmp_path, out="whole")[0] == 0
    code, out, err = train(2, "--epochs", "2", folder=tmp_path)
    assert code == 0, err
    assert out.count("epoch 2/2") == 1  # rank 0 alone prints
    assert "ranks: 2, each with 4 of these images, on 1 thread" in out
    code, out, err = train(4, "--epochs", "3", "--resume", folder=tmp_path)
    assert code == 0, err
    assert "last trained with ranks 2 and goes on with ranks 4" in err
    code, out, err = train(0, "--epochs", "4", "--resume", folder=tmp_path)
    assert code == 0, err
    assert "last trained with ranks 4 and goes on with ranks 1" in err
    whole, parts = tmp_path / "whole", tmp_path / "run"
    np.testing.assert_allclose(metrics(parts), metrics(whole), rtol=0, atol=1e-4)
    assert {file.name for file in parts.iterdir()} == {file.name for file in whole.iterdir()}
    assert not [file for file in tmp_path.iterdir() if file.name not in ("whole", "run")]
    timing = (parts / "timing.csv").read_text().splitlines()
    assert timing[0] == "epoch,step,seconds,images_per_second,slowest_rank,its_share"
    assert timing[4].endswith(",,")


@needs_mpi
def test_the_slowest_rank_is_named(tmp_path):
    words = [*SCRIPT, "fault", "slow", "1", "0", *TINY, "--distributed", "--out", "run"]
    code, _, err = run(2, [*words, "--epochs", "2"], tmp_path)
    assert code == 0, err
    with open(tmp_path / "run/timing.csv", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert last["slowest_rank"] == "1"
    assert 0.7 < float(last["its_share"]) <= 1


# What is wrong is said once, and ends all


@needs_mpi
@pytest.mark.parametrize(
    ("n", "more", "told"),
    [
        (3, [], "a batch of 8 cannot be split evenly over 3 ranks: the nearest that can is "
         "--batch-size 9, or start 2 ranks"),
        (2, ["--limit", "4"], "a batch of 8 is more than the 4 images"),
        (2, ["--nope"], "unrecognized arguments: --nope"),
        (2, ["--data", "cifar10", "--data-dir", "nowhere"], "no CIFAR-10 in nowhere"),
    ],
)  # fmt: skip
def test_a_users_mistake_is_one_line(n, more, told, tmp_path):
    code, out, err = train(n, *more, folder=tmp_path)
    assert code == 2
    assert err.count("tinygan:") == 1
    assert told in err
    assert not out
    assert not (tmp_path / "run").exists()


@needs_mpi
def test_an_existing_run_is_not_overwritten(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/mine").touch()
    code, _, err = train(2, folder=tmp_path)
    assert code == 2
    assert err.count("tinygan:") == 1
    assert "not empty" in err


@needs_mpi
@pytest.mark.parametrize(
    ("other", "told"),
    [
        (["--lr", "0.1"], "rank 1 on .* differs from rank 0: --lr is 0.1 there, and 0.0002 here"),
        (["--limit", "40"], "differs from rank 0: the data's images is 40 there, and 64 here"),
        (["--seed", "5"], "differs from rank 0: --seed is 5 there, and 0 here"),
    ],
)
def test_ranks_that_are_told_different_things_say_so(other, told, tmp_path):
    one = [*TRAIN, *TINY, "--out", "run", "--distributed"]
    code, _, err = run(1, [*one, ":", "-n", "1", *one, *other], tmp_path)
    assert code == 2
    assert err.count("tinygan:") == 1
    assert re.search(told, err), err


@needs_mpi
def test_other_versions_on_a_rank_are_named(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other/sitecustomize.py").write_text("import platform\n"
        "platform.python_version = lambda: '3.99.0'\n")  # fmt: skip
    one = [*TRAIN, *TINY, "--out", "run", "--distributed"]
    path = f"PYTHONPATH={tmp_path / 'other'}{os.pathsep}{environment()['PYTHONPATH']}"
    code, _, err = run(1, [*one, ":", "-n", "1", "env", path, *one], tmp_path)
    assert code == 2
    assert "the version of python is 3.99.0 there" in err


@needs_mpi
@pytest.mark.parametrize(
    ("kind", "rank", "code", "told"),
    [
        ("bug", 1, 1, "ZeroDivisionError: planted"),
        ("bug", 0, 1, "ZeroDivisionError: planted"),
        ("memory", 1, 1, "tinygan: rank 1: not enough memory"),
        ("run", 1, 1, "tinygan: rank 1: planted"),
        ("exit", 1, 1, "SystemExit: 3"),
        ("interrupt", 0, 130, "tinygan: stopped at once, near step "),
        ("nan", 1, 1, "tinygan: d_loss is nan at step 13"),
        ("inf", 0, 1, "tinygan: g_loss is inf at step 12, found in the loss itself"),
        ("load", 1, 2, "tinygan: rank 1: planted"),
    ],
)
def test_an_error_on_one_rank_ends_all(kind, rank, code, told, tmp_path):
    words = [*SCRIPT, "fault", kind, str(rank), "12", *TINY, "--distributed", "--out", "run"]
    began = time.monotonic()
    found, _, err = run(2, words, tmp_path)
    assert (found, time.monotonic() - began < 30) == (code, True)
    assert err.count(told) == 1
    if kind != "load":
        assert train(0, "--resume", "--epochs", "2", folder=tmp_path)[0] == 0


# Signals


def started(process):
    """Wait until the first epoch has ended."""
    for line in process.stdout:
        if line.startswith("epoch"):
            return
    raise AssertionError(process.communicate())


def numbers_of_ranks(folder):
    """rank -> process number, of the ranks that train in a folder."""
    found = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "environ").read_bytes().decode(errors="replace").split("\0")
            rank = next((w.partition("=")[2] for w in words if w.startswith("PMI_RANK=")), None)
            here = (entry / "cwd").resolve() == folder.resolve()
            if rank is not None and here and b"tinygan.train" in (entry / "cmdline").read_bytes():
                found[int(rank)] = int(entry.name)
    return found


@needs_mpi
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="no watchdog without pidfd_open")
@pytest.mark.parametrize("trial", range(10))
def test_a_killed_rank_ends_all_and_is_named(trial, tmp_path):
    n, rank = (2, trial // 2 % 2) if trial % 2 else (4, trial // 2 % 4)
    words = [*TRAIN, *TINY, "--out", "run", "--distributed", "--epochs", "100000"]
    process = start(n, words, tmp_path)
    with ended(process):
        started(process)
        time.sleep(0.05 * trial)
        os.kill(numbers_of_ranks(tmp_path)[rank], signal.SIGKILL)
        _, err = process.communicate(timeout=30)
    assert process.returncode != 0
    assert f"tinygan: rank {rank} (process" in err
    assert err.count("tinygan:") == 1
    step = len(np.load(tmp_path / "run/checkpoint.npz")["history"])
    assert step >= 8
    if trial < 2:  # fewer ranks go on
        epochs = str(step // 8 + 1)
        assert train(trial, "--resume", "--epochs", epochs, folder=tmp_path)[0] == 0
        assert len(metrics(tmp_path / "run")) == int(epochs)


@needs_mpi
@pytest.mark.parametrize("whom", ["mpiexec", "a rank"])
def test_ctrl_c_saves_once_and_says_how_to_go_on(whom, tmp_path):
    words = [*TRAIN, *TINY, "--out", "run", "--distributed", "--epochs", "100000"]
    process = start(2, words, tmp_path)
    with ended(process):
        started(process)
        pid = process.pid if whom == "mpiexec" else numbers_of_ranks(tmp_path)[1]
        os.kill(pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out.count("stopped and saved at step") == 1
    assert "to go on: mpiexec -n 2" in out
    assert out.rstrip().endswith("--out run --resume --distributed")
    assert err.count("finishing this step") == (whom == "mpiexec")
    assert np.load(tmp_path / "run/checkpoint.npz")["history"].shape[0] >= 8


# Without ranks


def test_a_plain_run_imports_no_mpi(tmp_path):
    code = (
        "import sys; from tinygan.train import main; "
        f"main({[*TINY, '--steps', '1', '--quiet']!r}); "
        "sys.exit('mpi4py' in sys.modules)"
    )
    assert run(0, [sys.executable, "-c", code], tmp_path)[0] == 0


def test_distributed_alone_says_how_to_start(tmp_path):
    fake = tmp_path / "fake/mpi4py"
    fake.mkdir(parents=True)
    (fake / "__init__.py").touch()
    path = f"{fake.parent}{os.pathsep}{environment()['PYTHONPATH']}"
    words = [*TRAIN, *TINY, "--distributed"]
    code, _, err = run(0, words, tmp_path, PYTHONPATH=path)
    assert code == 2
    assert "this one is alone; start them with: mpiexec -n 4" in err
    (fake / "__init__.py").write_text("raise ImportError")
    code, _, err = run(0, words, tmp_path, PYTHONPATH=path)
    assert code == 2
    assert "pip install 'tinygan[mpi]'" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("train", "2 processes were started, and each would train by itself: add --distributed"),
        ("sample", "this is not shared among ranks, and each of the 2 would do all of it"),
        ("evaluate", "this is not shared among ranks"),
    ],
)
def test_what_is_not_shared_says_so(module, told, tmp_path):
    words = [sys.executable, "-m", f"tinygan.{module}", "dcgan"]
    for rank, lines in ((0, 1), (1, 0)):
        code, out, err = run(0, words, tmp_path, PMI_SIZE="2", PMI_RANK=str(rank))
        assert (code, out, len(err.splitlines())) == (2, "", lines)
        assert told in err or rank


def test_a_mpiexec_of_another_mpi_is_noticed(tmp_path):
    pytest.importorskip("mpi4py")
    words = [*TRAIN, *TINY, "--distributed"]
    code, _, err = run(0, words, tmp_path, OMPI_COMM_WORLD_SIZE="4", OMPI_COMM_WORLD_RANK="0")
    assert code == 2
    assert "mpiexec has started 4 processes, but they do not find each other" in err


def test_a_rank_does_not_wait_for_ever_for_others_to_start(monkeypatch, capfd):
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(watchdog, "_START", 0.0)
    watchdog.end_later(sleeper.pid)
    assert sleeper.wait(timeout=10) == -signal.SIGKILL
    assert f"process {sleeper.pid} on" in capfd.readouterr().err


def test_alone_there_is_nothing_to_share():
    with ranks.alone() as alone:
        assert alone.together(lambda: 1) == alone.only_first(lambda: 1) == 1
        assert list(alone.lead(iter([1, 2]))) == [1, 2]
        assert alone.lap() == ()
        assert not alone.stop_asked()
