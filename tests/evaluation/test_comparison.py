"""Several runs beside each other. Which evaluations are kept is tested with the command."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from tinygan.evaluation.comparison import as_csv, groups, picture_rows


@pytest.fixture
def grouped(make_evaluation, pictures):
    """grouped(("folder", {…}), …): groups of runs with evaluations that differ so."""

    def make(*runs):
        folders = [Path(folder) for folder, _ in runs]
        return groups(folders, [(make_evaluation(**how), pictures) for _, how in runs])

    return make


def names(rows):
    return [row.name for row in rows]


def test_a_group_is_sorted_by_fd(grouped):
    (rows,) = grouped(("a", {"fd": 3.0}), ("b", {"fd": 1.0}), ("c", {"fd": 2.0}))
    assert names(rows) == ["dcgan (b)", "dcgan (c)", "dcgan (a)"]


@pytest.mark.parametrize("how", [{"test_sha256": "d" * 64}, {"n": 49}, {"classes": [1, 2]}])
def test_what_was_compared_with_other_images_is_another_group(grouped, how):
    assert list(map(len, grouped(("a", {}), ("b", how), ("c", {})))) == [2, 1]
    assert list(map(len, grouped(("a", how), ("b", how)))) == [2]


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (["runs/dcgan"], ["dcgan"]),
        (["runs/first"], ["dcgan (first)"]),
        (["a/dcgan", "b/dcgan"], ["dcgan (a/dcgan)", "dcgan (b/dcgan)"]),
    ],
)
def test_a_run_is_called_by_its_recipe_and_where_needed_its_folder(grouped, folders, expected):
    (rows,) = grouped(*((folder, {}) for folder in folders))
    assert names(rows) == expected


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"prior": "gmm", "options": {"prior": "gmm"}}, ""),
        ({"prior": "gmm", "options": {"prior": "normal"}}, " --prior gmm"),
        ({"classes": [1, 8], "options": {"classes": "1,8"}}, ""),
        ({"classes": [8], "options": {"classes": "1,8"}}, " --classes 8"),
    ],
)
def test_a_name_says_how_a_run_was_drawn_where_that_is_not_its_own_way(grouped, how, words):
    ((row,),) = grouped(("dcgan", how))
    assert row.name == f"dcgan{words}"


def test_the_csv_has_a_floor_below_each_group(grouped, make_evaluation):
    text = as_csv(grouped(("a", {}), ("b", {"classes": [1, 8]})))
    first, floor, second, other = csv.DictReader(io.StringIO(text))
    assert (first["name"], first["recipe"], first["classes"]) == ("dcgan (a)", "dcgan", "")
    assert (first["parameters"], first["trained_parameters"]) == ("1234", "2000")
    assert (first["training_seconds"], first["ms_per_1000"]) == ("125", "41.5")
    assert first["class_counts"] == "4 6 5 5 5 5 5 5 5 5"
    assert (first["fd"], first["memorisation"], first["agreement"]) == ("20.5", "", "")
    assert floor["name"] == other["name"] == "real training images"
    assert (floor["fd"], floor["memorisation"], floor["updates"]) == ("4.5", "1", "")
    assert second["classes"] == other["classes"] == "1 8"


def test_the_rows_of_the_figure(grouped, pictures):
    (of_run, of_real) = picture_rows(grouped(("dcgan", {})))
    assert of_run[0] == "dcgan   fd 20.5"
    np.testing.assert_array_equal(of_run[1], pictures["samples"])
    assert of_real[0] == "real images of the test split of fashion-mnist-subset"
    np.testing.assert_array_equal(of_real[1], pictures["real"])
    titles = [title for title, _ in picture_rows(grouped(("a", {}), ("b", {"classes": [8]})))]
    assert titles[2] == (
        "dcgan (b) --classes 8   fd 20.5 against the test split of fashion-mnist-subset, class 8"
    )
