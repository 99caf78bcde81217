"""A generator goes on from its stored state; what is no state of it changes nothing."""

import json

import numpy as np
import pytest

from tinygan.nn.random_bits import counting, take_blocks
from tinygan.runs.random_state import set_state, state_of


def stored(rng):
    """The state after it was written to a file and read again."""
    return json.loads(json.dumps(state_of(rng)))


def test_numpys_own_generator_goes_on():
    rng, other = np.random.default_rng(0), np.random.default_rng(1)
    rng.random(5)
    set_state(other, stored(rng))
    assert other.random() == rng.random()


def test_of_a_counting_generator_the_key_and_the_counter_are_stored():
    rng, other = (counting(np.random.default_rng(seed)) for seed in (0, 1))
    take_blocks(rng, 100, 16)
    state = stored(rng)
    assert state.keys() == {"bit_generator", "key", "counter"}
    assert state["counter"] == [7, 0, 0, 0]
    set_state(other, state)
    for a, b in zip(take_blocks(rng, 1, 1), take_blocks(other, 1, 1), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "change",
    [
        {"key": [1]},
        {"counter": [1, 2, 3, 4, 5]},
        {"counter": [-1, 0, 0, 0]},
        {"counter": [1 << 64, 0, 0, 0]},
        {"key": "ab"},
        {"bit_generator": "PCG64"},
    ],
)
def test_what_is_no_state_is_refused_and_changes_nothing(change):
    rng = counting(np.random.default_rng(0))
    before = stored(rng)
    with pytest.raises((ValueError, TypeError, KeyError, OverflowError)):
        set_state(rng, before | change)
    with pytest.raises((ValueError, TypeError, KeyError)):
        set_state(rng, {name: value for name, value in before.items() if name not in change})
    assert stored(rng) == before
