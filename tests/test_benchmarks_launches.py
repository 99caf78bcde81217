"""python -m benchmarks launches: what is counted, and the arithmetic of the projection."""

import json

import numpy as np
import pytest
import strict_device

from benchmarks import __main__ as benchmarks
from benchmarks import launches, roofline, strict
from tinygan import recipes
from tinygan.cli import class_numbers
from tinygan.errors import UserError

needs_kernels = pytest.mark.skipif(
    not hasattr(strict_device, "ElementwiseKernel"), reason="no C++ compiler called c++"
)


@needs_kernels
def test_every_step_is_counted_and_kept(cli, tmp_path):
    words = "launches --recipe ae cgan dcgan --width 2 --batch-size 4 --kernels"
    code, out, err = cli(benchmarks.main, f"{words} --json found.json --plot found.png")
    assert code == 0, err
    assert "the sizes of cgan are fixed" in err
    assert (tmp_path / "found.png").read_bytes().startswith(b"\x89PNG")
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["benchmark"] == "launches"
    (result,) = found["results"]
    assert [row["recipe"] for row in result["steps"]] == ["ae", "cgan", "dcgan"]
    for row in result["steps"]:
        kernels = row["kernels"].values()
        assert sum(kernel["count"] for kernel in kernels) == row["launches"] > 20
        assert row["launches"] > row["products"] > 3
        moved = (row["bytes_read"] + row["bytes_written"]) / 1e6
        assert sum(kernel["megabytes"] for kernel in kernels) == pytest.approx(moved)
        assert sum(kernel["gflop"] for kernel in kernels) == pytest.approx(row["gflop"])
        assert row["to_host"] == row["waits"] == 0  # nothing is read in a step
        assert row["to_device"] > 0
        assert row["projected"]["float32"]["largest"] == "launches"
    assert "projected step, ms" in out
    assert "Nothing was measured" in out
    assert "matmul" in out
    assert strict_device.launch_log is None


@needs_kernels
def test_the_step_is_that_of_the_training():
    """It moves the losses as the training itself does, and every step is another batch."""
    step = launches.training_step("gan-dense-1", 4, 2, np)
    on_device = launches.training_step("gan-dense-1", 4, 2, strict_device)
    for _ in range(3):
        mine, its = step(), on_device()
        assert mine.keys() == its.keys()
        for name, value in mine.items():
            assert float(its[name]) == pytest.approx(float(value), rel=1e-3)


def test_random_images_suit_every_recipe():
    for name in recipes.names():
        recipe = recipes.get(name)
        images, labels = launches.random_images(recipe, 20)
        assert images.dtype == np.uint8
        assert len(images) == len(labels) == 20
        classes = class_numbers(recipe.options.get("classes", "0,1"))
        assert set(labels.tolist()) == set(classes)
        assert launches.mean_pixels(images).shape == (20, 4)


def test_the_roofline_of_a_log_by_hand():
    """Three kernels: one moves 3 GB, one makes 60 GFLOP, one does little."""
    log = [
        ("copy", 2_000_000_000, 1_000_000_000, 0),  # 1 ms
        ("matmul", 3_000_000, 0, 60_000_000_000),  # 1 ms of float32, 0.15 of TF32; 0.001 of memory
        ("add", 3_000, 0, 0),
    ]
    found = roofline.project(log)
    single = found["float32"]
    assert single["launches"] == pytest.approx(3 * 6e-6)
    assert single["memory"] == pytest.approx(1.001e-3, rel=1e-5)
    assert single["products"] == pytest.approx(1e-3)
    assert single["kernels"] == single["step"] == pytest.approx(2e-3, rel=1e-5)  # one by one
    assert single["largest"] == "memory"
    half = found["TF32"]
    assert half["products"] == pytest.approx(0.15e-3)
    assert half["step"] == pytest.approx(1.15e-3, rel=1e-5)


def test_many_small_kernels_take_as_long_as_their_launches():
    found = roofline.project([("add", 1000, 1000, 0)] * 100)["TF32"]
    assert found["step"] == found["launches"] == pytest.approx(600e-6)
    assert found["largest"] == "launches"


def test_kernels_by_name_with_the_largest_traffic_first():
    log = [("a", 1_000_000, 0, 0), ("b", 2_000_000, 3_000_000, 0), ("a", 0, 1_000_000, 5e9)]
    found = launches.by_name(log)
    assert list(found) == ["b", "a"]
    assert found["a"] == {"count": 2, "megabytes": 2.0, "gflop": 5.0}


def test_what_is_missing_is_said_in_a_sentence(monkeypatch):
    monkeypatch.delattr(strict_device, "ElementwiseKernel", raising=False)
    with pytest.raises(UserError, match=r"needs a C\+\+ compiler called c\+\+"):
        strict.device()

    def not_there(name):
        raise ModuleNotFoundError("No module named 'strict_device'", name="strict_device")

    monkeypatch.setattr(strict.importlib, "import_module", not_there)
    with pytest.raises(UserError, match=r"needs strict_device\.py of the folder tests"):
        strict.device()
