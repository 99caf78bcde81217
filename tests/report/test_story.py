"""What a page says, of one run and of several."""

import json
import shutil

import numpy as np
import pytest

from tinygan.errors import UserError
from tinygan.evaluation.measure_classifier import evaluate_classifier
from tinygan.evaluation.measure_run import evaluate_run, measured_against
from tinygan.npz import read_arrays, write_arrays
from tinygan.report.story import story
from tinygan.runs.lock import only_one

HOSTILE = "<img src=x onerror=alert(1)>"


AGAINST = measured_against(100, 0, xp=np, say=lambda text: None, warn=lambda text: None)


def evaluated(folder):
    evaluate_run(folder, AGAINST, seed=0, data_dir=None, xp=np, say=lambda text: None)
    return folder


def section(told, id):
    return next(found for found in told["sections"] if found["id"] == id)


def test_it_says_what_was_trained_on_what(trained):
    told = story([trained()])
    assert told["title"] == "run: dcgan on fashion-mnist-subset"
    assert told["lead"][0].startswith(
        "Deep convolutional GAN on Fashion-MNIST, 28×28 grey. Trained on 40 images of "
        "fashion-mnist-subset, 4 epochs"
    )
    assert told["state"] == {"word": "finished", "text": "update 20 of 20"}
    facts = dict(told["facts"])
    assert (facts["updates"], facts["training images"]) == ("20 of 20", "40")
    assert facts["numbers in G"] == "41,047"
    json.dumps(told, allow_nan=False)


def test_it_has_the_sheets_curves_networks_settings_and_commands(trained):
    told = story([trained()])
    (sheets,) = told["sheets"]
    assert [sheet["epoch"] for sheet in sheets["sheets"]] == [1, 2, 3, 4]
    assert sum(sheets["sheets"][-1]["classes"]) == 64
    assert [panel["label"] for panel in told["panels"]] == [
        "loss (nats)", "D's mean score", "length of G's gradient"
    ]  # fmt: skip
    assert told["panels"][0]["lines"][0]["epochs"][:5] == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert [found["id"] for found in told["sections"]] == ["networks", "settings", "commands"]
    generator = section(told, "networks")["tables"][0]
    assert generator["caption"] == "G, from 100"
    assert generator["rows"][-1] == ["sum", "", "41,047"]
    assert ["width", "2"] in section(told, "settings")["tables"][0]["rows"]
    assert len(told["stills"]) == 1


def test_an_evaluated_run_shows_its_metrics_floor_classes_and_nearest_images(trained):
    told = story([evaluated(trained())])
    measured = section(told, "measured")
    metrics, classes = measured["tables"]
    assert metrics["head"] == ["", "samples", "floor"]
    assert metrics["notes"][0].startswith("0 is best")
    assert [row[0] for row in metrics["rows"]][:2] == ["fd", "kid"]
    assert len(classes["rows"]) == 10
    assert sum(int(row[1]) for row in classes["rows"]) == 100
    (nearest,) = measured["pictures"]
    assert (nearest["width"], nearest["height"]) == (8 * 30 - 2, 4 * 30 - 2)


def test_an_evaluation_from_before_the_run_went_on_says_so(trained, edit):
    folder = evaluated(trained())
    edit(folder / "report.json", step=30)
    assert "Measured after 20 updates" in section(story([folder]), "measured")["text"][1]


def test_an_evaluation_of_other_weights_says_which(trained, edit):
    folder = evaluated(trained())
    edit(folder / "evaluation.json", drawn_with="best", updates=10)
    _made_to_belong(folder)
    text = section(story([folder]), "measured")["text"]
    assert text[1] == "With the best weights of the run."
    assert "Measured after 10 updates, before the run went on" in text[2]
    (folder / "validation.csv").write_text("epoch,fd\n1,9.0\n2,8.0\n3,8.5\n")
    text = section(story([folder]), "measured")["text"]
    assert not any("before the run went on" in line for line in text)


def _made_to_belong(folder):
    """Let evaluation.npz name the evaluation.json that is there."""
    meta, pictures = read_arrays(folder / "evaluation.npz")
    meta["of"]["drawn_with"] = json.loads((folder / "evaluation.json").read_text())["drawn_with"]
    write_arrays(folder / "evaluation.npz", meta, pictures)


def test_a_damaged_evaluation_is_left_out(trained):
    folder = evaluated(trained())
    (folder / "evaluation.npz").write_bytes(b"damaged")
    assert "measured" not in [found["id"] for found in story([folder])["sections"]]


@pytest.mark.parametrize(
    ("state", "why", "word", "text"),
    [
        ("failed", "g_loss is nan at step 7", "failed", "update 7 of 20: g_loss is nan at step 7"),
        ("stopped", "", "stopped", "update 7 of 20"),
        ("running", "", "interrupted", "update 7 of 20"),
    ],
)
def test_the_state_is_told(trained, edit, state, why, word, text):
    folder = trained()
    edit(folder / "report.json", state=state, why=why, step=7)
    assert story([folder])["state"] == {"word": word, "text": text}


def test_a_run_that_trains_is_told_as_training(trained, edit):
    folder = trained()
    edit(folder / "report.json", state="running")
    with only_one(folder):
        assert story([folder])["state"]["word"] == "training"


def test_a_mixture_and_a_conditional_gan_are_told_too(trained):
    mixture = story([trained("a", recipe="gmm", components=2, dims=3, epochs=3)])
    assert [panel["label"] for panel in mixture["panels"]] == ["log likelihood (nats per image)"]
    assert "networks" not in [found["id"] for found in mixture["sections"]]
    assert "bic" in dict(mixture["facts"])
    conditional = story([trained("b", recipe="cgan", limit=200, epochs=2)])
    assert conditional["sheets"][0]["words"].endswith("asked for: T-shirt/top, Trouser.")
    assert conditional["panels"][-1]["label"] == "fd"
    assert conditional["panels"][-1]["lines"][0]["epochs"] == [1, 2]


def test_a_classifier_shows_held_out_images_and_how_often_it_is_right(trained):
    folder = trained(recipe="classifier", limit=200, epochs=1)
    told = story([folder])
    assert told["panels"]
    assert told["sheets"][0]["words"].startswith("Held-out images")
    assert told["sheets"][0]["sheets"][0]["classes"] is None
    evaluate_classifier(folder, None, np)
    found = section(story([folder]), "measured")
    assert "% of 1,000 images" in found["text"][0]
    assert sum(int(n) for row in found["tables"][0]["rows"] for n in row[1:]) == 1000


def test_a_run_of_the_first_edition_is_told_by_its_tables(trained):
    folder = trained(recipe="cgan", limit=200, epochs=2)
    (folder / "report.json").unlink()
    told = story([folder])
    assert [panel["label"] for panel in told["panels"]][-1] == "validation fd"
    assert told["panels"][0]["lines"][0]["epochs"] == [1, 2]


def test_changes_on_the_way_are_told(trained, edit):
    folder = trained()
    change = {"step": 10, "what": "lr", "before": 2e-4, "now": 1e-4}
    edit(folder / "config.json", changes=[change])
    told = story([folder])
    assert section(told, "settings")["tables"][1]["rows"] == [["10", "lr", "0.0002", "0.0001"]]
    assert section(told, "commands")["commands"][0]["what"].startswith("Train anew with its last")


def test_several_runs_are_side_by_side(trained):
    folders = [evaluated(trained("one")), trained("two", lr=1e-3), trained("three", epochs=2)]
    told = story(folders)
    assert [run["name"] for run in told["sheets"]] == ["one", "two", "three"]
    losses = told["panels"][0]
    assert losses["label"] == "loss (nats): discriminator"
    assert [line["name"] for line in losses["lines"]] == ["one", "two", "three"]
    measured = section(told, "measured")
    assert [row[0] for row in measured["tables"][0]["rows"]] == [
        "dcgan (one)",
        "real training images",
    ]
    assert measured["text"][-1] == "Not measured yet: two, three."
    assert measured["commands"][0]["command"].startswith("python -m tinygan.compare ")
    assert losses["guides"] == []
    rows = {row[0]: row[1:] for row in section(told, "settings")["tables"][0]["rows"]}
    assert rows["lr"] == ["0.0002", "0.001", "0.0002"]
    assert rows["epochs"] == ["4", "4", "2"]
    assert set(rows) == {"lr", "epochs"}


def test_runs_with_nothing_in_common_are_told_as_well(trained):
    told = story([trained("a"), trained("b", recipe="gmm", components=2, dims=3, epochs=3)])
    assert told["panels"] == []
    assert len(told["sheets"]) == 2


def test_runs_of_the_same_name_are_told_by_their_paths(trained, tmp_path):
    trained("run")
    shutil.copytree(tmp_path / "run", tmp_path / "more" / "run")
    told = story([tmp_path / "run", tmp_path / "more" / "run"])
    assert len({run["name"] for run in told["sheets"]}) == 2


def test_hostile_names_are_shortened_and_on_one_line(trained, edit):
    folder = trained(HOSTILE.replace("/", "") + "\u202e\n" + "x" * 100)
    told = story([folder])
    assert told["title"].startswith(HOSTILE)
    assert told["title"].isprintable()
    assert len(told["title"]) < 150


def test_a_folder_that_is_no_run_is_refused(trained, tmp_path):
    with pytest.raises(UserError, match="not a run folder"):
        story([trained(), tmp_path])
