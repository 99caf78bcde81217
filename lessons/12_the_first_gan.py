# %% [markdown]
# # 12 · The first GAN
#
# **Goal:** two networks that teach each other: first numbers, where all is a formula, then clothes.
# **Builds by hand:** `training.d_step`, `training.g_step`.
# **You need:** 02 to 05, 08, 09. **Time:** about 1 minute. **Next:** 13, when D wins.
# **Source:** Goodfellow et al. 2014, "Generative adversarial nets", section 3, algorithm 1,
# proposition 1; the networks for clothes: "Project deep unsupervised learning", one of the five
# small student projects whose experiments tinygan covers.
#
# A *generative adversarial network* (GAN) is not told what makes a picture good: it learns that.
# A *generator* G turns random numbers z, the *noise*, into a picture. A *discriminator* D gives a
# picture a logit l (lesson 03): d = sigmoid(l) is its *belief* that the picture is *real*, from the
# data, and not *fake*, from G. D learns to tell them apart, and G learns to be taken for real.

# %%
import copy
import itertools

import lesson
import matplotlib.pyplot as plt
import numpy as np
import replay

from tinygan import data, nn, training
from tinygan.models import gan

EPOCHS, PICTURES = (2, 640) if lesson.FAST else (51, 5888)  # of the clothes
rng = np.random.default_rng(0)

# %% [markdown]
# ## One update of each
#
# D's loss is the binary cross-entropy of lesson 03, with target 1 for real pictures and 0 for
# fakes, added up. G wants D to answer 1 to its fakes: its loss has that target. The gradient goes
# back through D to the picture (how should each pixel change to look more real?) and on through G.
# D only passes it on: if its own weights learned from this, it would learn to call fakes real.
#
# A layer keeps the numbers of one forward only. So each backward of D follows its own forward at
# once. G draws `fake` before both functions, and keeps what its backward needs until g_step.
# (`nn.Adam` has β = (0.5, 0.999) unless it is told otherwise.)


# %%
def d_step(D, adam, real, fake):
    adam.zero_grad()
    real_loss, glogits = nn.bce_with_logits(D.forward(real), 1.0)
    D.backward(glogits)
    fake_loss, glogits = nn.bce_with_logits(D.forward(fake), 0.0)
    D.backward(glogits)  # adds to the gradients of the real half
    adam.step()
    return real_loss + fake_loss


def g_step(G, D, adam, fake):
    adam.zero_grad()
    loss, glogits = nn.bce_with_logits(D.forward(fake), 1.0)
    gfake = D.backward(glogits, accumulate=False)  # D's gradients stay as they are
    G.backward(gfake)
    adam.step()
    return loss


# %% [markdown]
# ## What is the best D?
#
# Let p(x) be the density of the data (lesson 09), q(x) that of the fakes. At one place x, D loses
#
#     −p log d − q log(1 − d)
#
# The derivative by d, −p / d + q / (1 − d), is 0 where d = p / (p + q). Where q = p the best D can
# only say 1/2, and its loss is −2 log ½ = 1.386: a guess. To see it, take data from N(3, 0.5²) and
# a G of two numbers, x = W z + b with z ~ N(0, 1). Then q is N(b, W²) at every moment.


# %%
def normal(x, mean, std):
    return np.exp(-(((x - mean) / std) ** 2) / 2) / (abs(std) * np.sqrt(2 * np.pi))


def batch(n=256):
    """Data (n, 1) and noise (n, 1)."""
    return rng.normal(3, 0.5, (n, 1)).astype(np.float32), rng.standard_normal((n, 1), np.float32)


G = nn.Sequential(nn.Dense(1, 1, rng=rng))
G.layers[0].W.data[:] = 1  # and b is 0: at first x is z itself
D = nn.Sequential(nn.Dense(1, 64, rng=rng, std=1), nn.Tanh(), nn.Dense(64, 1, rng=rng, std=0.1))
adam_g, adam_d = nn.Adam(G.params(), lr=3e-3), nn.Adam(D.params(), lr=1e-2)
for _ in range(500):  # D alone: G stands still
    real, z = batch()
    d_step(D, adam_d, real, G.forward(z))
x = np.linspace(-3, 6, 181, dtype=np.float32).reshape(-1, 1)
p, q = normal(x, 3, 0.5), normal(x, 0, 1)
off = np.abs(nn.sigmoid(D.forward(x)) - p / (p + q))[(x > -2) & (x < 4)].max()
print(f"D against a G that stands still: off from p / (p + q) by {off:.2f} at most")
assert off < 0.2
at = np.float32([[-1], [0], [1]])  # three fakes: at first x is z
logits = D.forward(at)
slope = D.backward(np.ones_like(logits), accumulate=False)  # dl/dx
push = (1 - nn.sigmoid(logits)) * slope
for name, numbers in (("dl/dx", slope), ("(1 − d) dl/dx", push)):
    print(f"at z = −1, 0, 1: {name} is", *(f"{number:.2f}" for number in numbers[:, 0]))
assert push[2] > push[0]

after = []
for steps in ((d_step, g_step), (training.d_step, training.g_step)):  # from the same start
    g, d = copy.deepcopy((G, D))
    fake = g.forward(z)
    steps[0](d, nn.Adam(d.params()), real, fake)
    steps[1](g, d, nn.Adam(g.params()), fake)
    params = g.params() + d.params()
    after.append(np.concatenate([[*a.data.ravel(), *a.grad.ravel()] for a in params]))
assert np.allclose(*after, rtol=1e-6, atol=1e-8)

# %% [markdown]
# ## The game
#
# Now both learn by turns. G never sees the data: all it knows of them is D's gradient.


# %%
def show(axes, step):
    b, W = float(G.layers[0].b.data[0]), float(G.layers[0].W.data[0, 0])
    q = normal(x, b, W)
    axes.fill_between(x[:, 0], p[:, 0], color="0.8", label="p: data")
    axes.plot(x, q, "C1", label="q: fakes")
    axes.plot(x, nn.sigmoid(D.forward(x)), "C0", label="D's belief")
    axes.plot(x, p / (p + q), "k:", label="p / (p + q)")
    axes.set_title(f"{step} updates\nb = {b:.2f}, W = {W:.2f}", size="medium")
    axes.set(xlabel="x", ylim=(0, 1.05))
    return b, W


def of_g(G):
    """For the page: densities, and JS = log 2 − L / 2, with L the best D's loss: 0 where q = p."""
    q = normal(x, G.layers[0].b.data[0], G.layers[0].W.data[0, 0])
    best = p / (p + q)
    loss = -(p * np.log(best + 1e-9) + q * np.log(1 - best + 1e-9)).sum() * (x[1] - x[0])
    curves = dict(zip(("p", "q", "p / (p + q)"), np.stack([p, q, best])[..., 0], strict=True))
    return {**curves, "how far q is from p: JS divergence (nats)": np.log(2) - loss[0] / 2}


still, panels = plt.subplots(1, 4, figsize=(8, 3), sharey=True, layout="constrained")
moving, alone = plt.subplots(figsize=(4.5, 3.4), layout="constrained")
moments, frames, path = (0, 600, 1200, 3000), [], []
other = np.random.default_rng(1)  # for the page, so that the game is the same without it
some = other.normal(3, 0.5, (150, 1)).astype(np.float32)
game = replay.Game(G, D, some, np.sort(other.standard_normal((24, 1), np.float32), 0), x, of_g)
for step in range(3001):
    if step in moments:
        show(panels[moments.index(step)], step)
    if step % 50 == 0:
        alone.clear()
        path.append(show(alone, step))
        alone.legend(loc="upper left", fontsize="small")
        frames.append(lesson.frame(moving))
    real, z = batch()
    fake = G.forward(z)
    game.d_learned(d_step(D, adam_d, real, fake))
    game.g_learned(g_step(G, D, adam_g, fake))
panels[0].set_ylabel("density, and belief")
still.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
lesson.save(still, "12/game.png")
lesson.film("12/game.gif", frames)
plt.close(moving)
page = replay.page("one_dimension", "Lesson 12: a game on a line", {"The game": game})
lesson.page("12/game.html", page)
b, W = np.array(path).T
assert W.max() > 1.8 > 0.7 > W[-1] > 0.3
assert abs(b[-1] - 3) < 0.2

# %% [markdown]
# ![the game as it is played: data, fakes and D's belief](out/12/game.gif)
# ![data, fakes and D's belief at four moments of the game](out/12/game.png)
#
# The same game [to watch, update by update](out/12/game.html): look which fakes have the longest
# arrows while q grows wide.
#
# G's loss −log d has the slope d − 1 by the logit (lesson 03), so each fake is pushed to the right
# by (1 − d) · dl/dx. The D that has learned is nearly flat on the left, where it is sure already,
# and steep between the fakes and the data: at first dl/dx is 0.9 at z = −1 and 5.8 at z = 1. So the
# fakes with a large z are pushed most: G moves to the right and grows wider at the same time. (The
# best D would push those on the left most: its logit is log(p / q) = −2 (x − 3)² + x² / 2 + a
# constant at first, so dl/dx = 12 − 3x.) Then D learns that those beyond the data are fake too, and
# G narrows. In the end D's belief is near 1/2 wherever there are data or fakes.
#
# ## The same game with clothes
#
# G: 100 numbers → 256 → 512 → 1024 → 28 · 28 pixels in (−1, 1). D: 784 → 256 → 512 → 1024 → one
# logit. All layers are dense, with LeakyReLU between. Weights from N(0, 2 / n), with n numbers
# coming in, keep the size of the numbers from layer to layer (lesson 05). In the last layer they
# are from N(0, 0.02²), so that tanh and sigmoid begin away from their flat ends.


# %%
def dense(rng, *sizes):
    """The hidden layers: Dense and LeakyReLU from each size to the next."""
    layers = []
    for n, m in itertools.pairwise(sizes):
        layers += [nn.Dense(n, m, rng=rng, std=np.sqrt(2 / n)), nn.LeakyReLU()]
    return layers


def networks(rng):
    hidden, last = dense(rng, 100, 256, 512, 1024), nn.Dense(1024, 784, rng=rng)
    G = nn.Sequential(*hidden, last, nn.Tanh(), nn.Reshape((28, 28, 1)))
    hidden, last = dense(rng, 784, 256, 512, 1024), nn.Dense(1024, 1, rng=rng)
    return G, nn.Sequential(nn.Flatten(), *hidden, last)


(G, D), seed = networks(np.random.default_rng(0)), np.random.default_rng(0)
theirs = gan.dense_generator(seed), gan.dense_discriminator(seed)  # the library's are the same
for mine, library in zip((G, D), theirs, strict=True):
    for a, b in zip(mine.params(), library.params(), strict=True):
        assert np.array_equal(a.data, b.data)
adam_g, adam_d = nn.Adam(G.params(), lr=2e-4), nn.Adam(D.params(), lr=2e-4)
photos = data.load("fashion-mnist-subset").images
images = photos.astype(np.float32) / 127.5 - 1  # in [−1, 1]
z, rows = rng.standard_normal((12, 100), np.float32), {}  # always the same z, to watch G change
for epoch in range(EPOCHS):
    if epoch in (0, 1, 5, 15, 50):
        rows[f"epoch {epoch}"] = training.generate(G, z)  # uint8 pictures
    for some in rng.permutation(len(images))[:PICTURES].reshape(-1, 128):
        fake = G.forward(rng.standard_normal((128, 100), np.float32))
        d_loss, g_loss = d_step(D, adam_d, images[some], fake), g_step(G, D, adam_g, fake)
lesson.sheet("12/clothes.png", {**rows, "photographs": photos[:12]})
print(f"after {epoch + 1} epochs, last batch: D's loss {d_loss:.2f} (a guess: 1.39), "
      f"G's {g_loss:.2f} (0.69)")  # fmt: skip

# %% [markdown]
# ![the same twelve noises as G learns, and twelve photographs](out/12/clothes.png)
#
# The same twelve z, as G learns. Clothes appear and stay grainy: nothing in a dense layer knows
# that two pixels are neighbours.
#
# ## Exercises
#
# Fill in `lessons/exercises/12.py`, then: `python -m lessons check 12`
#
# 1. `best_loss`: the loss of the best D, where q = p and where p and q lie apart.
# 2. `pushes`: how hard D pushes G by −log d, and by log(1 − d), with which the paper begins.
# 3. `likelihood_fit`: data with two humps, and what the likelihood makes of them.
# 4. `two_humps`: what the game makes of them.
