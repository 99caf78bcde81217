# %% [markdown]
# # 10 · Autoencoder: compress, then why it cannot draw
#
# **Goal:** squeeze pictures into a few numbers and build them up again; then try to draw with that.
# **Builds by hand:** `autoencoder_loop.ae_step`, `autoencoder_loop.reconstruction`.
# **You need:** 05, 09. **Time:** about half a minute. **Next:** 11, the variational autoencoder.
# **Source:** Hinton & Salakhutdinov 2006, "Reducing the dimensionality of data with neural
# networks"; the autoencoder of the student project "Project deep unsupervised learning" (lesson
# 09).
#
# An *autoencoder* is two networks in a chain. The *encoder* turns a picture x into a few numbers,
# its *code* z; the *decoder* turns z into a picture again, the *reconstruction*. The space of all
# codes is called the *latent space*. PCA (lesson 09) is the simplest case: there both networks are
# one dense layer. Layers with an activation between them can follow curves.

# %%
import copy

import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, metrics, models, nn
from tinygan.evaluation import features
from tinygan.training import autoencoder_loop

rng = np.random.default_rng(10)
train, test = data.load("fashion-mnist-subset", "train"), data.load("fashion-mnist-subset", "test")
x_train, x_test = (split.images.astype(np.float32) / 255 for split in (train, test))  # in [0, 1]
epochs, gaussians = (1, 5) if lesson.FAST else (20, 30)

# %% [markdown]
# ## The loss
#
# The decoder gives a logit for each pixel; its sigmoid p, in (0, 1), is the brightness. The loss is
# the binary cross-entropy of lesson 03, with the pixel of the photograph as target t, added up over
# the 784 pixels of a picture. It is smallest where p = t. Its gradient goes back through the
# decoder to the code, and on through the encoder: one chain of two networks.


# %%
def reconstruction(logits, x):
    """Σ over the pixels, mean over the batch: (loss, gradient by the logits)."""
    losses = np.maximum(logits, 0) - logits * x + np.log1p(np.exp(-np.abs(logits)))
    return losses.sum() / len(x), (nn.sigmoid(logits) - x) / len(x)


def ae_step(encoder, decoder, adams, x):
    for adam in adams:
        adam.zero_grad()
    z = encoder.forward(x)
    loss, glogits = reconstruction(decoder.forward(z), x)
    gz = decoder.backward(glogits)
    encoder.backward(gz)
    for adam in adams:
        adam.step()
    return loss


def dense(n_in, n_out, gain=2):  # gain 2 before a LeakyReLU (lesson 05), 1 where none follows
    return nn.Dense(n_in, n_out, rng=rng, std=(gain / n_in) ** 0.5)


def networks(code):
    encoder = nn.Sequential(
        *(nn.Flatten(), dense(784, 512), nn.LeakyReLU(), dense(512, 256), nn.LeakyReLU()),
        dense(256, code, gain=1),
    )
    decoder = nn.Sequential(
        *(dense(code, 256), nn.LeakyReLU(), dense(256, 512), nn.LeakyReLU()),
        *(dense(512, 784, gain=1), nn.Reshape((28, 28, 1))),
    )
    return encoder, decoder


def adams_of(*nets):
    return [nn.Adam(net.params(), lr=1e-3, betas=(0.9, 0.999)) for net in nets]


logits, pixels = rng.normal(0, 3, (4, 28, 28, 1)), x_test[:4].astype(float)
loss, glogits = reconstruction(logits, pixels)
theirs, gtheirs = autoencoder_loop.reconstruction(logits, pixels)
assert np.isclose(loss, theirs)
assert np.allclose(glogits, gtheirs)
slopes = nn.numerical_gradient(lambda: reconstruction(logits, pixels)[0], logits, range(300, 330))
assert np.allclose(glogits.ravel()[300:330], slopes, atol=1e-7)
pairs = [networks(4)]
pairs.append(copy.deepcopy(pairs[0]))
for pair, step in zip(pairs, (ae_step, autoencoder_loop.ae_step), strict=True):
    adams = adams_of(*pair)
    for i in range(0, 90, 30):
        step(*pair, adams, x_train[i : i + 30])
for one, other in zip(pairs[0], pairs[1], strict=True):
    for a, b in zip(one.params(), other.params(), strict=True):
        assert np.allclose(a.data, b.data, rtol=1e-3, atol=1e-5)
        assert np.allclose(a.grad, b.grad, rtol=1e-3, atol=1e-3)

# %% [markdown]
# ## Training, with codes of 2 and of 16 numbers


# %%
def trained(code):
    encoder, decoder = networks(code)
    adams = adams_of(encoder, decoder)
    for epoch in range(epochs):
        for adam in adams:
            adam.lr = 1e-3 * (1 - epoch / epochs)
        for rows in rng.permutation(6000).reshape(-1, 60):
            ae_step(encoder, decoder, adams, x_train[rows])
    return encoder, decoder


def error(encoder, decoder):
    """Mean squared error of the reconstruction, a pixel, on test pictures."""
    return ((nn.sigmoid(decoder.forward(encoder.forward(x_test))) - x_test) ** 2).mean()


def pca_error(code):
    pca = models.PCA(code).fit(x_train.reshape(-1, 784))
    z = pca.transform(x_test.reshape(-1, 784))
    return ((pca.inverse_transform(z) - x_test.reshape(-1, 784)) ** 2).mean()


two, sixteen = trained(2), trained(16)
for code, pair in ((2, two), (16, sixteen)):
    print(f"{code} numbers: squared error {error(*pair):.4f} a pixel; PCA {pca_error(code):.4f}")
    assert lesson.FAST or error(*pair) < 0.75 * pca_error(code)

figure, axes = plt.subplots(figsize=(7, 5.6), layout="constrained")
codes = two[0].forward(x_test)
inside = np.mean(np.linalg.norm(codes, axis=1) < 2)
print(f"{inside:.0%} of the codes of two numbers are within 2 of (0, 0)")
for label, name in enumerate(lesson.CLOTHES):
    points = codes[test.labels == label]
    axes.scatter(*points.T, s=7, color=plt.get_cmap("tab10")(label), linewidths=0, label=name)
axes.add_patch(plt.Circle((0, 0), 2, fill=False, linewidth=2, label="86 % of N(0, I)"))
axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), markerscale=2.5)
axes.set(xlabel="z[0]", ylabel="z[1]", aspect="equal")
lesson.save(figure, "10/codes.png")

# %% [markdown]
# ![codes of test pictures, two numbers each](out/10/codes.png)
#
# Each dot is a test picture's code. The encoder was never told which picture is of which kind:
# pictures that look alike get codes that are near each other.
#
# ## Why it cannot draw
#
# To draw, take a random code and decode it. The distribution that codes are drawn from is called
# the *prior*. N(0, I) is the usual one: each number of the code is drawn from N(0, 1). But nothing
# in the loss asked for such codes. With two numbers it shows already: of N(0, I) a share of
# 1 − e^−2 = 86 % lies in the circle, of the codes about half as many, and nearly all boots and
# trousers lie outside. With sixteen there is far more room beside the codes than near them. So
# measure for 1,000 draws how far each is from the nearest code of a training picture, and beside it
# the same for pictures that the encoder has not seen. A prior that fits is easily had: a mixture
# (lesson 09), fitted to the codes.
#
# And how good are the drawn pictures? The *Fréchet distance* (lesson 18 derives it) compares the
# means and covariances of two sets of pictures, not of their pixels, but of features which a
# trained classifier computes. It is 0 for equal sets. The second set here is the test pictures.

# %%
encoder, decoder = sixteen
codes, unseen = encoder.forward(x_train), encoder.forward(x_test)
mixture = models.GaussianMixture(gaussians, tol=0.01, rng=rng).fit(codes)
ways = {
    "decoded N(0, I)": rng.standard_normal((1000, 16), np.float32),
    "decoded mixture": rng.permutation(mixture.sample(1000)[0].astype(np.float32)),
    "reconstructions": unseen,
}
to_compare = features.features_of(test.images)
near, fd, rows = {}, {}, {}
for name, z in ways.items():
    squares = (z**2).sum(axis=1)[:, None] + (codes**2).sum(axis=1) - 2 * z @ codes.T
    near[name] = np.sqrt(squares.min(axis=1))  # (a − b)² = a² + b² − 2 ab
    pictures = np.rint(nn.sigmoid(decoder.forward(z)) * 255).astype(np.uint8)
    fd[name] = metrics.frechet_distance(features.features_of(pictures), to_compare)
    rows[name] = pictures[:12]
    print(f"{name}: nearest code {np.median(near[name]):.1f} away, 9 of 10 of them "
          f"{np.percentile(near[name], 5):.1f} to {np.percentile(near[name], 95):.1f}; "
          f"Fréchet distance {fd[name]:.0f}")  # fmt: skip
lesson.sheet("10/clothes.png", rows | {"those photographs": test.images[:12]})
close, far = np.percentile(near["reconstructions"], 95), np.percentile(near["decoded N(0, I)"], 5)
assert lesson.FAST or far > close
assert lesson.FAST or fd["reconstructions"] < fd["decoded mixture"] < fd["decoded N(0, I)"] / 3

# %% [markdown]
# ![decoded N(0, I), decoded mixture, reconstructions, photographs](out/10/clothes.png)
#
# The decoder has hardly seen codes like those of N(0, I): 95 % of them are farther from every code
# that it learned from than 95 % of the codes of new pictures are. (With three other seeds,
# measured apart, the medians are 3.2 to 3.3 against 1.2 to 1.3.) The decoder is the same in all
# rows. What is missing in the first is a prior that fits: with the mixture the Fréchet distance is
# a fifth or a sixth, and not far from that of the reconstructions, what this decoder makes of the
# codes of real pictures.
#
# ## Exercises
#
# Fill in `lessons/exercises/10.py`, then: `python -m lessons check 10`
#
# 1. Without the LeakyReLUs, which squared error can an autoencoder not get below?
# 2. What is the smallest loss of a pixel of 0.5? Is it 0?
# 3. How far is each draw from its nearest code?
# 4. How long is a code drawn from N(0, I), if it has n numbers?
