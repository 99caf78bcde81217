# %% [markdown]
# # 16 · Faces, and walks between them
#
# **Goal:** larger pictures, what lies between two z, and whether G has only learned by heart.
# **Builds by hand:** `training.generate`.
# **You need:** 09, 10, 14, 15. **Time:** about 2 minutes. **Next:** 17, asking for a class.
# **Source:** Radford et al. 2016, sections 6.1 and 6.3.2 (walks, arithmetic); White 2016, "Sampling
# generative networks" (walks on a sphere); "Deep Convolutional GANs for Image Generation", one of
# the five small student projects whose experiments tinygan covers.
#
# That project trains one network on clothes and one on faces of 64 × 64 pixels: the same layers,
# with two more doublings and three channels. Faces do not come with tinygan: name a folder or .zip
# of them in the next cell, such as CelebA's `img_align_celeba.zip` (to be had from
# https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html), or let clothes stand in.

# %%
import lesson
import numpy as np

from tinygan import data, metrics, nn, plots, training
from tinygan.evaluation.features import extractor_for

FACES = None  # or the folder or .zip of faces
name = "faces" if FACES else "fashion-mnist-subset"
photos, fresh = (data.load(name, split, data_dir=FACES).images for split in ("train", "test"))
START, DOUBLINGS, CHANNELS = (4, 4, 3) if FACES else (7, 2, 1)  # 4 · 2⁴ = 64 pixels, 7 · 2² = 28
WIDTH, UPDATES, MANY = (4, 20, 100) if lesson.FAST else (24, 4000, 1000)
rng = np.random.default_rng(0)

# %% [markdown]
# ## One G for both sizes, and drawing by hand
#
# The first layer turns z, taken as a picture of one pixel, into START × START; each of the others
# doubles. D is the mirror. To draw, G is in eval mode (lesson 08), so that a picture does not
# depend on the others in its batch. Pixels from −1 to 1 become whole numbers from 0 to 255.


# %%
def networks(rng, c):
    twice = {"stride": 2, "padding": 1, "rng": rng}
    sizes = [c * 2**k for k in range(DOUBLINGS)]  # channels in D, from the picture on
    G = [nn.Reshape((1, 1, 100)), nn.ConvTranspose2d(100, sizes[-1], START, bias=False, rng=rng)]
    for m in sizes[-2::-1]:
        G += [nn.BatchNorm(2 * m), nn.LeakyReLU()]
        G += [nn.ConvTranspose2d(2 * m, m, 4, bias=False, **twice)]
    G += [nn.BatchNorm(c), nn.LeakyReLU(), nn.ConvTranspose2d(c, CHANNELS, 4, **twice), nn.Tanh()]
    D = [nn.Conv2d(CHANNELS, c, 4, **twice), nn.LeakyReLU()]
    for m in sizes[:-1]:
        D += [nn.Conv2d(m, 2 * m, 4, bias=False, **twice), nn.BatchNorm(2 * m), nn.LeakyReLU()]
    return nn.Sequential(*G), nn.Sequential(*D, nn.Conv2d(2 * m, 1, START, rng=rng), nn.Flatten())


def draw(G, z):
    was_training = G.training
    x = G.eval().forward(np.float32(z))
    if was_training:
        G.train()
    return np.clip(np.rint(127.5 * (x + 1)), 0, 255).astype(np.uint8)


G, D = networks(rng, WIDTH)
adam_g, adam_d = nn.Adam(G.params()), nn.Adam(D.params())
for _ in range(UPDATES):  # the loop of lesson 14
    real = photos[rng.integers(0, len(photos), 32)] / np.float32(127.5) - 1
    fake = G.forward(rng.standard_normal((32, 100), np.float32))
    training.d_step(D, adam_d, real, fake)
    training.g_step(G, D, adam_g, fake)
z = rng.standard_normal((MANY, 100), np.float32)
drawn = draw(G, z)
for same in (training.generate(G, z), draw(G, z[:1])):  # the library's; and drawn alone
    assert np.abs(same - drawn[: len(same)].astype(int)).max() <= 1  # up to rounding

# %% [markdown]
# ## How long is a z?
#
# ‖z‖² is a sum of 100 squares of N(0, 1). Each has mean 1 and variance 2, so the sum has mean 100
# and variance 200: ‖z‖ is 10, give or take 0.7. Nearly all of N(0, I) lies in a thin shell, and
# hardly any near its middle, where the density is highest: there is so much more room outside.
#
# Two of them stand nearly at a right angle: z0 · z1 has mean 0 and variance 100, so the cosine of
# the angle is 0, give or take 0.1. So on the straight line (1 − t) z0 + t z1 the square of the
# length is about 100 ((1 − t)² + t²): half way the length is only 7.1, where G was hardly ever
# asked. *Slerp* walks along the shell and keeps the length. In the plane of z0 and z1, with the
# angle θ between them:
#
#     slerp(t) = (sin((1 − t) θ) z0 + sin(t θ) z1) / sin θ
#
# Check it: for z0 = (1, 0) and z1 = (cos θ, sin θ) this is (cos(t θ), sin(t θ)), by the addition
# formula of the sine: the point at the angle t θ.


# %%
def straight(z0, z1, t):
    return (1 - t) * z0 + t * z1


def slerp(z0, z1, t):  # of one pair or of many
    lengths = np.linalg.norm(z0, axis=-1) * np.linalg.norm(z1, axis=-1)
    angle = np.arccos(np.clip((z0 * z1).sum(axis=-1) / lengths, -1, 1))[..., None]
    return (np.sin((1 - t) * angle) * z0 + np.sin(t * angle) * z1) / np.sin(angle)


corner = slerp(np.array([1.0, 0]), np.array([np.cos(1.2), np.sin(1.2)]), 0.3)
assert np.allclose(corner, [np.cos(0.36), np.sin(0.36)])


# %% [markdown]
# Which walk is better? Take a thousand of each. Half way, how much do the pictures differ from each
# other (*variety*, 1 for ordinary draws)? And what is their *fd* to photographs that G has never
# seen, a distance between two sets of pictures by what a classifier sees in them (lesson 17)?

# %%
extractor = extractor_for(photos.shape[1:])
seen = extractor.features(fresh[:MANY])
z1 = rng.standard_normal(z.shape, np.float32)
variety, half_way = {}, {walk.__name__: walk(z, z1, 0.5) for walk in (straight, slerp)}
for name, some in {"draws": z, **half_way}.items():
    x, length = draw(G, some), np.linalg.norm(some, axis=1).mean()
    variety[name] = x.var(axis=0).sum() / drawn.var(axis=0).sum()
    fd = metrics.frechet_distance(seen, extractor.features(x))
    print(f"{name}: length of z {length:.1f}, variety {variety[name]:.2f}, fd {fd:.0f}")
assert lesson.FAST or variety["straight"] < 0.85 < 0.95 < variety["slerp"]

ts = np.linspace(0, 1, 9)
scores = np.sort(extractor.logits(extractor.features(drawn)), axis=1)
order = np.argsort(scores[:, -2] - scores[:, -1])  # those that are named with most certainty first
kinds = extractor.classify(drawn)[order]
first = np.sort(np.unique(kinds, return_index=True)[1])  # of each kind
ends = z[order[np.concatenate([first, np.delete(np.arange(len(z)), first)])[:6]]]
rows = {
    f"{walk.__name__}, {pair}": draw(G, [walk(*ends[k : k + 2], t) for t in ts])
    for k, pair in enumerate("ab")
    for walk in (straight, slerp)
}
lesson.sheet("16/walks.png", rows, scale=1 if FACES else 2, title="t from 0 to 1")
frames = []
for k in range(len(ends)):  # each picture goes on to the end of its right neighbour
    for t in ts[:-1]:
        x = draw(G, slerp(np.roll(ends, -k, axis=0), np.roll(ends, -k - 1, axis=0), t))
        frames.append(plots.grid(x, len(ends), scale=1 if FACES else 2))
lesson.film("16/walk.gif", frames, last=0.1)

# %% [markdown]
# ![six pictures, each walking along the shell to the next](out/16/walk.gif)
# ![two pairs of pictures, each with a straight walk and one by slerp](out/16/walks.png)
#
# In one walk the two kinds look much alike, and by fd neither is better. But over a thousand walks
# the straight ones pass through pictures that are more alike: half way their variety is 0.6 to 0.75
# (three games, two of them measured apart), that of slerp 1, as of ordinary draws.
#
# ## Has G learned photographs by heart?
#
# The walks have no jumps, but that does not tell: G is a continuous function, and so is one that
# blends photographs it knows by heart (exercise 3). So measure. Let δ(A, B) be the mean distance
# from a picture of A to the nearest of B, by pixels. Copies are nearer to *training* pictures than
# to *fresh* photographs. There are more training pictures, which also brings them nearer: how much,
# the photographs tell.
#
#     ratio = [δ(drawn, training) / δ(drawn, fresh)] / [δ(fresh, training) / δ(fresh, fresh)]
#
# (In δ(fresh, fresh) a picture is not its own neighbour.) The ratio is 1 for a G that is no nearer
# to training pictures than to others, and 0 for copies.


# %%
for name, some in {"drawn": drawn[:500], "half copies": [*drawn[:250], *photos[:250]]}.items():
    ratio = metrics.memorisation_ratio(np.array(some), photos, fresh)
    print(f"ratio of {name}: {ratio:.2f}")
    assert ratio > 0.9 if name == "drawn" else ratio < 0.7
nearest = photos[metrics.nearest(drawn[:12], photos)[1]]
lesson.sheet("16/nearest.png", {"drawn": drawn[:12], "nearest of\ntraining": nearest})

# %% [markdown]
# ![twelve drawn pictures, and the training picture nearest to each](out/16/nearest.png)
#
# The ratio is 1.0 to 1.1 (three games, two of them measured apart): no sign that G draws by heart,
# though a handful of copies would not show in a mean. The nearest training pictures are other
# garments. With half of the pictures copied, the ratio is 0.6.
#
# ## Arithmetic
#
# If G has laid things out in order, the way from dark to bright is the same for all. Take the mean
# z of three pictures each: A of bright and small ones, B of dark and small ones, C of dark and
# large ones. Then A − B + C should be bright and large. How bright a picture is, we measure by the
# mean of its lit pixels (above 40); how large, by their number.


# %%
def look(pictures):
    x = pictures.reshape(len(pictures), -1).astype(float)
    lit = x > 40
    return (x * lit).sum(axis=1) / np.maximum(lit.sum(axis=1), 1), lit.mean(axis=1)


light, size = look(drawn)
groups = {}  # (bright, large) -> numbers of a quarter of the pictures
for large, half in zip((False, True), np.split(np.argsort(size), 2), strict=True):
    groups[False, large], groups[True, large] = np.split(half[np.argsort(light[half])], 2)


def means_of_three(*group):
    return z[rng.choice(groups[group], (500, 3))].mean(axis=1)


A, B, C = (means_of_three(*group) for group in ((True, False), (False, False), (False, True)))
sums = A - B + C
sums *= 10 / np.linalg.norm(sums, axis=1, keepdims=True)  # back onto the shell
goal, (light_of, size_of) = groups[True, True], look(draw(G, sums))
both = np.mean((light_of >= light[goal].min()) & (size_of >= size[goal].min()))
print(f"bright and large: {both:.0%} of the sums, a quarter of all pictures")
assert lesson.FAST or both > 0.35
named = {"A: bright, small": A, "B: dark, small": B, "C: dark, large": C, "A − B + C": sums}
lesson.sheet("16/sums.png", {name: draw(G, some[:9]) for name, some in named.items()})

# %% [markdown]
# ![in each column the mean of A, of B, of C, and A − B + C](out/16/sums.png)
#
# About half of the sums are what was asked for, of pictures in general a quarter. G was never told
# which picture is bright or large.
#
# ## Exercises
#
# Fill in `lessons/exercises/16.py`, then: `python -m lessons check 16`
#
# 1. `length_of_z`: the mean length of n numbers from N(0, 1), and how much it varies.
# 2. `length_of_sum`: why the sum had to be brought back onto the shell.
# 3. `by_heart`: a G that only knows photographs by heart, and walks without jumps.
