"""How the noise on the images for D decreases."""

import pytest

from tinygan.training.instance_noise import std_at


def test_the_noise_halves_every_five_epochs():
    assert std_at(0, 0.4) == 0.4
    assert [std_at(epoch, 0.4) for epoch in (5, 10, 2.5)] == pytest.approx([0.2, 0.1, 0.4 / 2**0.5])
