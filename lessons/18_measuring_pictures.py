# %% [markdown]
# # 18 · Measuring pictures
#
# **Goal:** numbers for how good a set of pictures is, and how each of them is fooled.
# **Builds by hand:** `metrics.frechet_distance`, `metrics.prdc`, `metrics.ndb`.
# **You need:** 05, 09, 17. **Time:** seconds. **Next:** 19, Wasserstein.
# **Source:** Heusel et al. 2017, equation 6; Dowson & Landau 1982 (two Gaussians); Kynkäänniemi et
# al. 2019, section 2 (precision and recall); Richardson & Weiss 2018 (NDB); Meehan et al. 2020.
#
# A loss of a GAN says how the game stands, not how good the pictures are. So two *sets* of pictures
# are compared, fakes and photographs. By pixels, alike is what is bright in the same places.
# A classifier (lesson 05) has learned what matters to tell clothes apart; 128 numbers before its
# last layer, the *features*, are what we compare: see whose nearest photograph is of the same kind.

# %%
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, metrics, plots
from tinygan.evaluation.features import extractor_for

FAST = "--fast" in sys.argv  # a shorter run, for testing the lesson itself
OUT = (Path(__file__).parent if "__file__" in globals() else Path()) / "out" / "18"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)
N = 200 if FAST else 500
shown, test = data.load("fashion-mnist-subset"), data.load("fashion-mnist-subset", "test")
order = rng.permutation(1000)[: 2 * N]
photos, fresh = np.split(test.images[order], 2)  # two sets, none in both
kinds = np.split(test.labels[order], 2)
features = extractor_for((28, 28, 1)).features  # (N, 28, 28, 1) to (N, 128)


def distances(a, b):
    return np.stack([np.sqrt(((row - b) ** 2).sum(axis=1)) for row in a])


for name, view in (("pixels", lambda x: x.reshape(len(x), -1) / 255), ("features", features)):
    nearest = distances(view(photos), view(fresh)).argmin(axis=1)
    print(f"nearest by {name}: {np.mean(kinds[0] == kinds[1][nearest]):.0%} of the same kind")

# %% [markdown]
# ## The Fréchet distance
#
# How far is one cloud of points from another? Pair them, each point with one of the other, and take
# the mean squared length of the lines. The best pairing has the least. For two Gaussians on a line,
# x = m_a + s_a z and y = m_b + s_b z′, with z and z′ from N(0, 1):
#
#     mean (x − y)² = (m_a − m_b)² + s_a² + s_b² − 2 s_a s_b · mean(z z′)
#
# and mean(z z′), a correlation, is at most 1, with z′ = z: pair them in order. What is left is
#
#     d² = (m_a − m_b)² + (s_a − s_b)²
#
# In many dimensions means m and covariances S (lesson 09) take their places. If the two clouds have
# the same axes, each axis is a line of its own; in general (Dowson & Landau)
#
#     d² = ‖m_a − m_b‖² + Tr(S_a + S_b − 2 (S_a^½ S_b S_a^½)^½)
#
# Tr adds up the diagonal; S^½ is the symmetric matrix whose square is S: eigenvalues under the
# root.


# %%
def root(S):
    w, V = np.linalg.eigh(S)
    return (V * np.sqrt(np.maximum(w, 0))) @ V.T


def frechet(a, b):
    """Squared, as everybody prints it. a, b: (N, D)."""
    (m_a, S_a), (m_b, S_b) = ((x.mean(axis=0), np.cov(x.T)) for x in (a, b))
    middle = root(root(S_a) @ S_b @ root(S_a))
    return ((m_a - m_b) ** 2).sum() + np.trace(S_a + S_b - 2 * middle)


x, y = rng.normal(0, 1, 2000), rng.normal(3, 2, 2000)
in_order = np.mean((np.sort(x) - np.sort(y)) ** 2)
print(f"pairs as they come {np.mean((x - y) ** 2):.1f}, in order {in_order:.1f}; formula 10")
assert abs(in_order - (3**2 + (2 - 1) ** 2)) < 1
a, b = rng.standard_normal((500, 4)), rng.standard_normal((400, 4)) @ rng.standard_normal((4, 4))
assert np.isclose(frechet(a, b), metrics.frechet_distance(a, b))

# %% [markdown]
# ## Precision and recall
#
# One number cannot tell *bad* from *too few kinds*. So put a ball around each photograph that
# reaches to its k-th nearest photograph: together they are where photographs are. *Precision* is
# the share of fakes inside, *recall* the share of photographs inside the balls of the fakes.


# %%
def share_inside(points, balls, k=5):
    """The share of the points that lie in any of the balls around `balls`."""
    radii = np.sort(distances(balls, balls), axis=1)[:, k]  # column 0 is the point itself
    return (distances(points, balls) <= radii).any(axis=1).mean()


a, b = rng.standard_normal((2, 200, 3)) * [[[1]], [[0.5]]]  # real, and fakes that dare less
library = metrics.prdc(a, b)
assert np.isclose(share_inside(b, a), library["precision"])
assert np.isclose(share_inside(a, b), library["recall"])
assert library["recall"] < library["precision"]

# %% [markdown]
# ## NDB: the number of statistically different bins
#
# No network: sort the training pictures into K bins by their pixels. (*k-means*: K centres, each
# picture to the nearest, each centre to the mean of its pictures, over and over.) A bin *differs*
# when its share of the fakes, q, is not its share of the training pictures, p, beyond chance: with
# r the share of both sets together, |p − q| > 1.96 · sqrt(r (1 − r) (1 / N + 1 / M)).


# %%
def different_bins(counts, centres, pictures):
    rows = pictures.reshape(len(pictures), -1) / 255
    squares = (rows**2).sum(axis=1)[:, None] - 2 * rows @ centres.T + (centres**2).sum(axis=1)
    fakes = np.bincount(squares.argmin(axis=1), minlength=len(centres))
    n, m = counts.sum(), fakes.sum()
    r = (counts + fakes) / (n + m)
    beyond = 1.95996 * np.sqrt(r * (1 - r) * (1 / n + 1 / m))
    return (abs(counts / n - fakes / m) > beyond).sum()


bins = metrics.fit_bins(shown.images[: 500 if FAST else 6000], 30, rng=rng)

# %% [markdown]
# ## How each is fooled
#
# Fakes made without any GAN, each with one known fault. *Copied* are training pictures; *ratio* is
# `metrics.memorisation_ratio`: how near they come to training pictures, beside what fresh
# photographs do (1), down to 0 for copies. The last row are no pictures but features: a Gaussian
# with the photographs' mean and covariance.


# %%
def blur(pictures):
    x = np.pad(pictures.astype(float), ((0, 0), (1, 1), (1, 1), (0, 0)))
    x = sum(x[:, i : i + 28, j : j + 28] for i in range(3) for j in range(3)) / 9
    return np.rint(x).astype(np.uint8)


few = test.images[np.isin(test.labels, (0, 1, 8))]
grain = np.clip(fresh + rng.normal(0, 25, fresh.shape), 0, 255)
sets = {
    "photographs": fresh,
    "blurred": blur(fresh),
    "grainy": grain.astype(np.uint8),
    "three kinds only": few[rng.integers(0, len(few), N)],
    "copied": shown.images[rng.permutation(6000)[:N]],
    "pure noise": rng.integers(0, 256, fresh.shape, np.uint8),
}
real, found = features(photos), []
cloud = rng.multivariate_normal(real.mean(axis=0), np.cov(real.T), N)  # features of no picture
for fakes in (*sets.values(), None):
    x = cloud if fakes is None else features(fakes)
    found.append([frechet(real, x), share_inside(x, real), share_inside(real, x), np.nan, np.nan])
    if fakes is not None:
        found[-1][3] = different_bins(bins.counts, bins.centres, fakes)
        found[-1][4] = metrics.memorisation_ratio(fakes, shown.images, photos)
found = np.array(found)
for i, x in enumerate(map(features, sets.values())):  # each as the library has it
    assert np.isclose(found[i, 0], metrics.frechet_distance(real, x), rtol=1e-3)
    library = metrics.prdc(real, x)
    assert np.allclose(found[i, 1:3], [library["precision"], library["recall"]])
for row, fakes in zip(found, sets.values(), strict=False):
    assert row[3] == metrics.ndb(bins, fakes)["ndb"]
names = [*sets, "Gaussian features"]
table = dict(zip(names, found, strict=True))
assert table["copied"][0] < 2 * table["photographs"][0]
assert table["copied"][4] < 0.1 < table["photographs"][4]
assert table["three kinds only"][2] < table["photographs"][2]
assert table["Gaussian features"][0] < table["blurred"][0]

# %%
floor = found[0]
bad = np.stack([np.log(found[:, 0] / floor[0]) / 5, *(1 - found[:, 1:3] / floor[1:3]).T,
                (found[:, 3] - floor[3]) / 30, 1 - found[:, 4] / floor[4]], axis=1)  # fmt: skip
figure, (left, right) = plt.subplots(
    1, 2, figsize=(7, 3.4), width_ratios=(1, 1.2), layout="constrained"
)
empty = np.full((6, 28, 28, 1), 255, np.uint8)
sheet = plots.grid(np.concatenate([*(fakes[:6] for fakes in sets.values()), empty]), columns=6)
left.imshow(sheet[..., 0], cmap="gray", aspect="auto", extent=(0, 6, 7, 0))
left.set_yticks(np.arange(7) + 0.5, names)
left.set_xticks([])
left.tick_params(length=0)
right.imshow(np.clip(bad, 0, 1), cmap="Oranges", aspect="auto", vmax=1.6)
for (i, j), value in np.ndenumerate(found):
    text = "–" if np.isnan(value) else f"{value:.0f}" if j == 3 or value >= 10 else f"{value:.2f}"
    right.text(j, i, text, ha="center", va="center")
right.set_xticks(range(5), ["fd", "precision", "recall", "ndb of 30", "ratio"], size="small")
right.xaxis.tick_top()
right.set_yticks([])
figure.savefig(OUT / "fooled.png", dpi=120)

# %% [markdown]
# ![seven sets of fakes, and what five numbers say of each](out/18/fooled.png)
#
# Orange is worse than for photographs. What the figures say:
#
# - fd sees blur, grain and missing kinds, and cannot say which it was. It sees means and
#   covariances only: features of no picture at all, drawn from one Gaussian, have the lowest.
# - precision takes pure noise for clothes: the classifier has never seen noise, and puts it among
#   them. Recall sees it, for all noise looks alike, and sees that kinds are missing.
# - ndb sees missing kinds, and neither blur nor grain, which leave a picture in its bin.
# - copies get the best marks of all; only the ratio tells. (Above 1 it says nothing bad.)
#
# So look at all of them, beside what photographs get at the same N (the *floor*), and at the
# pictures: `python -m tinygan.evaluate`. No fd of these features compares with a published FID.
#
# ## Exercises (answers: `lessons/answers/18.py`)
#
# 1. Compare two sets of photographs by fd, 50, 200 and 500 of them each. What does it show?
# 2. Why does (S_a^½ S_b S_a^½)^½ have the same trace as (S_a S_b)^½, which other people write?
# 3. Give precision one photograph that is nothing like the others. What happens to it?
