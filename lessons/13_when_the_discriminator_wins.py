# %% [markdown]
# # 13 · When the discriminator wins
#
# **Goal:** see who is winning a game, whether G can come back, and what a game in balance hides.
# **Builds by hand:** `nn.Dropout`.
# **You need:** 04, 06, 12. **Time:** about 2 minutes. **Next:** 14, DCGAN.
# **Source:** Goodfellow et al. 2014, section 3 (the two losses of G); Arjovsky & Bottou 2017,
# "Towards principled methods for training generative adversarial networks", section 2; Srivastava
# et al. 2014 (dropout). The three pairs of networks: "Project deep unsupervised learning", one of
# the five small student projects whose experiments tinygan covers.
#
# That project tries one G against three Ds, and blames the bad pictures of one pair on a D that is
# too strong. So: is the game lost when D is far ahead? And was it D's strength?

# %%
import copy
import itertools

import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, nn, training

SEEDS, TOGETHER, APART, PAIR, WIDTH = (1, 40, 40, 20, 8) if lesson.FAST else (3, 300, 200, 700, 32)
photos = data.load("fashion-mnist-subset").images
images = photos.astype(np.float32) / 127.5 - 1
unseen = data.load("fashion-mnist-subset", "test").images[:256].astype(np.float32) / 127.5 - 1

# %% [markdown]
# ## Dropout: a handicap for D
#
# *Dropout* sets each number to 0 with probability p while training, and divides those that stay by
# 1 − p, so that the mean over many draws is still x. The mask is 1 where a number stays:
#
#     y = x · mask / (1 − p)      mean of y: (1 − p) · x / (1 − p) + p · 0 = x
#
# Each x is multiplied by a constant, so gx = gy · mask / (1 − p), with the same mask. No unit can
# rely on another being there, which makes it harder to learn single pictures by heart.


# %%
def dropout(x, mask, p):
    return x * mask / (1 - p)  # and backward with gy in place of x


layer, twin = (nn.Dropout(0.25, rng=np.random.default_rng(1)) for _ in range(2))
x, gy = np.random.default_rng(0).standard_normal((2, 1000, 50))
mask = twin.draw_mask(x.shape)  # of the same generator, so the same mask
assert np.allclose(layer.forward(x), dropout(x, mask, 0.25))
assert np.allclose(layer.backward(gy), dropout(gy, mask, 0.25))
assert abs(dropout(1.0, twin.draw_mask(x.shape), 0.25).mean() - 1) < 0.02
assert np.array_equal(layer.eval().forward(x), x)  # nothing is dropped when pictures are drawn

# %% [markdown]
# ## Two losses for G
#
# With d = sigmoid(l), D's belief in a fake, the paper offers G two losses with the same aim. From
# lesson 03, dd/dl = d (1 − d), so their gradients by the logit are
#
#     saturating:      log(1 − d)    gradient −d         near 0 where D is sure of the fake
#     non-saturating:  −log d        gradient d − 1      near −1 there
#
# By plain gradient descent a gradient 1000 times shorter is a step 1000 times shorter. Adam divides
# by √v̂ (lesson 04): a loss times 1000 changes nothing, *if it was so from the first step*. But v̂
# remembers some 1 / (1 − β₂) = 1000 updates. A gradient that falls off at once is divided by what
# is remembered, and the step shrinks with it. One that grows at once gives leaps: at most
# (1 − β₁) / √(1 − β₂) = 16 lr for the first and 17 lr for the second. (ε = 10⁻⁸ counts only where
# the gradients themselves are as small.)

# %%
GRADIENTS = {"saturating": lambda d: -d, "non-saturating": lambda d: d - 1}
l = np.linspace(-6, 6, 13)
for name, loss in ("saturating", lambda d: np.log(1 - d)), ("non-saturating", lambda d: -np.log(d)):
    slopes = nn.numerical_gradient(lambda loss=loss: loss(nn.sigmoid(l)).sum(), l)
    assert np.allclose(GRADIENTS[name](nn.sigmoid(l)), slopes, atol=1e-7)

# %% [markdown]
# ## Can G come back?
#
# The dense pair of lesson 12, a quarter as wide. First both learn; then G stands still and D alone
# learns on until it has won; then both again, G by one of the losses. We measure D's mean belief in
# fakes from a *fresh* z: on those that G has just learned from it would flatter G. G's Adam goes on
# with what it remembers, or is new: so we see what is the memory's doing and what the loss's.


# %%
def stack(rng, *sizes, drop=None):  # drop: makes a Dropout
    layers = []
    for n, m in itertools.pairwise(sizes):
        layers += [nn.Dense(n, m, rng=rng, std=np.sqrt(2 / n)), nn.LeakyReLU()]
        layers += [drop()] if drop else []
    return layers


def generator(rng, c):
    hidden, last = stack(rng, 100, 4 * c, 8 * c, 16 * c), nn.Dense(16 * c, 784, rng=rng)
    return nn.Sequential(*hidden, last, nn.Tanh(), nn.Reshape((28, 28, 1)))


def dense(rng, *sizes, drop=None):
    hidden, last = stack(rng, 784, *sizes, drop=drop), nn.Dense(sizes[-1], 1, rng=rng)
    return nn.Sequential(nn.Flatten(), *hidden, last)


def play(G, D, adam_g, adam_d, updates, rng, loss="non-saturating"):
    """A game, without G's updates when loss is None. Returns D's belief after each update."""
    beliefs = []
    for _ in range(updates):
        fake = G.forward(rng.standard_normal((128, 100), np.float32))
        training.d_step(D, adam_d, images[rng.integers(0, len(images), 128)], fake)
        if loss:
            adam_g.zero_grad()
            glogits = GRADIENTS[loss](nn.sigmoid(D.forward(fake))) / np.float32(128)
            G.backward(D.backward(glogits, accumulate=False))
            adam_g.step()
        beliefs.append(belief(D, G.forward(rng.standard_normal((128, 100), np.float32))))
    return beliefs


def belief(D, pictures):
    d = nn.sigmoid(D.eval().forward(pictures)).mean()  # nothing is dropped
    D.train()
    return d


ways = [name + adam for name in GRADIENTS for adam in ("", ", new Adam")]
figure, (axes, after) = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True, layout="constrained")
back = []  # for each seed, each way's updates until D's belief is above 0.2
for seed in range(SEEDS):
    rng = np.random.default_rng(seed)
    G, D = generator(rng, WIDTH // 2), dense(rng, *(WIDTH // 2 * k for k in (4, 8, 16)))
    adams = nn.Adam(G.params()), nn.Adam(D.params())
    line = play(G, D, *adams, TOGETHER, rng) + play(G, D, *adams, APART, rng, None)
    axes.semilogy(line, "k", lw=0.8)
    print(f"D's belief after {APART // 2} updates alone: {line[TOGETHER + APART // 2 - 1]:.4f}, "
          f"after {APART}: {line[-1]:.4f}")  # fmt: skip
    back.append([])
    for color, way in enumerate(ways):
        g, d, adam_g, adam_d = copy.deepcopy((G, D, *adams))
        adam_g = nn.Adam(g.params()) if "new" in way else adam_g
        line = play(g, d, adam_g, adam_d, 150, np.random.default_rng(seed), way.split(",")[0])
        name = way if "new" in way else way + ", old Adam"
        after.loglog(np.arange(1, 151), line, f"C{color}", lw=0.9, label=None if seed else name)
        back[-1].append(1 + np.argmax(np.array(line) > 0.2))
for way, updates in zip(ways, np.transpose(back), strict=True):
    print(f"G is back after {', '.join(map(str, updates))} updates: {way}")
axes.axvspan(TOGETHER, TOGETHER + APART, color="0.92")
axes.set(xlabel="updates (grey: D alone learns)", ylabel="D's belief in fresh fakes")
after.axhline(0.2, color="0.6", linestyle=":", label="back: above 0.2")
after.set_xlabel("updates since both learn again")
axes.legend(*after.get_legend_handles_labels(), loc="lower left", fontsize="small")
lesson.save(figure, "13/back.png")
back = np.array(back)
assert lesson.FAST or ((back[:, 1:] < 20) & (back[:, :1] > 25)).all()

# %% [markdown]
# ![D's belief in fresh fakes: both learn, D alone, and four ways back](out/13/back.png)
#
# After 100 updates alone D believes fresh fakes with less than 0.01, after 200 with 0.001 to 0.002:
# it has won. We call G *back* when that belief is first above 0.2. By the non-saturating loss this
# takes one or two updates, though D goes on learning; by the saturating one 38 to 70 (two of the
# three games then fall below it again for a while, as the picture shows); with a new Adam by either
# about ten. So a D that has won is no dead end here. The two gradients now differ in length by a
# factor of 500 to 1000, which Adam sees through its memory: leaps of many lr by the long one, by
# the short one tiny steps, which grow as d grows. Without Adam the factor acts in full: by plain
# SGD with lr 0.05, a pair of twice the width took 10 updates by the non-saturating loss, and more
# than 500 by the saturating one (three seeds, measured apart).
#
# ## Three pairs
#
# One dense G against three Ds: dense with no dropout; a smaller dense one with dropout 0.5; a
# convolutional one with dropout 0.25 (the project's sizes are twice these). Beside the beliefs we
# measure *variety*: how much 500 pictures of G differ, by the variance of each mean of 2 × 2 pixels
# (which takes out the grain), as a share of that of photographs.


# %%
def convolutional(rng, c, drop):
    layers = []
    for c_in, c_out in ((1, c), (c, 2 * c), (2 * c, 4 * c)):
        convolution = nn.Conv2d(c_in, c_out, 3, stride=2, padding=1, rng=rng)
        layers += [convolution, nn.LeakyReLU(), drop()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dense(4 * 4 * 4 * c, 1, rng=rng))


def variety(pictures):
    return pictures.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).var(axis=0).sum()


c, rows = WIDTH, {}
pairs = {
    "D dense": lambda: dense(rng, 4 * c, 8 * c, 16 * c),
    "D small, dropout": lambda: dense(rng, 4 * c, 2 * c, c, drop=lambda: nn.Dropout(0.5, rng=rng)),
    "D convolutional": lambda: convolutional(rng, c // 2, lambda: nn.Dropout(0.25, rng=rng)),
}
for name, build in pairs.items():
    rng = np.random.default_rng(0)
    G, D = generator(rng, c), build()
    beliefs = play(G, D, nn.Adam(G.params()), nn.Adam(D.params()), PAIR, rng)
    pictures = training.generate(G, rng.standard_normal((500, 100), np.float32))
    rows[name], varied = pictures[:12], variety(pictures) / variety(photos[:500])
    found = np.mean(beliefs[-20:]), belief(D, unseen), varied
    print(f"{name}: belief in fakes %.2f, in photographs %.2f; variety %.2f" % found)
    assert lesson.FAST or (varied > 0.4) == (name == "D dense")
lesson.sheet("13/clothes.png", {**rows, "photographs": photos[:12]})

# %% [markdown]
# ![twelve clothes of each of the three Gs, and photographs](out/13/clothes.png)
#
# D believes fakes and photographs alike, with about 1/2: nobody is ahead in any pair, and a D that
# is too strong is not what happens here. But the beliefs hide something: only the first G draws
# different clothes (variety 0.6 to 0.7 over four seeds, three of them measured apart). The others
# draw *one* picture twelve times (0.01 to 0.06): a blot under grain, and a shape. This is *mode
# collapse*: one picture that passes is enough for G's loss (lesson 20). Why these two Ds let it
# happen, these figures do not tell. After 23,400 updates at full size the second G draws many
# garments under speckle, the third still a few (`benchmarks/results/README.md`).
#
# A training looks for such things by itself: `python -m tinygan.doctor RUN` says what it found. Its
# signs are those of this lesson: logits in place of beliefs, variety, and no verdict by a length.
#
# ## Exercises
#
# Fill in `lessons/exercises/13.py`, then: `python -m lessons check 13`
#
# 1. `ratio`: how much longer one loss's gradient is than the other's.
# 2. `dropout_variance`: dropout leaves the mean of y at x. What does it do to the variance?
# 3. `steps_after_a_change`: what Adam's memory makes of a gradient whose size has changed.
# 4. `designs`: which games would tell what makes the second G collapse.
