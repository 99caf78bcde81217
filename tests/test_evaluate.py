"""python -m tinygan.evaluate: what it prints and leaves, and what it refuses."""

import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tinygan import evaluate, sample, train
from tinygan.data import load
from tinygan.evaluation import measure_run, protocol, report, result
from tinygan.recipes import trained_model

SUBSET = "--data fashion-mnist-subset --limit 600 --backend numpy --quiet"
TEST = load("fashion-mnist-subset", "test")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for name, value in {"bins_fitted_on": 400, "kid_subsets": 3, "memorisation_on": 60}.items():
        monkeypatch.setitem(protocol.SETTINGS, name, value)


@pytest.fixture(scope="module")
def trained_run(tmp_path_factory):
    """trained_run(name): a run folder, made once, of that recipe."""
    made = {}
    options = {
        "dcgan": "--width 2 --batch-size 8 --steps 2",
        "vae": "--width 2 --batch-size 8 --code 3 --components 2 --steps 3",
        "gmm": "--components 2 --dims 4 --steps 2",
        "cgan": "--classes 1,8 --batch-size 8 --steps 1",
        "classifier": "--width 4 --batch-size 16 --epochs 3",
    }

    def make(name):
        if name not in made:
            made[name] = tmp_path_factory.mktemp("runs") / name
            train.main([name, "--out", str(made[name]), *f"{SUBSET} {options[name]}".split()])
        return made[name]

    return make


@pytest.fixture
def run(trained_run, tmp_path):
    """run(name): a copy of such a folder in the working folder; its name."""

    def copy(name):
        if not (tmp_path / name).exists():
            shutil.copytree(trained_run(name), tmp_path / name)
        return name

    return copy


def read(folder):
    with open(f"{folder}/evaluation.json", encoding="utf-8") as file:
        return json.load(file)


def one_line(err):
    return err.startswith("tinygan: ") and err.count("\n") == 1


def test_a_run(cli, run, tmp_path):
    code, out, err = cli(evaluate.main, f"{run('dcgan')} --n 80")
    assert code == 0
    assert out.startswith(
        "dcgan: 80 samples against 80 images of the test split of fashion-mnist-subset\n"
    )
    found = read("dcgan")
    lines = [re.split("  +", line) for line in out.splitlines()]
    assert ["", "samples", "real (floor)"] in lines
    table = {line[0]: line[1:3] for line in lines}
    both = found["metrics"], found["floor"]
    for name in found["metrics"].keys() - {"kid_std", "bins", "classes"}:
        assert table[name] == [report.shown(name, of) for of in both]
    assert both[0]["classes"] != both[1]["classes"]
    for c, name in enumerate(report.CLASSES["fashion_mnist"]):
        assert table[f"{c} {name}"] == [str(of["classes"][c]) for of in both]
    assert "written to dcgan: evaluation.json, evaluation.npz, memorisation.png" in out
    assert "warning: 80 samples against 80 images are fewer than 2,048" in err
    assert "drawing 80 samples with dcgan …" in err
    with Image.open(tmp_path / "dcgan/memorisation.png") as picture:
        assert picture.height == 4 * 144
    assert not list((tmp_path / "dcgan").glob(".*tmp"))


def test_it_says_what_fd_is_not_and_what_it_is_made_of(cli, run):
    _, out, _ = cli(evaluate.main, f"{run('dcgan')} --n 30 --quiet --seed 4")
    assert max(map(len, out.splitlines())) <= 100
    text = " ".join(out.split())
    extractor = read("dcgan")["protocol"]["extractor"]
    assert "fd and kid are not comparable with published FIDs and KIDs" in text
    for part in (
        extractor["sha256"][:12],
        "fashion_mnist.npz",
        f"{100 * extractor['accuracy']:.2f} %",
        "from 30 samples and 30 images of the test split, seed 4",
    ):
        assert part in text


def test_the_time_is_that_of_the_fastest_of_three_draws(cli, run, monkeypatch):
    clock, draws = [0.0], []
    seconds = iter([50, 10, 0.5, 0.2, 0.3])  # to warm up, the samples, and three times
    draw = trained_model.draw

    def slow(model, n, *args, **how):
        draws.append(n)
        clock[0] += next(seconds)
        return draw(model, n, *args, **how)

    monkeypatch.setattr(trained_model, "draw", slow)
    monkeypatch.setattr(measure_run, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    cli(evaluate.main, f"{run('dcgan')} --n 40 --quiet")
    assert draws[1:] == [40] * 4
    assert read("dcgan")["ms_per_1000"] == pytest.approx(1000 * 0.2 / 40 * 1000)


def test_what_evaluation_json_holds(cli, run):
    cli(evaluate.main, f"{run('dcgan')} --n 30 --quiet")
    found = read("dcgan")
    weights = trained_model.load("dcgan", np).weights()
    assert found["weights"] == weights
    assert found["parameters"] == weights["G"]
    assert (found["recipe"], found["options"]["width"], found["updates"]) == ("dcgan", 2, 2)
    assert found["ms_per_1000"] > 0
    assert found["checkpoint_sha256"] == result.file_sha256("dcgan/checkpoint.npz")
    assert found["protocol"]["test_sha256"] == TEST.sha256
    assert found["protocol"]["n"] == 30
    assert found["backend"] == "numpy"


def test_the_training_time_is_that_of_timing_csv(cli, run, tmp_path):
    folder = tmp_path / run("dcgan")
    (folder / "timing.csv").write_text("epoch,step,seconds,images_per_second\n1,1,2.5,9\n1,2,4,9\n")
    cli(evaluate.main, "dcgan --n 30 --quiet")
    assert read("dcgan")["training_seconds"] == 6.5
    (folder / "timing.csv").unlink()
    cli(evaluate.main, "dcgan --n 30 --quiet")
    assert read("dcgan")["training_seconds"] is None


def test_the_same_twice_but_for_the_time(cli, run):
    found = []
    for _ in range(2):
        cli(evaluate.main, f"{run('dcgan')} --n 30 --quiet")
        found.append(read("dcgan") | {"ms_per_1000": 0})
    assert found[0] == found[1]


@pytest.mark.parametrize("recipe", ["dcgan", "cgan"])
def test_a_file_of_its_samples_measures_the_same(cli, run, recipe):
    cli(evaluate.main, f"{run(recipe)} --n 40 --seed 2 --quiet")
    cli(sample.main, f"{recipe} --n 40 --seed 2 --out many.npz")
    words = "many.npz --n 40 --seed 2 --data fashion-mnist-subset --quiet --json numbers.json"
    code, out, _ = cli(evaluate.main, words)
    assert code == 0
    assert out.startswith("many.npz: 40 samples against 40 images")
    with open("numbers.json", encoding="utf-8") as file:
        of_file, of_run = json.load(file), read(recipe)
    ratios = {found["metrics"].pop("memorisation") for found in (of_file, of_run)}
    assert len(ratios) == 2  # the run knows its --limit, the file does not
    for name in ("metrics", "protocol", "floor"):
        assert of_file[name] == of_run[name], name


def test_the_pictures_that_are_kept(cli, run):
    cli(evaluate.main, f"{run('dcgan')} --n 40 --quiet")
    _, pictures = result.read_evaluation("dcgan")
    drawn, _ = trained_model.draw(trained_model.load("dcgan", np), 40, 0)
    np.testing.assert_array_equal(pictures["samples"], drawn[np.arange(16) * 40 // 16])
    seen = {image.tobytes() for image in load("fashion-mnist-subset", "train").images[:600]}
    assert {image.tobytes() for image in pictures["nearest"]} <= seen
    assert {image.tobytes() for image in pictures["real"]} <= {i.tobytes() for i in TEST.images}


def test_memorisation_png_shows_samples_above_their_nearest_training_images(cli, run, monkeypatch):
    drawn, labelled_rows = [], result.plots.labelled_rows
    monkeypatch.setattr(
        result.plots,
        "labelled_rows",
        lambda file, rows: drawn.append(rows) or labelled_rows(file, rows),
    )
    cli(evaluate.main, f"{run('dcgan')} --n 40 --quiet")
    _, pictures = result.read_evaluation("dcgan")
    (rows,) = drawn
    assert ["nearest" in text for text, _ in rows] == [False, True, False, True]
    for i, name in enumerate(("samples", "nearest")):
        shown = np.concatenate([images for _, images in rows[i::2]])
        np.testing.assert_array_equal(shown, pictures[name])
    with Image.open("dcgan/memorisation.png") as picture:
        assert min(picture.size) > 400


def test_a_conditional_run_is_compared_with_its_classes_alone(cli, run):
    _, out, _ = cli(evaluate.main, f"{run('cgan')} --n 40 --quiet")
    assert "of the classes seen; the 2 alone, equally: ln 2 = 0.693" in out
    found = read("cgan")
    assert found["protocol"]["classes"] == [1, 8]
    assert "of fashion-mnist-subset, classes 1, 8\n" in out
    counts = found["floor"]["classes"]
    assert counts[1] + counts[8] > 36
    assert 0 <= found["metrics"]["agreement"] <= 1
    cli(evaluate.main, "cgan --n 40 --quiet --classes 8")
    assert read("cgan")["protocol"]["classes"] == [8]
    assert "agreement" not in read("cgan")["metrics"]


def test_an_autoencoder_draws_from_the_prior_asked_for(cli, run):
    cli(evaluate.main, f"{run('vae')} --n 40 --quiet")
    own = read("vae")
    _, out, _ = cli(evaluate.main, "vae --n 40 --quiet --prior gmm")
    other = read("vae")
    assert (own["prior"], other["prior"]) == ("normal", "gmm")
    assert out.startswith("vae with the prior gmm: ")
    assert own["metrics"] != other["metrics"]
    weights = own["weights"]
    assert weights == other["weights"]
    assert own["parameters"] == weights["decoder"]  # N(0, I) needs none
    assert other["parameters"] == weights["decoder"] + weights["mixture"]


def test_a_mixture(cli, run):
    assert cli(evaluate.main, f"{run('gmm')} --n 40 --quiet")[0] == 0
    found = read("gmm")
    assert found["parameters"] == found["weights"]["mixture"] + found["weights"]["projection"]


def test_a_classifier_is_judged_on_all_test_images(cli, run):
    code, out, _ = cli(evaluate.main, f"{run('classifier')} --quiet")
    assert code == 0
    found = read("classifier")
    confusion = np.array(found["confusion"])
    assert confusion.shape == (10, 10)
    np.testing.assert_array_equal(confusion.sum(axis=1), np.bincount(TEST.labels))
    assert found["accuracy"] == np.trace(confusion) / 1000
    assert found["accuracy"] > 0.3  # it learned something, so the rows and columns are right
    assert out.startswith(f"{100 * found['accuracy']:.2f} % of the 1,000 images")
    *_, last, written = out.splitlines()
    assert written == "written to classifier: evaluation.json, report.html"
    assert last.split() == ["9", *map(str, confusion[9]), "Ankle", "boot"]


def test_fewer_images_than_asked_for_is_said(cli, run):
    _, out, err = cli(evaluate.main, f"{run('dcgan')} --quiet")
    assert "1,000 samples against 1,000 images" in out
    assert "10,000 images were asked for: fashion-mnist-subset allows for 1,000" in err
    assert len(err.splitlines()) == 2


def save(path, **arrays):
    np.savez_compressed(path, **arrays)


def test_of_more_images_than_n_the_seed_chooses(cli, tmp_path, monkeypatch):
    measured = []
    real = protocol.measure
    monkeypatch.setattr(
        protocol, "measure", lambda r, images, *a, **k: measured.append(images) or real(r, images)
    )
    save(tmp_path / "many.npz", images=TEST.images[:200])
    for seed in (0, 0, 1):
        cli(evaluate.main, f"many.npz --n 60 --quiet --data fashion-mnist-subset --seed {seed}")
    first, again, other = ([image.tobytes() for image in images] for images in measured)
    assert first == again
    assert len(set(first)) == 60
    assert set(first) != set(other)


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_folder_or_a_zip_of_pictures_measures_as_the_file_of_the_same(cli, run, tmp_path, form):
    name = run("dcgan")
    for out in ("many", "many.npz"):
        cli(sample.main, f"{name} --n 60 --out {out}")
    if form == "zip":
        shutil.make_archive("many", "zip", "many")
    what = {"folder": "many", "zip": "many.zip"}[form]
    found = {}
    for samples in (what, "many.npz"):
        words = f"{samples} --data fashion-mnist-subset --quiet --json numbers.json"
        code, out, err = cli(evaluate.main, words)
        assert code == 0, err
        assert out.startswith(f"{samples}: 60 samples against 60 images")
        found[samples] = json.loads((tmp_path / "numbers.json").read_text())
    for part in ("metrics", "floor", "protocol"):
        assert found[what][part] == found["many.npz"][part]


def test_coloured_pictures_of_grey_things_and_other_sizes(cli, tmp_path):
    for folder, size in (("coloured", 28), ("wide", 40)):
        (tmp_path / folder).mkdir()
        for i, image in enumerate(TEST.images[:40]):
            picture = Image.fromarray(image[..., 0]).convert("RGB").resize((size, size))
            picture.save(tmp_path / folder / f"{i}.png")
    words = "--data fashion-mnist-subset --quiet"
    code, out, _ = cli(evaluate.main, f"coloured {words}")
    assert code == 0
    assert out.startswith("coloured: 40 samples")
    code, out, err = cli(evaluate.main, f"wide {words}")
    assert (code, out) == (2, "")
    assert "wide has images of 40 × 40 × 3, fashion-mnist-subset of 28 × 28 × 1" in err


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: None, "things is empty: a run folder or a folder of pictures is wanted"),
        (lambda folder: (folder / "a.txt").touch(), "no images in things: only .jpg, .jpeg, .png"),
        (lambda folder: (folder / "a.png").touch(), "things has no picture that can be read"),
        (lambda folder: folder.rmdir(), "things is not a run folder: there is no such folder"),
    ],
)
def test_a_folder_that_is_neither_a_run_nor_has_pictures(cli, tmp_path, make, says):
    (tmp_path / "things").mkdir()
    make(tmp_path / "things")
    code, out, err = cli(evaluate.main, "things")
    assert (code, out) == (2, "")
    assert one_line(err)
    assert says in err


def test_a_folder_of_runs_is_no_folder_of_pictures(cli, run, tmp_path):
    run("dcgan")
    code, _, err = cli(evaluate.main, ".")
    assert (code, err) == (2, "tinygan: . holds runs: name one of them, ./dcgan\n")
    (tmp_path / "dcgan" / "config.json").unlink()
    code, _, err = cli(evaluate.main, "dcgan")
    assert (code, err) == (
        2,
        "tinygan: dcgan is not a run folder any more: it has no config.json\n",
    )


def test_a_small_file_lowers_n(cli, tmp_path):
    save(tmp_path / "few.npz", images=TEST.images[:50])
    _, out, _ = cli(evaluate.main, "few.npz --data fashion-mnist-subset --quiet")
    assert "50 samples against 50 images" in out


def test_the_labels_of_a_file_are_what_was_asked_for(cli, tmp_path):
    """Nobody takes trousers for boots, and each fourth image has the wrong one of these labels."""
    rows = np.flatnonzero(np.isin(TEST.labels, (1, 9)))
    labels = TEST.labels[rows].copy()
    labels[::4] = 10 - labels[::4]
    save(tmp_path / "two.npz", images=TEST.images[rows], labels=labels)
    words = "two.npz --data fashion-mnist-subset --quiet --json two.json"
    for more in ("", " --classes 1,9"):
        cli(evaluate.main, words + more)
        with open("two.json", encoding="utf-8") as file:
            found = json.load(file)
        assert found["protocol"]["classes"] == [1, 9]
        assert found["metrics"]["agreement"] == pytest.approx(0.75, abs=0.03)
        assert found["floor"]["agreement"] > 0.95
        assert found["metrics"]["memorisation"] is None  # they are the test images


def test_labels_that_classes_leaves_out(cli, tmp_path):
    save(tmp_path / "all.npz", images=TEST.images[:80], labels=TEST.labels[:80])
    code, out, err = cli(evaluate.main, "all.npz --data fashion-mnist-subset --classes 1,9")
    assert (code, out) == (2, "")
    assert one_line(err)
    assert "all.npz has labels that --classes 1,9 leaves out, such as 0: name these too" in err


def test_an_empty_name(capsys):
    with pytest.raises(SystemExit) as ended:
        evaluate.main([""])
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert one_line(err)
    assert "argument RUN|FILE.npz|DIR: must be the name of a file or folder, got ''" in err


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"pictures": TEST.images[:40]}, "bad.npz has no array images"),
        ({"images": np.array([{}, 1], object)}, "bad.npz is not an .npz file that can be read"),
        ({"images": TEST.images[:3]}, "bad.npz holds 3 images: at least 6 are needed"),
        ({"images": TEST.images[:40, :20]}, "has images of 20 × 28 × 1: name what to compare"),
        (
            {"images": TEST.images[:40], "labels": np.full(40, 10)},
            "0 training and 0 test images of the classes 10",
        ),
    ],
)
def test_a_file_that_cannot_be_measured(cli, tmp_path, arrays, says):
    save(tmp_path / "bad.npz", **arrays)
    code, out, err = cli(evaluate.main, "bad.npz --quiet")
    assert (code, out) == (2, "")
    assert one_line(err)
    assert says in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "the following arguments are required: RUN|FILE.npz|DIR"),
        ("nowhere", "nowhere is not a run folder: there is no such folder"),
        ("nowhere.npz", "cannot read nowhere.npz: no such file"),
        ("good.npz --data cifar11", "unknown data 'cifar11'"),
        ("good.npz --data idx", "--data idx needs --data-dir"),
        ("good.npz --n 5", "argument --n: must be at least 6"),
        ("good.npz --weights best", "--weights and --prior are for a run"),
        ("dcgan --weights best", "dcgan has kept no best weights"),
        ("dcgan --weights first", "argument --weights: "),
        ("good.npz --prior gmm", "--weights and --prior are for a run"),
        ("good.npz --json missing/x.json", "cannot write missing/x.json: there is no folder"),
        ("dcgan --data fashion-mnist", "--data is for FILE.npz and DIR: a run is measured"),
        ("dcgan --json x.json", "--json is for FILE.npz and DIR"),
        ("dcgan --prior gmm", "--prior is for autoencoders, and this is dcgan"),
        ("dcgan --classes 1", "--classes is for models that are asked for a class"),
        ("dcgan --data-dir nowhere", "fashion-mnist-subset comes with tinygan: leave --data-dir"),
        ("cgan --classes 3", "class 3 is not one that this run was trained on: 1, 8"),
        ("classifier --prior gmm", "--prior and --classes are for recipes that draw images"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(cli, run, tmp_path, words, says):
    save(tmp_path / "good.npz", images=TEST.images[:40])
    for recipe in {"dcgan", "cgan", "classifier"} & set(words.split()):
        run(recipe)
    code, out, err = cli(evaluate.main, words)
    assert (code, out) == (2, "")
    assert one_line(err)
    assert says in err


@pytest.mark.parametrize("name", ["dcgan", "classifier"])
def test_a_run_that_cannot_be_measured(cli, run, tmp_path, name):
    folder = tmp_path / run(name)
    config = json.loads((folder / "config.json").read_text())
    config["trained_on"]["sha256"] = "0" * 64
    (folder / "config.json").write_text(json.dumps(config))
    code, _, err = cli(evaluate.main, f"{name} --quiet")
    assert code == 2
    assert one_line(err)
    assert "is not what the run was trained on" in err
    (folder / "checkpoint.npz").unlink()
    code, _, err = cli(evaluate.main, f"{name} --quiet")
    assert code == 2
    assert one_line(err)
    assert f"{name} has no checkpoint yet" in err
    assert not (folder / "evaluation.json").exists()


def test_data_that_is_gone(cli, run, tmp_path):
    folder = tmp_path / run("dcgan")
    config = json.loads((folder / "config.json").read_text())
    config["trained_on"]["name"], config["data_dir"] = "fashion-mnist", "away"
    (folder / "config.json").write_text(json.dumps(config))
    code, _, err = cli(evaluate.main, "dcgan --quiet")
    assert code == 2
    assert one_line(err)
    assert "no Fashion-MNIST in away" in err


def test_images_of_a_size_other_than_the_datas(cli, tmp_path):
    save(tmp_path / "wide.npz", images=np.zeros((40, 32, 32, 3), np.uint8))
    code, _, err = cli(evaluate.main, "wide.npz --data fashion-mnist-subset --quiet")
    assert code == 2
    assert one_line(err)
    assert "wide.npz has images of 32 × 32 × 3, fashion-mnist-subset of 28 × 28 × 1" in err
