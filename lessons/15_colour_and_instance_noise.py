# %% [markdown]
# # 15 · Colour, and noise on what D sees
#
# **Goal:** pictures in three channels, and what noise on D's input changes and what it does not.
# **Builds by hand:** `nn.GaussianNoise`.
# **You need:** 09, 12 to 14. **Time:** about 3 minutes. **Next:** 16, faces.
# **Source:** Sønderby et al. 2017, appendix (instance noise); Arjovsky & Bottou 2017, section 3;
# Metz et al. 2017 (the ring); Krizhevsky 2009 (CIFAR-10); "CIFAR-10 Image Generation with Deep
# Convolutional GAN", one of the five small student projects whose experiments tinygan covers.
#
# Photographs fill only a thin part of the space of all pictures, and a new G's fakes another: D can
# be sure of everything. That project's remedy is *instance noise*: D sees all pictures through it.

# %%
import itertools

import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, nn, training
from tinygan.errors import UserError

SEEDS, RING, WIDTH, UPDATES = (1, 20, 4, 4) if lesson.FAST else (3, 4000, 16, 2000)
rng = np.random.default_rng(0)

# %% [markdown]
# ## Two slopes
#
# From lesson 12: the best D believes d = p / (p + q), with p the density of the data and q that of
# the fakes. Its loss L is 2 log 2 where q = p. Half of what L lacks of 2 log 2 is the
# *Jensen–Shannon divergence*, JS = log 2 − L / 2: how far p and q are apart, from 0 to log 2.
#
# Take data N(0, σ²) and fakes N(m, σ²), σ = 0.2. The best D's logit is then a straight line:
#
#     log(p / q) = (m² − 2 m x) / (2 σ²)        slope −m / σ²
#
# So the *logit* is steepest where the two are far apart: −75 at m = 3. What G makes of it depends
# on its loss. By the two losses of lesson 13 the fakes are pushed to the data with
#
#     saturating:      mean over q of d · m / σ²           (the slope of 2 JS by m)
#     non-saturating:  mean over q of (1 − d) · m / σ²
#
# (Why the first is a slope of JS: the best D is at a minimum of L, so when m changes, its own
# change counts nothing to first order, and only that of q does.)
#
# Where fakes and data never meet, d is 0 at the fakes and *JS* is flat at log 2: the first push is
# 0. "No gradient" is said of this one; the second is 75. Now add noise from N(0, s²) to what D
# sees: variances of independent numbers add, so σ² becomes 0.04 + s². With s = 1, at m = 3, the
# pushes are 0.3 and 2.6. The saturating G gets a direction from the noise; the non-saturating one
# had it before, and gets a gentler slope.


# %%
def normal(x, mean, variance):
    return np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


def js_and_pushes(m, s):
    """JS, and the saturating and the non-saturating push."""
    x, variance = np.linspace(-15, 20, 20_001), 0.04 + s**2
    logit = (m**2 - 2 * m * x) / (2 * variance)
    p, q = (normal(x, mean, variance) * (x[1] - x[0]) for mean in (0, m))
    loss = (p * np.logaddexp(0, -logit)).sum() + (q * np.logaddexp(0, logit)).sum()
    d = nn.sigmoid(logit)
    return np.log(2) - loss / 2, (q * d).sum() * m / variance, (q * (1 - d)).sum() * m / variance


for m, s in ((0.5, 0), (1, 0.5), (3, 1)):
    slope = (js_and_pushes(m + 1e-4, s)[0] - js_and_pushes(m - 1e-4, s)[0]) / 2e-4
    assert np.isclose(js_and_pushes(m, s)[1], 2 * slope, rtol=1e-4)
assert np.allclose(js_and_pushes(3, 0), [np.log(2), 0, 75])
assert np.allclose(js_and_pushes(3, 1), [0.518, 0.30, 2.58], atol=0.01)

m = np.linspace(0.02, 4, 80)
figure, panels = plt.subplots(1, 3, figsize=(8, 3), layout="constrained")
for s, color in ((0, "k"), (0.5, "C0"), (1, "C1"), (2, "C2")):
    lines = np.array([js_and_pushes(centre, s) for centre in m]).T
    for axes, line in zip(panels, lines, strict=True):
        axes.plot(m, line, color, label=f"s = {s}" if s else "no noise")
for axes, name in zip(panels, ("JS", "saturating push", "non-saturating push"), strict=True):
    axes.set(xlabel="distance m", title=name)
for axes in panels[1:]:
    axes.set(yscale="log", ylim=(1e-4, 200))
figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
lesson.save(figure, "15/smooth.png")

# %% [markdown]
# ![JS and both pushes against the distance of the fakes, for four noises](out/15/smooth.png)
#
# Near the goal noise makes all slopes flatter, so it becomes less while both learn. And a D that
# learns, unlike the best one, knows only places that it has seen: noise shows it more of them.
#
# ## The layer
#
# y = x + s ε with ε from N(0, 1). The noise does not depend on x, so gx = gy.


# %%
def add_noise(x, s, rng):
    return x + np.float32(s) * rng.standard_normal(x.shape, np.float32)


x = rng.standard_normal((4, 8, 8, 3), np.float32)
layer = nn.GaussianNoise(0.1, rng=np.random.default_rng(1))
twin = nn.GaussianNoise(0.1, rng=np.random.default_rng(1))  # the same generator, so the same noise
assert np.allclose(layer.forward(x), x + twin.forward(np.zeros_like(x)))
assert np.array_equal(layer.backward(x), x)
assert abs((add_noise(x, 0.1, rng) - x).std() - 0.1) < 0.01

# %% [markdown]
# ## A game that noise cures
#
# Data in the plane: eight heaps on a ring, N(centre, 0.05²). Both games have the non-saturating
# loss. With s = 1 at first D sees one broad ring; then s falls, and is halved five times.

# %%
CENTRES = 2 * np.stack([(np.cos(k), np.sin(k)) for k in np.arange(8) * np.pi / 4])  # (8, 2)


def dense(rng, *sizes):
    layers = []
    for n, m in itertools.pairwise(sizes):
        layers += [nn.Dense(n, m, rng=rng, std=np.sqrt(2 / n)), nn.LeakyReLU()]
    return nn.Sequential(*layers[:-1])


def play(G, D, lr, draw, updates, first, halvings, rng):
    """A game, with noise s = first at its start. Returns D's mean beliefs at its end."""
    adam_g, adam_d, beliefs = nn.Adam(G.params(), lr=lr), nn.Adam(D.params(), lr=lr), []
    for update in range(updates):
        s = first * 0.5 ** (halvings * update / updates)
        real, z = draw(rng)
        fake = G.forward(z)
        d = training.d_step(D, adam_d, add_noise(real, s, rng), add_noise(fake, s, rng))
        training.g_step(G, D, adam_g, add_noise(fake, s, rng))  # gfake is the same: noise is added
        beliefs.append((d["real_score"], d["fake_score"]))
    return np.mean(beliefs[-100:], axis=0)


def points(rng, n=128):
    heaps = CENTRES[rng.integers(0, 8, n)] + 0.05 * rng.standard_normal((n, 2))
    return heaps.astype(np.float32), rng.standard_normal((n, 8), np.float32)


figure, panels = plt.subplots(2, SEEDS, figsize=(6, 4.4), layout="constrained", squeeze=False)
for row, (first, name) in zip(panels, ((0, "no noise"), (1, "noise")), strict=True):
    for seed, axes in enumerate(row):
        rng = np.random.default_rng(seed)
        G, D = dense(rng, 8, 64, 64, 2), dense(rng, 2, 64, 64, 1)
        beliefs = play(G, D, 1e-3, points, RING, first, 5, rng)
        fakes = G.forward(points(rng, 1000)[1])
        near = np.linalg.norm(fakes[:, None] - CENTRES, axis=2) < 0.15  # 3 standard deviations
        heaps = (near.mean(axis=0) > 0.01).sum()
        print(f"{name}, seed {seed}: {heaps} heaps, {near.any(axis=1).mean():.0%} of the fakes on "
              "them; D's belief: data {:.2f}, fakes {:.2f}".format(*beliefs))  # fmt: skip
        assert lesson.FAST or (heaps >= 6 if first else heaps < 6)
        axes.plot(*CENTRES.T, "o", color="0.85", ms=9)
        axes.plot(*fakes.T, "C1.", ms=1.5)
        axes.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal", title=f"{name}: {heaps} of 8")
figure.supxlabel("first coordinate")
figure.supylabel("second coordinate")
lesson.save(figure, "15/ring.png")

# %% [markdown]
# ![fakes on the ring, three games without noise and three with it](out/15/ring.png)
#
# Grey: the heaps. Orange: 1,000 fakes. A heap counts as found if more than 1 % of the fakes are
# within 3 standard deviations of its centre. Without noise G ends on one to four heaps: mode
# collapse (lesson 13). With noise it finds seven or eight in all three seeds, and D's beliefs are
# nearer to 1/2. About half of the fakes (40 to 53 %) still lie beside the heaps, most of them on
# the ring.
#
# ## Colour
#
# A colour picture has three numbers a pixel, (N, 32, 32, 3): a convolution has three channels in.
# CIFAR-10 has 50,000 such photographs. Get its *binary version* from
# https://www.cs.toronto.edu/~kriz/cifar.html and name its folder in $TINYGAN_DATA. Without it a
# stand-in serves: clothes with a border, their black replaced by a random colour for each.


# %%
def tinted(photos, rng):
    share = np.pad(photos, ((0, 0), (2, 2), (2, 2), (0, 0))) / 255
    colours = rng.integers(0, 160, (len(photos), 1, 1, 3))
    return np.rint(share * 255 + (1 - share) * colours).astype(np.uint8)


try:
    photos = data.load("cifar10").images
except UserError:
    photos = tinted(data.load("fashion-mnist-subset").images, rng)
    print("no CIFAR-10 here: coloured clothes stand in for it")


def convolutional(rng, c):
    twice = {"stride": 2, "padding": 1, "rng": rng}
    G = [nn.Reshape((1, 1, 100)), nn.ConvTranspose2d(100, 4 * c, 4, bias=False, rng=rng)]
    for c_in, c_out in ((4 * c, 2 * c), (2 * c, c)):
        G += [nn.BatchNorm(c_in), nn.ReLU()]
        G += [nn.ConvTranspose2d(c_in, c_out, 4, bias=False, **twice)]
    G += [nn.BatchNorm(c), nn.ReLU(), nn.ConvTranspose2d(c, 3, 4, **twice), nn.Tanh()]
    D = [nn.Conv2d(3, c, 4, **twice), nn.LeakyReLU()]
    for c_in, c_out in ((c, 2 * c), (2 * c, 4 * c)):
        D += [nn.Conv2d(c_in, c_out, 4, bias=False, **twice), nn.BatchNorm(c_out), nn.LeakyReLU()]
    return nn.Sequential(*G), nn.Sequential(*D, nn.Conv2d(4 * c, 1, 4, rng=rng), nn.Flatten())


def pictures(rng, n=32):
    real = photos[rng.integers(0, len(photos), n)] / np.float32(127.5) - 1
    return real, rng.standard_normal((n, 100), np.float32)


same_z, rows = rng.standard_normal((12, 100), np.float32), {}
for first, name in ((0, "no noise"), (0.1, "noise")):
    rng = np.random.default_rng(0)
    G, D = convolutional(rng, WIDTH)
    beliefs = play(G, D, 2e-4, pictures, UPDATES, first, 4, rng)
    rows[f"{name},\n{UPDATES} updates"] = training.generate(G, same_z)
    print("colour, {}: D's belief: photographs {:.2f}, fakes {:.2f}".format(name, *beliefs))
lesson.sheet("15/colour.png", {**rows, "real": photos[:12]})

# %% [markdown]
# ![twelve noises after a game without noise and one with it, and real pictures](out/15/colour.png)
#
# Here noise changes little. D believes photographs with about 0.9 and fakes with 0.1 either way.
# The distance to unseen pictures (fd, lesson 17) was 52, 41 and 60 with noise and 71, 42 and 58
# without (three seeds, measured apart): by these figures noise neither helps nor harms this game.
#
# ## Exercises
#
# Fill in `lessons/exercises/15.py`, then: `python -m lessons check 15`
#
# 1. `noise_for_slope`: how wide the noise must be for a slope of D's logit.
# 2. `where_js_is_flat`: from which distance on JS is within 0.01 of log 2.
# 3. `has_direction`: which G is told the way, with which loss and noise.
