"""python -m tinygan.compare: its tables and files, what it reuses, and what it refuses."""

import csv
import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from tinygan import compare, evaluate, train
from tinygan.evaluation import measure_run, protocol, report, result
from tinygan.npz import read_arrays, write_arrays

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
def trained_runs(tmp_path_factory):
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
def run(trained_runs, tmp_path):
    """run(name, to): a copy of an evaluated run in the working folder."""

    def copy(name, to=None, *, evaluated=True):
        shutil.copytree(trained_runs / name, tmp_path / (to or name))
        if not evaluated:
            (tmp_path / (to or name) / "evaluation.json").unlink()
        return tmp_path / (to or name)

    return copy


@pytest.fixture
def measured(monkeypatch):
    """Which folders were measured, and how often real images were."""
    calls = []
    for module, name in (
        (compare, "evaluate_run"),
        (measure_run, "build_reference"),
        (protocol, "floor"),
    ):
        real = getattr(module, name)

        def counted(*args, _real=real, _name=name, **how):
            calls.append(_name)
            return _real(*args, **how)

        monkeypatch.setattr(module, name, counted)
    return calls


def table():
    with open("compare.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read(folder):
    with open(f"{folder}/evaluation.json", encoding="utf-8") as file:
        return json.load(file)


def edit(folder, key, value):
    """Change a setting of the protocol in both files of an evaluation: "extractor/sha256"."""
    evaluation = read(folder)
    where = evaluation["protocol"]
    *path, last = key.split("/")
    for part in path:
        where = where[part]
    assert last in where
    where[last] = value
    _, pictures = read_arrays(folder / "evaluation.npz")
    result.write_evaluation(folder, evaluation, pictures)


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
        head, *rows = [line for line in out.splitlines() if "/ 100" in line or "ms/1000" in line]
        names = sorted(fds, key=fds.get)
        assert [row.split("  ")[0] for row in rows] == [*names, "real training images"]
        for name, row in zip(names, rows, strict=False):
            assert f"{fds[name]:.4g}" in row
        assert len({len(line) for line in (head, *rows)}) == 1  # it lines up
        metrics, floor = head.split()[4:], read("dcgan")["floor"]
        expected = [report.shown(metric, floor) for metric in metrics]
        assert re.split("  +", rows[-1])[1:] == expected
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
    for row in (first, floor):
        assert row["split"] == "test"
        assert row["extractor_sha256"] == found["protocol"]["extractor"]["sha256"]
    for row, of in ((first, "metrics"), (floor, "floor")):
        assert row["class_counts"] == " ".join(map(str, found[of]["classes"]))
    for name in found["metrics"].keys() - {"classes"}:
        assert float(first[name]) == pytest.approx(found["metrics"][name], rel=1e-4)
        assert float(floor[name]) == pytest.approx(found["floor"][name], rel=1e-4)


def test_the_figure_has_a_row_of_samples_for_each_run(cli, run, monkeypatch):
    run("dcgan"), run("mixture")
    drawn, labelled_rows = [], compare.plots.labelled_rows
    monkeypatch.setattr(
        compare.plots,
        "labelled_rows",
        lambda file, rows: drawn.append(rows) or labelled_rows(file, rows),
    )
    heights = []
    for runs in ("dcgan", "dcgan mixture"):
        cli(compare.main, f"{runs} {WORDS} --figure rows.png --csv rows.csv")
        with Image.open("rows.png") as picture:
            heights.append(picture.size[1])
    assert heights[1] == pytest.approx(1.5 * heights[0], rel=0.01)  # 2 rows, 3 rows
    *of_runs, of_real = drawn[1]
    folders = {"dcgan": "dcgan", "gmm (mixture)": "mixture"}
    assert {text.split("   ")[0] for text, _ in of_runs} == folders.keys()
    for text, images in of_runs:
        evaluation, pictures = result.read_evaluation(folders[text.split("   ")[0]])
        np.testing.assert_array_equal(images, pictures["samples"])
        assert text.endswith(f"fd {evaluation['metrics']['fd']:.4g}")
    np.testing.assert_array_equal(of_real[1], pictures["real"])


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
    assert sorted(measured) == ["build_reference", "evaluate_run", "evaluate_run", "floor"]
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
        lambda f: change(f, '"prior": ', '"prior_": '),
        lambda f: change(f, '"recipe": ', '"recipe_": '),
        lambda f: change(f, '"options": ', '"options_": '),
        lambda f: change(f, '"learned_this_data": ', '"learned": '),
        lambda f: change(f, '"updates": 2', f'"updates": {10**400}'),
        lambda f: change(f, '"classes": [', '"classes": ["a", '),
        lambda f: edit(f, "extractor/sha256", "0" * 64),
        lambda f: edit(f, "train_sha256", "0" * 64),
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


@pytest.mark.parametrize(
    ("key", "value"), [("test_sha256", "0" * 64), ("n", 39), ("classes", [1, 2])]
)
def test_what_was_compared_with_other_images_gets_its_own_table(cli, run, key, value):
    for name in ("a/mixture", "b/mixture"):
        run("mixture", name)
    _, out, _ = cli(compare.main, f"a/mixture b/mixture {WORDS}")
    assert out.count("real training images") == 1
    edit(run("mixture", "c/mixture"), key, value)
    _, out, _ = cli(compare.main, f"a/mixture b/mixture c/mixture {WORDS}")
    assert out.count("real training images") == 2


def test_a_row_says_that_only_some_classes_were_drawn(cli, run, measured):
    evaluate.main([str(run("cgan")), *WORDS.split()])
    evaluate.main([str(run("cgan", "some")), *WORDS.split(), "--classes", "8"])
    measured.clear()
    cli(compare.main, f"cgan some {WORDS}")
    assert measured == []
    assert [(row["name"], row["classes"]) for row in table()[::2]] == [
        ("cgan", "1 8"),
        ("cgan (some) --classes 8", "8"),
    ]


def test_a_row_says_which_weights_drew(cli, run, measured):
    evaluate.main([str(run("dcgan")), *WORDS.split(), "--weights", "last"])
    measured.clear()
    cli(compare.main, f"dcgan {WORDS}")
    assert measured == []
    assert next(row["name"] for row in table()) == "dcgan --weights last"


@pytest.mark.parametrize(
    ("spoil", "words", "says"),
    [
        (None, "--n 41 --quiet", "it was evaluated with --n 40 --seed 0: ask for these, or train"),
        (None, f"{WORDS} --seed 1", "it was evaluated with --n 40 --seed 0: ask for these, or"),
        (lambda f: change(f, '"fd": ', '"f": '), WORDS, "its evaluation is damaged, or"),
        (lambda f: edit(f, "train_sha256", "0" * 64), WORDS, "its evaluation is damaged, or"),
    ],
)
def test_what_cannot_be_measured_again(cli, run, measured, spoil, words, says):
    folder = run("dcgan")
    (folder / "checkpoint.npz").unlink()
    if spoil:
        spoil(folder)
    run("mixture", evaluated=False)
    code, out, err = cli(compare.main, f"mixture dcgan {words}")
    assert (code, out) == (2, "")
    assert one_line(err)
    assert f"dcgan has no checkpoint any more, and {says}" in err
    assert measured == []  # it is said before the long work


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
        ("dcgan nowhere", "nowhere is not a run folder: there is no such folder"),
        ("dcgan names", "names is of the recipe classifier, which draws no images"),
        ("dcgan mixture", "mixture has no checkpoint yet: wait, if it is training, or go on with"),
        ("dcgan --figure rows.jpg", "--figure rows.jpg should end in .png"),
        ("dcgan --csv missing/x.csv", "cannot write missing/x.csv: there is no folder missing"),
        ("dcgan --figure missing/x.png", "cannot write missing/x.png: there is no folder"),
        ("dcgan --csv dcgan", "cannot write dcgan: is a directory"),
        ("dcgan --csv ./x.png --figure x.png", "--csv and --figure both name x.png: name two"),
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
