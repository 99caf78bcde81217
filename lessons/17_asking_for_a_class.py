# %% [markdown]
# # 17 · Asking for a class
#
# **Goal:** a GAN that draws what it is asked for, and a training that stops by a rule.
# **Builds by hand:** `nn.Embedding`, `conditional.Conditional`.
# **You need:** 02, 03, 12. **Time:** about 2 minutes. **Next:** 18, measuring pictures.
# **Source:** Mirza & Osindero 2014, "Conditional generative adversarial nets", section 3.2;
# Prechelt 1998, "Early stopping — but when?"; "Generative Adversarial Network (GAN) for Fashion
# MNIST Image Generation", one of the five small student projects whose experiments tinygan covers.
#
# The GANs so far draw what they like. A *conditional GAN* is told a class: G gets the noise z and a
# label, D a picture and a label, and judges whether the two belong together: a fine picture of
# trousers is a fake where a T-shirt was asked for. All that is new is how a label enters a network.

# %%
import copy
import itertools

import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, metrics, nn, training
from tinygan.evaluation.features import extractor_for
from tinygan.models import conditional

EPOCHS, PATIENCE, PICTURES = (2, 30, 64) if lesson.FAST else (400, 30, 960)
rng = np.random.default_rng(0)

# %% [markdown]
# ## A vector for each class
#
# The label 7 is not seven times the label 1, so a label is no number to compute with. Give each
# class a row of numbers of its own, W[label], and let them be learned: an *embedding*. Looking up a
# row is a matrix product in disguise, with a row h that is 1 at the label and else 0 (*one-hot*):
#
#     e = h W             so, from lesson 02,  gW = hᵀ ge
#
# In words: the gradient of a class's row is the *sum* of all ge whose label it is. Labels have no
# gradient: they cannot change a little. The vector e joins the input, [x, e], and a dense network
# takes both. On the way back the gradient of the joined row is cut where it was joined.


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
# We take that project's two classes, pixels in [0, 1], networks half as wide as its own, and its
# three parts. 80 % of the pictures train. 10 %, the *validation* part, are for choosing: after each
# epoch G draws as many pictures, with the same labels, and we measure how far they are from the
# photographs by the *Fréchet distance*, fd. A classifier gives each picture 128 numbers, its
# *features*; fd compares the mean of the features of one set with that of the other, and how they
# vary about it. It is 0 for equal sets, and less is better (lesson 18 derives it).
#
# The best G so far is kept, and when PATIENCE epochs have brought no better one, the training ends:
# *early stopping*. Since we choose by the validation part, its best fd flatters. The last 10 %, the
# *test* part, have had no say and are used once.

# %%
shown = data.load("fashion-mnist-subset")
wanted = np.flatnonzero(shown.labels < 2)  # 0 T-shirt, 1 trousers
train, validation, test = np.split(
    rng.permutation(wanted), [len(wanted) * 8 // 10, len(wanted) * 9 // 10]
)
extractor = extractor_for((28, 28, 1))


def hidden(rng, *sizes):
    layers = []
    for n, m in itertools.pairwise(sizes):
        layers += [nn.Dense(n, m, rng=rng, std=np.sqrt(2 / n)), nn.LeakyReLU()]
    return layers


def fd(G, part, rng):
    """From the photographs of a part to as many drawn with their labels."""
    z = rng.standard_normal((len(part), 100), np.float32)
    drawn = training.generate(G, z, shown.labels[part], low=0)
    return metrics.frechet_distance(
        extractor.features(shown.images[part]), extractor.features(drawn)
    )


to_pixels = nn.Dense(512, 784, rng=rng), nn.Sigmoid(), nn.Reshape((28, 28, 1))
G = conditional.Conditional(  # two numbers for each of the two classes, beside z and the pixels
    nn.Embedding(2, 2, rng=rng), *hidden(rng, 100 + 2, 64, 128, 256, 512), *to_pixels
)
to_logit = nn.Dense(256, 1, rng=rng)
D = conditional.Conditional(
    nn.Embedding(2, 2, rng=rng), *hidden(rng, 784 + 2, 256, 512, 512, 256), to_logit
)
adam_g, adam_d = nn.Adam(G.params(), lr=2e-4), nn.Adam(D.params(), lr=2e-4)
distances = []
for epoch in range(1, EPOCHS + 1):
    for some in rng.permutation(train)[:PICTURES].reshape(-1, 64):
        real, asked = shown.images[some] / np.float32(255), shown.labels[some]
        fake = G.forward(rng.standard_normal((64, 100), np.float32), asked)
        training.d_step(D, adam_d, real, fake, asked)
        training.g_step(G, D, adam_g, fake, asked)
    distances.append(fd(G, validation, np.random.default_rng(1)))  # always the same z
    if distances[-1] == min(distances):
        best, best_G = epoch, copy.deepcopy(G)
    if epoch - best >= PATIENCE:
        break
tested = [fd(net, test, np.random.default_rng(2)) for net in (best_G, G)]
print(f"stopped after {epoch} epochs, {PATIENCE} after the best")
print(f"fd of the G of epoch {best}: validation {min(distances):.1f}, test {tested[0]:.1f}")
print(f"fd of the last G: validation {distances[-1]:.1f}, test {tested[1]:.1f}")
parts = (extractor.features(shown.images[part]) for part in (validation, test))
print(f"fd of the validation photographs to the test photographs: "
      f"{metrics.frechet_distance(*parts):.1f}")  # fmt: skip
assert lesson.FAST or epoch == best + PATIENCE < EPOCHS

figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
axes.semilogy(np.arange(1, epoch + 1), distances, "C0", label="validation")
axes.plot(best, min(distances), "C1o", label="the G that is kept")
axes.axvline(epoch, color="0.6", ls=":", label="the end by the rule")
axes.set(xlabel="epochs", ylabel="fd", yticks=(20, 50, 100, 200, 400))
axes.set_yticks((20, 50, 100, 200, 400), ("20", "50", "100", "200", "400"))
axes.minorticks_off()
axes.legend()
lesson.save(figure, "17/stopping.png")

# %% [markdown]
# ![the distance to the validation pictures, and the epoch that is kept](out/17/stopping.png)
#
# The rule ended this training after 295 epochs. On the test part the G that is kept has an fd of
# 28.6, the last one 31.6: a small gain, since the distance does not rise again but jumps about, and
# the rule takes one of the luckier epochs. (The validation photographs are 12.1 from the test
# photographs: 120 pictures are few to tell how 128 features vary, and a good part of these
# distances comes from that.) In three trainings with other seeds (measured apart) the rule ended it
# after 246, 150 and 62 epochs; the G that was kept had 29, 43 and 131, the last one 32, 59 and 146.
# The one of 62 had hardly begun: the distance stands still for a while at first, and 30 epochs were
# too little patience. How long may a training go without a record before it is over? Patience is a
# guess, and one that is too short costs far more than the rule gains. The project stops early
# against overfitting: these curves, with 960 pictures and 300 epochs, show none.
#
# ## Does it do as it is asked?

# %%
z = rng.standard_normal((500, 100), np.float32)
asked = np.arange(500) % 2
seen = extractor.classify(training.generate(best_G, z, asked, low=0))
right = np.mean((seen == 1) == (asked == 1))  # trousers or not: T-shirts are also called shirts
print(f"asked for trousers or a T-shirt, it drew what a classifier calls so: {right:.1%}")
assert lesson.FAST or right > 0.9

rows = {
    f"asked for\n{name}": training.generate(best_G, z[:12], np.full(12, label), low=0)
    for label, name in enumerate(("T-shirts", "trousers"))
}
between, (T_shirt, trousers), walk = copy.deepcopy(best_G), best_G.embedding.W.data, []
for share in np.linspace(0, 1, 12, dtype=np.float32):
    between.embedding.W.data[0] = (1 - share) * T_shirt + share * trousers
    walk.append(training.generate(between, z[:1], np.zeros(1, int), low=0)[0])
lesson.sheet("17/asked.png", {**rows, "one z, e from\none to the other": np.array(walk)})

# %% [markdown]
# ![the same noise asked for T-shirts and for trousers, and a walk between](out/17/asked.png)
#
# The first two rows have the same twelve z. In the third row z is kept, and e goes in a straight
# line from one row of W to the other: between them lies no class that G was ever asked for, and it
# fades one garment out and the other in.
#
# ## Exercises
#
# Fill in `lessons/exercises/17.py`, then: `python -m lessons check 17`
#
# 1. `embedding_gradient`: gW from ge, where a label occurs more than once.
# 2. `stopped`: the rule of early stopping, from the distances so far.
# 3. `flattery`: how far below the truth the best of many noisy measurements lies.
# 4. `heeds_the_label`: a D that is not told the label.
