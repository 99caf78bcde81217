# %% [markdown]
# # 03 · Activations, losses, and why logits
#
# **Goal:** what stands between dense layers, what stands after the last one, and why the two are
# best computed together.
# **Builds by hand:** `nn.ReLU`, `nn.LeakyReLU`, `nn.Sigmoid`, `nn.mse`, `nn.bce_with_logits`,
# `nn.softmax_cross_entropy`.
# **You need:** 02. **Time:** seconds. **Next:** 04, Adam.
# **Source:** Maas et al. 2013, "Rectifier nonlinearities improve neural network acoustic models"
# (LeakyReLU); Radford et al. 2016 (its slope of 0.2); Goodfellow, Bengio & Courville 2016, "Deep
# Learning", sections 4.1 (overflow) and 6.2.2 (output units and their losses).
#
# Two dense layers in a chain can do no more than one (lesson 02, exercise 2). With a function
# between them that is not a straight line, they can: an *activation* f, applied *elementwise*, to
# each number by itself, y = f(x). So one x moves only its own y, and the chain rule says
# gx = gy · f′(x).

# %%
import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn

rng = np.random.default_rng(3)

# %% [markdown]
# ## Four activations, each with its derivative
#
#     tanh(x)        in (−1, 1)     f′ = 1 − y²             (lesson 01)
#     s(x) = 1 / (1 + e^−x)   the *sigmoid*, in (0, 1)      f′ = y (1 − y)   (01, exercise 1)
#     ReLU(x) = max(x, 0)           f′ = 1 above 0, else 0
#     LeakyReLU(x) = x above 0, else 0.2 x                  f′ = 1 above 0, else 0.2

# %%
x = np.linspace(-6, 6, 241)  # 0 is among them
s = 1 / (1 + np.exp(-x))
by_hand = {  # y and f′
    "Tanh": (np.tanh(x), 1 - np.tanh(x) ** 2),
    "Sigmoid": (s, s * (1 - s)),
    "ReLU": (np.maximum(x, 0), (x > 0) * 1.0),
    "LeakyReLU": (np.where(x > 0, x, 0.2 * x), np.where(x > 0, 1, 0.2)),
}
theirs = {
    "Tanh": nn.Tanh(),
    "Sigmoid": nn.Sigmoid(),
    "ReLU": nn.ReLU(),
    "LeakyReLU": nn.LeakyReLU(),
}
for name, layer in theirs.items():
    y, slope = by_hand[name]
    gy = rng.standard_normal(x.shape)
    assert np.allclose(layer.forward(x), y, atol=1e-12)
    assert np.allclose(layer.backward(gy), gy * slope, atol=1e-12)
    assert nn.check_gradients(layer, x[x != 0]).worst < 1e-6  # ReLU has no derivative at 0

figure, panels = plt.subplots(1, 2, figsize=(7, 3), layout="constrained")
for name, look in {"Tanh": "C0", "Sigmoid": "C1", "LeakyReLU": "C2", "ReLU": "k--"}.items():
    for axes, values in zip(panels, by_hand[name], strict=True):
        axes.plot(x, values, look, label=name)
panels[0].set(xlabel="x", ylabel="y = f(x)", ylim=(-1.5, 2.5))
panels[1].set(xlabel="x", ylabel="f′(x): the part of gy that gets back", ylim=(-0.05, 1.15))
for edge in (-6, 4):
    panels[1].axvspan(edge, edge + 2, color="0.9", zorder=0)
panels[1].text(-5.9, 1.06, "saturated", color="0.4")
for axes in panels:
    axes.set_xticks((-6, -3, 0, 3, 6))
panels[1].text(5.9, 1.06, "saturated", color="0.4", ha="right")
panels[0].legend(frameon=False, loc="upper left")
lesson.save(figure, "03/saturation.png")

# %% [markdown]
# ![four activations and their derivatives](out/03/saturation.png)
#
# Where tanh and the sigmoid are flat they are *saturated*: f′ is near 0, and nearly nothing of gy
# gets back. At x = 6 the sigmoid passes 0.0025 of it, and even at its best, x = 0, a quarter. Ten
# of them in a chain pass at most 0.25¹⁰, a millionth, apart from what the weights between them do.
# ReLU passes all or nothing, LeakyReLU always something. So these two stand between layers, and the
# other two at the end, where the output must lie in a range.
#
# ## Losses: how wrong is an answer?
#
# For numbers, the *mean squared error*: L = mean (y − t)², t the target. gy = 2 (y − t) / n, with n
# the number of elements.
#
# For a yes or no, the network gives a *probability* p = s(l), and l, any number, is called its
# *logit*: l = log(p / (1 − p)). A loss should be 0 for certainty in the right answer, and large for
# certainty in the wrong one. The *binary cross-entropy* (BCE) does that, for a target t of 1 or 0:
#
#     L = −t log p − (1 − t) log(1 − p)
#
# Its gradient gl by the logit, by the chain rule: ∂L/∂p is −1 / p where t = 1 and 1 / (1 − p) where
# t = 0, and ∂p/∂l = p (1 − p). The products are p − 1 and p, so in both cases
#
#     BCE:            gl = p − t
#     squared error:  gl = 2 (p − t) · p (1 − p)      of L = (p − t)², by the same chain rule
#
# Where the network is sure and wrong, the sigmoid is saturated and p (1 − p) is near 0. The squared
# error keeps that factor, and hardly anything is learned. In BCE the logarithm cancels it.
# (`nn.bce_with_logits` takes the mean of L over its n logits, so its gl is (p − t) / n.)
#
# Written with p, BCE breaks: in float32, p rounds to exactly 1 from l = 17 on, and log(1 − p) is
# −∞. So put the sigmoid into it. −log p = log(1 + e^−l), −log(1 − p) = l + log(1 + e^−l), and
# together
#
#     L = (1 − t) l + log(1 + e^−l)
#       = max(l, 0) − t l + log(1 + e^−|l|)     since log(1 + e^−l) = max(−l, 0) + log(1 + e^−|l|)
#
# The last form raises e only to powers of at most 0, and cannot overflow: it is *numerically
# stable*.


# %%
def naive_bce(l, t):
    p = 1 / (1 + np.exp(-l))
    return -t * np.log(p) - (1 - t) * np.log(1 - p)


def stable_bce(l, t):
    return np.maximum(l, 0) - t * l + np.log1p(np.exp(-np.abs(l)))


def sigmoid(l):
    e = np.exp(-np.abs(l))  # stable too: never above 1
    return np.where(l >= 0, 1, e) / (1 + e)


def squared_error(l, t):
    return (sigmoid(l) - t) ** 2


l = rng.normal(0, 3, 50)
t = (rng.random(50) < 0.5) * 1.0
assert np.allclose(naive_bce(l, t), stable_bce(l, t))  # where both work, they agree
with np.errstate(all="ignore"):
    broken = naive_bce(np.float32([20, 100]), 0)
fine = stable_bce(np.float32([20, 100]), 0)
print(f"l = 20 and 100, t = 0: the plain formula says {broken}, the stable one {fine}")
assert np.isinf(broken).all()
assert 1 / (1 + np.exp(-np.float32(17))) == 1 > 1 / (1 + np.exp(-np.float32(16)))
assert np.allclose(fine, [20, 100])

loss, gl = nn.bce_with_logits(l, t)
assert np.isclose(loss, stable_bce(l, t).mean())
assert np.allclose(gl, (sigmoid(l) - t) / 50)
slopes = nn.numerical_gradient(lambda: stable_bce(l, t).mean(), l)
assert np.allclose(gl, slopes, atol=1e-9)
p = sigmoid(l)
squared, gp = nn.mse(p, t)
assert np.isclose(squared, squared_error(l, t).mean())
slopes = nn.numerical_gradient(lambda: squared_error(l, t).mean(), l)
assert np.allclose(gp * p * (1 - p), slopes, atol=1e-9)  # gp is 2 (p − t) / 50

p = sigmoid(np.float64(-8))  # the answer is yes, t = 1, and the network is sure of no
by_bce, by_squares = p - 1, 2 * (p - 1) * p * (1 - p)
print(f"l = −8, t = 1: gl by BCE {by_bce:.4f}, by squared error {by_squares:.4f}")
assert abs(by_squares) < 1e-3 < 0.99 < abs(by_bce)

# %% [markdown]
# ## More than two classes
#
# One logit for each class k, and the *softmax* p[k] = e^l[k] / Σ_j e^l[j] makes them probabilities
# that add up to 1. The *cross-entropy* is −log p[label] = log Σ_j e^l[j] − l[label]. Its gradient
# is p − t again, where t is 1 for the label and 0 for the others: the slope of log Σ_j e^l[j] by
# l[k] is e^l[k] / Σ_j e^l[j] = p[k]. To subtract the largest logit from all of them multiplies all
# e^l[j] by one number, which cancels in p; and then no e^l[j] can overflow.


# %%
def softmax_loss(l, labels):
    l = l - l.max(axis=1, keepdims=True)  # (N, K)
    return (np.log(np.exp(l).sum(axis=1)) - l[np.arange(len(l)), labels]).mean()


l, labels = rng.normal(0, 3, (6, 4)), np.array([0, 1, 2, 3, 0, 1])
p = np.exp(l) / np.exp(l).sum(axis=1, keepdims=True)
loss, gl = nn.softmax_cross_entropy(l, labels)
assert np.isclose(loss, softmax_loss(l, labels))
assert np.allclose(gl, (p - np.eye(4)[labels]) / 6)
slopes = nn.numerical_gradient(lambda: softmax_loss(l, labels), l)
assert np.allclose(gl.ravel(), slopes, atol=1e-9)
assert np.isfinite(softmax_loss(l * 1000, labels))

# %% [markdown]
# ## Exercises
#
# Fill in `lessons/exercises/03.py`, then: `python -m lessons check 03`
#
# 1. Write log s(l) so that it is right for every l.
# 2. By what factor is the gradient of the squared error smaller than that of BCE?
# 3. A network is sure and wrong, l = −8 with t = 1. How many steps until it is right, by either?
# 4. Make the softmax of two logits the sigmoid of one.
# 5. Ten dense layers with the sigmoid between them, or with ReLU: how much of gy gets back to x?
