# %% [markdown]
# # 06 · Convolution as one matrix product
#
# **Goal:** look at a picture through small windows, and do it with one product of two matrices.
# **Builds by hand:** `nn.im2col`, `nn.col2im`, `nn.Conv2d`.
# **You need:** 02. **Time:** seconds. **Next:** 07, transposed convolution.
# **Source:** Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning",
# chapter 2; Chellapilla et al. 2006, "High performance convolutional neural networks for document
# processing" (the windows as rows of a matrix).
#
# A dense layer has a weight for every pixel, and does not know which of them are neighbours. A
# *convolution* slides a small window over the picture and takes the same weighted sum everywhere:
# an edge gives the same result wherever it is. A batch of pictures is x (N, h, w, C): N pictures of
# h × w pixels of C numbers, the *channels* (1 for grey, 3 for colour, or what an earlier layer
# made).

# %%
import timeit

import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn

rng = np.random.default_rng(6)

# %% [markdown]
# ## As a loop
#
# The weights of a window are the *kernel* W (k, k, C, O): k × k pixels, C channels in, O channels
# out; and there is a bias b (O,). The *stride* s is how many pixels the window moves from one place
# to the next. A border of p zeros around the picture, the *padding*, lets windows reach beyond its
# edge. The picture with its border is h + 2p pixels high, so the windows have oh places from top to
# bottom, and likewise ow from left to right. Counting places from the corner of the padded picture,
# so that x[n, 0, 0] is a pixel of its border,
#
#     oh = (h + 2p − k) // s + 1,  ow = (w + 2p − k) // s + 1           // is division, rounded down
#     y[n, i, j, o] = Σ over u, v, c of x[n, s i + u, s j + v, c] · W[u, v, c, o] + b[o]


# %%
def pad(x, p):
    return np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))


def loop(x, W, b, s, p):
    k, x = len(W), pad(x, p)
    n, oh, ow = len(x), (x.shape[1] - k) // s + 1, (x.shape[2] - k) // s + 1
    y = np.empty((n, oh, ow, W.shape[3]), x.dtype)
    for m, i, j in np.ndindex(n, oh, ow):
        window = x[m, s * i : s * i + k, s * j : s * j + k]  # (k, k, C)
        y[m, i, j] = window.ravel() @ W.reshape(window.size, -1) + b
    return y


# %% [markdown]
# ## As one product
#
# Write each window as a row of k·k·C numbers, and the kernel as O columns: their product is one
# pixel of y. *im2col* makes a matrix of all windows, cols (N·oh·ow, k·k·C), and the whole
# convolution is y = cols W + b: the dense layer of lesson 02, on windows. So its gradients are
# known: gW = colsᵀ gy, gb = Σ gy, and gcols = gy Wᵀ. What is left is the way from gcols to gx.
# im2col copied a pixel into each window that contains it, so by the chain rule the pixel's gradient
# is the sum of those of its copies: *col2im* adds each row back to the place where its window was.


# %%
def windows(x, k, s):
    """For each place (u, v) in a window, the pixels that all windows have there."""
    oh, ow = (x.shape[1] - k) // s + 1, (x.shape[2] - k) // s + 1
    for u in range(k):
        for v in range(k):
            yield (slice(None), slice(u, u + s * oh, s), slice(v, v + s * ow, s)), (u, v)


def im2col(x, k, s, p, cols=None):
    x = pad(x, p)
    shape = len(x), (x.shape[1] - k) // s + 1, (x.shape[2] - k) // s + 1, k, k, x.shape[3]
    cols = np.empty(shape, x.dtype) if cols is None else cols.reshape(shape)
    for pixels, (u, v) in windows(x, k, s):
        cols[:, :, :, u, v] = x[pixels]
    return cols.reshape(-1, k * k * x.shape[3])


def col2im(cols, shape, k, s, p):
    n, h, w, c = shape
    x = np.zeros((n, h + 2 * p, w + 2 * p, c), cols.dtype)
    cols = cols.reshape(n, (h + 2 * p - k) // s + 1, (w + 2 * p - k) // s + 1, k, k, c)
    for pixels, (u, v) in windows(x, k, s):
        x[pixels] += cols[:, :, :, u, v]  # im2col's loop with the sides exchanged, and added
    return x[:, p : p + h, p : p + w]


x, W, b = rng.normal(size=(3, 7, 6, 2)), rng.normal(size=(3, 3, 2, 4)), rng.normal(size=4)
conv = nn.Conv2d(2, 4, 3, stride=2, padding=1, rng=rng)
for param, array in zip(conv.params(), (W, b), strict=True):
    param.data, param.grad = array, np.zeros_like(array)
cols = im2col(x, 3, 2, 1)
y = (cols @ W.reshape(-1, 4) + b).reshape(3, 4, 3, 4)
assert np.allclose(y, loop(x, W, b, 2, 1))
assert np.allclose(y, conv.forward(x))
assert np.array_equal(cols, nn.im2col(x, 3, 2, 1))

gy = rng.normal(size=y.shape)
gcols = gy.reshape(-1, 4) @ W.reshape(-1, 4).T
gx = col2im(gcols, x.shape, 3, 2, 1)
assert np.allclose(gx, conv.backward(gy))
assert np.allclose(gx, nn.col2im(gcols, x.shape, 3, 2, 1))
assert np.allclose((cols.T @ gy.reshape(-1, 4)).reshape(W.shape), conv.W.grad)
assert np.allclose(gy.sum(axis=(0, 1, 2)), conv.b.grad)
slopes = nn.numerical_gradient(lambda: (loop(x, W, b, 2, 1) * gy).sum(), x)
assert np.allclose(gx.ravel(), slopes, atol=1e-7)  # and against the loop, measured

# %%
small, kernel = np.arange(16).reshape(1, 4, 4, 1), 2
cols = im2col(small, kernel, 1, 0)  # (9, 4)
marked = {0: "C0", 4: "C1"}  # two of the nine windows; pixel 5 is in both
figure, axes = plt.subplots(figsize=(7, 3.9), layout="constrained")
ys = np.array([[f"y{subscript}"] for subscript in "₀₁₂₃₄₅₆₇₈"])
for title, values, left in (("x", small[0, :, :, 0], 0), ("im2col(x)", cols, 6),
                            ("W", np.array([list("abcd")]).T, 11.5), ("y", ys, 14)):  # fmt: skip
    top = (9 - len(values)) / 2
    axes.text(left + values.shape[1] / 2, top - 0.3, title, ha="center")
    for (row, column), value in np.ndenumerate(values):
        place = left + column, top + row
        axes.add_patch(plt.Rectangle(place, 1, 1, fill=False, edgecolor="0.6"))
        axes.text(place[0] + 0.5, place[1] + 0.5, value, ha="center", va="center")
axes.text(10.75, 4.5, "·", ha="center", va="center", size=16)
axes.text(13.25, 4.5, "=", ha="center", va="center")
for number, color in marked.items():
    row, column = divmod(number, 3)
    look = {"facecolor": color, "alpha": 0.35, "edgecolor": color, "linewidth": 3}
    for place, w, h in (((column, 2.5 + row), 2, 2), ((6, number), 4, 1), ((14, number), 1, 1)):
        axes.add_patch(plt.Rectangle(place, w, h, **look))
axes.set(xlim=(-0.2, 15.2), ylim=(9.1, -0.9), aspect="equal")
axes.axis("off")
lesson.save(figure, "06/im2col.png")

# %% [markdown]
# ![two windows of a picture and their rows in the matrix](out/06/im2col.png)
#
# A kernel of 2 × 2 weights a, b, c, d on a picture of 4 × 4 pixels. Pixel 5 is in both coloured
# windows, and so in both rows: its gradient is the sum of what comes back to all its copies.
#
# ## How long it takes
#
# The matrix holds nearly every pixel k·k times. For 64 pictures of 28 × 28 × 32 and k = 3 it has
# 58 MB: more than fits into the small, fast memory on the processor's own chip. A few pictures at a
# time do fit, if their matrix is written to the same place again and again. tinygan has both: plain
# functions (`nn/correlation.py`), which `with nn.plain():` asks for, and fast ones
# (`nn/fast/slabs.py`), which also avoid most of the copying.


# %%
def whole(x, W):
    return im2col(x, 3, 1, 1) @ W.reshape(-1, W.shape[3])


def blocked(x, W, images=2):
    y = np.empty((*x.shape[:3], W.shape[3]), x.dtype)
    cols = np.empty((images * 28 * 28, 9 * x.shape[3]), x.dtype)  # used again for each block
    for i in range(0, len(x), images):
        im2col(x[i : i + images], 3, 1, 1, cols)
        np.matmul(cols, W.reshape(-1, W.shape[3]), out=y[i : i + images].reshape(len(cols), -1))
    return y


pictures, repeats = (8, 3) if lesson.FAST else (64, 7)
x = rng.standard_normal((pictures, 28, 28, 32), np.float32)
W = rng.standard_normal((3, 3, 32, 32), np.float32)
theirs = nn.Conv2d(32, 32, 3, padding=1, bias=False, rng=rng)
theirs.eval()  # no backward will follow: see lesson 08
theirs.W.data[:] = W
ways = {
    "a loop over the windows": lambda: loop(x, W, 0, 1, 1),
    "im2col, all at once": lambda: whole(x, W),
    "im2col, two at a time": lambda: blocked(x, W),
    "tinygan's, plain": nn.plain()(lambda: theirs.forward(x)),  # each call within nn.plain()
    "tinygan's, fast": lambda: theirs.forward(x),
}
results = [way().ravel() for way in ways.values()]
for result in results[1:]:
    assert np.allclose(result, results[0], rtol=1e-3, atol=1e-3)
median = {}
for name, way in ways.items():
    median[name] = np.median(timeit.repeat(way, number=1, repeat=repeats))  # seconds
    print(f"{name:>24}: {1000 * median[name]:6.1f} ms")
assert lesson.FAST or median["a loop over the windows"] > median["im2col, all at once"]

# %% [markdown]
# The loop makes one small product for each window. im2col makes one large product, several times as
# fast, but spends its time on writing the matrix to memory and reading it again. A few pictures at
# a time stay in the fast memory. How much each gains depends on the sizes and on the machine.
#
# ## Exercises
#
# Fill in `lessons/exercises/06.py`, then: `python -m lessons check 06`
#
# 1. How many weights has a convolution, and how many a dense layer between the same pictures?
# 2. Find a 3 × 3 kernel that is large where a picture is dark on the left and bright on the right.
# 3. What does a convolution with k = 1 do? Write it without a loop and without im2col.
# 4. In how many windows is each pixel?
