"""The files of an evaluation: what is written is read, and nothing else is."""

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinygan.errors import UserError
from tinygan.evaluation.comparison import as_csv, groups, picture_rows
from tinygan.evaluation.report import comparison_table
from tinygan.evaluation.result import (
    file_sha256,
    read_evaluation,
    write_evaluation,
    write_json,
)
from tinygan.npz import read_arrays, write_arrays


def test_what_is_written_is_read(folder, make_evaluation, pictures):
    evaluation, found = read_evaluation(folder)
    assert evaluation == make_evaluation()
    for name, images in pictures.items():
        np.testing.assert_array_equal(found[name], images)
    with Image.open(folder / "memorisation.png") as picture:
        assert min(picture.size) > 400


@pytest.mark.parametrize("name", ["evaluation.json", "evaluation.npz"])
def test_a_missing_file_is_none(folder, name):
    (folder / name).unlink()
    assert read_evaluation(folder) is None


def test_files_that_do_not_belong_together_are_none(folder, make_evaluation):
    write_json(folder / "evaluation.json", make_evaluation(seed=1))
    assert read_evaluation(folder) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "1", "null", '"text"', "\udcff", "[" * 9999])
def test_what_is_no_json_object_is_none(folder, content):
    (folder / "evaluation.json").write_bytes(content.encode(errors="surrogateescape"))
    assert read_evaluation(folder) is None


@pytest.mark.parametrize("part", ["metrics", "floor"])
def test_other_numbers_of_classes_than_ten_are_none(folder, make_evaluation, part):
    evaluation = make_evaluation()
    evaluation[part] = evaluation[part] | {"classes": [1] * 9}
    write_json(folder / "evaluation.json", evaluation)
    assert read_evaluation(folder) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda a: {name: a[name] for name in ("samples", "real")},
        lambda a: a | {"nearest": a["nearest"][:, :20]},
        lambda a: a | {"samples": a["samples"][:0]},
        lambda a: a | {"real": a["real"] / 255},
        lambda a: a | {"real": a["real"][:, :, :, 0]},
    ],
)
def test_pictures_that_cannot_be_shown_are_none(folder, change):
    meta, arrays = read_arrays(folder / "evaluation.npz")
    write_arrays(folder / "evaluation.npz", meta, change(arrays))
    assert read_evaluation(folder) is None


def places(value, path=()):
    """Every place in a JSON value: tuples of keys."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def put(value, path, new):
    """A copy of a JSON value with `new` at one place, or with nothing there when that is `...`."""
    if not path:
        return new
    value, (key, *rest) = value.copy(), path
    if new is ... and not rest:
        del value[key]
    else:
        value[key] = put(value[key], rest, new)
    return value


STRANGE = [
    *(None, True, -1, 0.5, 10**400, math.nan, math.inf),
    *("", "text", "\ud800", "\x1b[2J"),
    *([], [None], ["a"], [[[]]], {}, {"a": {}}),
]


def everything_compare_makes_of(found):
    grouped = groups([Path("run")], [found])
    titles = "".join(title for title, _ in picture_rows(grouped))
    return (comparison_table(grouped[0]) + as_csv(grouped) + titles).encode()


@pytest.mark.parametrize("key", [None, "protocol", "metrics", "floor"])
def test_whatever_stands_anywhere_is_refused_or_can_be_shown(
    folder, make_evaluation, pictures, key
):
    """Also where evaluation.npz was forged to belong to it."""
    good = make_evaluation(classes=[1, 8], prior="gmm")
    outcomes = []
    for path in places(good):
        if (path[0] if path and path[0] in ("protocol", "metrics", "floor") else None) != key:
            continue
        for strange in [*STRANGE, *([...] if path else [])]:
            evaluation = put(good, path, strange)
            write_json(folder / "evaluation.json", evaluation)
            if isinstance(evaluation, dict):
                of = {n: evaluation.get(n) for n in ("protocol", "checkpoint_sha256", "prior")}
                write_arrays(folder / "evaluation.npz", {"format": 1, "of": of}, pictures)
            found = read_evaluation(folder)
            if found is not None:
                everything_compare_makes_of(found)
            outcomes.append(found is None)
    assert 0.5 < np.mean(outcomes) < 1


@pytest.mark.parametrize("name", ["evaluation.npz", "memorisation.png", "evaluation.json"])
def test_a_file_that_cannot_be_written_is_named(folder, make_evaluation, pictures, name):
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(UserError, match=f"cannot write .*{name}: is a directory"):
        write_evaluation(folder, make_evaluation(), pictures)


def test_the_sha256_of_a_file(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert file_sha256(tmp_path / "x") == hashlib.sha256(b"abc").hexdigest()
    with pytest.raises(UserError, match=r"cannot read .*y: no such file"):
        file_sha256(tmp_path / "y")
