# %% [markdown]
# # 07 · Transposed convolution is the adjoint
#
# **Goal:** turn few pixels into many with the convolution's own backward, and see where the
# checkerboard in generated pictures comes from.
# **Builds by hand:** `nn.ConvTranspose2d`, `nn.Upsample2d`.
# **You need:** 06. **Time:** seconds. **Next:** 08, batch normalisation.
# **Source:** Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning", chapter
# 4; Odena et al. 2016, "Deconvolution and checkerboard artifacts" (distill.pub).
#
# A network that draws starts from a few numbers and has to end with many pixels. A convolution with
# stride 2 goes from many to few, and cannot be undone: it throws numbers away. But one map that
# goes from few to many has been built in lesson 06: the convolution's own gradient, gx from gy.

# %%
import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn

rng = np.random.default_rng(7)

# %% [markdown]
# ## A convolution is a matrix
#
# Each number of y is a weighted sum of numbers of x. So y = A x for some matrix A, if both are
# written as long columns. Column j of A is the y of an x that is 1 at j and 0 elsewhere. By lesson
# 02 the gradient goes back by Aᵀ: gx = Aᵀ gy. Aᵀ has the shape that is wanted, from few to many.
# Used as a forward, it is called the *transposed convolution*.
#
# With the *inner product* <u, v> = Σ u[i] v[i], the transpose is the one matrix for which
#
#     <A x, y> = Σᵢ Σⱼ A[i,j] x[j] y[i] = <x, Aᵀ y>        for all x, and all y of the shape of A x
#
# A map with this property is called the *adjoint* of A, also where nobody writes A down.

# %%
conv = nn.Conv2d(1, 1, 4, stride=2, padding=1, bias=False, rng=rng, std=1)
conv.W.data = conv.W.data.astype(float)
ones = np.eye(36).reshape(36, 6, 6, 1)  # 36 pictures of 6 × 6, each 1 at one pixel
A = conv.forward(ones).reshape(36, 9).T  # (9, 36): 6 × 6 pixels to 3 × 3
print(f"A is {A.shape}, and {np.mean(A == 0):.0%} of it are 0")


def transposed(y, W, s, p):
    """Each pixel of y adds the kernel, times its number, to x at its place: a stamp.

    y (N, h, w, C), W (k, k, O, C) -> x (N, (h − 1) s − 2p + k, (w − 1) s − 2p + k, O).
    W is that of the convolution from x to y, so in and out have changed places since lesson 06.
    """
    (n, h, w, _), k = y.shape, len(W)
    x = np.zeros((n, (h - 1) * s + k, (w - 1) * s + k, W.shape[2]))
    for i, j in np.ndindex(h, w):  # einsum: products, summed over the c that "nuvo" lacks
        x[:, s * i : s * i + k, s * j : s * j + k] += np.einsum("nc,uvoc->nuvo", y[:, i, j], W)
    return x[:, p : x.shape[1] - p, p : x.shape[2] - p]


x, y = rng.normal(size=36), rng.normal(size=9)
stamped = transposed(y.reshape(1, 3, 3, 1), conv.W.data, 2, 1)
assert np.allclose(stamped.ravel(), A.T @ y)  # the stamps are the transposed matrix
print(f"<A x, y> = {A @ x @ y:.12f}\n<x, Aᵀ y> = {x @ stamped.ravel():.12f}")
assert np.isclose(A @ x @ y, x @ stamped.ravel(), rtol=1e-12)

layer = nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1, bias=False, rng=rng)
layer.W.data, layer.W.grad = conv.W.data, np.zeros_like(conv.W.data)
assert np.allclose(layer.forward(y.reshape(1, 3, 3, 1)), stamped)
gx = rng.normal(size=(1, 6, 6, 1))  # and the backward of the transposed is the convolution itself
assert np.allclose(layer.backward(gx).ravel(), A @ gx.ravel())
wide = nn.ConvTranspose2d(3, 2, 5, stride=2, padding=2, bias=False, rng=rng)
y = rng.normal(size=(2, 4, 3, 3))
assert np.allclose(wide.forward(y), transposed(y, wide.W.data, 2, 2))

# %% [markdown]
# ## The checkerboard
#
# With stride 2 the stamps are two pixels apart. A kernel of 3 then covers every second row once and
# the others twice; a kernel of 4 covers each row twice. To count it, take a y of ones and a kernel
# of ones. Where the counts differ, a network has to learn weights that make up for it; until then
# the picture shows a pattern that repeats with the stride, the *checkerboard*. There are two cures:
# a kernel whose size is a multiple of the stride, or to repeat each pixel first (*upsampling*) and
# then to convolve with stride 1.
#
# The second row of the picture takes weights at random: `rng.normal(1, 0.3, …)`, the normal
# distribution with mean 1 and standard deviation 0.3, which is written N(1, 0.3²).


# %%
def upsample(x):
    return x.repeat(2, axis=1).repeat(2, axis=2)


flat = np.ones((1, 8, 8, 1))
assert np.array_equal(upsample(flat), nn.Upsample2d(2).forward(flat))
cures = {
    "kernel 3, stride 2": lambda W: transposed(flat, W(3), 2, 1),
    "kernel 5, stride 2": lambda W: transposed(flat, W(5), 2, 2),
    "kernel 4, stride 2": lambda W: transposed(flat, W(4), 2, 1),
    "upsample, kernel 3": lambda W: transposed(upsample(flat), W(3), 1, 1),
}
kernels = {k: rng.normal(1, 0.3, (k, k, 1, 1)) for k in (3, 4, 5)}
figure, panels = plt.subplots(2, 4, figsize=(7, 4), layout="constrained")
for (name, draw), (above, below) in zip(cures.items(), panels.T, strict=True):
    counts = draw(lambda k: np.ones((k, k, 1, 1)))[0, 3:-3, 3:-3, 0][:8, :8]
    drawn = draw(kernels.get)[0, 3:-3, 3:-3, 0][:8, :8]
    above.imshow(counts, cmap="Blues", vmin=0, vmax=12)
    for (i, j), count in np.ndenumerate(counts):
        above.text(j, i, f"{count:.0f}", ha="center", va="center", size=7,
                   color="w" if count > 7 else "k")  # fmt: skip
    below.imshow(drawn / drawn.mean(), cmap="gray", vmin=0, vmax=2)
    above.set_title(name, size="medium")
    for axes in (above, below):
        axes.set(xticks=[], yticks=[])
    uneven = counts.max() / counts.min()
    print(f"{name}: a pixel gets {counts.min():.0f} to {counts.max():.0f} products")
    assert (uneven == 1) == (name in ("kernel 4, stride 2", "upsample, kernel 3"))
panels[0, 0].set_ylabel("products for each pixel")
panels[1, 0].set_ylabel("from an even input")
lesson.save(figure, "07/checkerboard.png")

# %% [markdown]
# ![how many products reach each pixel, and what random weights draw](out/07/checkerboard.png)
#
# Above: how many products are added up for each pixel, away from the edges. Below: what weights
# from N(1, 0.3²) make of an even input. Kernels of 3 and 5 draw the checkerboard by their counts. A
# kernel of 4 has even counts, and still four weights of its own for each of the four places in a
# block of 2 × 2 pixels: it need not draw a pattern, but it can. Upsampling draws none here. It
# costs 9 products for each pixel where the kernel of 4 costs 4, since it convolves the large
# picture. Of the networks that tinygan trains, `dcgan` (lesson 14) has kernels of 5, as the project
# that it follows; `dcgan-cifar10` (lesson 15) has kernels of 4; `gan-cnn` upsamples.
#
# ## Exercises
#
# Fill in `lessons/exercises/07.py`, then: `python -m lessons check 07`
#
# 1. Which sizes of picture does a convolution take to 7 × 7, and to which of them does the
#    transposed one go back? (That is why `nn.ConvTranspose2d` has an `output_padding`.)
# 2. Write any linear map of pictures as a matrix A. Is col2im the adjoint of im2col?
# 3. How much of a picture does a convolution throw away?
# 4. How uneven are the counts of a kernel k with stride s?
