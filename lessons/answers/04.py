"""Answers to the exercises of lesson 04. Run it: every answer is checked."""

import numpy as np

from tinygan import nn


def gradient(w):
    return np.array([1.0, 50.0]) * w


# 1. A step multiplies w₁ by 1 − 50 lr. It grows where that is below −1: lr above 2/50 = 0.04.
def far(lr):
    w = np.array([-3.0, 0.5])
    for _ in range(200):
        w = w - lr * gradient(w)
    return np.abs(w).max()


print(f"1. after 200 steps: lr 0.039: {far(0.039):.1e}, lr 0.041: {far(0.041):.1e}")
assert far(0.039) < 0.1
assert far(0.041) > 1e3


# 2. SGD takes steps a thousand times as long: it leaves the valley. In Adam the factor stands above
#    and below the line, m̂ / √v̂, and goes out: the path is the same, but for ε.
def adam_path(factor):
    param = nn.Param(np.array([-3.0, 0.5]))
    adam = nn.Adam([param], lr=0.1, betas=(0.9, 0.999))
    path = []
    for _ in range(60):
        adam.zero_grad()
        param.grad += factor * gradient(param.data)
        adam.step()
        path.append(param.data.copy())
    return np.array(path)


apart = np.abs(adam_path(1) - adam_path(1000)).max()
print(f"2. Adam's paths differ by {apart:.0e} at most")
assert apart < 1e-6

# 3. m = (1 − β₁) g and √v = √(1 − β₂) |g|, so it is lr (1 − β₁) / √(1 − β₂) = 0.5 / 0.0316 = 15.8
#    lr: the first steps throw the weights far off, in a direction that one batch has chosen.
first = (1 - 0.5) / np.sqrt(1 - 0.999)
print(f"3. {first:.1f} lr")
assert 15.8 < first < 15.9
