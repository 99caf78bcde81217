"""The noise on what D sees falls as the training goes on."""

import pytest

from tinygan.training.instance_noise import falling, halved


def test_it_falls_linearly_and_is_gone_from_the_end_on():
    found = [falling(epoch, 0.4, 10) for epoch in (0, 2.5, 5, 10, 11)]
    assert found == pytest.approx([0.4, 0.3, 0.2, 0, 0])


def test_in_the_first_edition_it_halved_every_five_epochs():
    found = [halved(epoch, 0.4) for epoch in (0, 5, 10, 2.5)]
    assert found == pytest.approx([0.4, 0.2, 0.1, 0.4 / 2**0.5])
