"""The state of a random generator, as JSON can hold it.

A counting generator (see nn/random_bits.py) is stored as its key and its counter; of others it is
NumPy's own state.
"""

import numpy as np


def state_of(rng):
    """The state of a host NumPy Generator: a dict of numbers, texts and lists."""
    state = rng.bit_generator.state
    if not isinstance(rng.bit_generator, np.random.Philox):
        return state
    numbers = {name: state["state"][name].tolist() for name in ("key", "counter")}
    return {"bit_generator": "Philox"} | numbers


def set_state(rng, state):
    """Let rng go on from what state_of returned.

    Raises ValueError, TypeError, KeyError or OverflowError for what is not a state of such a
    generator; then rng is as before.
    """
    if isinstance(rng.bit_generator, np.random.Philox):
        if state["bit_generator"] != "Philox":
            raise ValueError("it is not a state of a Philox")
        key, counter = (np.array(state[name], np.uint64) for name in ("key", "counter"))
        if key.shape != (2,) or counter.shape != (4,):
            raise ValueError("a key has two numbers and a counter four")
        at_the_start = np.random.Philox(key=key).state
        at_the_start["state"]["counter"] = counter
        state = at_the_start
    rng.bit_generator.state = state
