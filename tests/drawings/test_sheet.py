"""Rows of images with words: every pixel is a square, nothing is lost or moved."""

import numpy as np
import pytest

from tinygan.drawings import sheet


def find(page, image):
    """Where an image stands in a page: (row, column)."""
    h, w = image.shape[:2]
    windows = np.lib.stride_tricks.sliding_window_view(page[..., 0], (h, w))
    places = np.argwhere((windows == image[..., 0]).all(axis=(2, 3)))
    assert len(places) == 1
    return tuple(places[0].tolist())


@pytest.mark.parametrize("c", [1, 3])
def test_each_pixel_of_an_image_is_a_square(rng, c):
    images = rng.integers(0, 256, (4, 5, 6, c), np.uint8)
    rows = [
        ("first", [(images[0], ""), (images[1], "7")]),
        ("", [(images[2], ""), (images[3], "")]),
    ]
    page = sheet.compose(rows, "a title", scale=3)
    assert page.dtype == np.uint8
    assert page.shape[2] == 3
    where = [find(page, x.repeat(3, axis=0).repeat(3, axis=1)) for x in images]
    assert where[0][0] == where[1][0] < where[2][0] == where[3][0]  # the rows
    assert where[0][1] == where[2][1] < where[1][1] == where[3][1]  # and columns
    assert where[1][1] - where[0][1] > 6 * 3  # with white between them


def test_words_are_drawn_and_wrapped(rng):
    image = np.full((5, 5, 1), 255, np.uint8)
    blank = sheet.compose([("", [(image, "")])], "", 1)
    assert (blank == 255).all()
    for rows, title in (
        ([("row", [(image, "")])], ""),
        ([("", [(image, "8")])], ""),
        ([("", [("=", ""), (image, "")])], ""),
        ([("", [(image, "")])], "title"),
    ):
        assert (sheet.compose(rows, title, 1) < 128).any()
    long = sheet.compose([("", [(image, "")])], "word " * 60, 1)
    assert long.shape[1] == blank.shape[1]
    assert long.shape[0] > blank.shape[0] + 100


def test_minus_and_derivative_have_glyphs_of_their_own():
    unknown = sheet.words("\ue000")
    for sign in "−∂×":
        assert sheet.words(sign).tobytes() != unknown.tobytes()


def test_long_rows_are_cut():
    rows = sheet.in_rows([list("abcde"), list("vwxyz")], ["up", "down"], 2)
    assert ["".join(cells) for _, cells in rows] == ["ab", "vw", "cd", "xy", "e", "z"]
    assert [label for label, _ in rows] == ["up", "down"] * 3
