# %% [markdown]
# # 15 · Colour, and noise on what D sees
#
# **Goal:** pictures in three channels, and why blurring D's eyes smooths the game.
# **Builds by hand:** `nn.GaussianNoise`.
# **You need:** 09, 12 to 14. **Time:** about 3 minutes. **Next:** 16, faces.
# **Source:** Sønderby et al. 2017, "Amortised MAP inference for image super-resolution", appendix
# (instance noise); Arjovsky & Bottou 2017, section 3; Krizhevsky 2009 (CIFAR-10); the document
# "CIFAR-10 Image Generation with Deep Convolutional GAN".
#
# Photographs fill only a thin part of the space of all pictures, and a new G's fakes another. Where
# the two do not meet, a D can be sure of everything. Instance noise is the cure of the document:
# D sees all pictures, real and fake, through the same noise.

# %%
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, nn, plots, recipes, training
from tinygan.errors import UserError

FAST = "--fast" in sys.argv  # a shorter run, for testing the lesson itself
OUT = (Path(__file__).parent if "__file__" in globals() else Path()) / "out" / "15"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)

# %% [markdown]
# ## What noise does to the game
#
# From lesson 12: the best D believes p / (p + q), and its loss is then
#
#     L = −mean_p log(p / (p + q)) − mean_q log(q / (p + q)),        2 log 2 where q = p
#
# What is missing to 2 log 2, halved, is the *Jensen–Shannon divergence*, JS = log 2 − L / 2: a
# distance between p and q, from 0 to log 2. The saturating G of lesson 13 goes down its slope.
#
# Take data N(0, 0.2²) and fakes N(m, 0.2²). For m = 3 they never meet: JS is log 2, and for m = 2
# it is too. No slope, no way to go. Now add noise from N(0, s²) to both. Variances of independent
# numbers add, so D sees N(0, 0.04 + s²) and N(m, 0.04 + s²): wide, and they meet. The logit of the
# best D is log(p / q), for two Gaussians of the same width σ a straight line:
#
#     log(p / q) = (m² − 2 m x) / (2 σ²)        slope −m / σ²
#
# At m = 3 the slope is 75 without noise and 2.9 with s = 1: the cliff has become a hillside.


# %%
def normal(x, mean, variance):
    return np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


def js(m, s):
    x = np.linspace(-15, 20, 20_001)
    p, q = normal(x, 0, 0.04 + s**2), normal(x, m, 0.04 + s**2)
    tiny = 1e-300  # 0 log 0 is 0
    terms = p * np.log((p + tiny) / (p + q + tiny)) + q * np.log((q + tiny) / (p + q + tiny))
    return np.log(2) + terms.sum() * (x[1] - x[0]) / 2


assert max(abs(js(0, 0)), abs(js(0, 1))) < 1e-6
assert js(3, 2) < js(3, 1) < js(3, 0.5) < js(3, 0)
assert np.isclose(js(2, 0), np.log(2), atol=1e-4)
x, s = 1.3, 1.0
logit = np.log(normal(x, 0, 0.04 + s**2) / normal(x, 3, 0.04 + s**2))
assert np.isclose(logit, (3**2 - 2 * 3 * x) / (2 * (0.04 + s**2)))

m = np.linspace(0, 4, 41)
figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
for s, color, place in ((0, "k", 0.55), (0.5, "C0", 1.45), (1, "C1", 2.3), (2, "C2", 3.3)):
    line = np.array([js(centre, s) for centre in m])
    axes.plot(m, line, color)
    height = np.interp(place, m, line)
    text = f"s = {s}" if s else "no noise"
    axes.annotate(text, (place, height), (6, -10), textcoords="offset points", color=color)
axes.axhline(np.log(2), color="0.7", ls=":")
axes.text(0, np.log(2) + 0.015, "log 2: D is sure of everything", color="0.4")
axes.set(xlabel="distance m of the fakes from the data", ylabel="JS (nats)", ylim=(0, 0.76))
figure.savefig(OUT / "smooth.png", dpi=120)

# %% [markdown]
# ![the divergence against the distance of the fakes, for four noises](out/15/smooth.png)
#
# Black: beyond m = 1 all is as bad as can be, and G is not told where to go. With noise there is a
# slope from far off. Its price: near the goal the slope is flatter, and noisy fakes that match
# noisy data may still be blurred. So the noise becomes less while both learn.
#
# ## The layer
#
# y = x + s ε with ε from N(0, 1). The noise does not depend on x, so gx = gy.


# %%
def add_noise(x, s, rng):
    return x + np.float32(s) * rng.standard_normal(x.shape, np.float32)


x = rng.standard_normal((4, 8, 8, 3), np.float32)
layer, twin = (nn.GaussianNoise(0.1, rng=np.random.default_rng(1)) for _ in range(2))
epsilon = twin.forward(np.zeros_like(x)) / np.float32(0.1)  # of the same generator, so the same ε
assert np.allclose(layer.forward(x), x + np.float32(0.1) * epsilon)
assert np.array_equal(layer.backward(x), x)
assert np.array_equal(layer.eval().forward(x), x)  # no noise when pictures are looked at

# %% [markdown]
# ## Colour
#
# A colour picture has three numbers a pixel: (N, 32, 32, 3), and a convolution just has three
# channels in. CIFAR-10 has 50,000 such photographs, and does not come with tinygan. Get its *binary
# version* from https://www.cs.toronto.edu/~kriz/cifar.html and name its folder in $TINYGAN_DATA.
# Without it a stand-in serves: clothes of Fashion-MNIST with a border, each on a ground of a random
# colour. G must learn that a ground is of one colour, and that any colour will do.


# %%
def tinted(photos, rng):
    """Grey (N, 28, 28, 1) to colour (N, 32, 32, 3), uint8: black becomes the picture's colour."""
    share = np.pad(photos, ((0, 0), (2, 2), (2, 2), (0, 0))) / 255
    colours = rng.integers(0, 160, (len(photos), 1, 1, 3))
    return np.rint(share * 255 + (1 - share) * colours).astype(np.uint8)


try:
    photos = data.load("cifar10").images
except UserError:
    photos = tinted(data.load("fashion-mnist-subset").images, rng)
    print("no CIFAR-10 here: coloured clothes stand in for it")
WIDTH, UPDATES = (4, 4) if FAST else (24, 4000)
G, D = recipes.get("dcgan-cifar10").networks(rng, width=WIDTH)
adam_g, adam_d = nn.Adam(G.params()), nn.Adam(D.params())
same_z, rows, beliefs = rng.standard_normal((12, 100), np.float32), [], []
for update in range(UPDATES + 1):
    if update in (0, UPDATES // 10, UPDATES // 4, UPDATES):
        rows.append(training.generate(G, same_z))
    s = 0.1 * 0.5 ** (4 * update / UPDATES)  # half as wide four times
    real = photos[rng.integers(0, len(photos), 32)] / np.float32(127.5) - 1
    fake = G.forward(rng.standard_normal((32, 100), np.float32))
    d = training.d_step(D, adam_d, add_noise(real, s, rng), add_noise(fake, s, rng))
    training.g_step(G, D, adam_g, add_noise(fake, s, rng))  # the noise is added: gfake is the same
    beliefs.append((d["real_score"], d["fake_score"]))
end = np.mean(beliefs[-50:], axis=0)
print(f"D's belief at the end: photographs {end[0]:.2f}, fakes {end[1]:.2f}")
assert 0 < end[1] < 1
plots.save_png(OUT / "colour.png", plots.grid(np.concatenate([*rows, photos[:12]]), 12, scale=2))

# %% [markdown]
# ![the same twelve noises as G learns, and twelve real pictures](out/15/colour.png)
#
# From above: G's pictures of the same twelve z at the start, after a tenth and a quarter of the
# updates and at the end, then real ones. The colour of the ground comes first and is soon of one
# piece; garments come late. Nobody told G that the three channels belong together.
#
# At the end D believes real pictures with 0.90 and fakes with 0.10: as the noise fades it sees
# more, and is winning. A noise that fades more slowly, or more updates of G, would be the next try.
#
# `python -m tinygan.train dcgan-cifar10 --data-dir DIR` trains on the photographs; what that draws
# is in `benchmarks/results/README.md`, with an fd (lesson 18) of 14.6.
#
# ## Exercises (answers: `lessons/answers/15.py`)
#
# 1. How wide must s be for the slope of D's logit to be at most 1 at m = 3?
# 2. Without noise, how far away may the fakes be before JS is within 0.01 of log 2?
# 3. Noise on D's input is not noise in the fakes. Show that in eval mode G's pictures have none.
