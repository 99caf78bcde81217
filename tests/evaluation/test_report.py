"""Results as text: what the tables say, and that they line up."""

import re
from types import SimpleNamespace

import pytest

from tinygan.evaluation.comparison import Row
from tinygan.evaluation.report import (
    CLASSES,
    MEANINGS,
    comparison_table,
    confusion_table,
    data_words,
    explanation,
    shown,
    table,
    too_few,
)


def cells(line):
    return re.split("  +", line)


def test_the_table_of_a_run_lines_up(make_evaluation):
    title, _, *lines = table(make_evaluation()).splitlines()
    assert title == "dcgan: 50 samples against 50 images of the test split of fashion-mnist-subset"
    assert cells(lines[0]) == ["", "samples", "real (floor)"]
    rows = {cells(line)[0]: line for line in lines}
    assert cells(rows["fd"])[1:3] == ["20.5", "4.5"]
    assert cells(rows["kid"])[1:3] == ["1.25 ± 0.5", "1.25 ± 0.5"]
    assert cells(rows["ndb"])[1:3] == ["7 / 100", "7 / 100"]
    assert cells(rows["memorisation"])[1:3] == ["-", "1"]
    assert cells(rows["fd"])[3] == MEANINGS["fd"]
    assert "agreement" not in rows
    ends = set()
    for c, name in enumerate(CLASSES["fashion_mnist"]):
        assert cells(rows[f"{c} {name}"])[1:] == [str(4 if c == 0 else 6 if c == 1 else 5)] * 2
        ends.add(len(rows[f"{c} {name}"]))
    assert ends == {len(lines[0])}


def test_the_title_names_the_prior_or_the_file(make_evaluation):
    vae = make_evaluation("vae", prior="gmm")
    assert table(vae).startswith("vae with the prior gmm: 50 samples")
    of_file = {"file": "many.npz", **{k: vae[k] for k in ("protocol", "metrics", "floor")}}
    assert table(of_file).startswith("many.npz: 50 samples")


def test_the_entropy_of_some_classes_has_its_own_maximum(make_evaluation):
    text = table(make_evaluation(classes=[1, 8]))
    assert "of the classes seen; the 2 alone, equally: ln 2 = 0.693" in text


@pytest.mark.parametrize(
    ("classes", "words"), [(None, ""), ([8], ", class 8"), ([1, 8], ", classes 1, 8")]
)
def test_the_data_in_words(make_evaluation, classes, words):
    how = make_evaluation(classes=classes)["protocol"]
    assert data_words(how) == f"the test split of fashion-mnist-subset{words}"


@pytest.mark.parametrize("learned", [True, False])
def test_it_says_what_fd_is_not_and_whether_its_features_have_learned_the_data(
    make_evaluation, learned
):
    how = make_evaluation(data="faces")["protocol"]
    how["extractor"]["learned_this_data"] = learned
    assert max(map(len, explanation(how).splitlines())) <= 100
    text = " ".join(explanation(how).split())
    for part in (
        "fd and kid are not comparable with published FIDs and KIDs",
        "fashion_mnist.npz (SHA-256 eeeeeeeeeeee…, right on 91.08 % of its test images)",
        "from 50 samples and 50 images of the test split, seed 0.",
    ):
        assert part in text
    assert ("it has not learned faces, so it ranks runs" in text) is not learned


def test_the_table_of_a_classifier():
    how = {"split": "test", "data": "fashion-mnist-subset"}
    counts = [[9 if c == k else 1 for k in range(10)] for c in range(10)]
    text = confusion_table({"protocol": how, "accuracy": 0.5, "confusion": counts})
    title, _, _, head, *rows = text.splitlines()
    assert title == (
        "50.00 % of the 180 images of fashion-mnist-subset's test split are classified correctly"
    )
    assert head.split() == list("0123456789")
    assert rows[-1].split() == ["9", *"111111111", "9", "Ankle", "boot"]
    assert len({len(line[:65]) for line in rows}) == 1


def test_the_table_of_several_runs(make_evaluation):
    rows = [Row("dcgan", make_evaluation(fd=7), {}), Row("a (long name)", make_evaluation(), {})]
    rows[1].evaluation["training_seconds"] = None
    rows[1].evaluation["metrics"]["agreement"] = 0.25
    title, body, text = comparison_table(rows).split("\n\n")
    lines = body.splitlines()
    assert title == "50 samples against 50 images of the test split of fashion-mnist-subset"
    assert len({len(line) for line in lines}) == 1
    head, first, second, floor = map(cells, lines)
    assert head[:6] == ["", "parameters", "updates", "training", "ms/1000", "fd"]
    assert head[-1] == "agreement"
    assert first[:6] == ["dcgan", "1,234", "10", "2m 05s", "42", "7"]
    assert (second[3], first[-1], second[-1]) == ("-", "-", "0.25")
    assert floor[:2] == ["real training images", "4.5"]
    assert text == explanation(rows[0].evaluation["protocol"])


@pytest.mark.parametrize(
    ("metrics", "text"),
    [
        ({}, "-"),
        ({"fd": None}, "-"),
        ({"fd": 0.000123456}, "0.0001235"),
        ({"fd": 123.456}, "123.5"),
    ],
)
def test_a_metric_as_text(metrics, text):
    assert shown("fd", metrics) == text


@pytest.mark.parametrize(("n", "warns"), [(2047, True), (2048, False)])
def test_too_few_to_rely_on(n, warns):
    found = too_few(SimpleNamespace(n=n, asked=n, data="clothes"))
    assert [line.startswith("warning: ") for line in found] == [True] * warns


def test_fewer_than_were_asked_for():
    (line,) = too_few(SimpleNamespace(n=5000, asked=10_000, data="clothes"))
    assert line == "10,000 images were asked for: clothes allows for 5,000"
