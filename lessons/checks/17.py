"""What must hold of the functions in exercises/17.py."""

import numpy as np

from tinygan import nn
from tinygan.training import early_stopping


def embedding_gradient(answer):
    rng = np.random.default_rng(0)
    for labels in ([0, 1, 2], [0, 2, 0], [1, 1, 1, 1]):
        ge, table = rng.standard_normal((len(labels), 2)), nn.Embedding(4, 2, rng=rng)
        table.forward(np.array(labels))
        table.backward(ge)
        gW = np.asarray(answer(ge, np.array(labels), 4))
        assert gW.shape == (4, 2), f"it should return a row for each class, not {gW.shape}"
        assert np.allclose(gW, table.W.grad, atol=1e-5), (
            f"with labels {labels} it is wrong: a row is the sum of all ge of its label, and 0 for "
            "a class that does not occur"
        )


def stopped(answer):
    for distances, patience in (
        ([9, 5, 6, 7, 8, 1], 3),
        ([9, 8, 7, 6], 2),
        ([5, 6, 4, 4, 4, 3], 2),
        ([3, 4, 2, 5, 5, 1, 9], 3),
        ([1, 2, 3, 4], 3),
    ):
        rows = [{"epoch": i, "fd": x} for i, x in enumerate(distances, 1)]
        end = next(
            (i for i in range(1, len(rows) + 1)
             if early_stopping.has_stopped(rows[:i], "fd", patience)), len(rows)
        )  # fmt: skip
        best = early_stopping.best_epoch(rows[:end], "fd")
        found = tuple(answer(distances, patience))
        assert found == (end, best), (
            f"for {distances} and a patience of {patience} it gives {found}: the training cannot "
            "see what comes after its end, and an equal distance is no improvement"
        )


def flattery(answer):
    for n, wanted in ((1, 0.0), (10, 1.54), (40, 2.16)):
        found = answer(n)
        assert abs(found - wanted) < 0.06, (
            f"for n = {n} it gives {found:.2f}: the mean over many trials of minus the lowest of n"
        )


def heeds_the_label(answer):
    assert answer(True) == 1, "a D that is told calls a picture of another class a fake"
    assert answer(False) == 0.5, (
        "can a D that is not told see that the picture is of another class?"
    )
