"""The training ends after enough epochs without improvement."""

import pytest

from tinygan.training.early_stopping import best_epoch, has_stopped


def rows(*values):
    return [{"epoch": i, "fd": value} for i, value in enumerate(values, 1)]


@pytest.mark.parametrize(
    ("values", "best"),
    [((), 0), ((3.0,), 1), ((3.0, 2.0, 5.0), 2), ((3.0, 2.0, 2.0), 2), ((1.0, 0.5, 0.1), 3)],
)
def test_the_best_epoch_has_the_lowest_value_and_is_the_first_of_equals(values, best):
    assert best_epoch(rows(*values), "fd") == best


def test_it_stops_patience_epochs_after_the_best():
    values = [5.0, 4.0, 6.0, 4.0, 9.0]
    stopped = [has_stopped(rows(*values[:n]), "fd", 3) for n in range(6)]
    assert stopped == [False, False, False, False, False, True]
