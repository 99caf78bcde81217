# %% [markdown]
# # 14 · DCGAN
#
# **Goal:** put lessons 06 to 08 together: a GAN whose two networks know what neighbours are.
# **Builds by hand:** `models.dcgan_generator`, `models.dcgan_discriminator`.
# **You need:** 06 to 08, 12, 13. **Time:** about 4 minutes. **Next:** 15, colour.
# **Source:** Radford et al. 2016, "Unsupervised representation learning with deep convolutional
# generative adversarial networks", section 3 and figure 1; "Generation of images for model trained
# on fashion_mnist dataset", one of the five small student projects whose experiments tinygan
# covers.
#
# The dense GAN of lesson 12 drew grainy clothes: each pixel of its last layer is on its own. A
# *deep convolutional GAN* (DCGAN) draws with stamps (lesson 07) on a grid that doubles twice,
# 7 × 7 → 14 × 14 → 28 × 28, and looks with windows (lesson 06) on a grid that halves twice.

# %%
import time

import lesson
import numpy as np

from tinygan import data, models, nn, training

WIDTH, EPOCHS, PICTURES = (4, 2, 128) if lesson.FAST else (32, 21, 5984)
NOISE = 100  # numbers in z

# %% [markdown]
# ## The two networks
#
# What the paper found out by trying, and why it may be so:
#
# - strides in place of any fixed way to shrink or enlarge: both networks learn their own;
# - BatchNorm in G, so that no signal dies on its long way (lesson 08). After a convolution it takes
#   one mean and one variance a channel, over all places of all pictures in the batch. There is no
#   bias before it, since the mean takes it out. Not on G's last layer, which makes the brightness.
#   The paper has it in D too, except on D's first layer;
# - tanh at G's end, since pixels are in [−1, 1]; LeakyReLU in D, so that a gradient always comes
#   through to G (lesson 03). In G the paper has ReLU;
# - start weights from N(0, 0.02²), and Adam with lr 0.0002 and β₁ = 0.5: with 0.9, m remembers
#   more of the gradients that older Ds gave (lesson 04).
#
# The project has kernels of 5, dropout in D, and LeakyReLU in G too. Its lr of 0.00001 is twenty
# times smaller, too slow for this lesson's minutes.
#
# Sizes, with kernel k, stride s and padding p: a transposed convolution makes (H − 1) s − 2p + k +
# output_padding of H (lesson 07): with k = 5, s = 2, p = 2 and output_padding 1, 7 becomes 14 and
# 14 becomes 28. A convolution in D makes (H + 2p − k) // s + 1 of H, rounded down: half.


# %%
def generator(rng, c):
    double = {"stride": 2, "padding": 2, "output_padding": 1, "rng": rng}
    return nn.Sequential(
        nn.Dense(NOISE, 7 * 7 * 4 * c, bias=False, rng=rng),
        nn.BatchNorm(7 * 7 * 4 * c),
        nn.LeakyReLU(),
        nn.Reshape((7, 7, 4 * c)),
        nn.ConvTranspose2d(4 * c, 2 * c, 5, padding=2, bias=False, rng=rng),  # (7, 7, 2c)
        nn.BatchNorm(2 * c),
        nn.LeakyReLU(),
        nn.ConvTranspose2d(2 * c, c, 5, bias=False, **double),  # (14, 14, c)
        nn.BatchNorm(c),
        nn.LeakyReLU(),
        nn.ConvTranspose2d(c, 1, 5, **double),  # (28, 28, 1)
        nn.Tanh(),
    )


def discriminator(rng, c):
    return nn.Sequential(
        nn.Conv2d(1, c, 5, stride=2, padding=2, rng=rng),  # (14, 14, c)
        nn.LeakyReLU(),
        nn.Dropout(0.3, rng=rng),
        nn.Conv2d(c, 2 * c, 5, stride=2, padding=2, rng=rng),  # (7, 7, 2c)
        nn.LeakyReLU(),
        nn.Dropout(0.3, rng=rng),
        nn.Flatten(),
        nn.Dense(7 * 7 * 2 * c, 1, rng=rng),
    )


def draw_z(n, rng):
    return rng.standard_normal((n, NOISE), np.float32)


rng = np.random.default_rng(14)
G, D = generator(rng, WIDTH), discriminator(rng, WIDTH)
z = draw_z(5, np.random.default_rng(0))
seed = np.random.default_rng(14)  # the library's two, from the same random numbers
theirs = models.dcgan_generator(seed, width=WIDTH), models.dcgan_discriminator(seed, width=WIDTH)
for mine, library in zip((G, D), theirs, strict=True):
    for a, b in zip(mine.params(), library.params(), strict=True):
        assert np.array_equal(a.data, b.data)
fake = G.forward(z)
assert fake.shape == (5, 28, 28, 1)
assert np.array_equal(fake, theirs[0].forward(z))
assert np.array_equal(D.eval().forward(fake), theirs[1].eval().forward(fake))
D.train()
for name, net in (("G", G), ("D", D)):
    print(f"{name}: {sum(param.data.size for param in net.params()):,} parameters")
# All of G in one chain, checked as in lesson 01. The limit is wider: h can step over the kink of a
# LeakyReLU, where the measured slope is wrong.
tiny = generator(rng, 1)
assert nn.check_gradients(tiny, z[:3].astype(float), max_elements=10).worst < 1e-4

# %% [markdown]
# ## The game
#
# The loop of lesson 12. `generate` draws in eval mode (lesson 08): with the batch's statistics, a
# picture would depend on its neighbours, and drawing would move the running ones.

# %%
photos = data.load("fashion-mnist-subset").images
images = photos.astype(np.float32) / 127.5 - 1
adam_g, adam_d = nn.Adam(G.params(), lr=2e-4), nn.Adam(D.params(), lr=2e-4)  # β₁ is 0.5
same_z, rows, history = draw_z(12, rng), {}, []
for epoch in range(EPOCHS):
    if epoch in (0, 1, 3, 8, 20):
        rows[f"epoch {epoch}"] = training.generate(G, same_z)
    scores = []
    for some in rng.permutation(len(images))[:PICTURES].reshape(-1, 32):
        fake = G.forward(draw_z(32, rng))
        d = training.d_step(D, adam_d, images[some], fake)
        training.g_step(G, D, adam_g, fake)
        scores.append((d["real_score"], d["fake_score"]))  # before D has learned from them
    history.append(np.mean(scores, axis=0))


def grain(pictures):
    """How much neighbouring pixels differ, as a share of how much any two pixels do."""
    x = pictures.astype(float)
    return np.mean(np.diff(x, axis=2) ** 2) / (2 * x.var())


lesson.sheet("14/clothes.png", {**rows, "photographs": photos[:12]})
drawn = training.generate(G, draw_z(500, rng))
print("D's belief, mean of the last epoch: photographs {:.2f}, fakes {:.2f}".format(*history[-1]))
print(f"grain: G {grain(drawn):.2f}, photographs {grain(photos):.2f}, noise 1")
real_score, fake_score = np.array(history)[1:].T
assert lesson.FAST or (fake_score.min() > 0.1 and real_score.max() < 0.9)  # nobody has won
assert lesson.FAST or grain(drawn) < 0.3

# %% [markdown]
# ![twelve noises as G learns, and photographs](out/14/clothes.png)
#
# The same noise, as G learns. First come blots where clothes are, then the checkerboard of lesson
# 07 (a kernel of 5 does not fit a stride of 2), which G has to unlearn; at last garments that can
# be named, with even shades and edges. D's beliefs stay between 0.1 and 0.9 all the while: they say
# that nobody has won, not how good the pictures are (lesson 13). Some are no garment yet. Longer,
# at twice this width and with ten times the pictures: `python -m tinygan.train dcgan`.
#
# ## What the formulas cost
#
# `with nn.plain():` calls only the functions that the lessons have derived. Without it tinygan uses
# fast versions of the same functions (`tinygan/nn/fast`): they work in blocks that fit the
# processor's cache, on all its cores, and convolve without im2col's copies.


# %%
def update():
    fake = G.forward(draw_z(32, rng))
    training.d_step(D, adam_d, images[:32], fake)
    training.g_step(G, D, adam_g, fake)


def seconds(function):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return np.median(times)


fast, pictures = seconds(update), G.eval().forward(same_z)
with nn.plain():
    assert np.allclose(G.forward(same_z), pictures, atol=1e-4)
    G.train()
    plain = seconds(update)
print(f"an update of G and D: {1000 * plain:.0f} ms plain, {1000 * fast:.0f} ms fast")

# %% [markdown]
# ## Exercises
#
# Fill in `lessons/exercises/14.py`, then: `python -m lessons check 14`
#
# 1. `parameters`: count G's parameters from the layers above.
# 2. `seen`: how many pixels one number of D's second convolution sees.
# 3. `output_padding`: what a transposed convolution needs to end at a given size.
