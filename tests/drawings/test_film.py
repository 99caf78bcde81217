"""The film of a run's sheets: order, frames, size, and files that are no sheets."""

import io

import numpy as np
import pytest
from PIL import Image
from small_pictures import COLOURS, picture, png

from tinygan.drawings import film
from tinygan.drawings.opened_run import OpenedRun
from tinygan.errors import UserError


def sheets(rng, n, size=60, c=3):
    shape = (size, size, c) if c == 3 else (size, size)
    return [rng.integers(0, 256, shape, np.uint8) for _ in range(n)]


@pytest.fixture
def folder(make_run):
    run = make_run()
    (run.folder / "samples").mkdir(exist_ok=True)
    return run.folder


def put(folder, named):
    for name, content in named.items():
        content = content if isinstance(content, bytes) else picture(content)
        (folder / "samples" / name).write_bytes(content)


def make(folder, **given):
    film.draw(OpenedRun(folder, np), folder / "film.gif", **given)
    return Image.open(folder / "film.gif")


def frames(gif):
    found = []
    for i in range(gif.n_frames):
        gif.seek(i)
        found.append((np.asarray(gif.convert("RGB")), gif.info["duration"]))
    return found


def test_grey_sheets_are_the_frames_as_they_are(folder, rng):
    images = sheets(rng, 4, c=1)
    put(folder, {f"epoch_{i + 1:04}.png": image for i, image in enumerate(images)})
    with make(folder) as gif:
        assert gif.format == "GIF"
        assert gif.info["loop"] == 0  # for ever
        shown = frames(gif)
    assert len(shown) == 4
    texts = set()
    for (frame, _), image in zip(shown, images, strict=True):
        np.testing.assert_array_equal(frame[:60, :, 0], image)  # nothing is written over it
        assert frame.shape[0] > 70
        assert (frame[60:] < 128).any()
        texts.add(frame[60:].tobytes())
    assert len(texts) == 4  # each names its epoch
    durations = [duration for _, duration in shown]
    assert durations[:3] == [300] * 3
    assert durations[3] == 2300


def test_seconds_and_size_are_obeyed(folder, rng):
    put(folder, {f"epoch_{i:04}.png": image for i, image in enumerate(sheets(rng, 5, c=1))})
    with make(folder, seconds=1, size=30) as gif:
        assert gif.size[0] == 30
        assert sum(duration for _, duration in frames(gif)) == 3000


def test_colours_are_close(folder, rng):
    small = rng.integers(0, 256, (2, 3, 3, 3), np.uint8).repeat(20, axis=1).repeat(20, axis=2)
    put(folder, {f"epoch_000{i}.png": image for i, image in enumerate(small)})
    with make(folder) as gif:
        for (frame, _), image in zip(frames(gif), small, strict=True):
            assert np.abs(frame[:60].astype(int) - image).max() <= 16


def test_the_order_is_that_of_training(folder, rng):
    names = ["epoch_0002.png", "step_000012.png", "epoch_0010.png", "step_000055.png"]
    put(folder, dict.fromkeys([*names, "notes.png", "epoch_1.jpg"], sheets(rng, 1)[0]))
    (folder / "timing.csv").write_text(
        "epoch,step,seconds,images_per_second\n2,10,1,1\n3,12,1,1\n3,15,1,1\n10,50,1,1\n"
    )
    found = film.sheets(folder)
    assert [path.name for path, _ in found] == names
    assert [text for _, text in found] == ["epoch 2", "step 12", "epoch 10", "step 55"]
    (folder / "timing.csv").unlink()
    assert [text for _, text in film.sheets(folder)][2:] == ["step 12", "step 55"]


@pytest.mark.parametrize("c", [1, 3])
def test_it_stays_below_the_limit(folder, rng, monkeypatch, c):
    put(folder, {f"epoch_{i:04}.png": image for i, image in enumerate(sheets(rng, 40, c=c))})
    monkeypatch.setattr(film, "MOST_BYTES", 60_000)
    with make(folder) as gif:
        assert 2 <= gif.n_frames < 40
        shown = frames(gif)
    assert (folder / "film.gif").stat().st_size <= 60_000
    first, last = (film._open(folder / "samples" / f"epoch_{i:04}.png") for i in (0, 39))
    for (frame, _), sheet in ((shown[0], first), (shown[-1], last)):
        difference = np.abs(frame[:60].astype(int) - np.asarray(sheet.convert("RGB")))
        assert difference.mean() < 30


def test_sheets_are_halved_before_too_many_frames_are_left_out(rng, monkeypatch):
    small = rng.integers(0, 256, (40, 200, 200), np.uint8)
    doubled = small.repeat(2, axis=1).repeat(2, axis=2)  # as a run doubles its pixels
    pictures = [(Image.fromarray(image), f"epoch {i}") for i, image in enumerate(doubled)]
    monkeypatch.setattr(film, "MOST_BYTES", 1_500_000)
    data, kept, width = film.fitted(pictures)
    assert len(data) <= 1_500_000
    assert width == 200
    assert kept >= 24
    with Image.open(io.BytesIO(data)) as gif:
        np.testing.assert_array_equal(np.asarray(gif)[:200], small[0])  # no pixel is lost


def test_what_cannot_fit_is_refused(rng, monkeypatch):
    pictures = [(Image.fromarray(image), "epoch 1") for image in sheets(rng, 3)]
    monkeypatch.setattr(film, "MOST_BYTES", 1000)
    with pytest.raises(UserError, match="make them smaller with --size 30"):
        film.fitted(pictures, size=60)


def test_of_very_many_sheets_some_are_read(folder, rng, monkeypatch):
    put(folder, {f"epoch_{i:04}.png": image for i, image in enumerate(sheets(rng, 30, c=1))})
    monkeypatch.setattr(film, "MOST_FRAMES", 7)
    with make(folder) as gif:
        assert gif.n_frames == 7


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "epoch_0002.png is not a sheet of samples: it is no PNG$"),
        (b"GIF89a nonsense", "epoch_0002.png is not a sheet of samples"),
        (
            picture(np.eye(60, dtype=np.uint8).repeat(9, axis=0)[:60] * 9)[:80],
            "epoch_0002.png is not",
        ),
        (picture(np.zeros((60, 60, 3), np.uint8), "JPEG"), "epoch_0002.png is not a sheet of"),
        (picture(np.zeros((60, 59, 3), np.uint8)), "epoch_0002.png has 59×60 pixels and"),
        (png((5000, 5000), 8, COLOURS), "epoch_0002.png is not a sheet of samples: 5,000 × 5,000"),
        (png((30000, 30000), 1, 0), "epoch_0002.png is not a sheet of samples: Image size"),
    ],
)
def test_a_damaged_sheet_is_named(folder, rng, content, says):
    put(folder, {"epoch_0001.png": sheets(rng, 1)[0], "epoch_0002.png": content})
    with pytest.raises(UserError, match=says) as error:
        make(folder)
    assert len(str(error.value).splitlines()) == 1
    assert not (folder / "film.gif").exists()


def test_a_run_without_sheets_is_told_what_to_do(folder):
    with pytest.raises(UserError, match="has no sheets of samples yet") as error:
        make(folder)
    assert "-m tinygan.train dcgan --out" in str(error.value)
    (folder / "samples").rmdir()
    with pytest.raises(UserError, match="has no sheets of samples yet"):
        make(folder)
