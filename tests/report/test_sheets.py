"""Sample sheets become small pictures: thinned, compressed, and read without trust."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tinygan import plots
from tinygan.data.fashion_mnist import CLASSES
from tinygan.report import sheets as module
from tinygan.report.sheets import as_address, picture, sheets, tiles

SHAPE = (28, 28, 1)


def decoded(address):
    kind, _, text = address.partition(";base64,")
    assert kind in ("data:image/webp", "data:image/jpeg")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("L"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "samples").mkdir()
    return tmp_path


def sheet(images, scale=2):
    return plots.grid(images, columns=8, scale=scale)


def save(folder, name, array):
    plots.save_png(folder / "samples" / name, array)


def test_a_sheet_is_shown_at_its_own_size_and_its_classes_are_counted(folder, clothes):
    images = clothes.images[:64]
    save(folder, "epoch_0003.png", sheet(images))
    (shown,), total, _ = sheets(folder, 5, SHAPE, CLASSES)
    assert (shown["epoch"], shown["label"], total) == (3.0, "epoch 3", 1)
    assert (shown["width"], shown["height"]) == (8 * 28 + 7 * 2,) * 2
    difference = decoded(shown["src"]).astype(float) - sheet(images, scale=1)[..., 0]
    assert np.abs(difference).mean() < 8  # of 255
    true = np.bincount(clothes.labels[:64], minlength=10)
    assert np.abs(np.array(shown["classes"]) - true).sum() < 20
    assert sum(shown["classes"]) == 64


def test_without_names_no_classes_are_counted(folder, clothes):
    save(folder, "epoch_0001.png", sheet(clothes.images[:8]))
    assert sheets(folder, 5, SHAPE, ())[0][0]["classes"] is None


def test_a_sheet_within_an_epoch_has_its_place(folder, clothes):
    for name in ("step_000012.png", "epoch_0002.png", "epoch_0010.png", "other.png", "epoch_x.png"):
        save(folder, name, sheet(clothes.images[:8]))
    shown, total, _ = sheets(folder, 5, SHAPE, ())
    assert [(s["epoch"], s["label"]) for s in shown] == [
        (2.0, "epoch 2"), (2.4, "step 12"), (10.0, "epoch 10")
    ]  # fmt: skip
    assert total == 3


def test_a_hundred_epochs_are_thinned_with_the_first_and_the_last(folder, clothes):
    for epoch in range(1, 101):
        save(folder, f"epoch_{epoch:04}.png", sheet(clothes.images[:1], scale=1))
    shown, total, _ = sheets(folder, 5, SHAPE, ())
    assert total == 100
    assert [s["epoch"] for s in shown] == [*range(1, 101, 2), 100]


def test_large_sheets_are_thinned_further(folder, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 300_000)
    noise = np.random.default_rng(0).integers(0, 256, (64, *SHAPE), np.uint8)
    for epoch in range(1, 17):
        save(folder, f"epoch_{epoch:04}.png", sheet(np.roll(noise, epoch, axis=0)))
    shown, *_ = sheets(folder, 5, SHAPE, ())
    assert [s["epoch"] for s in shown] == [1, 4, 7, 10, 13, 16]
    assert sum(len(s["src"]) for s in shown) <= 300_000


def test_an_unchanged_sheet_is_read_once(folder, clothes, monkeypatch):
    save(folder, "epoch_0001.png", sheet(clothes.images[:8]))
    first = sheets(folder, 5, SHAPE, CLASSES)
    monkeypatch.setattr(module, "_pixels", None)  # it cannot be called any more
    assert sheets(folder, 5, SHAPE, CLASSES) == first


def test_a_changed_sheet_is_read_again(folder, clothes):
    save(folder, "epoch_0001.png", sheet(clothes.images[:8]))
    before = sheets(folder, 5, SHAPE, ())[0][0]["src"]
    save(folder, "epoch_0001.png", sheet(clothes.images[8:16]))
    assert sheets(folder, 5, SHAPE, ())[0][0]["src"] != before


@pytest.mark.parametrize(
    "content",
    [b"", b"<script>", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"GIF89a" + b"\0" * 20],
)
def test_what_is_no_picture_is_left_out(folder, clothes, content):
    save(folder, "epoch_0001.png", sheet(clothes.images[:8]))
    (folder / "samples" / "epoch_0002.png").write_bytes(content)
    shown, total, unread = sheets(folder, 5, SHAPE, CLASSES)
    assert [s["epoch"] for s in shown] == [1]
    assert (total, unread) == (2, 1)


def test_a_picture_of_another_kind_is_left_out(folder):
    Image.new("L", (50, 50)).save(folder / "samples" / "epoch_0001.png", format="BMP")
    assert sheets(folder, 5, SHAPE, ())[0] == []


def test_a_bomb_is_not_unpacked(folder):
    Image.new("1", (30_000, 30_000)).save(folder / "samples" / "epoch_0001.png")
    assert sheets(folder, 5, SHAPE, ())[0] == []


def test_a_picture_that_is_too_wide_is_left_out(folder):
    Image.new("L", (20_000, 2)).save(folder / "samples" / "epoch_0001.png")
    assert sheets(folder, 5, SHAPE, ())[0] == []


def test_a_sheet_of_another_size_has_no_classes(folder):
    Image.new("L", (10, 10)).save(folder / "samples" / "epoch_0001.png")
    assert sheets(folder, 5, SHAPE, CLASSES)[0][0]["classes"] is None
    assert sheets(folder, 5, (9, 9, 1), CLASSES)[0][0]["classes"] is None


def test_a_run_without_samples_has_no_sheets(tmp_path):
    assert sheets(tmp_path, 5, SHAPE, CLASSES) == ([], 0, 0)


@pytest.mark.parametrize("channels", [1, 3])
def test_tiles_take_a_grid_apart(channels):
    images = np.random.default_rng(0).integers(0, 256, (6, 9, 7, channels), np.uint8)
    grid = plots.grid(images, columns=3)
    assert np.array_equal(tiles(grid, images.shape[1:]), images)


def test_a_picture_is_taken_as_it_is(tmp_path):
    image = np.arange(30, dtype=np.uint8).reshape(5, 6, 1)
    plots.save_png(tmp_path / "curves.png", image)
    found = picture(tmp_path / "curves.png")
    assert (found["width"], found["height"]) == (6, 5)
    data = base64.b64decode(found["src"].removeprefix("data:image/png;base64,"))
    assert data == (tmp_path / "curves.png").read_bytes()


def test_a_picture_that_a_browser_should_not_unpack_is_left_out(tmp_path):
    Image.new("1", (20_000, 20_000)).save(tmp_path / "curves.png")  # pytest makes warnings errors
    assert picture(tmp_path / "curves.png") is None


@pytest.mark.parametrize("content", [None, b"", b"<svg>", b"\x89PNG\r\n", b"0" * 2_000_000])
def test_a_picture_that_is_none_is_left_out(tmp_path, content):
    if content is not None:
        (tmp_path / "curves.png").write_bytes(content)
    assert picture(tmp_path / "curves.png") is None


def test_colours_are_kept():
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    text = as_address(red).partition(";base64,")[2]
    back = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB"))
    assert np.abs(back[8, 8].astype(int) - [200, 0, 0]).max() < 12
