# %% [markdown]
# # 06 · Convolution as one matrix product
#
# **Goal:** slide a kernel over an image, as loops and as one product, and derive the gradients.
# **Builds by hand:** `nn.im2col`, `nn.col2im`, `nn.Conv2d`.
# **You need:** 02. **Time:** seconds. **Next:** 07, the adjoint. **Source:** Dumoulin & Visin 2016,
# "A guide to convolution arithmetic for deep learning", chapter 2 (sizes); Chellapilla, Puri &
# Simard 2006, "High performance convolutional neural networks for document processing" (im2col).
#
# A dense layer has no idea that two pixels are neighbours. A *convolution* has: each number that
# it makes is a weighted sum over a small window of the image, and all windows share the weights.
# *Images* are arrays x (N, H, W, C): N of them, H rows and W columns of pixels, and in each pixel
# C numbers, its *channels* (1 for grey, 3 for colours). The weights are the *kernel* W (k, k, C, O):
# one for each place in a k×k window, each channel in, and each of the O channels out. Windows begin
# every s pixels (the *stride*), and the image gets p zeros on each side (the *padding*):
#
#     y[n,u,v,o] = b[o] + Σ_ijc x̂[n, s·u + i, s·v + j, c] W[i,j,c,o]         x̂ = x with its padding
#     y (N, OH, OW, O),   OH = ⌊(H + 2p − k) / s⌋ + 1: the windows that fit;  OW likewise
#
# (Mathematics turns the kernel over first, and calls this a *cross-correlation*.)

# %%
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn

FAST = "--fast" in sys.argv  # a shorter run, for testing the lesson itself
OUT = (Path(__file__).parent if "__file__" in globals() else Path()) / "out" / "06"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(6)


def pad(x, p):
    return np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))


def loop_of_sums(x, W, b, s, p):
    k, x = len(W), pad(x, p)
    n, oh, ow = len(x), (x.shape[1] - k) // s + 1, (x.shape[2] - k) // s + 1
    y = np.empty((n, oh, ow, W.shape[3]), x.dtype)
    for m, u, v in np.ndindex(n, oh, ow):
        window = x[m, s * u : s * u + k, s * v : s * v + k]  # (k, k, C)
        y[m, u, v] = b + (window[..., None] * W).sum(axis=(0, 1, 2))
    return y


# %% [markdown]
# ## Every window a row
#
# A sum of products is what a matrix product is made of. Copy each window into a row of its own, and
# read the kernel as a matrix with a row for each of the window's numbers. Then one product does it:
#
#     x (N, H, W, C)  →  rows (N·OH·OW, k·k·C)          y = rows W + b         (*im2col*)
#
# A loop over the k×k places in a window is enough: place (i, j) of all windows is one slice of x̂.


# %%
def windows(x, k, s, p, rows=None):
    x = pad(x, p)
    n, oh, ow = len(x), (x.shape[1] - k) // s + 1, (x.shape[2] - k) // s + 1
    rows = np.empty((n * oh * ow, k * k * x.shape[3]), x.dtype) if rows is None else rows
    places = rows.reshape(n, oh, ow, k, k, x.shape[3])  # the same memory, seen another way
    for i, j in np.ndindex(k, k):
        places[:, :, :, i, j] = x[:, i : i + s * oh : s, j : j + s * ow : s]
    return rows


image = np.array([[0, 0, 1, 9, 9], [0, 1, 7, 9, 8], [0, 0, 2, 9, 9], [1, 0, 1, 8, 9]])
kernel = np.array([[-1, 0, 1]] * 3)  # right minus left: large where dark meets bright
rows = windows(image[None, :, :, None], 3, 1, 0)
figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
tables = {"x: 4×5 pixels": (0, 0, image), "W: 3×3": (0, 6, kernel), "rows: a window each": (6, 0, rows),
          "W": (16, 0, kernel.reshape(9, 1)), "y": (18, 0, rows @ kernel.reshape(9, 1))}  # fmt: skip
for title, (left, top, values) in tables.items():
    axes.text(left, top - 0.2, title, size=10)
    for (i, j), value in np.ndenumerate(values):
        axes.add_patch(plt.Rectangle((left + j, top + i), 1, 1, facecolor="none", edgecolor="0.7"))
        axes.text(left + j + 0.5, top + i + 0.5, value, size=9, ha="center", va="center")
for (u, v), color in (((0, 0), "C1"), ((1, 2), "C0")):  # two of the windows, and their rows
    row = 3 * u + v
    for corner, w, h in (((v, u), 3, 3), ((6, row), 9, 1), ((18, row), 1, 1)):
        axes.add_patch(plt.Rectangle(corner, w, h, facecolor=color, alpha=0.35))
        axes.add_patch(plt.Rectangle(corner, w, h, facecolor="none", edgecolor=color, linewidth=2))
for place, sign in (((5.5, 3), "→"), ((15.5, 3), "·"), ((17.5, 3), "=")):
    axes.text(*place, sign, size=14, ha="center", va="center")
axes.set(xlim=(-0.1, 19.1), ylim=(9.1, -1), aspect="equal")
axes.axis("off")
figure.savefig(OUT / "im2col.png", dpi=120)

# %% [markdown]
# ![an image, its windows as the rows of a matrix, the kernel as a column, their product](out/06/im2col.png)
#
# With more channels a window has C numbers in each place, with more outputs W has more columns. Two
# pixels lie in both coloured windows, so they are copied into both rows. That is all that a
# derivation of the backward needs. The product is a dense layer's (lesson 02), and gx adds up the
# gradients of all copies of a pixel: the same loop, with the two sides swapped and + (*col2im*).
#
#     gW = rowsᵀ gy       gb = the sum of gy's rows       grows = gy Wᵀ       gx = col2im(grows)


# %%
def add_back(rows, shape, k, s, p):
    n, h, w, c = shape
    oh, ow = (h + 2 * p - k) // s + 1, (w + 2 * p - k) // s + 1
    x, places = pad(np.zeros(shape, rows.dtype), p), rows.reshape(n, oh, ow, k, k, c)
    for i, j in np.ndindex(k, k):
        x[:, i : i + s * oh : s, j : j + s * ow : s] += places[:, :, :, i, j]
    return x[:, p : p + h, p : p + w]


x, W, b = rng.normal(size=(2, 6, 7, 3)), rng.normal(size=(4, 4, 3, 5)), rng.normal(size=5)
k, s, p = 4, 2, 1
rows, matrix = windows(x, k, s, p), W.reshape(-1, 5)
y = (rows @ matrix + b).reshape(2, 3, 3, 5)
assert np.allclose(y, loop_of_sums(x, W, b, s, p), rtol=1e-12)
gy = rng.normal(size=y.shape)  # as if L = Σ gy · y
gW, gb = (rows.T @ gy.reshape(-1, 5)).reshape(W.shape), gy.sum(axis=(0, 1, 2))
gx = add_back(gy.reshape(-1, 5) @ matrix.T, x.shape, k, s, p)
for array, gradient in ((x, gx), (W, gW), (b, gb)):  # against the loop, which knows no im2col
    slopes = nn.numerical_gradient(lambda: float((gy * loop_of_sums(x, W, b, s, p)).sum()), array)
    assert np.allclose(gradient.ravel(), slopes, rtol=1e-6, atol=1e-7)

theirs = nn.Conv2d(3, 5, k, stride=s, padding=p, rng=rng)
theirs.W.data, theirs.W.grad, theirs.b.data, theirs.b.grad = W, 0 * W, b, 0 * b
assert np.allclose(theirs.forward(x), y, rtol=1e-12)
for mine, their in ((gx, theirs.backward(gy)), (gW, theirs.W.grad), (gb, theirs.b.grad)):
    assert np.allclose(mine, their, rtol=1e-12, atol=1e-12)
