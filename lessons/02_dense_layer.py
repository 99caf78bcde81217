# %% [markdown]
# # 02 · A dense layer and the chain rule
#
# **Goal:** derive the three gradients of a layer, check them, and chain two layers.
# **Builds by hand:** `nn.Dense`, `nn.Sequential`.
# **You need:** 01. **Time:** seconds. **Next:** 03, activations and losses.
# **Source:** Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating
# errors", equations 6 and 7; Baydin et al. 2018, section 3.2 (what a backward costs).
#
# A *layer* turns an array x into an array y. A *batch* is N examples at once, one in each row of
# x. In a *dense* layer every output is a weighted sum of every input:
#
#     y = x W + b           x (N, n_in),  W (n_in, n_out),  b (n_out,),  y (N, n_out)
#     y[n,j] = Σ_i x[n,i] W[i,j] + b[j]
#
# The *weights* W and the *bias* b, which is added to every row, are its *parameters*: the numbers
# to be learned. A *loss* L, one number, says how wrong y is: here half the sum of (y − wanted)².

# %%
import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn

rng = np.random.default_rng(2)

# %% [markdown]
# ## Three gradients, one element at a time
#
# The *gradient* of L by an array has its shape and holds, for each element, how fast L rises with
# it: gy = ∂L/∂y, and so gx, gW, gb. The loss gives gy: here y − wanted. The *chain rule* gives the
# others: a small change of one number changes every y that depends on it, each of these changes L,
# and the effects add up.
#
#     W[i,j] moves y[n,j] in every row n, by x[n,i]:         gW[i,j] = Σ_n x[n,i] gy[n,j]
#     b[j] moves y[n,j] in every row n, by 1:                gb[j]   = Σ_n gy[n,j]
#     x[n,i] moves y[n,j] in every column j, by W[i,j]:      gx[n,i] = Σ_j gy[n,j] W[i,j]
#
# A matrix product sums over its left side's last index and its right side's first. So x must be
# transposed (ᵀ: rows become columns) in the first line, and W in the last:
#
#     gW = xᵀ gy   (n_in, N) (N, n_out)              gx = gy Wᵀ   (N, n_out) (n_out, n_in)
#
# The shapes help to remember it: only one product of x and gy has the shape of W. The *backward* of
# a layer takes gy, stores the gradients of its parameters, and returns gx. It needs the x of the
# forward before it, so forward keeps x. What is kept is called a *cache*. In a chain the y of one
# layer is the x of the next. So the gx of the next is the gy of the one: backward starts at the
# last layer and ends at the first.


# %%
class HandDense:
    def __init__(self, n_in, n_out):
        self.W, self.b = rng.normal(size=(n_in, n_out)), rng.normal(size=n_out)

    def forward(self, x):
        self.x = x  # kept for backward
        return x @ self.W + self.b

    def backward(self, gy):
        self.gW, self.gb = self.x.T @ gy, gy.sum(axis=0)
        return gy @ self.W.T  # gx


class Chain:
    def __init__(self, *layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, gy):
        for layer in reversed(self.layers):
            gy = layer.backward(gy)
        return gy


N, n_in, n_out = 6, 4, 3
x, wanted = rng.normal(size=(N, n_in)), rng.normal(size=(N, n_out))  # float64, for the checks
one, two = HandDense(n_in, 5), HandDense(5, n_out)
chain = Chain(one, two)
y = chain.forward(x)
gy = y - wanted
gx = chain.backward(gy)
arrays, gradients = [one.W, one.b, two.W, two.b], [one.gW, one.gb, two.gW, two.gb]
for array, gradient in zip([x, *arrays], [gx, *gradients], strict=True):  # measured, as in 01
    slopes = nn.numerical_gradient(lambda: ((chain.forward(x) - wanted) ** 2).sum() / 2, array)
    assert np.allclose(gradient, slopes.reshape(array.shape), rtol=1e-7, atol=1e-7)

# %% [markdown]
# tinygan keeps each parameter's numbers in `data` and its gradient in `grad`. Its backward *adds*
# to `grad`, which is 0 at the start (with `accumulate=False` it leaves `grad` alone):

# %%
theirs = nn.Sequential(nn.Dense(n_in, 5, rng=rng), nn.Dense(5, n_out, rng=rng))
for param, array in zip(theirs.params(), arrays, strict=True):
    param.data, param.grad = array, np.zeros_like(array)
assert np.allclose(theirs.forward(x), y, rtol=1e-12)
assert np.allclose(theirs.backward(gy), gx, rtol=1e-12)
for param, gradient in zip(theirs.params(), gradients, strict=True):
    assert np.allclose(param.grad, gradient, rtol=1e-12)

# %%
sizes, chosen = {"n": N, "i": n_in, "j": n_out, "1": 1}, {"n": 2, "i": 3, "j": 1, "1": 0}
maps = {"x": "Blues", "W": "Oranges", "b": "Oranges", "y": "Greens", "1": "Greys"}
figure, axes = plt.subplots(figsize=(7, 3.3), layout="constrained")
for equation, (left, middle) in {
    "_x_ni ·_W_ij +_b_1j =_y_nj": (0, 0), "_xᵀ_in ·_gy_nj =_gW_ij": (20, 0),
    "_gy_nj ·_Wᵀ_ji =_gx_ni": (0, 9), "_1_1n ·_gy_nj =_gb_1j": (20, 9),
}.items():  # fmt: skip
    for sign, name, pair in (word.split("_") for word in equation.split()):  # pair: rows, columns
        h, w = sizes[pair[0]], sizes[pair[1]]
        dark = [[k not in equation[-2:] or at == chosen[k] for at in range(sizes[k])] for k in pair]
        axes.text(left + 0.7, middle, sign, ha="center", va="center")
        edges = left + 1.4 + np.arange(w + 1), middle - h / 2 + np.arange(h + 1)
        look = {"cmap": maps[name.strip("gᵀ")], "clim": (-0.4, 1.4), "edgecolors": "w"}
        axes.pcolormesh(*edges, np.outer(*dark), **look)
        axes.text(left + 1.4, edges[1][0] - 0.3, f"{name} ({h}, {w})", size=9)
        left += 1.4 + w
axes.set(xlim=(1, 40), ylim=(12.2, -4.2), aspect="equal")
axes.axis("off")
lesson.save(figure, "02/shapes.png")

# %% [markdown]
# ![the four products of matrices, to scale](out/02/shapes.png)
#
# The sizes are to scale. Dark: one number of the result, and all numbers that it is made of. gb is
# drawn as a product too: a row of N ones times gy. gW and gx each take N · n_in · n_out
# multiplications, as many as y: a backward costs two forwards.
#
# Textbooks call gx a *vector–Jacobian product* gy J, with gy written as one row, and the *Jacobian*
# J: the table of all slopes ∂y/∂x, a row for each number of y and a column for each of x. Here it
# is measured for the chain, with a step of 1: y is a weighted sum of x, a straight line in every
# direction, so a difference over any step is its slope exactly. Then follows the size of J for a
# real layer: nobody builds it.

# %%
nudges = np.eye(x.size).reshape(-1, N, n_in)  # each adds 1 to another element of x
J = np.stack([(chain.forward(x + nudge) - y).ravel() for nudge in nudges], axis=1)
assert np.allclose(gy.ravel() @ J, gx.ravel())
print(f"J {J.shape} has {J.size} numbers, {np.mean(abs(J) > 1e-9):.0%} of them not 0; "
      f"gx has {gx.size}")  # fmt: skip
x_size, y_size = 128 * 784, 128 * 256
print(f"128 images, 784 → 256: J {x_size * y_size * 4e-9:.0f} GB, gx {x_size * 4e-6:.1f} MB")
assert np.allclose(J, np.kron(np.eye(N), (one.W @ two.W).T))  # the same table for each example

# %% [markdown]
# An example's y does not depend on the other examples: only 1 in N = 6 of J's numbers is not 0.
#
# ## Exercises
#
# Fill in `lessons/exercises/02.py`, then: `python -m lessons check 02`
#
# 1. Write the backward of a dense layer from memory.
# 2. Two dense layers in a chain can do no more than one. Find the W and b of that one.
# 3. The batch is too large for the memory. Find gW from parts of it.
# 4. Count the multiplications of gy W₂ᵀ W₁ᵀ taken from the left, as backward does, and from the
#    right.
