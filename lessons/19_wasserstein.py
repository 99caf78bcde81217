# %% [markdown]
# # 19 · Wasserstein, and a penalty on a gradient without autograd
#
# **Goal:** a D whose mark means a distance, how it is trained, and what it is better for.
# **Builds by hand:** `gradient_penalty.gradient_penalty`.
# **You need:** 02, 03, 12, 13, 15, 18. **Time:** seconds. **Next:** 20, failures on purpose.
# **Source:** Arjovsky, Chintala & Bottou 2017, "Wasserstein GAN", sections 2 and 3; Gulrajani et
# al. 2017, algorithm 1 and section 4 (the penalty); Mescheder et al. 2018, section 4.1 (R1).
#
# A D of lesson 12 answers "real or fake?". Its loss does not say how far the fakes have to go: it
# is near 0 as soon as D can tell them apart. So ask for the distance itself.

# %%
import copy
import functools
import itertools

import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn, training
from tinygan.training import gan_loss, gradient_penalty

FAST = lesson.FAST
GAME = 40 if FAST else 400
rng = np.random.default_rng(0)

# %% [markdown]
# ## The distance, from both sides
#
# Take as many fakes y as data x. A plan pairs each y with one x. The *Wasserstein-1 distance*, in
# short W₁, is what the cheapest plan costs: the least mean of |x − y|. (Lesson 18 takes squares,
# |x − y|²: Wasserstein-2.) In one dimension that plan pairs in order, smallest with smallest.
#
# Now let f be any function that never rises faster than its input, |f(x) − f(y)| ≤ |x − y|: it is
# *1-Lipschitz*. For each pair of each plan f(x) − f(y) is at most |x − y|, so
#
#     mean f(x) − mean f(y)  ≤  W₁
#
# and the best f reaches it (the theorem of Kantorovich and Rubinstein; we take it on trust and see
# it below). So a network can *look for* W₁: D plays f and raises mean D(x) − mean D(y) as far as it
# goes. Such a D is called a *critic*: it gives *marks* of any size, which are not beliefs.


# %%
def wasserstein(x, y):
    return np.abs(np.sort(x) - np.sort(y)).mean()


x, y = rng.normal(3, 0.5, 1000), rng.normal(-2, 0.5, 1000)
for f in (np.sin, np.abs, lambda x: np.clip(x, -1, 1), lambda x: x):  # all are 1-Lipschitz
    assert f(x).mean() - f(y).mean() <= wasserstein(x, y) + 1e-12
assert np.isclose(x.mean() - y.mean(), wasserstein(x, y))  # f(x) = x is best if all y are left of x

# %% [markdown]
# ## The penalty
#
# How is D kept from rising faster? By a penalty on its slope at points between data and fakes:
#
#     x̂ = u x + (1 − u) y            u uniform in [0, 1], one for each pair (below: `share`)
#
# Take there g = dD(x̂)/dx̂, one row for each of the N points, and add to D's loss λ P, with
#
#     P = mean (‖g‖ − 1)²            ‖g‖ = sqrt(Σ g²), the length of g
#
# Why to 1, and not only below it? From y to x the best f gains |x − y| for each pair of the
# cheapest plan, so along the line between them its slope is 1. (Our lines join any x to any y: an
# approximation.)
#
# g is the result of a *backward* pass, and D's weights must now learn from it: we need dP/dW, the
# gradient of something made of a gradient. By hand it takes two steps. First, how P changes when g
# does, by the chain rule with d‖g‖/dg = g / ‖g‖:
#
#     v = dP/dg = (2 / N) (‖g‖ − 1) g / ‖g‖
#
# Second, how g changes when W does. Take D(x) = LeakyReLU(x W1 + b1) W2 + b2, where W1 and W2 are
# weights (W₁ is the distance). With s the slopes (1 or 0.2) of LeakyReLU at x̂, D is near x̂ a
# straight line, and so
#
#     g = (s ∘ W2ᵀ) W1ᵀ              ∘ is elementwise; s and W2ᵀ are rows, one for each x̂
#
# Small changes of W change P by Σ v · dg. With v held fixed, Σ v · g is a number:
#
#     Σ v · g = Σ (v W1 ∘ s) W2      D again, applied to v, *without biases* and with s frozen
#
# So dP/dW is the gradient of this *linearised critic* at the input v: one forward, one backward.
# A straight line has no second derivative, so s itself adds nothing. Another P needs another v and
# nothing else: *R1* takes mean ‖g‖² at the data, so that D is flat there, with v = (2 / N) g.


# %%
def toward_1(g):
    """P and v, for slopes g (N, n)."""
    length = np.sqrt((g**2).sum(axis=1, keepdims=True))
    return ((length - 1) ** 2).mean(), 2 / len(g) * (length - 1) * g / length


def toward_0(g):  # R1
    return (g**2).sum(axis=1).mean(), 2 / len(g) * g


def penalty_by_hand(x, W1, b1, W2, target):
    """P at the points x (N, n), and its gradients by W1 (n, h) and W2 (h, 1)."""
    s = np.where(x @ W1 + b1 > 0, 1, 0.2)  # (N, h)
    P, v = target((s * W2.T) @ W1.T)
    hidden = v @ W1 * s  # the linearised critic: forward
    return P, v.T @ (s * W2.T), hidden.sum(axis=0)[:, None]  # and backward


def penalty(D, x, target, weight):
    """weight · P for a D of any layers that have a `jvp`.

    The name is short for Jacobian-vector product. It is the forward of the linearised layer: v goes
    in, and what y changes by, when x changes by v, comes out.
    """
    ones = np.ones_like(D.forward(x))
    P, v = target(D.backward(ones, accumulate=False))
    D.forward(x)  # again: backward has used up what the layers kept
    D.jvp(weight * v)
    D.backward(ones, input_grad=False)  # adds to the gradients
    return weight * P


def dense(rng, *sizes):
    layers = []
    for n, m in itertools.pairwise(sizes):
        layers += [nn.Dense(n, m, rng=rng, std=np.sqrt(2 / n)), nn.LeakyReLU()]
    return nn.Sequential(*layers[:-1])


D = dense(rng, 3, 8, 1)
for param in D.params():
    param.data, param.grad = param.data.astype(float), param.grad.astype(float)
W1, b1, W2, _ = weights = [param.data for param in D.params()]
real, fake = rng.standard_normal((2, 5, 3))
share = np.random.default_rng(7).random((5, 1), np.float32).astype(float)  # as the library draws
between = share * real + (1 - share) * fake
for target in (toward_0, toward_1):
    found = functools.partial(penalty_by_hand, between, W1, b1, W2, target)
    P, *mine = found()
    for W, gW in zip((W1, W2), mine, strict=True):
        measured = nn.numerical_gradient(lambda found=found: found()[0], W)
        assert np.allclose(gW.ravel(), measured, rtol=1e-6, atol=1e-8)
    nn.Adam(D.params()).zero_grad()
    assert np.isclose(penalty(D, between, target, 5), 5 * P)
library = gradient_penalty.gradient_penalty(D, real, fake, rng=np.random.default_rng(7), weight=5)
assert np.isclose(library, 5 * P)
for param, gW in zip(D.params(), (mine[0], 0, mine[1], 0), strict=True):  # biases have none
    assert np.allclose(param.grad, 2 * 5 * gW)  # of both calls

# %% [markdown]
# ## The critic beside a D of lesson 12
#
# Data N(1, 0.1²), fakes N(−1, 0.1²): they never meet. A D and a critic (λ = 10) learn from them
# while G stands still. Then G, one number b that moves the fakes, follows one of them: b grows by
# 0.01 times the mean slope at the fakes, times what G's loss makes of it (lesson 15):
#
#     critic, loss −D(y): 1         D, loss −log d: 1 − d         D, loss log(1 − d): d


# %%
def batch(b):
    """Data and fakes, (128, 1) each."""
    return [rng.normal(mean, 0.1, (128, 1)).astype(np.float32) for mean in (1, b)]


def slope(net, x, factor=np.ones_like):
    return net.backward(factor(net.forward(x)), accumulate=False).mean()


fine = functools.partial(gradient_penalty.gradient_penalty, rng=rng, weight=10)
wgan = {"loss": gan_loss.wasserstein(), "penalty": fine}
critic, D = dense(rng, 1, 32, 32, 1), dense(rng, 1, 32, 32, 1)
adam_c, adam_d = nn.Adam(critic.params(), lr=1e-3, betas=(0.0, 0.9)), nn.Adam(D.params(), lr=1e-3)
for update in range(1, 1001):
    real, fake = batch(-1)
    training.d_step(D, adam_d, real, fake)
    training.d_step(critic, adam_c, real, fake, **wgan)
    if update in (250, 1000):
        steep = slope(D, fake), slope(critic, fake)
        print("{} updates: the logit's slope {:.1f}, the mark's {:.1f}".format(update, *steep))
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
at, paths = np.linspace(-1.6, 1.6, 321, dtype=np.float32).reshape(-1, 1), {}
left.plot(at, critic.forward(at) - critic.forward(at).mean(), "C0", label="critic's mark")
left.plot(at, D.forward(at), "C1", label="D's logit")
for name, net, adam, options, factor in (
    ("critic", critic, adam_c, wgan, np.ones_like),
    ("D, −log d", *copy.deepcopy((D, adam_d)), {}, lambda logits: 1 - nn.sigmoid(logits)),
    ("D, log(1 − d)", D, adam_d, {}, nn.sigmoid),
):
    b, paths[name] = -1.0, []
    while len(paths[name]) < GAME and (not paths[name] or paths[name][-1][0] > 0.1):
        for _ in range(5):  # the critic should be near its best before G listens
            real, fake = batch(b)
            d = training.d_step(net, adam, real, fake, **options)
        guess = d["real_score"] - d["fake_score"]
        paths[name].append((wasserstein(real[:, 0], fake[:, 0]), guess))
        b += 0.01 * slope(net, fake, factor)
    print(f"{name}: distance {paths[name][-1][0]:.2f} after {len(paths[name])} updates of G")
    right.plot(np.array(paths[name])[:, 0], label=name)
guesses = np.array(paths["critic"])
right.plot(guesses[:, 1], "k:", label="the critic's guess of W₁")
for axes in (left, right):
    axes.legend(fontsize="small", loc="upper left" if axes is left else "center right")
left.set(xlabel="x: fakes at −1, data at 1", ylabel="what the network says", title="G stands still")
right.set(xlabel="updates of G", ylabel="distance W₁", title="then G follows")
lesson.save(figure, "19/critic.png")
assert abs(guesses[0, 1] / guesses[0, 0] - 1) < 0.25
assert FAST or [path[-1][0] < 0.1 for path in paths.values()] == [True, True, False]

# %% [markdown]
# ![mark and logit where fakes and data lie apart; how far G has to go](out/19/critic.png)
#
# Left: D's logit rises all the way too, and the longer D has learned, the more steeply: at the
# fakes its slope is 6.5 after 250 updates and 9.5 after 1000. (In four other games, measured
# apart, it was 5.5 to 6.9 and 8.1 to 10.7. The best D's is 2 / 0.1² = 200.) So a G with the loss
# −log d has a direction, and arrives in 21 updates. The critic's G needs 183, by steps of about
# 0.01, since the slope is about 1; a higher lr would make up for that. What the critic gives:
#
# - Its mark means a distance. The guess is W₁, a little too much (exercise 1): the first loss of
#   the course that says how good *fakes* are. D's is near 0 wherever they do not meet.
# - Nothing saturates, though G minimises just what the critic maximises. In the original game of D
#   that is log(1 − d) (lesson 13): d is a factor, here near 0, and G stays where it is.
# - It may be trained to its best before each update of G: the slope stays near 1.
#
# This holds once the critic has the right sign. On a line it turns round slowly, since its slope
# must go through 0, far from 1. In games measured apart, two of four critics still had the wrong
# sign after 250 updates, and one of eight after 1000: its G first went the wrong way. And a G that
# goes on after it has arrived runs off again, by 2.5 or more within 400 updates (three games of
# three, measured apart). So we stop where it arrives.
#
# `python -m tinygan.train wgan-gp` plays this game with clothes: five updates of the critic for
# each of G, λ = 10, Adam with betas (0, 0.9). What it draws is in `benchmarks/results/README.md`.
# What R1, other losses, spectral normalisation and averaged weights do is compared on one small
# game in `19b_keeping_d_smooth.py`.
#
# ## Exercises
#
# Fill in `lessons/exercises/19.py`, then: `python -m lessons check 19`
#
# 1. `best_slope`: how steep the critic gets under the penalty.
# 2. `r1_by_hand`: R1's penalty and its gradients.
# 3. `largest_singular_value`: power iteration.
# 4. `reaches_others`: why a critic may have no BatchNorm.
