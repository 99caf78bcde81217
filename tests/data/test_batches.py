"""Batches: every image at most once per epoch, in an order set by the seed and the position."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_training import noise_images

from tinygan.data.batches import batches, mirrored


@st.composite
def sizes(draw):
    """(images, images in a batch)."""
    n = draw(st.integers(1, 40))
    return n, draw(st.integers(1, n))


seeds = st.integers(0, 2**32)


def epoch(n, batch_size, seed, number=0):
    per_epoch = n // batch_size
    return list(islice(batches(np.arange(n), batch_size, seed, number * per_epoch), per_epoch))


@given(size=sizes(), seed=seeds, number=st.integers(0, 5))
def test_an_epoch_has_whole_batches_only_and_no_image_twice(size, seed, number):
    n, batch_size = size
    taken = epoch(n, batch_size, seed, number)
    assert [len(batch) for batch in taken] == [batch_size] * (n // batch_size)
    seen = np.concatenate(taken)
    assert len(set(seen)) == len(seen)
    assert set(seen) <= set(range(n))


@given(size=sizes(), seed=seeds, start=st.integers(0, 100), count=st.integers(1, 20))
def test_start_continues_exactly_where_another_run_stopped(size, seed, start, count):
    n, batch_size = size
    images = np.arange(n)
    in_one_go = islice(batches(images, batch_size, seed), start, start + count)
    gone_on = islice(batches(images, batch_size, seed, start), count)
    np.testing.assert_array_equal(list(gone_on), list(in_one_go))


def test_the_same_seed_gives_the_same_order_and_another_seed_another():
    np.testing.assert_array_equal(epoch(100, 10, seed=3), epoch(100, 10, seed=3))
    assert not np.array_equal(epoch(100, 10, seed=3), epoch(100, 10, seed=4))


def test_every_epoch_has_an_order_of_its_own():
    orders = {tuple(np.concatenate(epoch(100, 10, 0, number))) for number in range(20)}
    assert len(orders) == 20
    assert tuple(range(100)) not in orders


def test_the_batches_are_not_the_same_groups_in_another_order():
    groups = [{frozenset(batch) for batch in epoch(100, 10, 0, number)} for number in range(2)]
    assert not groups[0] & groups[1]


def test_the_images_that_are_left_out_change_from_epoch_to_epoch():
    left_out = [set(range(11)) - set(*epoch(11, 10, 0, number)) for number in range(100)]
    assert set.union(*left_out) == set(range(11))


def test_epochs_follow_each_other_without_end():
    drawn = list(islice(batches(np.arange(10), 3, seed=1), 7))
    for number in range(2):
        np.testing.assert_array_equal(drawn[3 * number : 3 * number + 3], epoch(10, 3, 1, number))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_batch_is_a_copy_of_whole_images(dtype):
    images = np.arange(5 * 2 * 3, dtype=dtype).reshape(5, 2, 3, 1)
    before = images.copy()
    batch = next(batches(images, 4, seed=0))
    assert batch.shape == (4, 2, 3, 1)
    assert batch.dtype == dtype
    assert all(any(np.array_equal(image, own) for own in images) for image in batch)
    batch[:] = 0
    np.testing.assert_array_equal(images, before)


def test_mirrored_exchanges_left_and_right_of_each_second_image_at_random(rng):
    images = noise_images(1000, (3, 4, 2))
    out = mirrored(images, rng)
    same = (out == images).all(axis=(1, 2, 3))
    swapped = (out == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same | swapped).all()
    assert 400 < swapped.sum() < 600
    other = (mirrored(images, rng) == images).all(axis=(1, 2, 3))
    assert 400 < (same != other).sum() < 600
    again = mirrored(images, np.random.default_rng(0))
    np.testing.assert_array_equal(out, again)
