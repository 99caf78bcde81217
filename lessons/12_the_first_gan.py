# %% [markdown]
# # 12 · The first GAN
#
# **Goal:** two networks that teach each other: first numbers, where all is a formula, then clothes.
# **Builds by hand:** `training.d_step`, `training.g_step`.
# **You need:** 02 to 05, 09. **Time:** about 1 minute. **Next:** 13, when the discriminator wins.
# **Source:** Goodfellow et al. 2014, "Generative adversarial nets", section 3, algorithm 1,
# proposition 1 and figure 1; the first dense model of "Project deep unsupervised learning".
#
# A *generative adversarial network* (GAN) is not told what makes a picture good: it learns that.
# A *generator* G turns random numbers z, the *noise*, into a picture. A *discriminator* D gives a
# picture a logit l (lesson 03): sigmoid(l) is its belief that the picture is *real*, from the data,
# and not *fake*, from G. D learns to tell them apart, and G learns to be taken for real.

# %%
import copy
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, nn, plots, recipes, training

FAST = "--fast" in sys.argv  # a shorter run, for testing the lesson itself
OUT = (Path(__file__).parent if "__file__" in globals() else Path()) / "out" / "12"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)

# %% [markdown]
# ## One update of each
#
# D's loss is the binary cross-entropy of lesson 03, with target 1 for real pictures, 0 for fakes,
# added up. G wants D to answer 1 to its fakes: its loss has that target. The gradient goes back
# through D to the picture (how should each pixel change to look more real?) and on through G. D
# only passes it on: if its own weights learned from this, it would learn to call fakes real.
#
# A layer remembers one forward at a time: each backward of D comes right after its own forward,
# and `fake` is drawn once, before both functions, with what G keeps of it waiting for g_step.


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
#     −p log d − q log(1 − d)        with d = sigmoid(l), its belief there
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

after = []
for steps in ((d_step, g_step), (training.d_step, training.g_step)):  # from the same start
    g, d = copy.deepcopy((G, D))
    fake = g.forward(z)
    steps[0](d, nn.Adam(d.params()), real, fake)
    steps[1](g, d, nn.Adam(g.params()), fake)
    params = g.params() + d.params()
    after.append(np.concatenate([[*p.data.ravel(), *p.grad.ravel()] for p in params]))
assert np.allclose(*after, rtol=1e-6, atol=1e-8)

# %% [markdown]
# ## The game
#
# Now both learn by turns. G never sees the data: all it knows of them is D's gradient.

# %%
figure, panels = plt.subplots(1, 4, figsize=(7, 2.6), sharey=True, layout="constrained")
moments = (0, 600, 1200, 3000)
for step in range(3001):
    if step in moments:
        axes, b, W = panels[moments.index(step)], G.layers[0].b.data[0], G.layers[0].W.data[0, 0]
        q = normal(x, b, W)
        axes.fill_between(x[:, 0], p[:, 0], color="0.8")
        for y, style in ((q, "C1"), (nn.sigmoid(D.forward(x)), "C0"), (p / (p + q), "k:")):
            axes.plot(x, y, style)
        axes.set_title(f"{step} updates\nG: b {b:.2f}, W {W:.2f}", size="medium")
        axes.set(xlabel="x", ylim=(0, 1.05))
    real, z = batch()
    fake = G.forward(z)
    d_step(D, adam_d, real, fake)
    g_step(G, D, adam_g, fake)
panels[0].set_ylabel("density, and D's belief")
for text, place, color in (("fakes", (-2.9, 0.42), "C1"), ("data", (2, 0.1), "k"),
                           ("D", (4, 0.9), "C0")):  # fmt: skip
    panels[0].text(*place, text, color=color)
figure.savefig(OUT / "game.png", dpi=120)
assert abs(b - 3) < 0.2
assert abs(abs(W) - 0.5) < 0.2

# %% [markdown]
# ![data, fakes and D at four moments of the game](out/12/game.png)
#
# Grey are the data, orange the fakes, blue what D believes, dotted p / (p + q). G first grows
# wider, since the fakes on its right are taken for real; then it moves, then it narrows. In the end
# D can only say 1/2 wherever there is anything to see.
#
# The same game with clothes. G: 100 numbers → 256 → 512 → 1024 → 784 pixels in (−1, 1); D: 784 →
# 256 → 512 → 1024 → one logit, dense with LeakyReLU between: the first dense model of the document.

# %%
G, D = recipes.get("gan-dense-1").networks(rng)
adam_g, adam_d = nn.Adam(G.params(), lr=2e-4), nn.Adam(D.params(), lr=2e-4)
photos = data.load("fashion-mnist-subset").images
images = photos.astype(np.float32) / 127.5 - 1  # in [−1, 1]
z, rows = rng.standard_normal((12, 100), np.float32), []  # always the same z, to watch G change
for epoch in range(2 if FAST else 51):
    if epoch in (0, 1, 5, 15, 50):
        rows.append(training.generate(G, z))  # uint8 pictures
    for some in rng.permutation(len(images))[: 640 if FAST else 5888].reshape(-1, 128):
        fake = G.forward(rng.standard_normal((128, 100), np.float32))
        d_loss, g_loss = d_step(D, adam_d, images[some], fake), g_step(G, D, adam_g, fake)
sheet = plots.grid(np.concatenate([*rows, photos[:12]]), columns=12, scale=2)
plots.save_png(OUT / "clothes.png", sheet)
print(f"after {epoch} epochs: D's loss {d_loss:.2f} (a guess: 1.39), G's {g_loss:.2f} (0.69)")

# %% [markdown]
# ![the same twelve noises as G learns, and twelve photographs](out/12/clothes.png)
#
# From above: G's pictures of the same twelve z at the start and after 1, 5, 15 and 50 epochs, and
# photographs. Clothes appear and stay grainy: a dense G has no idea that two pixels are neighbours.
#
# ## Exercises (answers: `lessons/answers/12.py`)
#
# 1. Show in numbers that the best D's loss is 2 log 2 where q = p, and 0 where they lie apart.
# 2. How hard does D push G at l = −6 by the loss −log d, how hard by log(1 − d), with which the
#    paper begins? Which G can learn from a D that is sure of itself?
# 3. Give the data two humps, N(−2, 0.5²) and N(3, 0.5²), and keep this G. What does it learn?
