# %% [markdown]
# # 18 · Measuring pictures
#
# **Goal:** numbers for how good a set of pictures is, and how each of them is fooled.
# **Builds by hand:** `metrics.frechet_distance`, `metrics.prdc`, `metrics.ndb`.
# **You need:** 05, 09, 12. **Time:** seconds. **Next:** 19, Wasserstein.
# **Source:** Heusel et al. 2017, equation 6; Dowson & Landau 1982 (two Gaussians); Kynkäänniemi et
# al. 2019, section 2 (precision and recall); Richardson & Weiss 2018 (NDB); Meehan et al. 2020.
#
# A loss of a GAN says how the game stands, not how good the pictures are. So we compare two *sets*
# of pictures, fakes and photographs. Pixel by pixel, two shirts are very different when one lies a
# little to the left. So we compare a picture's *features*: the 128 numbers before the last layer of
# a classifier (lesson 05). By them the nearest photograph is of the same kind more often.

# %%
import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, metrics, plots
from tinygan.evaluation.features import extractor_for

N, TRAINING = (200, 500) if lesson.FAST else (500, 6000)
rng = np.random.default_rng(0)
shown, test = data.load("fashion-mnist-subset"), data.load("fashion-mnist-subset", "test")
order = rng.permutation(1000)[: 2 * N]
photos, fresh = np.split(test.images[order], 2)  # two sets, none in both
kinds = np.split(test.labels[order], 2)
features = extractor_for((28, 28, 1)).features  # (n, 28, 28, 1) to (n, 128)


def distances(a, b):
    return np.stack([np.sqrt(((row - b) ** 2).sum(axis=1)) for row in a])


for name, view in (("pixels", lambda x: x.reshape(len(x), -1) / 255), ("features", features)):
    nearest = distances(view(photos), view(fresh)).argmin(axis=1)
    same = np.mean(kinds[0] == kinds[1][nearest])
    print(f"nearest by {name}: {same:.0%} of the same kind")
    assert same > 0.8 or name == "pixels"

# %% [markdown]
# ## The Fréchet distance
#
# How far is one cloud of points from another? Pair them, each point with one of the other, and take
# the mean squared length of the lines. The least that a pairing can reach is the square of the
# *Wasserstein-2 distance*. (Lesson 19 takes the mean length itself: Wasserstein-1.) For two
# Gaussians on a line, x = m_a + s_a u and y = m_b + s_b v, with u and v from N(0, 1):
#
#     mean (x − y)² = (m_a − m_b)² + s_a² + s_b² − 2 s_a s_b · mean(u v)
#
# and mean(u v), a correlation, is at most 1, where v = u: pair them in order. What is left is
#
#     fd = (m_a − m_b)² + (s_a − s_b)²
#
# In many dimensions means m and covariances S (lesson 09) take their places. If the two clouds have
# the same axes, each axis is a line of its own; in general (Dowson & Landau)
#
#     fd = ‖m_a − m_b‖² + Tr(S_a + S_b − 2 (S_a^½ S_b S_a^½)^½)
#
# Tr adds up the diagonal; S^½ is the symmetric matrix whose square is S: the same eigenvectors, and
# the roots of the eigenvalues. So what is called *Fréchet distance* is the squared Wasserstein-2
# distance of two Gaussians with the features' means and covariances.


# %%
def root(S):
    w, V = np.linalg.eigh(S)
    return (V * np.sqrt(np.maximum(w, 0))) @ V.T


def frechet(a, b):
    """fd, squared as it is usually printed. a, b: (n, number of features)."""
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
# reaches to its k-th nearest photograph: together the balls are where photographs are. *Precision*
# is the share of fakes inside, *recall* the share of photographs inside the balls of the fakes.


# %%
def share_inside(points, balls, k=5):  # balls: their centres
    radii = np.sort(distances(balls, balls), axis=1)[:, k]  # column 0 is the point itself
    return (distances(points, balls) <= radii).any(axis=1).mean()


a, b = rng.standard_normal((2, 200, 3)) * [[[1]], [[0.5]]]  # real, and fakes that differ less
library = metrics.prdc(a, b)
assert np.isclose(share_inside(b, a), library["precision"])
assert np.isclose(share_inside(a, b), library["recall"])

# %% [markdown]
# ## NDB: the number of statistically different bins
#
# No network: sort the training pictures into bins by their pixels (*k-means*: each picture to the
# nearest centre, each centre to the mean of its pictures, until nothing changes). A bin with the
# share p of n training pictures and q of m fakes *differs* when chance does not explain it. By
# chance alone p − q has about this standard deviation, with r the share of both sets together:
#
#     sqrt(r (1 − r) (1 / n + 1 / m))
#
# A bin differs when |p − q| is above 1.96 of them. Chance does that in 1 bin of 20: 1 or 2 of 30.


# %%
def different_bins(counts, centres, pictures):
    rows = pictures.reshape(len(pictures), -1) / 255
    squares = (rows**2).sum(axis=1)[:, None] - 2 * rows @ centres.T + (centres**2).sum(axis=1)
    fakes = np.bincount(squares.argmin(axis=1), minlength=len(centres))
    n, m = counts.sum(), fakes.sum()
    r = (counts + fakes) / (n + m)
    beyond = 1.95996 * np.sqrt(r * (1 - r) * (1 / n + 1 / m))
    return (abs(counts / n - fakes / m) > beyond).sum()


bins = metrics.fit_bins(shown.images[:TRAINING], 30, rng=rng)

# %% [markdown]
# ## How each is fooled
#
# Fakes made without any GAN, each with one known fault. *Copied* are training pictures; *ratio* is
# `metrics.memorisation_ratio` (lesson 16), 0 for copies. The last row has no pictures, only
# features: drawn from a Gaussian with the mean and covariance of those of the photographs.


# %%
def blur(pictures):
    x = np.pad(pictures.astype(float), ((0, 0), (1, 1), (1, 1), (0, 0)))
    x = sum(x[:, i : i + 28, j : j + 28] for i in range(3) for j in range(3)) / 9
    return np.rint(x).astype(np.uint8)


few = fresh[np.isin(kinds[1], (0, 1, 8))]
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
    assert found[i, 3] == metrics.ndb(bins, [*sets.values()][i])["ndb"]
names = [*sets, "Gaussian features"]
table = dict(zip(names, found, strict=True))
floor = table["photographs"]
faulty = found[[names.index(x) for x in ("blurred", "grainy", "three kinds only", "pure noise")]]
assert (faulty[:, 0] > 1.5 * floor[0]).all()  # fd
assert (faulty[:, 2] < 0.8 * floor[2]).all()  # recall
assert table["Gaussian features"][0] < floor[0] < 2 * table["copied"][0]
assert table["Gaussian features"][1] < 0.3 < 0.8 < table["pure noise"][1]  # precision
assert table["copied"][4] < 0.1 < 0.9 < floor[4]  # ratio
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
lesson.save(figure, "18/fooled.png")

# %% [markdown]
# ![seven sets of fakes, and what five numbers say of each](out/18/fooled.png)
#
# Orange is worse than for photographs. What the figures say:
#
# - fd sees blur, grain and missing kinds, and cannot say which it was. It knows means and
#   covariances only: features drawn from one Gaussian, of no picture at all, have the least fd.
# - precision sees that features from a Gaussian are of no garment (0.05), but hardly blur, grain or
#   missing kinds. It takes pure noise for clothes (0.95): the classifier has never seen noise, and
#   puts it among them. Recall is 0 there, since all noise looks alike to it.
# - ndb sees missing kinds, and neither blur nor grain, which leave a picture in its bin.
# - copies pass for photographs by all of these; only the ratio tells.
#
# So look at all of them, beside what photographs get at the same N (the *floor*), and at the
# pictures: `python -m tinygan.evaluate`. (fd of two sets of photographs is not 0, here 8.3: the
# covariances of few pictures are off, the more the fewer.) A published FID is the same formula on
# the features of another network (Inception): do not compare it with fd.
#
# ## Exercises
#
# Fill in `lessons/exercises/18.py`, then: `python -m lessons check 18`
#
# 1. `fd_on_a_line`: the best pairing of two sets of numbers, and the formula for Gaussians.
# 2. `trace_of_root`: the trace of (S_a^½ S_b S_a^½)^½ without any root of a matrix.
# 3. `precision_with_an_outlier`: what one strange photograph does to precision.
# 4. `fooled`: which figure notices which fault.
