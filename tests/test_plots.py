"""Grids have every image where it belongs; PNG files hold what was drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tinygan import plots

PNG = b"\x89PNG\r\n\x1a\n"


def images(n, h=3, w=2, c=1):
    """uint8 images without a white pixel."""
    return np.random.default_rng(0).integers(0, 255, (n, h, w, c), np.uint8)


@given(
    n=st.integers(1, 12),
    h=st.integers(1, 4),
    w=st.integers(1, 4),
    c=st.sampled_from([1, 3]),
    columns=st.integers(1, 12),
    gap=st.integers(0, 3),
    scale=st.integers(1, 3),
)
def test_every_image_is_at_its_place_and_all_else_is_white(n, h, w, c, columns, gap, scale):
    pictures = images(n, h, w, c)
    sheet = plots.grid(pictures, columns, scale=scale, gap=gap)
    rows = -(-n // columns)
    height, width = rows * (h + gap) - gap, columns * (w + gap) - gap
    assert sheet.shape == (scale * height, scale * width, c)
    assert sheet.dtype == np.uint8
    for dy in range(scale):
        for dx in range(scale):
            small = sheet[dy::scale, dx::scale].copy()
            for i, picture in enumerate(pictures):
                top, left = i // columns * (h + gap), i % columns * (w + gap)
                place = small[top : top + h, left : left + w]
                np.testing.assert_array_equal(place, picture)
                place[:] = 255
            assert (small == 255).all()


@pytest.mark.parametrize(
    ("n", "rows", "columns"), [(1, 1, 1), (2, 1, 2), (3, 2, 2), (5, 2, 3), (16, 4, 4), (64, 8, 8)]
)
def test_a_grid_is_as_near_to_a_square_as_the_number_allows(n, rows, columns):
    assert plots.grid(images(n), gap=0).shape == (3 * rows, 2 * columns, 1)


def test_a_last_row_that_is_not_full_stays_white():
    sheet = plots.grid(images(5), columns=3, gap=2)
    assert sheet.shape == (8, 10, 1)
    assert (sheet[5:, :6] != 255).any()
    assert (sheet[5:, 6:] == 255).all()


def test_the_images_are_left_as_they_were():
    pictures = images(4)
    before = pictures.copy()
    plots.grid(pictures)[:] = 0
    np.testing.assert_array_equal(pictures, before)


@pytest.mark.parametrize(("c", "mode"), [(1, "L"), (3, "RGB")])
def test_a_png_read_back_by_pillow_has_the_same_pixels(tmp_path, c, mode):
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, c), np.uint8)
    plots.save_png(tmp_path / "picture.png", picture)
    with Image.open(tmp_path / "picture.png") as back:
        assert (back.format, back.mode, back.size) == ("PNG", mode, (7, 5))
        np.testing.assert_array_equal(np.asarray(back).reshape(5, 7, c), picture)


def test_a_grid_can_be_saved_and_read_back(tmp_path):
    sheet = plots.grid(images(5, c=3), scale=2)
    plots.save_png(tmp_path / "sheet.png", sheet)
    with Image.open(tmp_path / "sheet.png") as back:
        np.testing.assert_array_equal(np.asarray(back), sheet)


def test_a_png_that_cannot_be_written_leaves_the_old_one_and_nothing_else(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="No such file"):
        plots.save_png(tmp_path / "missing" / "picture.png", images(1)[0])
    assert [entry.name for entry in tmp_path.iterdir()] == ["picture.png"]
    assert path.read_bytes() == b"old"


def panels(history):
    losses = {"discriminator": history[:, 0], "generator": history[:, 1]}
    scores = {"real images": history[:, 2], "generated images": history[:, 3]}
    return [
        plots.Panel("loss (nats)", losses, guides={"ln 2": 0.69}, log=True),
        plots.Panel("score", scores, {"held out": [(1, 0.5), (2, 0.6)]}, limits=(0, 1)),
        plots.Panel("once per epoch", {}, {"none yet": []}, log=True),
    ]


@pytest.mark.parametrize("steps", [1, 2, 19, 500])
def test_the_curves_of_a_run_of_any_length_become_a_png(tmp_path, steps):
    history = np.random.default_rng(0).random((steps, 4), np.float32)
    plots.curves(tmp_path / "curves.png", panels(history), steps_per_epoch=7, title="dcgan")
    assert (tmp_path / "curves.png").read_bytes().startswith(PNG)
    assert [entry.name for entry in tmp_path.iterdir()] == ["curves.png"]
    with Image.open(tmp_path / "curves.png") as picture:
        picture.load()
        assert min(picture.size) > 300


def colours(path):
    with Image.open(path) as picture:
        return set(map(tuple, np.asarray(picture.convert("RGB")).reshape(-1, 3)))


def test_each_of_the_four_curves_is_drawn(tmp_path):
    history = np.tile([1.0, 2.0, 0.3, 0.7], (40, 1))
    plots.curves(tmp_path / "all.png", panels(history), 10, "title")
    blue, orange, green, red = (31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40)
    assert {blue, orange, green, red} <= colours(tmp_path / "all.png")


def test_a_logarithmic_panel_survives_values_that_have_no_logarithm(tmp_path):
    lines = {"length": np.array([0.0, 1.0, 10.0])}
    plots.curves(tmp_path / "zero.png", [plots.Panel("gradient", lines, log=True)], 1, "title")
    assert (tmp_path / "zero.png").exists()


def test_curves_that_cannot_be_written_are_an_os_error_with_the_path(tmp_path):
    path = tmp_path / "missing" / "curves.png"
    with pytest.raises(OSError, match="No such file") as caught:
        plots.curves(path, panels(np.zeros((3, 4))), 1, "title")
    assert caught.value.filename == str(path)


@given(values=st.lists(st.floats(-100, 100), min_size=1, max_size=30), window=st.integers(1, 30))
def test_the_running_mean_is_the_mean_of_each_window_at_its_middle(values, window):
    window = min(window, len(values))
    means, start = plots._running_mean(np.array(values), window)
    expected = [np.mean(values[i : i + window]) for i in range(len(values) - window + 1)]
    np.testing.assert_allclose(means, expected, rtol=0, atol=1e-10)
    assert start == (window - 1) // 2
