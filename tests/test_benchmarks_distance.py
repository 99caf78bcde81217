"""python -m benchmarks distance: what a distance costs, of each recipe that is asked for."""

import json

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import distance


@pytest.fixture(autouse=True)
def few_images(monkeypatch):
    monkeypatch.setattr(distance, "WHOLE", {"fashion-mnist": 640})
    monkeypatch.setattr(distance, "TWO_CLASSES", 2000)
    monkeypatch.setattr("tinygan.recipes.distance.DRAWS", 50)


def test_each_recipe_has_a_row_and_its_share(cli, tmp_path):
    words = "distance --recipe dcgan cgan --width 2 --rounds 2 --json found.json"
    code, out, err = cli(benchmarks.main, words)
    assert code == 0, err
    (result,) = json.loads((tmp_path / "found.json").read_text())["results"]
    rows = {row["recipe"]: row for row in result["recipes"]}
    assert [(row["width"], row["every"]) for row in rows.values()] == [(2, 0), (None, 1)]
    assert rows["dcgan"]["share"] == 0  # too short a run for any
    row, steps = rows["cgan"], 1600 // 128
    update, took = row["update"]["median"], row["distance"]["median"]
    assert row["share"] == pytest.approx(took / (took + steps * update))
    assert f"{row['share']:.2%}" in out


def test_what_draws_nothing_has_no_row(cli):
    code, _, err = cli(benchmarks.main, "distance --recipe classifier")
    assert code == 2
    assert "classifier" in err
