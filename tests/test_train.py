"""python -m tinygan.train, as a user meets it: what it prints, its exit codes, what it leaves."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import strict_device

from tinygan import backend, data, plots, recipes, train
from tinygan.errors import UserError
from tinygan.runs import checkpoint, lock
from tinygan.runs.lock import only_one

SMALL = "dcgan --data fashion-mnist-subset --width 2 --limit 40 --batch-size 8 --backend numpy"
ROOT = Path(train.__file__).parent.parent


def one_line(text):
    return text.startswith("tinygan: ") and text.count("\n") == 1 and "Traceback" not in text


def test_a_small_run_from_start_to_end(cli, tmp_path):
    code, out, err = cli(train.main, f"{SMALL} --epochs 2")
    assert (code, err) == (0, "")
    folder = tmp_path / "runs" / "dcgan"
    left = sorted(str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file())
    assert left == [
        "checkpoint.npz",
        "config.json",
        "curves.png",
        "metrics.csv",
        "report.html",
        "report.json",
        "samples/epoch_0001.png",
        "samples/epoch_0002.png",
        "timing.csv",
    ]
    epochs = [line for line in out.splitlines() if line.startswith("epoch")]
    assert len(epochs) == 2  # a line an epoch where output is no terminal
    for word in ("epoch 1/2", "step 5/10", "images/s", " D ", " G ", "real", "fake", "left"):
        assert word in epochs[0]
    assert "40 images from the tinygan package" in out
    assert out.rstrip().endswith("-m tinygan.draw runs/dcgan film")
    assert "pictures: runs/dcgan/samples" in out


def test_list_names_every_recipe_on_a_line(cli):
    code, out, _ = cli(train.main, "--list --quiet")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == recipes.names()


def test_about_tells_of_the_documents_own_settings_and_of_every_option(cli):
    code, out, _ = cli(train.main, "dcgan --about")
    assert code == 0
    assert "--lr 0.00001 --epochs 100" in " ".join(out.split())
    for option in ("--d-steps 1", "--label-smoothing 0.0", "--ema -", "--flip off"):
        assert option in " ".join(out.split())
    for name in recipes.names():
        code, out, _ = cli(train.main, f"{name} --about")
        assert code == 0
        for option in recipes.get(name).options:
            assert f"--{option.replace('_', '-')} " in out


def test_quiet_says_nothing(cli):
    assert cli(train.main, f"{SMALL} --steps 1 --quiet") == (0, "", "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("dcgam", "unknown recipe 'dcgam': did you mean 'dcgan'?"),
        ("zzz", "unknown recipe 'zzz': the recipes are gmm, ae"),
        ("", "name a recipe to train; --list shows them"),
        (
            "dcgan --batch-size 7000 --data fashion-mnist-subset",
            "7000 is more than the 6000 images",
        ),
        ("dcgan --limit 5 --data fashion-mnist-subset", "128 is more than the 5 images"),
        ("dcgan --epochs 0", "argument --epochs: must be at least 1, got 0"),
        ("dcgan --steps -3", "argument --steps: must be at least 1, got -3"),
        ("dcgan --batch-size 1", "argument --batch-size: must be at least 2, got 1"),
        ("dcgan --width 0", "argument --width: must be at least 1, got 0"),
        (
            "dcgan --width 1000000000000",
            "argument --width: must be at most 4096, got 1000000000000",
        ),
        ("dcgan --limit 0", "argument --limit: must be at least 1, got 0"),
        ("dcgan --seed -1", "argument --seed: must be at least 0, got -1"),
        ("dcgan --sample-every 0", "argument --sample-every: must be at least 1, got 0"),
        ("dcgan --checkpoint-every 0", "argument --checkpoint-every: must be at least 1, got 0"),
        ("dcgan --epochs two", "argument --epochs: 'two' is not a whole number"),
        ("dcgan --lr 0", "argument --lr: must be a finite number above 0, got 0"),
        ("dcgan --lr nan", "argument --lr: must be a finite number above 0, got nan"),
        ("dcgan --lr fast", "argument --lr: 'fast' is not a number"),
        ("dcgan --ema 1", "argument --ema: must be at least 0 and below 1, got 1"),
        ("dcgan --label-smoothing x", "argument --label-smoothing: 'x' is not a number"),
        ("dcgan --loss l2", "argument --loss: choose one of bce, lsgan, hinge, not 'l2'"),
        (
            "dcgan --loss hinge --label-smoothing 0.1 --data fashion-mnist-subset",
            "the hinge loss has none",
        ),
        ("wgan-gp --loss bce", "wgan-gp has no --loss: its options are --width, --batch-size"),
        ("gmm --lr 0.1", "gmm has no --lr: its options are --components, --dims"),
        ("dcgan --classes 0", "dcgan has no --classes"),
        ("cgan --classes 1,1", "argument --classes: names a label twice: '1,1'"),
        ("cgan --classes 0,x", "argument --classes: must be labels separated by commas"),
        ("cgan --classes 0,77 --data fashion-mnist-subset", "the data has no image of class 77"),
        ("gmm --dims 785 --data fashion-mnist-subset", "--dims 785 is more than the 784 pixels"),
        ("gmm --limit 1 --data fashion-mnist-subset", "gmm needs images that differ, at least two"),
        ("ae --limit 20 --data fashion-mnist-subset", "--components 30 is more than the 20 images"),
        ("classifier --limit 4 --data fashion-mnist-subset", "4 images are too few to set a tenth"),
        (
            "cgan --limit 200 --data fashion-mnist-subset",
            "that train, 80 % of those with the label",
        ),
        ("gmm --limit 20 --data fashion-mnist-subset", "--components 50 is more than the 20"),
        ("wgan-gp --limit 64 --data fashion-mnist-subset", "5 batches of 64 is more than the 64"),
        (
            "dcgan --backend torch",
            "argument --backend: choose one of auto, numpy, cupy, not 'torch'",
        ),
        ("dcgan --epoch 3", "unrecognized arguments: --epoch 3"),
        ("dcgan --data mnist", "unknown data 'mnist': choose one of fashion-mnist"),
        ("dcgan --data-dir nowhere", "no Fashion-MNIST in nowhere"),
        ("dcgan --resume", "runs/dcgan is not a run folder: there is no such folder"),
        (
            "dcgan --data fashion-mnist-subset --out file/run",
            "cannot write file/run: not a directory",
        ),
        (
            f"dcgan --data fashion-mnist-subset --out {'a' * 300}",
            f"cannot write {'a' * 300}: file name too long",
        ),
        (f"dcgan --resume --out {'a' * 300}", "aaa/config.json: file name too long"),
        ("dcgan --data fashion-mnist-subset --out a\0b", "must be the name of a file or folder"),
        ("dcgan --data fashion-mnist-subset --background red", "a background is for --data faces"),
        (
            "dcgan --data fashion-mnist-subset --out file",
            "--out file is a file: name a folder that is new or empty",
        ),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2_and_leaves_nothing(cli, tmp_path, words, says):
    (tmp_path / "file").write_text("mine")
    code, out, err = cli(train.main, words)
    assert (code, out) == (2, "")
    assert one_line(err), err
    assert says in err
    assert [f.name for f in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_may_not_be_written_is_one_line_and_exit_code_2(cli, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    code, _, err = cli(train.main, SMALL)
    assert code == 2
    assert one_line(err)
    assert "cannot write runs/dcgan: permission denied" in err


def test_damaged_data_is_one_line_and_exit_code_2_and_leaves_nothing(cli, tmp_path):
    from tinygan.data import fashion_mnist

    source = Path(fashion_mnist.__file__).parent / "fashion_mnist_subset"
    data = tmp_path / "data"
    data.mkdir()
    for name in fashion_mnist.FILES["train"]:
        (data / f"{name}.gz").write_bytes((source / f"{name}.gz").read_bytes())
    images = data / "train-images-idx3-ubyte.gz"
    whole = images.read_bytes()
    for contents, says in (
        (whole, "is altered: its SHA-256 is not that of Fashion-MNIST"),  # the subset, renamed
        (whole[:100_000], "is truncated"),
        (b"<html>not found</html>", "is not an IDX file"),
        (None, "train-images-idx3-ubyte[.gz] is missing"),
    ):
        images.unlink() if contents is None else images.write_bytes(contents)
        code, _, err = cli(train.main, "dcgan --data-dir data")
        assert code == 2
        assert one_line(err)
        assert says in err
        assert not (tmp_path / "runs").exists()


def test_where_only_the_subset_is_there_the_run_says_so(cli, tmp_path, monkeypatch):
    from tinygan.data import fashion_mnist

    monkeypatch.setattr(fashion_mnist, "_locations", lambda _: [tmp_path])
    words = "dcgan --width 2 --limit 40 --batch-size 8 --steps 2 --backend numpy"
    code, _, err = cli(train.main, words + " --quiet")
    assert code == 0
    assert err.count("\n") == 1
    assert "the whole fashion-mnist was not found, so this run uses the embedded subset" in err
    assert "-m tinygan.data fetch fashion-mnist" in err
    config = json.loads((tmp_path / "runs/dcgan/config.json").read_text())
    assert config["data"] == "fashion-mnist"
    assert config["trained_on"]["name"] == "fashion-mnist-subset"
    code, _, err = cli(train.main, "dcgan --data fashion-mnist --resume --steps 3 --quiet")
    assert code == 0
    assert "goes on with fashion-mnist-subset, as the run began" in err


def test_a_run_is_refused_where_one_is_and_goes_on_with_resume(cli, tmp_path):
    cli(train.main, f"{SMALL} --epochs 1")
    before = (tmp_path / "runs/dcgan/checkpoint.npz").read_bytes()
    code, _, err = cli(train.main, f"{SMALL} --epochs 2")
    assert code == 2
    assert one_line(err)
    assert "holds a run already: go on with it with --resume" in err
    assert (tmp_path / "runs/dcgan/checkpoint.npz").read_bytes() == before
    code, out, _ = cli(train.main, "dcgan --resume")
    assert code == 0
    assert "is complete: 5 updates, and 5 were asked for\nnext, to go on: " in out
    assert out.rstrip().endswith("-m tinygan.train dcgan --resume --epochs 2")
    code, out, _ = cli(train.main, "dcgan --resume --epochs 2")
    assert code == 0
    assert "goes on at step 5" in out
    assert "epoch 2/2" in out


def test_two_and_two_epochs_make_the_files_of_four(cli, tmp_path):
    cli(train.main, f"{SMALL} --epochs 4 --out whole")
    cli(train.main, f"{SMALL} --epochs 2 --out parts")
    cli(train.main, "dcgan --out parts --resume --epochs 4")
    for file in (tmp_path / "whole").rglob("*.*"):
        if file.name not in ("timing.csv", "report.html"):  # which tell how long it took
            assert (tmp_path / "parts" / file.relative_to(tmp_path / "whole")).read_bytes() == (
                file.read_bytes()
            ), file.name


def test_a_run_may_go_on_with_other_learning_rates_and_says_since_when(cli, tmp_path):
    words = f"{SMALL} --epochs 2 --quiet"
    cli(train.main, f"{words} --out run")
    shutil.copytree(tmp_path / "run", tmp_path / "other")
    assert json.loads((tmp_path / "run/config.json").read_text())["changes"] == []
    go_on = "dcgan --resume --quiet"
    assert cli(train.main, f"{go_on} --out run --epochs 3 --lr 0.01 --lr-d 0.0001") == (0, "", "")
    assert cli(train.main, f"{go_on} --out run --epochs 4 --sample-every 2") == (0, "", "")
    config = json.loads((tmp_path / "run/config.json").read_text())
    assert config["changes"] == [
        {"step": 10, "what": "lr", "before": 0.0002, "now": 0.01},
        {"step": 10, "what": "lr_d", "before": None, "now": 0.0001},
        {"step": 15, "what": "sample_every", "before": 1, "now": 2},
    ]
    assert config["options"]["lr"] == 0.01
    assert config["sample_every"] == 2
    cli(train.main, f"{go_on} --out other --epochs 4")
    run, other = (
        checkpoint.read_arrays(tmp_path / name / "checkpoint.npz")[1] for name in ("run", "other")
    )
    for name in ("G/0.W", "D/0.W"):  # from then on both networks learn otherwise
        assert not (run[name] == other[name]).all()
    assert cli(train.main, f"{go_on} --out run --epochs 5 --lr-d 0.0002")[0] == 0
    changed = json.loads((tmp_path / "run/config.json").read_text())["changes"][3:]
    assert changed == [{"step": 20, "what": "lr_d", "before": 0.0001, "now": 0.0002}]


def test_a_learning_rate_is_that_of_a_run_which_had_it_from_the_start(cli, tmp_path):
    cli(train.main, f"{SMALL} --epochs 2 --out a --lr 0.01")
    cli(train.main, f"{SMALL} --epochs 1 --out b --lr 0.01")
    cli(train.main, "dcgan --resume --out b --epochs 1 --lr 0.5")  # nothing to do: nothing changes
    cli(train.main, "dcgan --resume --out b --epochs 2")
    a, b = (tmp_path / name / "metrics.csv" for name in "ab")
    assert a.read_bytes() == b.read_bytes()


def test_a_run_goes_on_from_another_folder_though_its_data_was_named_from_the_first(
    cli, tmp_path, monkeypatch
):
    home = Path(data.__file__).parent / "fashion_mnist_subset"
    shutil.copytree(home, tmp_path / "here" / "clothes")
    monkeypatch.chdir(tmp_path / "here")
    words = [*SMALL.replace("fashion-mnist-subset", "idx").split(), "--data-dir", "clothes"]
    train.main([*words, "--steps", "2", "--out", "run", "--quiet"])
    monkeypatch.chdir(tmp_path)
    assert train.main(["dcgan", "--out", "here/run", "--resume", "--steps", "3", "--quiet"]) == 0


def test_of_two_first_runs_in_one_folder_one_is_refused_and_changes_nothing(make_run, tmp_path):
    first = make_run("run", epochs=1)
    before = (tmp_path / "run" / "config.json").read_bytes()
    with only_one(tmp_path / "run"), pytest.raises(UserError, match="another process is training"):
        train.main([*SMALL.split(), "--seed", "7", "--out", str(tmp_path / "run"), "--quiet"])
    assert (tmp_path / "run" / "config.json").read_bytes() == before
    assert first.step == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--width 3", "--width 3: the run has 2; leave it out, or start another run with"),
        (
            "--batch-size 4",
            "--batch-size 4: the run has 8; leave it out, or start another run with",
        ),
        ("--seed 1", "--seed 1: the run has 0; leave it out, or start another run with"),
        ("--limit 20", "--limit 20: the run has 40; leave it out, or start another run with"),
        ("--ema 0.9", "--ema 0.9: the run began without it; leave it out"),
        ("--flip", "--flip: the run began without it; leave it out, or start another run with"),
        ("--background red", "--background red: the run began without it; leave it out"),
        (
            "--data idx",
            "--data idx: the run has fashion-mnist-subset; leave it out, or start another run with",
        ),
    ],
)
def test_a_resumed_run_cannot_become_another(cli, words, says):
    cli(train.main, f"{SMALL} --steps 1")
    code, _, err = cli(train.main, f"dcgan --resume {words}")
    assert code == 2
    assert one_line(err)
    assert says in err


def test_resume_refuses_data_that_changed(cli, tmp_path):
    cli(train.main, f"{SMALL} --steps 1")
    path = tmp_path / "runs/dcgan/config.json"
    config = json.loads(path.read_text())
    config["trained_on"]["sha256"] = "0" * 64
    path.write_text(json.dumps(config))
    code, _, err = cli(train.main, "dcgan --resume --steps 2")
    assert code == 2
    assert one_line(err)
    assert "the data is not what the run began with" in err


@pytest.mark.parametrize("damage", ["truncated", "altered", "newer", "foreign", "config", "empty"])
def test_a_run_that_cannot_be_resumed_says_which_file_and_why(cli, tmp_path, damage):
    cli(train.main, f"{SMALL} --steps 2")
    folder = tmp_path / "runs/dcgan"
    path = folder / "checkpoint.npz"
    whole = path.read_bytes()
    says = "runs/dcgan/checkpoint.npz is truncated or altered"
    if damage == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "altered":
        path.write_bytes(whole[:5000] + b"!" + whole[5001:])
    elif damage in ("newer", "foreign"):
        meta, arrays = checkpoint.read_arrays(path)
        meta.update({"format": 99} if damage == "newer" else {"recipe": "cgan"})
        checkpoint.write_arrays(path, meta, arrays)
        says = "comes from a newer tinygan" if damage == "newer" else "is of the recipe cgan"
    else:
        path = folder / "config.json"
        path.write_text('{"recipe": "dcgan"' if damage == "config" else "[]")
        says = "runs/dcgan/config.json is damaged"
    damaged = path.read_bytes()
    code, _, err = cli(train.main, "dcgan --resume --steps 4")
    assert code == 2
    assert one_line(err)
    assert says in err
    assert path.read_bytes() == damaged


def test_a_resumed_run_says_when_the_versions_changed(cli, tmp_path):
    cli(train.main, f"{SMALL} --steps 1")
    path = tmp_path / "runs/dcgan/config.json"
    config = json.loads(path.read_text())
    config["versions"]["numpy"] = "2.0.0"
    path.write_text(json.dumps(config))
    code, _, err = cli(train.main, "dcgan --resume --steps 2")
    assert code == 0
    assert err.startswith("this run was last trained with")
    assert err.count("\n") == 1


def test_a_learning_rate_far_too_large_ends_with_exit_code_1_and_the_checkpoint_kept(cli, tmp_path):
    cli(train.main, f"{SMALL} --steps 1 --lr 1e30")
    kept = tmp_path / "runs/dcgan/checkpoint.npz"
    before = kept.read_bytes() if kept.exists() else None
    code, _, err = cli(train.main, "dcgan --resume --steps 9")
    assert code == 1
    assert one_line(err), err
    assert "at step" in err
    assert "layer" in err
    assert (kept.read_bytes() if kept.exists() else None) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("ae --lr 1e38 --steps 3 --width 2", "is nan at step 2"),
        ("gmm --limit 300 --components 50 --dims 10 --reg-covar 0", "larger --reg-covar or fewer"),
    ],
)
def test_a_run_that_cannot_go_on_is_one_line_and_exit_code_1(cli, words, says):
    code, _, err = cli(train.main, f"{words} --data fashion-mnist-subset --quiet")
    assert code == 1
    assert one_line(err), err
    assert says in err


def test_codes_that_no_mixture_fits_cost_nothing_but_the_mixture(cli, monkeypatch):
    from tinygan import sample
    from tinygan.models import GaussianMixture

    def fit(*_, **__):
        raise ValueError("a component's covariance is not positive definite")

    monkeypatch.setattr(GaussianMixture, "fit", fit)
    words = "ae --data fashion-mnist-subset --limit 40 --batch-size 8 --width 2 --epochs 2 --quiet"
    assert cli(train.main, words) == (0, "", "")
    code, _, err = cli(sample.main, "runs/ae --n 4")
    assert code == 2
    assert "no Gaussian mixture could be fitted to this run's codes" in err
    assert cli(sample.main, "runs/ae --n 4 --prior normal")[0] == 0


def test_a_conditional_gan_that_ends_within_its_first_epoch_is_judged_as_it_is(cli):
    distances = []
    for lr in ("1e-9", "0.01"):
        words = "cgan --data fashion-mnist-subset --limit 600 --batch-size 8 --steps 3"
        code, out, _ = cli(train.main, f"{words} --lr {lr} --out lr{lr}")
        assert code == 0
        assert "best_epoch: 0" in out
        distances.append(out.split("test_fd: ")[1].split()[0])
    assert distances[0] != distances[1]


@pytest.mark.parametrize(
    ("recipe", "change"),
    [
        ("cgan --limit 300", {"validation": "x"}),
        ("cgan --limit 300", {"validation": [{"fd": 1.0}]}),
        ("cgan --limit 300", {"validation": [{"epoch": 1, "fd": "x"}]}),
        ("classifier --limit 40 --width 1", {"validation": [{"epoch": "one", "accuracy": 1.0}]}),
        ("gmm --limit 40 --components 2 --dims 2", {"log_likelihood": "x"}),
    ],
)
def test_a_checkpoint_with_forged_notes_is_one_line(cli, tmp_path, recipe, change):
    size = "" if "gmm" in recipe else "--batch-size 8"
    cli(train.main, f"{recipe} {size} --data fashion-mnist-subset --epochs 1 --out run --quiet")
    path = tmp_path / "run/checkpoint.npz"
    meta, arrays = checkpoint.read_arrays(path)
    checkpoint.write_arrays(path, meta | {"notes": change}, arrays)
    code, _, err = cli(train.main, f"{recipe.split()[0]} --out run --resume --epochs 2")
    assert code == 2
    assert one_line(err), err
    assert "checkpoint.npz is corrupt" in err


@pytest.mark.parametrize(("name", "factor"), [("weights", -1.0), ("covariances", -1.0)])
def test_a_checkpoint_with_an_impossible_mixture_is_one_line(cli, tmp_path, name, factor):
    from tinygan import sample

    words = "gmm --limit 40 --components 2 --dims 2 --data fashion-mnist-subset --epochs 1"
    cli(train.main, f"{words} --out run --quiet")
    path = tmp_path / "run/checkpoint.npz"
    meta, arrays = checkpoint.read_arrays(path)
    arrays[f"mixture/{name}"] = factor * arrays[f"mixture/{name}"]
    checkpoint.write_arrays(path, meta, arrays)
    for command, args in ((train.main, "gmm --out run --resume --epochs 2"), (sample.main, "run")):
        code, _, err = cli(command, args)
        assert code == 2
        assert one_line(err), err
        assert "its mixture has impossible weights or covariances" in err


def test_tf32_reaches_the_products_and_the_run_keeps_it(cli, tmp_path, monkeypatch):
    there = SMALL.replace("--backend numpy", "--backend cupy --steps 3")
    types = strict_device._core._routines_linalg
    monkeypatch.setattr(backend, "_cupy", lambda: strict_device)
    for words, tf32 in (("", False), ("--tf32", True)):
        folder = f"run{tf32}"
        code, out, _ = cli(train.main, f"{there} --out {folder} {words}")
        assert code == 0
        assert ("with TF32" in out) == tf32
        assert json.loads((tmp_path / folder / "config.json").read_text())["tf32"] == tf32
        found = strict_device._core.get_compute_type(np.float32)
        assert (found == types.COMPUTE_TYPE_TF32) == tf32
    there = "dcgan --backend cupy --resume --out runTrue --steps"
    code, out, _ = cli(train.main, f"{there} 4")
    assert (code, "with TF32" in out) == (0, True)
    code, out, _ = cli(train.main, f"{there} 5 --no-tf32")
    assert (code, "from step 4: --tf32 off, before it was on" in out) == (0, True)
    code, out, _ = cli(train.main, "dcgan --out runFalse --backend cupy --resume --steps 9 --tf32")
    assert (code, "from step 3: --tf32 on, before it was off" in out) == (0, True)


@pytest.mark.parametrize("where", ["numpy", "cupy"])  # a card without it: CuPy does not set it
def test_where_there_is_no_tf32_the_run_says_so_and_goes_on_without(
    where, cli, tmp_path, monkeypatch
):
    monkeypatch.setattr(backend, "_cupy", lambda: strict_device)
    monkeypatch.setattr(strict_device._core, "set_compute_type", lambda *_: None)
    strict_device.compute_types.clear()
    words = SMALL.replace("numpy", where)
    code, out, err = cli(train.main, f"{words} --steps 1 --out run --tf32")
    assert (code, "with TF32" in out) == (0, False)
    assert err.startswith("--tf32 has no effect: ")
    assert err.count("\n") == 1
    assert json.loads((tmp_path / "run/config.json").read_text())["tf32"] is False


@pytest.mark.gpu
def test_a_run_on_the_gpu(cli, tmp_path):
    from tinygan.errors import UserError

    try:
        backend.get("cupy")
    except UserError:
        pytest.skip("no GPU answers")
    words = SMALL.replace("--backend numpy", "--backend cupy")
    assert cli(train.main, f"{words} --epochs 2")[0] == 0
    assert cli(train.main, "dcgan --resume --epochs 3")[0] == 0
    assert json.loads((tmp_path / "runs/dcgan/config.json").read_text())["backend"] == "cupy"


def test_too_little_memory_names_the_options_of_the_recipe(cli, monkeypatch):
    def no_memory(*_, **__):
        raise MemoryError

    monkeypatch.setattr(train.prepare, "prepare", no_memory)
    for recipe, options in (
        ("gmm", "--components, --dims or --limit"),
        ("dcgan", "--width, --batch-size or --limit"),
    ):
        code, _, err = cli(train.main, recipe)
        assert (code, err) == (1, f"tinygan: not enough memory: lower {options}\n")


def test_a_background_is_one_colour_by_any_name(cli, tmp_path):
    (tmp_path / "pics").mkdir()
    for i in range(12):
        plots.save_png(tmp_path / "pics" / f"{i}.png", np.full((64, 64, 3), 20 * i, np.uint8))
    words = "dcgan-faces --width 2 --batch-size 2 --quiet"
    for name, colour in (("a", ""), ("b", "--background black")):
        code, _, err = cli(train.main, f"{words} --data-dir pics --steps 1 --out {name} {colour}")
        assert code == 0, err
    stored = [json.loads((tmp_path / x / "config.json").read_text())["background"] for x in "ab"]
    assert stored == ["white", "black"]
    go_on = "dcgan-faces --resume --quiet --steps 2"
    assert cli(train.main, f"{go_on} --out a --background #ffffff")[0] == 0
    code, _, err = cli(train.main, f"{go_on} --out b --background white")
    assert code == 2
    assert "--background white: the run has black; leave it out" in err
    (tmp_path / "pics").rename(tmp_path / "moved")
    code, _, err = cli(train.main, f"{go_on} --out b")
    assert code == 2
    assert "there is no" in err
    assert "(if it has moved, say where to with --data-dir)" in err
    assert cli(train.main, f"{go_on} --out b --data-dir moved")[0] == 0
    plots.save_png(tmp_path / "moved" / "more.png", np.zeros((64, 64, 3), np.uint8))
    code, _, err = cli(train.main, f"{go_on} --out b --steps 3")
    assert code == 2
    assert "or the run began with a tinygan that read large pictures" in err


def test_a_folder_that_may_not_be_listed_is_one_line(cli, tmp_path, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(lock.os, "open", denied)
    code, _, err = cli(train.main, f"{SMALL} --steps 1 --out run")
    assert code == 2
    assert err.endswith("tinygan: cannot write run: permission denied\n")


@pytest.mark.skipif(os.name != "posix", reason="a current folder cannot be removed here")
def test_where_the_current_folder_is_gone_a_run_elsewhere_is_made(cli, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    try:
        code = train.main([*SMALL.split(), "--steps", "1", "--out", str(tmp_path / "run")])
    finally:
        os.chdir(tmp_path)
    assert code == 0
    assert (tmp_path / "run" / "curves.png").exists()
