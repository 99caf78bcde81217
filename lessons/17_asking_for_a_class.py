# %% [markdown]
# # 17 · Asking for a class
#
# **Goal:** a GAN that draws what it is asked for, and a training that knows when to stop.
# **Builds by hand:** `nn.Embedding`, `conditional.Conditional`.
# **You need:** 02, 03, 12. **Time:** about 2 minutes. **Next:** 18, measuring pictures.
# **Source:** Mirza & Osindero 2014, "Conditional generative adversarial nets", section 3.2; the
# document "Generative Adversarial Network (GAN) for Fashion MNIST Image Generation".
#
# The GANs so far draw what they like. A *conditional GAN* is told a class: G gets the noise z and a
# label, D a picture and a label, and judges whether the two belong together: a fine picture of
# trousers is a fake where a T-shirt was asked for. All that is new is how a label enters a network.

# %%
import copy
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, metrics, nn, plots, recipes, training
from tinygan.evaluation.features import extractor_for
from tinygan.models import conditional

FAST = "--fast" in sys.argv  # a shorter run, for testing the lesson itself
OUT = (Path(__file__).parent if "__file__" in globals() else Path()) / "out" / "17"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)

# %% [markdown]
# ## A vector for each class
#
# The label 7 is not seven times the label 1, so a label is no number to compute with. Give each
# class a row of numbers of its own, W[label], and let them be learned: an *embedding*. Looking up a
# row is a matrix product in disguise, with a row h that is 1 at the label and else 0 (*one-hot*):
#
#     y = h W             so, from lesson 02,  gW = hᵀ gy
#
# In words: the gradient of a class's row is the *sum* of all gy whose label it is. Labels have no
# gradient: they cannot change a little.
#
# The vector joins the input, [x, y], and a dense network takes both. On the way back the gradient
# of the joined row is cut where it was joined.


# %%
def one_hot(labels, classes):
    return (labels[:, None] == np.arange(classes)).astype(float)


def joined(x, labels, W):
    """What the first dense layer sees: x (N, n) and a row of W (classes, dim) for each label."""
    return np.concatenate([x, one_hot(labels, len(W)) @ W], axis=1)


def cut(gjoined, labels, W):
    """From the gradient of `joined`: gx, and gW."""
    n = gjoined.shape[1] - W.shape[1]
    return gjoined[:, :n], one_hot(labels, len(W)).T @ gjoined[:, n:]


labels, x, gy = np.array([0, 2, 0, 1]), rng.standard_normal((4, 5)), rng.standard_normal((4, 2))
table, first = nn.Embedding(3, 3, rng=rng), nn.Dense(5 + 3, 2, rng=rng, std=1)
for param in table.params() + first.params():
    param.data, param.grad = param.data.astype(float), param.grad.astype(float)
W = table.W.data
y = first.forward(joined(x, labels, W))
gx, gW = cut(first.backward(gy), labels, W)
slopes = nn.numerical_gradient(lambda: (first.forward(joined(x, labels, W)) * gy).sum(), W)
assert np.allclose(gW.ravel(), slopes)
both = conditional.Conditional(table, first)  # the library's
assert np.allclose(both.forward(x, labels), y)
assert np.allclose(both.backward(gy), gx)
assert np.allclose(table.W.grad, gW)

# %% [markdown]
# ## T-shirts or trousers
#
# The document's two classes, pixels in [0, 1], and its three parts. 80 % of the pictures train. 10
# %, the *validation* part, are for choosing: after each epoch G draws as many, with the same
# labels, and the distance between the two sets is taken. (The *Fréchet distance* between
# *features*; lesson 18 says what that is. Here it is enough that less is better.) The best G so far
# is put aside, and when there was no better one for a while, the training ends: *early stopping*.
# Since we chose by the validation part, its best distance flatters; the last 10 %, the *test* part,
# are used once.

# %%
shown = data.load("fashion-mnist-subset")
wanted = np.flatnonzero(shown.labels < 2)  # 0 T-shirt, 1 trousers
train, validation, test = np.split(
    rng.permutation(wanted), [len(wanted) * 8 // 10, len(wanted) * 9 // 10]
)
extractor = extractor_for((28, 28, 1))


def distance(G, part):
    """From the photographs of a part to as many drawn with their labels."""
    z = np.random.default_rng(1).standard_normal((len(part), 100), np.float32)  # always the same
    drawn = training.generate(G, z, shown.labels[part], low=0)
    return metrics.frechet_distance(
        extractor.features(shown.images[part]), extractor.features(drawn)
    )


G, D = recipes.get("cgan").networks(rng, classes=2)
adam_g, adam_d = nn.Adam(G.params(), lr=2e-4), nn.Adam(D.params(), lr=2e-4)
PATIENCE, distances = 40, []
for epoch in range(2 if FAST else 200):
    for some in rng.permutation(train)[: 64 if FAST else len(train) // 64 * 64].reshape(-1, 64):
        real, asked = shown.images[some] / np.float32(255), shown.labels[some]
        fake = G.forward(rng.standard_normal((64, 100), np.float32), asked)
        training.d_step(D, adam_d, real, fake, asked)
        training.g_step(G, D, adam_g, fake, asked)
    distances.append(distance(G, validation))
    if distances[-1] == min(distances):
        best, best_G = epoch, copy.deepcopy(G)
    if epoch - best >= PATIENCE:
        break
print(f"stopped after {epoch + 1} epochs; the best was {best + 1}")
print(f"distance: validation {distances[best]:.1f}, test {distance(best_G, test):.1f}")

# %% [markdown]
# ## Does it do as it is asked?

# %%
z = rng.standard_normal((500, 100), np.float32)
asked = np.arange(500) % 2
seen = extractor.classify(training.generate(best_G, z, asked, low=0))
right = np.mean((seen == 1) == (asked == 1))  # trousers or not: T-shirts are also called shirts
print(f"asked for trousers or a T-shirt, it drew what a classifier calls so: {right:.1%}")
assert right > (0 if FAST else 0.9)

rows = [training.generate(best_G, z[:12], np.full(12, label), low=0) for label in (0, 1)]
between = copy.deepcopy(best_G)
T_shirt, trousers = best_G.embedding.W.data
walk = []
for share in np.linspace(0, 1, 12, dtype=np.float32):
    between.embedding.W.data[0] = (1 - share) * T_shirt + share * trousers
    walk.append(training.generate(between, z[:1], np.zeros(1, int), low=0))
sheet = plots.grid(np.concatenate([*rows, *walk]), columns=12, scale=2)
plots.save_png(OUT / "asked.png", sheet)

figure, axes = plt.subplots(figsize=(7, 2.6), layout="constrained")
axes.semilogy(np.arange(1, len(distances) + 1), distances, "C0")
axes.plot(best + 1, distances[best], "C1o")
axes.annotate("the G that is kept", (best + 1, distances[best]), (0, -16), color="C1",
              textcoords="offset points", ha="right")  # fmt: skip
axes.set(xlabel="epochs", ylabel="validation distance", ylim=(0.6 * distances[best], None))
axes.set_yticks([25, 50, 100, 200, 400], ["25", "50", "100", "200", "400"])
axes.minorticks_off()
figure.savefig(OUT / "stopping.png", dpi=120)

# %% [markdown]
# ![the same noise asked for T-shirts and for trousers, and a walk between](out/17/asked.png)
#
# The first two rows have the same twelve z, asked for T-shirts and for trousers; a few are
# light in both. In the third one z is kept, and the label's vector walks in a straight line from
# one row of W to the other: between them lies no class that G was ever asked for, and it fades one
# garment out and the other in.
#
# ![the distance to the validation pictures, and the epoch that is kept](out/17/stopping.png)
#
# The distance falls in leaps. With a patience of 20 epochs the training would have ended after 69,
# with the G of the 49th and a distance of 41; with 40 it goes on to 20. A patience is a guess at
# how long bad luck lasts. The document speaks of overfitting, which early stopping is meant to end;
# here, with 960 pictures, the distance has not begun to rise after 200 epochs.
#
# ## Exercises (answers: `lessons/answers/17.py`)
#
# 1. gW[labels] += gy looks like a quicker backward of the embedding. Try it with labels 0, 2, 0.
# 2. D is also asked: is this picture of that class? Show that a D that is not told the label leaves
#    G no reason to heed it.
# 3. Choose the lowest of 40 noisy measurements of the same quantity. How far below the truth is it?
