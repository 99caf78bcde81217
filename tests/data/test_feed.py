"""Batches for a device: the images of the host's batches, whichever way they get there."""

from itertools import islice

import numpy as np
import pytest
import strict_device
from small_training import noise_images

from tinygan import backend
from tinygan.data.batches import batches, mirrored
from tinygan.data.feed import crop, feed
from tinygan.data.pixels import to_float


def taken(number, images, *args, **how):
    """So many batches, on the host."""
    found = []
    for batch in islice(feed(images, *args, **how), number):
        arrays = batch if isinstance(batch, tuple) else (batch,)
        found.append([backend.to_numpy(array).copy() for array in arrays])
    return found


@pytest.fixture(params=["resident", "copied ahead"])
def room(request, monkeypatch):
    """A device with room for all images, or with too little."""
    if request.param == "copied ahead":
        monkeypatch.setattr(strict_device, "free_memory", 4000)


@pytest.mark.parametrize("low", [-1, 0])
@pytest.mark.parametrize("start", [0, 5])
def test_they_are_the_batches_of_the_host_as_floats(low, start, xp, room, rng):
    images = noise_images(10)
    labels = rng.integers(0, 9, 10)
    found = taken(7, images, 3, 1, start, xp=xp, low=low, labels=labels)
    expected = list(islice(batches(images, 3, 1, start, labels=labels), 7))
    for (x, given), (pixels, wanted) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(x, to_float(pixels, low))
        np.testing.assert_array_equal(given, wanted)


def test_half_are_mirrored_by_draws_in_step_with_the_batches(xp, room):
    images = noise_images(10)
    mine, its = (np.random.default_rng(4) for _ in range(2))
    source = feed(images, 4, 1, xp=xp, flip=mine)
    for pixels in islice(batches(images, 4, 1), 5):
        expected = to_float(mirrored(pixels, its))
        np.testing.assert_array_equal(backend.to_numpy(next(source)), expected)
        assert mine.bit_generator.state == its.bit_generator.state  # nothing drawn ahead


def test_images_on_the_device_need_row_numbers_alone():
    images = noise_images(64)
    source = feed(images, 8, 0, xp=strict_device)
    next(source)
    _, counts = strict_device.measure(next, source)
    assert counts.to_device == 8 * 8
    assert (counts.waits, counts.to_host) == (0, 0)
    if strict_device.NO_KERNELS is None:
        assert counts.launches == 1


@pytest.mark.parametrize(("more", "resident"), [(0, False), (1, True)])
def test_images_live_on_the_device_where_they_take_less_than_a_quarter(more, resident, monkeypatch):
    images = noise_images(64)
    monkeypatch.setattr(strict_device, "free_memory", 4 * images.nbytes + more)
    _, counts = strict_device.measure(next, feed(images, 8, 0, xp=strict_device))
    assert (counts.to_device == images.nbytes + 8 * 8) == resident


def test_when_the_batches_end_no_copy_is_under_way(monkeypatch):
    monkeypatch.setattr(strict_device, "free_memory", 4000)
    source = feed(noise_images(64), 8, 0, xp=strict_device)
    next(source)
    before = strict_device.cuda.synchronized
    source.close()
    assert strict_device.cuda.synchronized == before + 1


def test_images_without_room_are_copied_as_bytes_and_the_host_is_two_batches_ahead(monkeypatch):
    monkeypatch.setattr(strict_device, "free_memory", 4000)
    images = noise_images(64)
    source = feed(images, 8, 0, xp=strict_device)
    next(source)
    _, counts = strict_device.measure(next, source)
    assert counts.to_device == 8 * 28 * 28 + 8 * 8
    assert (counts.to_host, counts.waits) == (0, 1)  # for the copy before the last


def test_crop_mirrors_what_has_a_negative_place(xp, rng):
    images = rng.integers(0, 256, (3, 4, 5, 2), dtype=np.uint8)
    found = crop(backend.to_device(images, xp), np.array([2, ~0, 0]))
    expected = to_float(np.stack([images[2], images[0][:, ::-1], images[0]]))
    np.testing.assert_array_equal(backend.to_numpy(found), expected)
