"""python -m benchmarks seeds: runs that differ by their seeds, in one row."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import __main__ as benchmarks
from tinygan import train


@pytest.fixture
def run(cli, tmp_path):
    """run("a", {1: 9.0}, "--lr 0.1"): a run folder "a" with these distances by epoch."""

    def make(folder, fd, words=""):
        command = "train gan-dense-1 --data fashion-mnist-subset --limit 8 --batch-size 4 --width 1"
        words = f"{command.partition(' ')[2]} {words} --epochs 3 --out {folder} --quiet"
        assert cli(train.main, f"{words} --backend numpy")[0] == 0
        rows = [f"{epoch},{value}" for epoch, value in fd.items()]
        Path(tmp_path / folder / "validation.csv").write_text("\n".join(["epoch,fd", *rows]) + "\n")
        return folder

    return make


def test_seeds_are_in_one_row_and_settings_in_rows_of_their_own(cli, run, tmp_path):
    run("a0", {1: 30.0, 2: 20.0, 3: 10.0})
    run("a1", {1: 50.0, 3: 13.0}, "--seed 1")
    run("b0", {1: 40.0, 3: 70.0}, "--init-std 0.5")
    words = "seeds a0 b0 a1 --json found.json --plot found.png"
    code, out, err = cli(benchmarks.main, words)
    assert code == 0, err
    first, second = json.loads((tmp_path / "found.json").read_text())["results"]
    assert first == {
        "name": "gan-dense-1",
        "seeds": [0, 1],
        "epochs": [1, 2, 3],
        "steps": [2, 4, 6],
        "fd": [[30.0, 20.0, 10.0], [50.0, None, 13.0]],
        "lowest": [10.0, 13.0],
    }
    assert (second["name"], second["fd"]) == ("gan-dense-1 --init-std 0.5", [[40.0, 70.0]])
    head, one, other = (re.split("  +", line) for line in out.splitlines()[:3])
    assert head == ["", "seeds", "epoch 1", "epoch 2", "epoch 3", "lowest"]
    of_all = ["40.0 (30.0 to 50.0)", "20.0, 1 of 2", "11.5 (10.0 to 13.0)", "11.5 (10.0 to 13.0)"]
    assert one == ["gan-dense-1", "2", *of_all]
    assert other == ["gan-dense-1 --init-std 0.5", "1", "40.0", "-", "70.0", "40.0"]
    with Image.open(tmp_path / "found.png") as picture:
        assert picture.size[0] > 500
    assert "epoch 3" not in cli(benchmarks.main, "seeds a0 a1 --epochs 1 2")[1]


def test_what_learned_otherwise_is_in_a_row_of_its_own(cli, run, tmp_path):
    run("a", {1: 30.0})
    run("fewer", {1: 40.0}, "--seed 1 --limit 9")
    run("flipped", {1: 50.0}, "--seed 1 --flip")
    run("changed", {1: 60.0}, "--seed 1")
    path = tmp_path / "changed/config.json"
    config = json.loads(path.read_text())
    config["changes"] = [
        {"step": 4, "what": "lr", "before": 2e-4, "now": 0.1},
        {"step": 4, "what": "fd_every", "before": 1, "now": 2},
    ]
    path.write_text(json.dumps(config))
    code, out, err = cli(benchmarks.main, "seeds a fewer flipped changed")
    assert code == 0, err
    names = [re.split("  +", line)[0] for line in out.splitlines()[1:5]]
    assert names[0].startswith("gan-dense-1")
    assert "--limit 9" in names[1]
    assert "--flip" in names[2]
    assert names[3].endswith("from step 4 --lr 0.1")


def test_the_same_run_twice_is_refused(cli, run):
    run("a", {1: 30.0})
    code, _, err = cli(benchmarks.main, "seeds a a")
    assert code == 2
    assert "two of these runs have the same settings and seed: a, a" in err
