# %% [markdown]
# # 16 · Faces, and walks between them
#
# **Goal:** larger pictures, and what lies between two z.
# **Builds by hand:** `training.generate`.
# **You need:** 09, 10, 14, 15. **Time:** about 3 minutes. **Next:** 17, asking for a class.
# **Source:** Radford et al. 2016, sections 6.1 and 6.3.2 (walks, arithmetic); White 2016, "Sampling
# generative networks" (walks on a sphere); the document "Deep Convolutional GANs for Image
# Generation".
#
# The document trains one network on clothes and one on faces of 64 × 64 pixels: the same layers,
# with two more doublings and three channels. Faces do not come with tinygan. Any folder or
# .zip of pictures of faces will do, such as CelebA's `img_align_celeba.zip` from its authors' page
# ("Large-scale CelebFaces Attributes"): say `--faces=THAT`. Without it, clothes stand in.

# %%
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, plots, recipes, training
from tinygan.nn import Adam

FAST = "--fast" in sys.argv  # a shorter run, for testing the lesson itself
OUT = (Path(__file__).parent if "__file__" in globals() else Path()) / "out" / "16"
OUT.mkdir(parents=True, exist_ok=True)
FACES = next((word[8:] for word in sys.argv if word.startswith("--faces=")), None)
rng = np.random.default_rng(0)
if FACES:
    photos, recipe, width = data.load("faces", data_dir=FACES).images, "dcgan-faces", 16
else:
    photos, recipe, width = data.load("fashion-mnist-subset").images, "dcgan-fashion", 32
    print("no faces were named: clothes stand in for them")

# %% [markdown]
# ## Drawing by hand
#
# From lesson 08: in eval mode, so that a picture does not depend on its neighbours, and back to the
# mode that was. From lesson 05: pixels in [−1, 1] are 127.5 (x + 1), whole numbers from 0 to 255.


# %%
def draw(G, z):
    was_training = G.training
    x = G.eval().forward(z)
    if was_training:
        G.train()
    return np.clip(np.rint(127.5 * (x + 1)), 0, 255).astype(np.uint8)


G, D = recipes.get(recipe).networks(rng, width=4 if FAST else width)
adam_g, adam_d = Adam(G.params()), Adam(D.params())
z = rng.standard_normal((6, 100), np.float32)
for _ in range(20 if FAST else 1500 if FACES else 6000):  # updates, the loop of lesson 14
    real = photos[rng.integers(0, len(photos), 32)] / np.float32(127.5) - 1
    fake = G.forward(rng.standard_normal((32, 100), np.float32))
    training.d_step(D, adam_d, real, fake)
    training.g_step(G, D, adam_g, fake)
assert np.array_equal(draw(G, z), training.generate(G, z))
assert np.array_equal(draw(G, z)[:1], draw(G, z[:1]))  # no company needed
assert G.training

# %% [markdown]
# ## How long is a z?
#
# ‖z‖² is a sum of 100 squares of N(0, 1). Each has mean 1 and variance 2, so the sum has mean 100
# and variance 200: ‖z‖ is 10, give or take 0.7. Nearly all of N(0, I) lies in a thin shell, and
# hardly any near its middle, where the density is highest: there is so much more room outside.
#
# On the straight line (1 − t) z0 + t z1 between two of them, which stand at a right angle or
# nearly, the square of the length is 100 ((1 − t)² + t²): half way only 7.1, where G was hardly
# ever asked. A walk along the shell keeps the length. In the plane of z0 and z1, with the angle θ
# between them:
#
#     slerp(t) = (sin((1 − t) θ) z0 + sin(t θ) z1) / sin θ
#
# Check it: for z0 = (1, 0), z1 = (cos θ, sin θ), the second number is sin(t θ), and by the addition
# formula the first is cos(t θ): the point at the angle t θ.


# %%
def straight(z0, z1, t):
    return (1 - t) * z0 + t * z1


def slerp(z0, z1, t):
    cosine = z0 @ z1 / (np.linalg.norm(z0) * np.linalg.norm(z1))
    angle = np.arccos(np.clip(cosine, -1, 1))
    return (np.sin((1 - t) * angle) * z0 + np.sin(t * angle) * z1) / np.sin(angle)


lengths = np.linalg.norm(rng.standard_normal((10_000, 100)), axis=1)
print(f"length of z: {lengths.mean():.2f} ± {lengths.std():.2f}, the shortest {lengths.min():.1f}")
assert abs(lengths.mean() - 10) < 0.1
corner = slerp(np.array([1.0, 0]), np.array([np.cos(1.2), np.sin(1.2)]), 0.3)
assert np.allclose(corner, [np.cos(0.36), np.sin(0.36)])
near = z[0] + 1e-3 * z[1]
assert np.allclose(slerp(z[0], near, 0.3), straight(z[0], near, 0.3), atol=1e-5)

ts = np.linspace(0, 1, 9, dtype=np.float32)
ends = rng.standard_normal((40, 100), np.float32)
x = draw(G, ends).reshape(40, -1).astype(float)
other = [((x - x[i]) ** 2).sum(axis=1).argmax() for i in (0, 1)]  # the picture least like it
pairs = [(ends[i], ends[j]) for i, j in enumerate(other)]
walks = [[walk(a, b, t) for t in ts] for a, b in pairs for walk in (straight, slerp)]
pictures = draw(G, np.float32(walks).reshape(-1, 100))
plots.save_png(OUT / "walks.png", plots.grid(pictures, 9, scale=1 if FACES else 3))
figure, axes = plt.subplots(figsize=(7, 2.6), layout="constrained")
axes.hist(lengths, bins=60, orientation="horizontal", color="0.85", weights=np.full(10_000, 1e-4))
for walk, color, name in (("straight", "C1", "straight"), ("slerp", "C0", "on the shell")):
    line = np.linalg.norm(walks[0 if walk == "straight" else 1], axis=1)
    axes.plot(ts, line, color)
    axes.annotate(name, (ts[4], line[4]), (0, 6), color=color, textcoords="offset points")
axes.set(xlabel="t, and share of 10,000 draws (grey)", ylabel="length of z", ylim=(5, 13))
figure.savefig(OUT / "lengths.png", dpi=120)

# %% [markdown]
# ![two pairs of pictures, each with a straight walk above one on the shell](out/16/walks.png)
# ![the length of z along both walks, and of draws](out/16/lengths.png)
#
# Each walk goes from one picture to that which is least like it among forty. It has no jumps: what
# lies between is drawn as well as G can draw, so it has not learned some photographs by heart. A
# shoe becomes a shirt through things that are neither. The two kinds of walk differ in the length
# of z, and in the pictures less than one might fear.
#
# ## Arithmetic
#
# If G has laid things out in order, the way from dark to bright is the same for all. The paper's
# sum: the mean z of three pictures that show A, minus that of three that show B, plus C. We choose
# by figures and not by eye: how bright the lit pixels are, and how much of the picture is lit.
#
#     bright and small − dark and small + dark and large = bright and large?


# %%
def look(pictures):
    """Brightness of the lit pixels, and the share of lit pixels, for each picture."""
    x = pictures.reshape(len(pictures), -1).astype(float)
    lit = x > 40
    return (x * lit).sum(axis=1) / np.maximum(lit.sum(axis=1), 1), lit.mean(axis=1)


many = rng.standard_normal((500 if FAST else 4000, 100), np.float32)
light, size = look(draw(G, many))
groups = {}
for large, half in zip((False, True), np.split(np.argsort(size), 2), strict=True):
    order = half[np.argsort(light[half])]  # dark first
    groups[False, large], groups[True, large] = np.split(order, 2)


def mean_of_three(bright, large):
    return many[rng.choice(groups[bright, large], 3)].mean(axis=0)


terms = np.array([
    [mean_of_three(True, False), mean_of_three(False, False), mean_of_three(False, True)]
    for _ in range(500)
])  # fmt: skip
sums = terms[:, 0] - terms[:, 1] + terms[:, 2]
sums *= 10 / np.linalg.norm(sums, axis=1, keepdims=True)  # back onto the shell
light_of, size_of = look(draw(G, sums))
goal = groups[True, True]
both = np.mean((light_of >= light[goal].min()) & (size_of >= size[goal].min()))
print(f"bright and large: {both:.0%} of the sums, a quarter of all pictures")
assert both > (-1 if FAST else 0.35)
shown = np.concatenate([terms[:9, 0], terms[:9, 1], terms[:9, 2], sums[:9]])
plots.save_png(OUT / "sums.png", plots.grid(draw(G, shown), 9, scale=1 if FACES else 3))

# %% [markdown]
# ![in each column the mean of A, of B, of C, and A − B + C](out/16/sums.png)
#
# Two thirds of the sums are what was asked for, of pictures in general a quarter. Nobody told G
# what bright or large is. Bright and small, less dark and small, plus a dark shirt: a bright shirt.
#
# ## Exercises (answers: `lessons/answers/16.py`)
#
# 1. How long is z with 2, 100 and 10,000 numbers, and how much does the length vary?
# 2. How long is the mean of three z? Why did the sum have to be brought back onto the shell?
# 3. What is the angle between two z of 100 numbers, and how much does it vary?
