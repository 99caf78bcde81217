# %% [markdown]
# # 08 · Batch normalisation, forward and back
#
# **Goal:** keep the numbers between layers at one size, and carry a gradient back through a mean.
# **Builds by hand:** `nn.BatchNorm`.
# **You need:** 02, 03, 05 (start weights). **Time:** seconds. **Next:** 09, clothes from a
# Gaussian mixture.
# **Source:** Ioffe & Szegedy 2015, "Batch normalization", algorithm 1 and section 3; Radford et al.
# 2016, section 3 (in the networks of lesson 14).
#
# With weights a little too small the numbers shrink from layer to layer, with weights a little too
# large they grow; after ten layers hardly anything is left, or everything is saturated (lesson 03).
# *Batch normalisation* gives each feature (each column of a batch) the mean 0 and the variance 1,
# and then lets two learned numbers, gamma and beta, choose another scale and another mean.

# %%
import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn

rng = np.random.default_rng(8)

# %% [markdown]
# ## Forward
#
# For one feature, with its M values x[m] in the batch, and a tiny ε against division by 0:
#
#     mean = Σ x[m] / M                      var = Σ (x[m] − mean)² / M
#     xhat[m] = (x[m] − mean) / std          std = √(var + ε)
#     y[m] = gamma xhat[m] + beta
#
# ## Backward
#
# beta is added to every row, gamma multiplies xhat: gbeta = Σ gy[m], ggamma = Σ gy[m] xhat[m], and
# what arrives at xhat is g = gamma gy. Now change one x[m]. It changes the xhat[i] in three ways:
#
#     by itself, if i = m                                    1 / std
#     through the mean:  ∂mean / ∂x[m] = 1 / M               −1 / (M std)
#     through std:       ∂std / ∂x[m] = xhat[m] / M          −xhat[i] xhat[m] / (M std)
#
# The third in steps: ∂var / ∂x[m] = 2 (x[m] − mean) / M, since what x[m] does to the mean adds up
# to 0 over all deviations; ∂std / ∂var = 1 / (2 std); ∂xhat[i] / ∂std = −xhat[i] / std.
#
# The chain rule: times g[i], added up over all i.
#
#     gx[m] = (g[m] − Σ g[i] / M − xhat[m] Σ g[i] xhat[i] / M) / std
#           = (g − mean(g) − xhat · mean(g xhat)) / std
#
# To add a number to all x, or to multiply all x − mean by one, changes no xhat (except for ε). So
# no gradient can ask for either: the two means subtract just these two parts from g.


# %%
def forward(x, gamma, beta, eps=1e-5):
    std = np.sqrt(x.var(axis=0) + eps)
    xhat = (x - x.mean(axis=0)) / std
    return gamma * xhat + beta, (xhat, std)


def backward(gy, gamma, cache):
    xhat, std = cache
    g = gamma * gy
    gx = (g - g.mean(axis=0) - xhat * (g * xhat).mean(axis=0)) / std
    return gx, (gy * xhat).sum(axis=0), gy.sum(axis=0)


x, gy = rng.normal(3, 2, (16, 5)), rng.normal(size=(16, 5))
gamma, beta = rng.normal(size=(2, 5))
y, cache = forward(x, gamma, beta)
gradients = backward(gy, gamma, cache)
for array, gradient in zip((x, gamma, beta), gradients, strict=True):  # measured, as in lesson 01
    slopes = nn.numerical_gradient(lambda: (forward(x, gamma, beta)[0] * gy).sum(), array)
    assert np.allclose(gradient.ravel(), slopes, atol=1e-7)
assert np.allclose(gradients[0].sum(axis=0), 0, atol=1e-12)  # nothing asks to shift all x

norm = nn.BatchNorm(5)
for param, array in zip((norm.gamma, norm.beta), (gamma, beta), strict=True):
    param.data, param.grad = array, np.zeros_like(array)
assert np.allclose(norm.forward(x), y)
for theirs, mine in zip(
    (norm.backward(gy), norm.gamma.grad, norm.beta.grad), gradients, strict=True
):
    assert np.allclose(theirs, mine)

# %% [markdown]
# ## Pictures
#
# Between convolutions x is (N, h, w, C). There a feature is a channel: a convolution treats all
# places alike, and so does the layer after it. The mean and the variance of a channel are those of
# all pictures and all places, M = N·h·w values; gamma and beta are (C,). So it is the same layer on
# x written as N·h·w rows of C numbers, and `nn.BatchNorm` always works on the last axis.

# %%
images = rng.normal(3, 2, (4, 6, 6, 5))
as_rows, _ = forward(images.reshape(-1, 5), gamma, beta)
assert np.allclose(norm.forward(images), as_rows.reshape(images.shape))

# %% [markdown]
# ## Train and eval
#
# In training an example's y depends on the rest of its batch. A picture that is drawn later has no
# batch, or one that should not matter. So the layer has two modes. In *train* mode it uses the
# batch's mean and variance and keeps *running statistics* of both, a running mean as in lesson 04;
# in *eval* mode it uses these. The running variance divides by M − 1 in place of M: values are
# nearer to the mean of their own batch than to the true mean, and on average their variance is
# (M − 1) / M of the true one (measured below).

# %%
norm, mean, var = nn.BatchNorm(1), 0.0, 1.0
for _ in range(60):
    batch = rng.normal(3, 2, (32, 1))
    norm.forward(batch)
    mean = 0.9 * mean + 0.1 * batch.mean()
    var = 0.9 * var + 0.1 * batch.var(ddof=1)
assert np.allclose([norm.running_mean[0], norm.running_var[0]], [mean, var], rtol=1e-4)
print(f"running mean {mean:.2f}, running standard deviation {var**0.5:.2f}; the data's: 3 and 2")
assert abs(mean - 3) < 0.5
too_small = rng.normal(3, 2, (5, 100_000)).var(axis=0).mean() / 4  # batches of M = 5
print(f"batches of 5: the variance is {too_small:.3f} of the true one")
assert abs(too_small - 4 / 5) < 0.01

one = np.array([[7.0]])
others = [np.vstack([one, rng.normal(3, 2, (7, 1))]) for _ in range(5)]
in_train = [float(norm.forward(batch)[0, 0]) for batch in others]
norm.eval()
in_eval = [float(norm.forward(batch)[0, 0]) for batch in others]
print("x = 7 in five batches, train mode:", *(f"{y:.2f}" for y in in_train))
print("                        eval mode:", *(f"{y:.2f}" for y in in_eval))
assert np.ptp(in_train) > 0.1 > 1e-9 > np.ptp(in_eval)
assert norm.forward(one).shape == (1, 1)  # a batch of one is possible in eval mode

# %%
figure, panels = plt.subplots(1, 2, figsize=(7, 3), sharey=True, layout="constrained")
for axes, batchnorm in zip(panels, (False, True), strict=True):
    for factor, color in ((0.5, "C0"), (1.0, "k"), (2.0, "C1")):
        signal, sizes = rng.standard_normal((256, 64)), [1.0]
        for _ in range(10):
            signal = signal @ rng.normal(0, factor * (2 / 64) ** 0.5, (64, 64))
            if batchnorm:
                signal = forward(signal, 1, 0)[0]
            signal = np.maximum(signal, 0)  # ReLU
            sizes.append(np.sqrt((signal**2).mean()))
        axes.semilogy(sizes, ".-", color=color)
        place = sizes[-1] * {0.5: 0.35, 1: 1, 2: 2.8}[factor] if batchnorm else sizes[-1]
        axes.text(10.3, place, f"{factor:g} ×", color=color, va="center")
        if batchnorm:
            assert 0.5 < sizes[-1] < 1
    axes.set(title=f"{'with' if batchnorm else 'without'} BatchNorm", xlabel="after layer")
    axes.set_xlim(-0.3, 12.6)
panels[0].set_ylabel("root mean square of the numbers")
lesson.save(figure, "08/sizes.png")

# %% [markdown]
# ![the size of the numbers through ten layers, for three sizes of start weights](out/08/sizes.png)
#
# Ten dense layers with ReLU, and start weights half, once and twice as large as in lesson 05.
# Without BatchNorm a factor of 2 in each layer becomes a factor of a thousand after ten. With it,
# the three curves are one: the size of the weights no longer matters.
#
# ## Exercises
#
# Fill in `lessons/exercises/08.py`, then: `python -m lessons check 08`
#
# 1. Write the gradient by x from memory.
# 2. The forward for pictures, without `reshape`.
# 3. A dense layer stands right before a BatchNorm. Which of the parameters learns nothing?
# 4. All x are multiplied by 10, and 5 is added. By what factors do y and gx change?
# 5. What is y in train mode for a batch of two?
