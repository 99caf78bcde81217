"""python -m benchmarks quality: the distances of runs against minutes of training."""

import json

import pytest
from PIL import Image

from benchmarks import __main__ as benchmarks
from benchmarks import quality
from tinygan import train


@pytest.fixture
def trained(cli, monkeypatch):
    """trained("vae --width 1"): a run of three epochs with its distances."""
    monkeypatch.setattr("tinygan.recipes.distance.DRAWS", 50)

    def make(words, fd_every=1):
        recipe = words.split()[0]
        words += f" --data fashion-mnist-subset --epochs 3 --fd-every {fd_every} --out {recipe}"
        assert cli(train.main, f"{words} --backend numpy --quiet")[0] == 0
        return recipe

    return make


def test_each_distance_has_the_minutes_that_its_updates_take_here(cli, trained, tmp_path):
    runs = [
        trained("vae --width 1 --batch-size 8 --limit 48 --code 2 --components 2"),
        trained("cgan-cnn --width 1 --batch-size 8 --limit 200"),
    ]
    words = f"quality {' '.join(runs)} --rounds 2 --json found.json --plot found.png"
    code, out, err = cli(benchmarks.main, words)
    assert code == 0, err
    (result,) = json.loads((tmp_path / "found.json").read_text())["results"]
    for found in result["runs"]:
        rows = (tmp_path / found["name"] / "validation.csv").read_text().split()[1:]
        assert [f"{fd:.6g}" for fd in found["fd"]] == [row.split(",")[1] for row in rows]
        timing = (tmp_path / found["name"] / "timing.csv").read_text().split()[1:]
        assert found["steps"] == [int(row.split(",")[1]) for row in timing]
        expected = [step * found["update"]["median"] / 60 for step in found["steps"]]
        assert found["minutes"] == pytest.approx(expected)
        assert f"{min(found['fd']):.1f}" in out
    with Image.open(tmp_path / "found.png") as picture:
        assert picture.size[0] > 500


def test_a_run_without_distances_is_refused(cli, trained):
    run = trained("vae --width 1 --batch-size 8 --limit 48 --code 2 --components 2", fd_every=0)
    code, _, err = cli(benchmarks.main, f"quality {run}")
    assert code == 2
    assert "validation.csv has no distances: is it there, and whole? train --fd-every" in err


def test_names_beside_the_curves_keep_apart_and_in_order():
    ends = [2.0, 1.0, 1.01, 5.0, 1.02]
    placed = quality._apart(ends, 0.1)
    assert placed == pytest.approx([2.0, 1.0, 1.1, 5.0, 1.2])
