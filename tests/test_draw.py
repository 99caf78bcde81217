"""python -m tinygan.draw: each kind of each model, what a run cannot have, and mistakes."""

import io
import json
import shutil

import numpy as np
import pytest
import strict_device
from PIL import Image

from tinygan import draw, npz, room
from tinygan.drawings.kinds import KINDS, kinds_of
from tinygan.drawings.opened_run import OpenedRun
from tinygan.drawings.options import OPTIONS
from tinygan.progress import Progress
from tinygan.recipes import get

CHANGES = {  # what makes a run of each recipe small
    "dcgan": {},
    "dcgan-fashion": {},
    "cgan": {"limit": 150},
    "cgan-cnn": {"limit": 150, "ema": 0.9},
    "gmm": {"components": 3, "dims": 5},
    "vae": {"components": 3, "code": 4},
    "classifier": {},
    "flow": {
        "limit": 150,
        "classes": "0,1",
        "code": 4,
        "flow_width": 8,
        "ode_steps": 2,
        "ema": 0.9,
    },
    "flow-unet": {"limit": 150, "classes": "0,1", "width": 4, "ode_steps": 2, "ema": 0.9},
}
ALL_KINDS = ("dcgan", "gmm", "vae", "classifier", "flow")
DRAWN = [
    *((name, kind, "") for name in ALL_KINDS for kind in kinds_of(get(name)) if kind != "sums"),
    ("dcgan-fashion", "saliency", ""),
    ("cgan-cnn", "saliency", ""),
    ("cgan-cnn", "filters", ""),
    ("cgan", "grid", ""),
    ("cgan", "walk", "--n 2 --steps 3"),
    ("cgan", "nearest", "--n 4"),
    ("dcgan", "grid", "--n 5 --numbers --seed 2"),
    ("dcgan", "walk", "--n 2 --steps 3"),
    ("dcgan", "sums", "--a 0,1,2 --b 3,4,5 --c 6,7,8"),
    ("cgan", "sums", "--a 0,1 --b 3 --c 6,7,8,9 --classes 1"),
    ("cgan", "grid", "--classes 1 --n 18 --numbers"),
    ("cgan", "saliency", "--real --n 3 --classes 1"),
    ("dcgan", "saliency", "--real --n 3"),
    ("dcgan", "film", "--size 100 --seconds 2"),
    ("vae", "walk", "--prior gmm --n 2"),
    ("vae", "grid", "--prior gmm --n 2"),
    ("gmm", "component", "--component 2 --n 3"),
    ("flow", "path", "--n 2 --steps 3 --classes 1"),
    ("flow-unet", "path", "--n 2 --steps 2"),
    ("flow-unet", "walk", "--n 2 --steps 3"),
    ("flow-unet", "nearest", "--n 3"),
]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where the runs of this file are kept, each trained once."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def run(make_run, kept, tmp_path):
    """run(recipe): the name of a trained run folder, new for each test."""

    def made(recipe="dcgan"):
        if not (kept / recipe).exists():
            small = make_run(recipe, recipe=recipe, epochs=2, **CHANGES[recipe])
            assert small.train(Progress(quiet=True), lambda: False)
            embolden(small.folder / "checkpoint.npz")
            shutil.copytree(small.folder, kept / recipe)
        shutil.copytree(kept / recipe, tmp_path / recipe, dirs_exist_ok=True)
        return recipe

    return made


def embolden(path):
    """Have a generator draw images that differ, which after so few updates it does not."""
    meta, arrays = npz.read_arrays(path)
    factors = {name: 3 for name in arrays if name.startswith(("G/", "best/")) and "W" in name}
    npz.write_arrays(
        path, meta, {n: a * a.dtype.type(factors.get(n, 1)) for n, a in arrays.items()}
    )


@pytest.mark.parametrize(("recipe", "kind", "words"), DRAWN)
def test_each_kind_is_a_picture_the_same_each_time(cli, run, tmp_path, recipe, kind, words):
    folder = run(recipe)
    name = f"{folder}_{kind}.{'gif' if kind == 'film' else 'png'}"
    code, out, err = cli(draw.main, f"{folder} {kind} {words} --backend numpy")
    assert (code, err) == (0, "")
    said, following = out.splitlines()
    assert name in said
    assert following.startswith("next, ")
    assert " -m tinygan." in following
    first = (tmp_path / name).read_bytes()
    with Image.open(io.BytesIO(first)) as picture:
        assert len(np.unique(np.asarray(picture.convert("L")))) > 2
    assert cli(draw.main, f"{folder} {kind} {words} --backend numpy --out again.{name}")[0] == 0
    assert (tmp_path / f"again.{name}").read_bytes() == first


@pytest.mark.parametrize("recipe", ["dcgan", "vae", "gmm", "flow"])
def test_what_it_advises_next_draws_with_the_same_weights(cli, run, recipe):
    folder = run(recipe)
    kinds = [kind for kind in kinds_of(get(recipe)) if kind not in ("film", "sums")]
    words = ["", *kinds, *(["sums --a 0 --b 1 --c 2"] if recipe == "dcgan" else [])]
    for word in words:
        code, out, err = cli(draw.main, f"{folder} {word} --weights last --backend numpy")
        assert (code, err) == (0, "")
        assert out.splitlines()[-1].endswith(" --weights last"), word
    if recipe == "dcgan":
        err = cli(draw.main, f"{folder} sums --weights last")[2]
        assert err.rstrip().endswith(" grid --numbers --seed 0 --weights last")


def test_the_seed_decides(cli, run, tmp_path):
    folder = run()
    for kind in ("grid", "walk", "saliency", "nearest"):
        cli(draw.main, f"{folder} {kind} --n 2 --out a.png")
        cli(draw.main, f"{folder} {kind} --n 2 --out b.png --seed 1")
        assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes(), kind


@pytest.mark.parametrize("recipe", ["dcgan-fashion", "vae", "cgan", "flow"])
def test_the_fake_device_draws_the_same(cli, run, tmp_path, recipe):
    folder = tmp_path / run(recipe)
    for kind in sorted(set(kinds_of(get(recipe))) - {"film", "nearest", "filters"}):
        given = {"a": (0,), "b": (1,), "c": (2,)} if kind == "sums" else {}
        for xp in (np, strict_device):
            KINDS[kind].draw(OpenedRun(folder, xp), tmp_path / f"{xp.__name__}.{kind}", **given)
        pictures = []
        for xp in (np, strict_device):
            with Image.open(tmp_path / f"{xp.__name__}.{kind}") as picture:
                pictures.append(np.asarray(picture.convert("RGB"), np.int64))
        # a difference in rounding may move a pixel by a step, and a written number by a digit
        assert (np.abs(pictures[0] - pictures[1]) > 2).mean() < 1e-3, kind


def test_without_a_kind_those_of_the_run_are_listed(cli, run):
    code, out, _ = cli(draw.main, run("gmm"))
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:-1]] == [
        "grid", "nearest", "film", "means", "component",
    ]  # fmt: skip
    assert out.splitlines()[-1].endswith("-m tinygan.draw gmm grid")


def test_help_names_every_kind_and_which_take_an_option(cli):
    code, out, _ = cli(draw.main, "--help")
    assert code == 0
    for name, kind in KINDS.items():
        assert f"\n  {name} " in out
        assert kind.what[:30] in out
    assert "[film]" in out


def test_every_option_of_a_kind_is_one_of_the_command():
    assert {option for kind in KINDS.values() for option in kind.options} == set(OPTIONS)


@pytest.mark.parametrize(
    ("recipe", "words", "says"),
    [
        ("gmm", "saliency", "a run of gmm has no saliency: it can be drawn as grid, nearest, film"),
        ("gmm", "walk", "a run of gmm has no walk: it can be drawn as"),
        ("dcgan", "codes", "a run of dcgan has no codes: it can be drawn as grid, walk, sums"),
        ("vae", "sums", "a run of vae has no sums"),
        ("classifier", "grid", "a run of classifier has no grid: it can be drawn as film, filters"),
        ("dcgan", "wlak", "unknown kind 'wlak': a run of dcgan can be drawn as grid, walk"),
        ("dcgan", "film --weights last", "--weights is for what is drawn now: a film shows"),
        ("dcgan", "grid --weights best", "dcgan has kept no best weights: leave --weights out"),
        ("vae", "grid --weights average", "vae has no average of its weights"),
        ("dcgan", "film --n 3", "film has no --n: its options are --size, --seconds"),
        ("dcgan", "grid --real", "grid has no --real: its options are --n, --seed"),
        ("dcgan", "grid --out a.jpg", "--out a.jpg should end in .png"),
        ("dcgan", "film --out a.png", "--out a.png should end in .gif"),
        (
            "cgan",
            "grid --numbers",
            "--numbers are those of one class, as sums draws it: add --classes 0",
        ),
        ("dcgan", "grid --out no/a.png", "cannot write no/a.png: there is no folder no"),
        (
            "dcgan",
            "grid --classes 0",
            "--classes is for models that are asked for a class, cgan and flows, and this is dcgan",
        ),
        (
            "dcgan",
            "walk --classes 0",
            "--classes is for models that are asked for a class, cgan and flows, and this is dcgan",
        ),
        (
            "dcgan",
            "saliency --real --classes 0",
            "--classes is for models that are asked for a class",
        ),
        ("dcgan", "walk --prior gmm", "--prior is for autoencoders, and this is dcgan"),
        ("dcgan", "sums --a 1,2", "sums needs --a, --b and --c, each the numbers of some images"),
        ("dcgan", "sums --a 1,1", "argument --a: names an image twice: '1,1'"),
        ("dcgan", "sums --a x", "argument --a: must be numbers of images separated by commas"),
        ("dcgan", "walk --steps 1", "argument --steps: must be at least 2, got 1"),
        ("dcgan", "grid --n 0", "argument --n: must be at least 1, got 0"),
        ("dcgan", "nearest --data-dir no", "leave --data-dir out"),
        ("cgan", "grid --classes 5", "class 5 is not one that this run was trained on: 0, 1"),
        ("cgan", "walk --classes 5", "class 5 is not one that this run was trained on: 0, 1"),
        ("cgan", "sums --a 1 --b 2 --c 3 --classes 0,1", "sums draws one class"),
        ("gmm", "component --component 3", "--component 3 is not one of this run's 3: they count"),
        ("vae", "codes --n 1", "the codes of this run have no map"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(cli, run, recipe, words, says):
    code, out, err = cli(draw.main, f"{run(recipe)} {words}")
    assert (code, out) == (2, "")
    assert err.startswith("tinygan: ")
    assert err.count("\n") == 1
    assert says in err


def test_what_is_no_run_is_refused(cli, run, tmp_path):
    assert cli(draw.main, "nowhere grid")[2].startswith("tinygan: nowhere is not a run folder")
    (tmp_path / run() / "checkpoint.npz").unlink()
    assert "dcgan has no checkpoint yet: wait" in cli(draw.main, "dcgan grid")[2]
    assert cli(draw.main, "dcgan film")[0] == 0  # which needs the sheets alone


def test_other_data_than_the_runs_is_refused(cli, run, tmp_path):
    path = tmp_path / run() / "config.json"
    config = json.loads(path.read_text())
    config["trained_on"]["sha256"] = "0" * 64
    path.write_text(json.dumps(config))
    code, _, err = cli(draw.main, "dcgan nearest")
    assert code == 2
    assert "the data is not what the run began with" in err


def test_a_picture_that_cannot_be_written_is_one_line(cli, run, tmp_path):
    folder = run()
    for kind in ("grid", "film"):
        name = f"{folder}_{kind}.{'gif' if kind == 'film' else 'png'}"
        (tmp_path / name).mkdir()
        code, _, err = cli(draw.main, f"{folder} {kind}")
        assert (code, err) == (2, f"tinygan: cannot write {name}: is a directory\n")


def test_weights_of_any_size_draw_without_a_warning(cli, run, tmp_path):
    for recipe in ("dcgan", "vae"):
        path = tmp_path / run(recipe) / "checkpoint.npz"
        meta, arrays = npz.read_arrays(path)
        for name, array in arrays.items():
            if name.startswith(("G/", "D/", "encoder/", "decoder/")):
                arrays[name] = np.full_like(array, -3e38)
        npz.write_arrays(path, meta, arrays)
        for kind in kinds_of(get(recipe)):
            words = " --a 1 --b 2 --c 3" * (kind == "sums")
            code, _, err = cli(draw.main, f"{recipe} {kind}{words}")
            assert (code, err.count("\n")) in ((0, 0), (2, 1)), (kind, err)


def test_more_than_fits_is_refused_with_the_number_that_does(cli, run, monkeypatch):
    folder = run()
    monkeypatch.setattr(room, "free_bytes", lambda: 10**7)
    code, out, err = cli(draw.main, f"{folder} walk --n 999")
    assert (code, out) == (2, "")
    assert "--n 999 needs 451 MB of memory, and 10 MB are free: --n 22 fits" in err
