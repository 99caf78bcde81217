"""A mixture in a checkpoint: what no mixture can be is refused, without a warning."""

import numpy as np
import pytest

from tinygan.errors import UserError
from tinygan.recipes.stored_mixture import StoredMixture


def stored(**changes):
    mixture = StoredMixture(2, 3, "full")
    mixture.arrays["weights"][...] = 0.5
    mixture.arrays["covariances"][...] = np.eye(3)
    for name, value in changes.items():
        mixture.arrays[name][...] = value
    return mixture


def test_a_mixture_and_none_at_all_are_fine():
    stored().check("f.npz")
    StoredMixture(2, 3, "full").check("f.npz")


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": 0.4},
        {"weights": [1.5, -0.5]},
        {"weights": 1e308},
        {"means": -1e300},
        {"covariances": 0.0},
        {"covariances": 1e308 * np.eye(3)},
    ],
)
def test_an_impossible_mixture_is_refused(changes):
    with pytest.raises(UserError, match=r"f\.npz is corrupt: its mixture has impossible"):
        stored(**changes).check("f.npz")
