"""Run folders of the first edition (tinygan 0.1, before the recipes had files of their own) go on.

Each was made by the commands below with two epochs, then drawn from and taken to four epochs by
that edition: its metrics.csv and its images are kept beside it.

    python -m tinygan.train RECIPE --data fashion-mnist-subset --limit 60 --backend numpy
        --width 1 --batch-size 16 --epochs 2    (gan-dense-2: --ema 0.9 --instance-noise 0.1, too;
        ae: --code 2 --components 2, too; gmm: --components 2 --dims 2, no width and batch size)
    python -m tinygan.sample RECIPE --n 4 --out drawn.npz
    python -m tinygan.train RECIPE --resume --epochs 4
"""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tinygan import nn, npz, sample, train

HERE = Path(__file__).parent / "first_edition"
RECIPES = [folder.name for folder in sorted(HERE.iterdir())]


def numbers(file):
    with open(file, newline="") as stream:
        return np.array([[float(value) for value in row] for row in list(csv.reader(stream))[1:]])


@pytest.mark.parametrize("recipe", RECIPES)
def test_it_goes_on_and_measures_what_the_first_edition_measured(cli, tmp_path, recipe):
    shutil.copytree(HERE / recipe, tmp_path / "run")
    words = f"{recipe} --out run --resume --epochs 4 --backend numpy --quiet"
    code, out, err = cli(train.main, words)
    assert (code, out) == (0, "")
    assert (
        err.startswith("this run was last trained with") or err == ""
    )  # other versions of NumPy and so on
    found = numbers(tmp_path / "run/metrics.csv")
    expected = numbers(HERE / recipe / "metrics_after_4_epochs.csv")
    if recipe in ("classifier", "gan-dense-2"):  # their dropout masks come from other bits by now
        assert np.isfinite(found).all()
        found, expected = found[:2], expected[:2]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_its_noise_is_halved_every_five_epochs_as_it_was(cli, tmp_path, monkeypatch):
    seen = []
    forward = nn.GaussianNoise.forward
    monkeypatch.setattr(
        nn.GaussianNoise, "forward", lambda self, x: (seen.append(self.std), forward(self, x))[1]
    )
    shutil.copytree(HERE / "gan-dense-2", tmp_path / "run")
    words = "gan-dense-2 --out run --resume --epochs 4 --backend numpy --quiet"
    assert cli(train.main, words)[0] == 0
    steps = np.arange(6, 12) / 3  # three updates in an epoch; two epochs were made
    assert seen[::3] == pytest.approx(0.1 * 0.5 ** (steps / 5))
    config = json.loads((tmp_path / "run/config.json").read_text())
    assert config["options"]["instance_noise_until"] is None
    assert config["options"]["init_std"] == "he"  # not what gan-dense-2 begins with today


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if recipe != "classifier"])
def test_it_draws_what_the_first_edition_drew(cli, tmp_path, recipe):
    shutil.copytree(HERE / recipe, tmp_path / "run")
    assert cli(sample.main, "run --n 4 --out drawn.npz --backend numpy")[0] == 0
    drawn, _ = npz.read_images(tmp_path / "drawn.npz")
    expected, _ = npz.read_images(HERE / recipe / "drawn.npz")
    assert np.abs(drawn.astype(int) - expected).max() <= 1
