"""python -m tinygan.compare: its tables and files, what it reuses, and what it refuses."""

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tinygan import compare, evaluate, train
from tinygan.array_file import read_arrays, write_arrays
from tinygan.metrics import protocol

SUBSET = "--data fashion-mnist-subset --limit 200 --backend numpy --quiet"
MADE = {
    "dcgan": "dcgan --width 2 --batch-size 8 --steps 2",
    "mixture": "gmm --components 2 --dims 4 --steps 2",
    "cgan": "cgan --classes 1,8 --batch-size 8 --steps 1",
    "names": "classifier --width 2 --batch-size 8 --steps 1",
}
QUICK = {"bins_fitted_on": 300, "kid_subsets": 2, "memorisation_on": 30}
WORDS = "--n 40 --quiet"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for name, value in QUICK.items():
        monkeypatch.setitem(protocol.SETTINGS, name, value)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder of runs, some of them evaluated."""
    folder = tmp_path_factory.mktemp("runs")
    for name, words in MADE.items():
        train.main([*words.split(), *SUBSET.split(), "--out", str(folder / name)])
    with pytest.MonkeyPatch.context() as patch:
        for name, value in QUICK.items():
            patch.setitem(protocol.SETTINGS, name, value)
        for name in ("dcgan", "mixture", "cgan"):
            evaluate.main([str(folder / name), *WORDS.split()])
    return folder


@pytest.fixture
def run(trained, tmp_path):
    """run(name, to): a copy of an evaluated run in the working folder."""

    def copy(name, to=None, *, evaluated=True):
        shutil.copytree(trained / name, tmp_path / (to or name))
        if not evaluated:
            (tmp_path / (to or name) / "evaluation.json").unlink()
        return tmp_path / (to or name)

    return copy


@pytest.fixture
def measured(monkeypatch):
    """Which folders were measured, and how often real images were."""
    calls = []
    for module, name in ((compare, "evaluate_run"), (protocol, "build"), (protocol, "floor")):
        real = getattr(module, name)

        def counted(*args, _real=real, _name=name, **how):
            calls.append(_name)
            return _real(*args, **how)

        monkeypatch.setattr(module, name, counted)
    return calls


def table():
    with open("compare.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def one_line(err):
    return err.startswith("tinygan: ") and err.count("\n") == 1


def test_the_table_is_sorted_by_fd_with_the_floor_below(cli, run):
    fds = {
        name: json.loads((folder / "evaluation.json").read_text())["metrics"]["fd"]
        for name, folder in (("dcgan", run("dcgan")), ("gmm (mixture)", run("mixture")))
    }
    for runs in ("dcgan mixture", "mixture dcgan"):
        code, out, err = cli(compare.main, f"{runs} {WORDS}")
        assert (code, err) == (0, "")
        rows = [line for line in out.splitlines() if "/ 100" in line]
        names = sorted(fds, key=fds.get)
        assert [row.split("  ")[0] for row in rows] == [*names, "real training images"]
        for name, row in zip(names, rows, strict=False):
            assert f"{fds[name]:.4g}" in row
        assert len(set(map(len, rows))) == 1  # it lines up
    assert "40 samples against 40 images of the test split of fashion-mnist-subset" in out
    assert "fd and kid are not comparable with published FIDs and KIDs" in out


def test_the_csv_has_everything(cli, run):
    found = json.loads((run("dcgan") / "evaluation.json").read_text())
    cli(compare.main, f"dcgan {WORDS}")
    first, floor = table()
    assert first["recipe"] == "dcgan"
    assert (first["data"], first["n"], first["seed"]) == ("fashion-mnist-subset", "40", "0")
    assert int(first["parameters"]) == found["weights"]["G"]
    assert int(first["trained_parameters"]) == sum(found["weights"].values())
    assert int(first["updates"]) == 2
    assert float(first["ms_per_1000"]) == pytest.approx(found["ms_per_1000"], rel=1e-4)
    assert floor["name"] == "real training images"
    for name in found["metrics"].keys() - {"classes"}:
        assert float(first[name]) == pytest.approx(found["metrics"][name], rel=1e-4)
        assert float(floor[name]) == pytest.approx(found["floor"][name], rel=1e-4)


def test_the_figure_has_a_row_of_samples_for_each_run(cli, run):
    run("dcgan"), run("mixture")
    heights = []
    for runs in ("dcgan", "dcgan mixture"):
        cli(compare.main, f"{runs} {WORDS} --figure rows.png --csv rows.csv")
        with Image.open("rows.png") as picture:
            heights.append(picture.size[1])
    assert heights[1] == pytest.approx(1.5 * heights[0], rel=0.01)  # 2 rows, 3 rows


def test_what_was_evaluated_is_not_measured_again(cli, run, measured):
    for name in ("dcgan", "mixture"):
        (run(name) / "checkpoint.npz").unlink()  # nor is it needed
    assert cli(compare.main, f"dcgan mixture {WORDS}")[0] == 0
    assert measured == []


def test_runs_on_the_same_data_share_the_real_images(cli, run, measured):
    for name in ("dcgan", "mixture"):
        run(name, evaluated=False)
    code, _, err = cli(compare.main, f"dcgan mixture {WORDS}")
    assert code == 0
    assert sorted(measured) == ["build", "evaluate_run", "evaluate_run", "floor"]
    assert err.count("warning: 40 samples") == 1
    cli(compare.main, f"dcgan mixture {WORDS}")
    assert measured.count("evaluate_run") == 2


def change(folder, text, to):
    path = folder / "evaluation.json"
    assert text in path.read_text()
    path.write_text(path.read_text().replace(text, to))


def retrain(folder):
    meta, arrays = read_arrays(folder / "checkpoint.npz")
    arrays["G/0.W"] = arrays["G/0.W"] * np.float32(2)
    write_arrays(folder / "checkpoint.npz", meta, arrays)


def swap_pictures(folder):
    meta, pictures = read_arrays(folder / "evaluation.npz")
    meta["of"]["protocol"]["seed"] = 9
    write_arrays(folder / "evaluation.npz", meta, pictures)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: (f / "evaluation.json").write_text("{"),
        lambda f: (f / "evaluation.json").write_text("[]"),
        lambda f: (f / "evaluation.npz").unlink(),
        lambda f: (f / "evaluation.npz").write_bytes(b"PK"),
        lambda f: change(f, '"fd": ', '"fd": "1", "fd_": '),
        lambda f: change(f, '"fd": ', '"fd": NaN, "fd_": '),
        lambda f: change(f, '"recall": ', '"recal": '),
        lambda f: change(f, '"kid_subsets": 2', '"kid_subsets": 3'),
        lambda f: change(f, '"updates": 2', '"updates": null'),
        lambda f: change(f, '"width": 2', '"width": 4'),
        swap_pictures,
        retrain,
    ],
)
def test_an_evaluation_that_does_not_hold_any_more_is_made_again(cli, run, measured, spoil):
    folder = run("dcgan")
    good = (folder / "evaluation.json").read_text()
    spoil(folder)
    assert cli(compare.main, f"dcgan {WORDS}")[0] == 0
    assert measured.count("evaluate_run") == 1
    keys = json.loads(good).keys()
    assert json.loads((folder / "evaluation.json").read_text()).keys() == keys


@pytest.mark.parametrize("words", ["--n 41 --quiet", "--n 40 --seed 1 --quiet"])
def test_another_protocol_is_measured_anew(cli, run, measured, words):
    run("dcgan")
    cli(compare.main, f"dcgan {words}")
    assert measured.count("evaluate_run") == 1


def test_runs_on_different_classes_get_a_table_each(cli, run):
    run("dcgan"), run("cgan")
    _, out, _ = cli(compare.main, f"dcgan cgan {WORDS}")
    assert "which cannot be compared: one table for each" in out
    assert out.count("real training images") == 2
    assert "40 images of the test split of fashion-mnist-subset, classes 1, 8" in out
    assert [row["classes"] for row in table()] == ["", "", "1 8", "1 8"]
    heads = [line for line in out.splitlines() if line.lstrip().startswith("parameters")]
    assert ["agreement" in line for line in heads] == [False, True]


def test_folders_of_one_name_are_told_apart(cli, run):
    run("mixture", "a/mixture"), run("mixture", "b/mixture")
    cli(compare.main, f"a/mixture b/mixture a/../a/mixture {WORDS}")
    assert sorted(row["name"] for row in table()) == [
        "gmm (a/mixture)",
        "gmm (b/mixture)",
        "real training images",
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "the following arguments are required: RUN"),
        ("dcgan nowhere", "nowhere is not a run folder: it has no config.json"),
        ("dcgan names", "names is of the recipe classifier, which draws no images"),
        ("dcgan mixture", "mixture has no checkpoint yet: wait, if it is training, or go on with"),
        ("dcgan --figure rows.jpg", "--figure rows.jpg should end in .png"),
        ("dcgan --csv missing/x.csv", "cannot write missing/x.csv: there is no folder missing"),
        ("dcgan --figure missing/x.png", "cannot write missing/x.png: there is no folder"),
        ("dcgan --csv dcgan", "cannot write dcgan: is a directory"),
        ("dcgan --n 5", "argument --n: must be at least 6"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(cli, run, words, says):
    run("dcgan"), run("names")
    (run("mixture", evaluated=False) / "checkpoint.npz").unlink()
    code, _, err = cli(compare.main, words if "--n" in words else f"{words} --n 40 --quiet")
    assert code == 2
    assert one_line(err)
    assert says in err
