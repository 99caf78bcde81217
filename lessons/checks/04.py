"""What must hold of the functions in exercises/04.py."""

import numpy as np

from tinygan import nn


def largest_lr(answer):
    lr = answer()
    assert np.isclose(lr, 0.04), (
        f"with lr {lr} the step multiplies w₁ by {1 - 50 * lr:.2f}: at the limit it is −1"
    )


def adam_path(answer):
    slopes, start = np.array([1.0, 50.0]), np.array([-3.0, 0.5])
    param = nn.Param(start.copy())
    adam, wanted = nn.Adam([param], lr=0.1, betas=(0.9, 0.999)), []
    for _ in range(60):
        adam.zero_grad()
        param.grad += slopes * param.data
        adam.step()
        wanted.append(param.data.copy())
    path = np.array(answer(lambda w: slopes * w, start, 60))
    assert path.shape == (60, 2), f"it should return an array (60, 2), not {path.shape}"
    off = np.flatnonzero(~np.isclose(path, wanted, rtol=1e-6, atol=1e-9).all(axis=1))
    assert len(off) == 0, (
        f"step {off[0] + 1} differs from nn.Adam's: are m̂ and v̂ divided by 1 − β^t, with t from 1?"
    )


def first_step_without_correction(answer):
    for lr, betas in ((1.0, (0.5, 0.999)), (0.1, (0.9, 0.99))):
        wanted = lr * (1 - betas[0]) / np.sqrt(1 - betas[1])
        length = answer(lr, betas)
        assert np.isclose(length, wanted), (
            f"for lr {lr}, β {betas} it gives {length}: what are m and v after one step from 0?"
        )
