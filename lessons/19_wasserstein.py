# %% [markdown]
# # 19 · Wasserstein, and a penalty on a gradient without autograd
#
# **Goal:** a D that still points the way when fakes and data lie far apart, and how it is trained.
# **Builds by hand:** `gradient_penalty.gradient_penalty`.
# **You need:** 02, 03, 12, 13, 15. **Time:** seconds. **Next:** 20, failures on purpose.
# **Source:** Arjovsky, Chintala & Bottou 2017, "Wasserstein GAN", sections 2 and 3; Gulrajani et
# al. 2017, "Improved training of Wasserstein GANs", algorithm 1 and section 4.
#
# Lesson 13: once D is sure of all fakes, its belief is flat, and one loss of G falls silent. The
# reason is the question. "Real or fake?" has the same answer for a fake that is nearly right and
# for one that is far off. Ask another: *how far* must the fakes be moved?

# %%
import functools
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn, training
from tinygan.training import gan_loss, gradient_penalty

FAST = "--fast" in sys.argv  # a shorter run, for testing the lesson itself
OUT = (Path(__file__).parent if "__file__" in globals() else Path()) / "out" / "19"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The distance, from both sides
#
# Take as many fakes y as data x. A plan pairs each y with one x. The *Wasserstein distance* is what
# the cheapest plan costs: the least mean of |x − y|. In one dimension that plan pairs in order,
# smallest with smallest.
#
# Now let f be any function that never rises faster than its input, |f(x) − f(y)| ≤ |x − y|: it is
# *1-Lipschitz*. For each pair of each plan f(x) − f(y) is at most |x − y|, so
#
#     mean f(x) − mean f(y)  ≤  Wasserstein distance
#
# and the best f reaches it (the theorem of Kantorovich and Rubinstein; we take it on trust and see
# it below). So a network can *look for* the distance: let D play f and raise mean D(x) − mean D(y)
# as far as it goes. Such a D is called a *critic*: it gives marks without limits, not beliefs.


# %%
def wasserstein(x, y):
    return np.abs(np.sort(x) - np.sort(y)).mean()


x, y = rng.normal(3, 0.5, 1000), rng.normal(-2, 0.5, 1000)
distance = wasserstein(x, y)
for f in (np.sin, np.abs, lambda x: np.clip(x, -1, 1), lambda x: x):  # all are 1-Lipschitz
    assert f(x).mean() - f(y).mean() <= distance + 1e-12
assert np.isclose(x.mean() - y.mean(), distance)  # f(x) = x is the best when all y are left of x
assert distance < np.abs(x - y).mean() + 1e-12  # the plan that pairs as they come

# %% [markdown]
# ## The penalty
#
# How is D kept from rising faster? By a fine. At points x̂ between data and fakes, look at the
# slope g = dD(x̂)/dx̂, one vector for each of the N points, and add to D's loss
#
#     P = λ mean (‖g‖ − 1)²          ‖g‖ = sqrt(Σ g²), the length of g
#
# g is the result of a *backward* pass, and D's weights must now learn from it: we need dP/dW, the
# gradient of something made of a gradient. By hand it takes two steps. First, how P changes when g
# does, from (‖g‖ − 1)² by the chain rule, with d‖g‖/dg = g / ‖g‖:
#
#     v = dP/dg = (2 λ / N) (‖g‖ − 1) g / ‖g‖
#
# Second, how g changes when W does. Take D(x) = LeakyReLU(x W1 + b1) W2 + b2. With s the slopes (1
# or 0.2) of LeakyReLU at x̂, D is near x̂ a straight line, and so
#
#     g = (s ∘ W2ᵀ) W1ᵀ             ∘ is element by element; s and W2ᵀ are rows, one for each x̂
#
# Small changes of W change P by Σ v · dg. With v held fixed, Σ v · g is a number:
#
#     Σ v · g = Σ (v W1 ∘ s) W2     D again, put to v, *without biases* and with s frozen
#
# So dP/dW is the gradient of this *linearised critic* at the input v: one forward, one backward.
# A straight line has no second derivative, so s itself adds nothing.


# %%
def penalty_by_hand(x, W1, b1, W2, weight):
    """P at the points x (N, n), and its gradients by W1 (n, h) and W2 (h, 1)."""
    s = np.where(x @ W1 + b1 > 0, 1, 0.2)  # (N, h)
    g = (s * W2.T) @ W1.T  # (N, n): the slope of D at each point
    length = np.sqrt((g**2).sum(axis=1, keepdims=True))
    P = weight * ((length - 1) ** 2).mean()
    v = 2 * weight / len(x) * (length - 1) * g / length
    hidden = v @ W1 * s  # the linearised critic: forward
    gW2 = hidden.sum(axis=0)[:, None]  # and backward, with gy = 1 for each row
    gW1 = v.T @ (s * W2.T)
    return P, gW1, gW2


D = nn.Sequential(nn.Dense(3, 8, rng=rng, std=1), nn.LeakyReLU(), nn.Dense(8, 1, rng=rng, std=1))
for param in D.params():
    param.data, param.grad = param.data.astype(float), param.grad.astype(float)
W1, b1, W2, b2 = (param.data for param in D.params())
b1[:] = rng.standard_normal(8)
real, fake = rng.standard_normal((2, 5, 3))
share = np.random.default_rng(7).random((5, 1), np.float32).astype(float)  # as the library draws
between = share * real + (1 - share) * fake
P, gW1, gW2 = penalty_by_hand(between, W1, b1, W2, 10.0)
for W, gW in ((W1, gW1), (W2, gW2)):
    slopes = nn.numerical_gradient(lambda: penalty_by_hand(between, W1, b1, W2, 10.0)[0], W)
    assert np.allclose(gW.ravel(), slopes, rtol=1e-6, atol=1e-8)
library = gradient_penalty.gradient_penalty(D, real, fake, rng=np.random.default_rng(7))
assert np.isclose(library, P)
for param, mine in zip(D.params(), (gW1, 0, gW2, 0), strict=True):  # no bias is fined
    assert np.allclose(param.grad, mine)

# %% [markdown]
# ## The critic beside a D of lesson 12
#
# Data N(1, 0.1²), fakes N(−1, 0.1²): they never meet. A D of lesson 12 and a critic look at them.
# Then G, one number b that moves the fakes, learns from the critic. `gan_loss.wasserstein` is
# −mean D(x) and mean D(y) for the critic, −mean D(y) for G, each with gradients of ±1/N.


# %%
def batch(b):
    """Data and fakes, (128, 1) each."""
    return [rng.normal(mean, 0.1, (128, 1)).astype(np.float32) for mean in (1, b)]


def network():
    sizes = (1, 1.0, 32), (32, 0.25, 32), (32, 0.25, 1)
    layers = [(nn.Dense(n, m, rng=rng, std=std), nn.LeakyReLU()) for n, std, m in sizes]
    return nn.Sequential(*sum(layers, ())[:-1])


fine = functools.partial(gradient_penalty.gradient_penalty, rng=rng)
critic, D = network(), network()
adam_c, adam_d = nn.Adam(critic.params(), lr=1e-3, betas=(0.0, 0.9)), nn.Adam(D.params(), lr=1e-3)
loss = gan_loss.wasserstein()
for _ in range(1000):
    real, fake = batch(-1)
    training.d_step(D, adam_d, real, fake)
    training.d_step(critic, adam_c, real, fake, loss=loss, penalty=fine)
at = np.linspace(-1.6, 1.6, 321, dtype=np.float32).reshape(-1, 1)
belief, mark = nn.sigmoid(D.forward(at)), critic.forward(at)

b, guesses = -1.0, []
for _ in range(60 if FAST else 400):
    for _ in range(5):  # the critic should be near its best before G listens
        real, fake = batch(b)
        d = training.d_step(critic, adam_c, real, fake, loss=loss, penalty=fine)
    guesses.append((wasserstein(real[:, 0], fake[:, 0]), d["real_score"] - d["fake_score"]))
    if guesses[-1][0] < 0.1:
        break  # G has arrived
    marks = critic.forward(fake)
    b += 0.01 * critic.backward(np.full_like(marks, 1 / len(fake)), accumulate=False).sum()
guesses = np.array(guesses)
print(f"at first: distance {guesses[0, 0]:.2f}, the critic says {guesses[0, 1]:.2f}")
print(f"after {len(guesses)} updates of G: {guesses[-1, 0]:.2f}, and {guesses[-1, 1]:.2f}")
assert abs(guesses[0, 1] / guesses[0, 0] - 1) < 0.25
assert guesses[-1, 0] < (1.8 if FAST else 0.1)

figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.8), layout="constrained")
for centre, name in ((-1, "fakes"), (1, "data")):
    left.fill_between(at[:, 0], np.exp(-50 * (at[:, 0] - centre) ** 2), color="0.85", lw=0)
    left.text(centre, 0.08, name, ha="center")
left.plot(at, mark - mark.min(), "C0")
left.plot(at, belief, "C1")
left.text(-0.2, 1.95, "critic's mark", color="C0", ha="right")
left.text(0.12, 0.35, "D's belief", color="C1")
left.set(xlabel="x", ylabel="what D says", title="G stands still")
right.plot(guesses[:, 0], "k")
right.plot(guesses[:, 1], "C0--")
right.text(0.55, 0.8, "critic's guess", color="C0", transform=right.transAxes)
right.text(0.55, 0.7, "distance", transform=right.transAxes)
right.set(xlabel="updates of G", ylabel="distance (units of x)", title="then G learns")
figure.savefig(OUT / "critic.png", dpi=120)

# %% [markdown]
# ![critic and D where fakes and data lie apart; the guess as G learns](out/19/critic.png)
#
# Left: D's belief is a cliff with plains on both sides, and a fake on the plain has no way to go.
# The critic is a ramp all the way. Right: it says how far there is to go, a little too much, since
# a fine is no wall (exercise 1). It is the first loss of the course that says how good *fakes* are.
# We stop where G arrives. Going on, it stays there or runs past the data, as the seed will have it:
# to turn round, on a line, the critic's slope must go through 0, where the fine is largest.
#
# `python -m tinygan.train wgan-gp` plays this game with clothes: five updates of the critic for
# each of G, λ = 10, Adam with betas (0, 0.9). What it draws is in `benchmarks/results/README.md`.
#
# ## Exercises (answers: `lessons/answers/19.py`)
#
# 1. All pairs are d apart and the critic is a ramp of slope s. Its loss is −d s + λ (s − 1)². Which
#    s is best, and how far is the guess off for d = 2 and λ = 10?
# 2. Leave the fine out. What does the critic's guess do?
# 3. Why may a critic have no BatchNorm? Show that with it one example's slope is not its own.
