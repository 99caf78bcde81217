"""Random bits are NumPy's Philox, the same on host and device, from any counter on."""

import numpy as np
import pytest

from tinygan import backend, nn
from tinygan.nn.fast import random_bits as fast
from tinygan.nn.random_bits import (
    counting,
    keep_mask,
    normal_noise,
    normals,
    take_blocks,
    words,
)

M0, M1 = 0xD2E7470EE14C6C93, 0xCA5A826395121157
K0, K1 = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
FULL = (1 << 64) - 1


def block(counter, key):
    """The formula of random_bits.py, with whole numbers of Python."""
    (a, b, c, d), (k0, k1) = (counter, 0, 0, 0), key
    for _ in range(10):
        left, right = M0 * a, M1 * c
        a, b, c, d = right >> 64 ^ b ^ k0, right & FULL, left >> 64 ^ d ^ k1, left & FULL
        k0, k1 = k0 + K0 & FULL, k1 + K1 & FULL
    return [a, b, c, d]


@pytest.mark.parametrize("counter", [0, 7, 2**40])
def test_numpys_philox_is_the_formula(counter):
    key = 2**63 + 12345, 67890
    found = words(np.array(key, np.uint64), counter, 2).tolist()
    assert found == block(counter + 1, key) + block(counter + 2, key)


def test_a_generator_goes_on_where_its_last_blocks_ended():
    rng = counting(np.random.default_rng(0))
    first, second = take_blocks(rng, 17, 16), take_blocks(rng, 1, 16)
    np.testing.assert_array_equal(first[0], second[0])
    assert (first[1].tolist(), second[1].tolist()) == ([0, 0, 0, 0], [2, 0, 0, 0])
    rng.random()  # whoever draws from it in between takes a block
    assert take_blocks(rng, 0, 16)[1].tolist() == [4, 0, 0, 0]


def test_the_key_follows_from_the_generator_and_takes_nothing_from_it():
    rng, same = np.random.default_rng(3), np.random.default_rng(3)
    keys = [take_blocks(counting(r), 1, 1)[0].tolist() for r in (rng, rng, same)]
    assert keys[0] == keys[2] != keys[1]
    assert rng.random() == same.random()
    without_seed = np.random.Generator(np.random.Philox(key=5))
    assert take_blocks(counting(without_seed), 1, 1)[0].shape == (2,)


@pytest.mark.parametrize("shape", [(3, 5), (300_000,), (0, 4)])
def test_threads_and_devices_make_the_same_bits(shape, device):
    key, counter = np.array([5, 2**64 - 1], np.uint64), np.array([9, 0, 0, 0], np.uint64)
    host, there = np.empty(0), device.zeros(1)
    mask = keep_mask(host, shape, key, counter, 20_000)
    np.testing.assert_array_equal(fast.keep_mask(host, shape, key, counter, 20_000), mask)
    noise = normal_noise(host, shape, key, counter)
    np.testing.assert_array_equal(fast.normal_noise(host, shape, key, counter), noise)
    layer, twin = (nn.Dropout(0.3, rng=np.random.default_rng(1)) for _ in range(2))
    found = backend.to_numpy(layer.draw_mask(shape, there))
    np.testing.assert_array_equal(found, twin.draw_mask(shape))
    layer, twin = (nn.GaussianNoise(1, rng=np.random.default_rng(1)) for _ in range(2))
    zeros = np.zeros(shape, np.float32)
    found = backend.to_numpy(layer.forward(backend.to_device(zeros, device)))
    np.testing.assert_allclose(found, twin.forward(zeros), atol=2e-6)


def test_a_carry_out_of_the_lowest_64_bits_reaches_the_next():
    key, counter = np.array([1, 2], np.uint64), np.array([2**64 - 5000, 3, 0, 0], np.uint64)
    shape = (16 * 20_000,)
    mask = keep_mask(np.empty(0), shape, key, counter, 9)
    np.testing.assert_array_equal(fast.keep_mask(np.empty(0), shape, key, counter, 9), mask)


def test_the_noise_is_normal():
    bits = words(np.array([1, 2], np.uint64), 0, 50_000)
    x = normals(bits).astype(float)
    for power, moment in ((1, 0), (2, 1), (3, 0), (4, 3)):
        assert abs((x**power).mean() - moment) < 5 * (x**power).std() / x.size**0.5
    assert abs((x[::2] * x[1::2]).mean()) < 5 / (x.size / 2) ** 0.5
    for bound, share in ((1, 0.6827), (2, 0.9545), (3, 0.9973)):
        assert abs((np.abs(x) < bound).mean() - share) < 0.002


def test_the_extremes_of_the_bits_give_finite_noise():
    bits = np.array([0, FULL, 0xFFFFFFFF, 0xFFFFFFFF00000000], np.uint64)
    x = normals(bits)
    assert np.isfinite(x).all()
    assert 5.7 < np.abs(x).max() < 5.8
