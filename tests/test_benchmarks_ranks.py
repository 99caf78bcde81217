"""python -m benchmarks scaling --ranks: a tiny run, what is said without MPI, the projection."""

import json
import math
import os
import shutil
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import machine, projection, ranks
from tinygan import recipes
from tinygan.errors import RunError

MPIEXEC = shutil.which("mpiexec", path=os.path.dirname(sys.executable)) or shutil.which("mpiexec")
needs_mpi = pytest.mark.skipif(
    MPIEXEC is None or find_spec("mpi4py") is None, reason="mpi4py or mpiexec is not installed"
)
LINK = projection.Link("a wire", 4, 1e-3, 1e6, "made up")


@needs_mpi
def test_ranks_are_measured_and_kept(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "matmul_rate", lambda xp: 1e9)
    monkeypatch.setattr(ranks, "STEPS", 2)
    monkeypatch.setattr(ranks, "REPEATS", 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")  # of this process, not of the ranks
    words = "scaling --ranks 2 --width 2 --batch-size 4 --rounds 1"
    code, out, err = cli(benchmarks.main, f"{words} --json found.json --plot found.png")
    assert code == 0, err
    assert (tmp_path / "found.png").read_bytes().startswith(b"\x89PNG")
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["benchmark"] == "scaling"
    (result,) = found["results"]
    assert (result["recipe"], result["width"], result["batch_size"]) == ("dcgan", 2, 4)
    rows = {(row["kind"], row["ranks"]): row for row in result["rows"]}
    assert {side: row["images"] for side, row in rows.items()} == {
        ("strong", 1): 4,
        ("one process", 1): 4,
        ("strong", 2): 4,
        ("weak", 2): 8,
        ("share", 1): 2,
    }
    one = rows["strong", 1]
    networks = recipes.get("dcgan").networks(np.random.default_rng(0), width=2)
    parameters = sum(param.data.nbytes for network in networks for param in network.params())
    for (kind, count), row in rows.items():
        assert row["seconds"]["median"] > 0
        assert row["speed_up"] == row["images_per_second"] / one["images_per_second"]
        assert row["threads"] == 1 or kind == "one process"
        assert len(row["waited"]) == count
        assert all(0 <= share < 1 for share in row["waited"])
        if count == 1:
            assert row["exchanges"] == {"count": 0, "gradients": 0, "other": 0}
        else:
            # two networks; three BatchNorms, forward and backward; what was measured
            assert row["exchanges"]["count"] == 2 + 2 * 3 + 1
            assert row["least"] == parameters <= row["ring"] == row["exchanges"]["gradients"]
            assert f"{parameters:,}" in out
    assert [row["kind"] for row in result["model"]] == ["strong", "weak"]
    assert all(row["mark"] == projection.MARK for row in result["projection"])
    assert "projection, not measured" in out
    assert "No GPU's step" in out  # of that width


@needs_mpi
def test_ranks_that_fail_say_why():
    how = {"work": "train", "recipe": "no-such", "batch_size": 4, "width": None, "steps": 1}
    for processes, start in ((None, "one process failed: "), (2, "mpiexec -n 2 failed: ")):
        with pytest.raises(RunError, match="no-such") as error:
            ranks._run(processes, how)
        assert str(error.value).startswith(start)
        assert "Abort" not in str(error.value)


@pytest.mark.parametrize("missing", ["mpi4py", "mpiexec"])
def test_without_mpi_it_says_what_to_install(cli, monkeypatch, missing):
    monkeypatch.setattr(ranks, "find_spec", lambda name: None if missing == name else "there")
    monkeypatch.setattr(
        ranks.shutil, "which", lambda name, path=None: None if missing == name else "there"
    )
    code, out, err = cli(benchmarks.main, "scaling --ranks 1 2")
    assert (code, out) == (2, "")
    assert err == (
        f"tinygan: --ranks needs {missing}, which is not installed: pip install 'tinygan[mpi]'\n"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--ranks 0", "must be at least 1, got 0"),
        ("--ranks 3", "a batch of 128 cannot be split evenly over 3 ranks"),
        ("--ranks 3", "--batch-size 126"),
        ("--ranks 2 --batch-size 2", "--batch-size 4"),
        ("--ranks 2 --backend cupy", "leave --backend out"),
        ("--ranks 2 --recipe cgan --width 4", "the sizes of cgan are fixed"),
    ],
)
def test_an_error_is_one_line(cli, monkeypatch, words, says):
    monkeypatch.setattr(ranks, "launcher", lambda: "mpiexec")
    code, _, err = cli(benchmarks.main, f"scaling {words}")
    assert code == 2
    assert err.count("\n") == 1
    assert says in err


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_a_ring_moves_the_least_bytes(count):
    """Counted while it goes round: each sum is complete, and each rank has sent as much."""
    arrays = np.random.default_rng(0).normal(size=(count, 24))
    sums, sent = arrays.copy(), [0] * count
    for turn in range(2 * (count - 1)):
        chunks = [np.array_split(array, count) for array in sums]  # views
        messages = [chunks[r][(r - turn) % count].copy() for r in range(count)]
        for r, message in enumerate(messages):
            chunk = chunks[(r + 1) % count][(r - turn) % count]
            chunk[...] = chunk + message if turn < count - 1 else message
            sent[r] += message.nbytes
    np.testing.assert_allclose(sums, [arrays.sum(axis=0)] * count)
    assert sent == [projection.moved(count, arrays[0].nbytes)] * count


def test_a_step_is_what_its_docstring_says():
    work = projection.Work(lambda n: 0.5 + 0.25 * n, exchanges=3, size=1000)
    known = projection.Constants(a=1e-2, b=1e-5)
    assert projection.step(work, 1, 8, LINK, known) == 2.5
    found = projection.step(work, 4, 2, LINK, known)
    assert found == pytest.approx(1.0 + 3 * 4 * (1e-3 + 1e-2) + 1500 * (1e-6 + 1e-5))
    in_one_memory = projection.step(work, 4, 2, None, known)
    assert found - in_one_memory == pytest.approx(3 * 4 * 1e-3 + 1500 * 1e-6)


def test_strong_and_weak_speed_ups():
    work = projection.Work(lambda n: 0.5 + 0.25 * n, exchanges=3, size=1000)
    known = projection.Constants(0.0, 0.0)
    found = projection.scaled(work, 8, 4, LINK, known)
    seconds = projection.step(work, 4, 2, LINK, known)
    assert found["strong"]["speed_up"] == pytest.approx(2.5 / seconds)
    seconds = projection.step(work, 4, 8, LINK, known)
    assert found["weak"]["speed_up"] == pytest.approx(4 * 2.5 / seconds)
    assert projection.scaled(work, 2, 4, LINK, known)["strong"] is None  # two images, four ranks


def test_constants_are_found_again():
    sizes = np.array([256, 4096, 2**20, 2**24])
    found = projection.fit(sizes, 2 * 3e-6 + sizes * 5e-10)
    assert found == pytest.approx((3e-6, 5e-10))
    noisy = projection.fit(sizes, sizes * 5e-10 - 1e-8)
    assert noisy.a == 0.0 < noisy.b


def test_a_line_through_two_steps():
    compute = projection.line_through({64: 0.3, 128: 0.5})
    assert [compute(n) for n in (64, 128, 2)] == pytest.approx([0.3, 0.5, 0.5 - 126 * 0.2 / 64])
    assert projection.line_through({128: 0.5})(64) == 0.25


def test_a_gpu_is_the_one_of_launches():
    compute = projection.gpu("dcgan", 64)
    (found,) = json.loads(projection.GPU_STEPS.read_text())["results"]
    (row,) = (row for row in found["steps"] if row["recipe"] == "dcgan")
    bounds = row["projected"]["float32"]
    assert compute(found["batch_size"]) == pytest.approx(bounds["step"])
    assert compute(1) == bounds["launches"]
    assert compute(1000) > 7 * compute(128)
    assert projection.gpu("dcgan", 3) is None


def test_gpus_add_in_their_own_memory_and_all_rows_are_marked():
    known = projection.Constants(1e-6, 1e-9)
    work = projection.Work(projection.gpu("dcgan", 64), 10, 10**7)
    kinds = {"H100": (work, (projection.NVLINK,)), "rank as here": (work, projection.NETWORKS)}
    rows = projection.project(kinds, 128, known)
    assert [row["ranks"] for row in rows] == [8, 64, 64, 64]
    assert {row["mark"] for row in rows} == {"projection, not measured"}
    gpu = rows[0]["weak"]["seconds"] - work.compute(128)
    turns, out = 2 * math.log2(8), projection.moved(8, 10**7)
    assert gpu == pytest.approx(10 * turns * (2e-6 + 1e-6) + out / 450e9)
