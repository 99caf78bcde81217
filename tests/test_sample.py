"""python -m tinygan.sample: grids, arrays, and what it refuses."""

import json

import numpy as np
import pytest
import strict_device
from PIL import Image

from tinygan import npz, room, sample, train
from tinygan.recipes import trained_model

SMALL = "dcgan --data fashion-mnist-subset --width 2 --limit 40 --batch-size 8 --backend numpy"


@pytest.fixture
def run(cli, tmp_path):
    assert cli(train.main, f"{SMALL} --steps 2 --out run")[0] == 0
    (tmp_path / "taken").touch()
    return "run"


def test_a_png_is_a_grid_of_n_images(cli, run, tmp_path):
    code, out, _ = cli(sample.main, f"{run} --n 10 --out grid.png")
    assert (code, out.splitlines()[0]) == (0, "10 images in grid.png")
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.size == (2 * (4 * 30 - 2), 2 * (3 * 30 - 2))
        assert picture.mode == "L"


def test_an_npz_has_uint8_images(cli, run, tmp_path):
    cli(sample.main, f"{run} --n 300 --seed 1 --out many.npz")
    with np.load(tmp_path / "many.npz", allow_pickle=False) as file:
        images = file["images"]
    assert images.dtype == np.uint8
    assert images.shape == (300, 28, 28, 1)
    assert len(np.unique(images.reshape(300, -1), axis=0)) > 100


def test_a_folder_gets_a_png_file_for_each_image(cli, run, tmp_path):
    code, out, _ = cli(sample.main, f"{run} --n 12 --out many")
    assert (code, out.splitlines()[0]) == (0, "12 images in many")
    cli(sample.main, f"{run} --n 12 --out many.npz")
    with np.load(tmp_path / "many.npz") as file:
        images = file["images"]
    files = sorted((tmp_path / "many").iterdir())
    assert [file.name for file in files] == [f"{i:04}.png" for i in range(12)]
    for file, image in zip(files, images, strict=True):
        with Image.open(file) as picture:
            np.testing.assert_array_equal(np.asarray(picture), image[..., 0])
    assert not list(tmp_path.glob(".many*"))
    (tmp_path / "empty").mkdir()
    assert cli(sample.main, f"{run} --n 1 --out empty/")[0] == 0
    assert (tmp_path / "empty" / "0000.png").exists()


@pytest.fixture
def kept(cli, tmp_path, monkeypatch):
    """A run whose first epoch was the best, with an average of its weights."""
    monkeypatch.setattr("tinygan.recipes.distance.DRAWS", 10)
    distances = iter([1.0, 2.0])
    monkeypatch.setattr("tinygan.recipes.distance.frechet_distance", lambda *_: next(distances))
    words = f"{SMALL} --epochs 2 --lr 0.01 --ema 0.9 --fd-every 1 --keep-best --quiet --out kept"
    assert cli(train.main, words)[0] == 0
    return "kept"


def test_it_draws_with_the_weights_that_are_asked_for(cli, kept, tmp_path):
    images = {}
    for name in ("best", "last", "average", "own"):
        words = "" if name == "own" else f"--weights {name}"
        code, out, _ = cli(sample.main, f"{kept} {words} --n 8 --out {name}.npz")
        assert code == 0
        assert out.rstrip().endswith(f"evaluate {name}.npz --data fashion-mnist-subset")
        images[name], _ = npz.read_images(tmp_path / f"{name}.npz")
    np.testing.assert_array_equal(images["own"], images["average"])
    assert len({images[name].tobytes() for name in ("best", "last", "average")}) == 3
    _, out, _ = cli(sample.main, f"{kept} --weights best --out grid.png")
    assert out.rstrip().endswith("evaluate kept --weights best")


def test_a_folder_of_a_conditional_gan_names_the_classes(cli, tmp_path):
    words = "cgan --data fashion-mnist-subset --limit 600 --batch-size 16 --steps 1"
    assert cli(train.main, f"{words} --quiet --out c")[0] == 0
    assert cli(sample.main, "c --n 4 --out many")[0] == 0
    names = sorted(file.name for file in (tmp_path / "many").iterdir())
    assert names == [f"000{i}_class_{i // 2}.png" for i in range(4)]


def test_the_seed_decides(cli, run, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        cli(sample.main, f"{run} --n 4 --seed {seed} --out {name}.npz")
    a, b, c = ((tmp_path / f"{name}.npz").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_the_fake_device_draws_the_same(run):
    images, labels = trained_model.draw(trained_model.load(run, np), 5, 0)
    assert labels is None
    on_device, _ = trained_model.draw(trained_model.load(run, strict_device), 5, 0)
    np.testing.assert_array_equal(on_device, images)


def test_it_draws_with_the_trained_weights(run):
    from tinygan import recipes
    from tinygan.runs import checkpoint
    from tinygan.training import generate

    _, arrays = checkpoint.read_arrays(f"{run}/checkpoint.npz")
    G, _ = recipes.get("dcgan").networks(np.random.default_rng(9), width=2)
    for name, array in (
        {n: p.data for n, p in G.named_params().items()} | G.named_buffers()
    ).items():
        array[...] = arrays[f"G/{name}"]
    z = np.random.default_rng(0).standard_normal((5, 100), dtype=np.float32)
    drawn, _ = trained_model.draw(trained_model.load(run, np), 5, 0)
    np.testing.assert_array_equal(drawn, generate(G, z))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("nowhere", "nowhere is not a run folder: there is no such folder"),
        ("run --out picture.jpg", "--out picture.jpg should end in .png (a grid) or .npz"),
        (
            "run --out missing/picture.png",
            "cannot write missing/picture.png: there is no",
        ),
        ("run --out missing/folder", "cannot write missing/folder: there is no folder missing"),
        ("run --out run", "--out run is a folder with something in it: name a new one"),
        (
            "run --out taken",
            "--out taken should end in .png (a grid) or .npz (an array), or be",
        ),
        ("run --prior gmm", "--prior is for autoencoders, and this is dcgan"),
        (
            "run --classes 0",
            "--classes is for models that are asked for a class, cgan and flows, and this is dcgan",
        ),
        ("run --classes a", "argument --classes: must be labels separated by commas"),
        ("run --prior flat", "argument --prior: choose one of normal, gmm, not 'flat'"),
        ("run --n 0", "argument --n: must be at least 1, got 0"),
        ("run --seed x", "argument --seed: 'x' is not a whole number"),
        ("", "the following arguments are required: RUN"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(cli, run, words, says):
    code, out, err = cli(sample.main, words)
    assert (code, out) == (2, "")
    assert err.startswith("tinygan: ")
    assert err.count("\n") == 1
    assert says in err


def test_a_classifier_is_refused_for_it_draws_nothing(cli):
    words = "classifier --data fashion-mnist-subset --limit 60 --width 1 --batch-size 16 --steps 1"
    assert cli(train.main, f"{words} --quiet --out c")[0] == 0
    code, out, err = cli(sample.main, "c")
    assert (code, out) == (2, "")
    assert err == "tinygan: c is of the recipe classifier, which draws no images\n"


def test_a_run_without_a_checkpoint_is_refused(cli, run, tmp_path):
    (tmp_path / "run/checkpoint.npz").unlink()
    code, _, err = cli(sample.main, "run")
    assert code == 2
    assert "run has no checkpoint yet: wait, if it is training, or go on with" in err
    assert "-m tinygan.train dcgan --out run --resume" in err


@pytest.mark.parametrize(
    "change",
    [
        {"width": "wide"},
        {"width": 0},
        {"recipe": "other"},
        {"recipe": "gmm"},
        {"width": 3},
        {"width": 10**9},
        {"width": 2.0},
        {"ema": 2},
        {"lr": None},
        {"batch_size": None},
        {"loss": "l2"},
        {"prior": "gmm"},
        {"colour": 1},
    ],
)
def test_a_config_that_was_tampered_with_is_one_line(cli, run, tmp_path, change):
    path = tmp_path / "run/config.json"
    config = json.loads(path.read_text())
    config["options"] |= {n: v for n, v in change.items() if n != "recipe"}
    path.write_text(json.dumps(config | {n: v for n, v in change.items() if n == "recipe"}))
    code, _, err = cli(sample.main, "run")
    assert code == 2
    assert err.startswith("tinygan: ")
    assert err.count("\n") == 1


def test_weights_of_any_size_draw_without_a_warning(cli, run, tmp_path):
    path = tmp_path / "run" / "checkpoint.npz"
    meta, arrays = npz.read_arrays(path)
    arrays = {
        name: np.full_like(array, -3e38) if name.startswith("G/") else array
        for name, array in arrays.items()
    }
    npz.write_arrays(path, meta, arrays)
    code, out, err = cli(sample.main, f"{run} --n 4 --out x.png")
    assert (code, out.splitlines()[0], err) == (0, "4 images in x.png", "")


def test_more_than_fits_is_refused_with_the_number_that_does(cli, run, monkeypatch):
    monkeypatch.setattr(room, "free_bytes", lambda: 10**9)
    code, out, err = cli(sample.main, f"{run} --n 999999999 --out x.npz")
    assert (code, out) == (2, "")
    assert err == (
        "tinygan: --n 999999999 needs 1,184 GB of memory, and 1 GB are free: --n 840000 fits\n"
    )
