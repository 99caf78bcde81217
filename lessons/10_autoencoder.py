# %% [markdown]
# # 10 · Autoencoder: compress, then why it cannot dream
#
# **Goal:** squeeze pictures into a few numbers and build them up again; then try to draw with that.
# **Builds by hand:** `autoencoder_loop.ae_step`, `autoencoder_loop.reconstruction`.
# **You need:** 05, 09. **Time:** about half a minute. **Next:** 11, the variational autoencoder.
# **Source:** Hinton & Salakhutdinov 2006, "Reducing the dimensionality of data with neural
# networks"; the autoencoder of the document "Project deep unsupervised learning".
#
# An *autoencoder* is two networks in a chain. The *encoder* turns a picture x into a few numbers,
# its *code* z; the *decoder* turns z into a picture again, the *reconstruction*. What z can be is
# called the *latent space*. It is PCA (lesson 09) with bends: PCA's two halves are one dense layer
# each.

# %%
import copy
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, models, nn, plots
from tinygan.models import autoencoder
from tinygan.training import autoencoder_loop

FAST = "--fast" in sys.argv  # a shorter run, for testing the lesson itself
OUT = (Path(__file__).parent if "__file__" in globals() else Path()) / "out" / "10"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(10)
NAMES = "T-shirt trouser pullover dress coat sandal shirt sneaker bag boot".split()
train, test = data.load("fashion-mnist-subset", "train"), data.load("fashion-mnist-subset", "test")
x_train, x_test = (split.images.astype(np.float32) / 255 for split in (train, test))  # in [0, 1]

# %% [markdown]
# ## The loss
#
# A pixel in [0, 1] is taken for a probability of white. The decoder gives a logit for each, and the
# loss is the binary cross-entropy of lesson 03, added up over a picture's 784 pixels. Its gradient
# goes back through the decoder to the code, and on through the encoder: one chain of two networks.


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


def networks(code):
    """784 pixels → 512 → 256 → code numbers, and back: dense layers with LeakyReLU between."""
    encoder = autoencoder.dense_encoder(rng, outputs=code)
    return encoder, autoencoder.dense_decoder(rng, code=code)


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
def trained(code, epochs):
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


two, sixteen = trained(2, 1 if FAST else 20), trained(16, 1 if FAST else 20)
for name, pair, code in (("two numbers", two, 2), ("sixteen", sixteen, 16)):
    print(f"{name}: squared error {error(*pair):.4f} a pixel; PCA {pca_error(code):.4f}")
assert error(*two) < pca_error(2)
assert FAST or error(*sixteen) < pca_error(16)

figure, axes = plt.subplots(figsize=(5.4, 6.2), layout="constrained")
codes = two[0].forward(x_test)
for label, name in enumerate(NAMES):
    points, color = codes[test.labels == label], plt.get_cmap("tab10")(label)
    axes.scatter(*points.T, s=6, color=color, linewidths=0)
    axes.annotate(name, np.median(points, axis=0), ha="center", va="center", size=8,
                  bbox={"facecolor": "w", "edgecolor": color, "alpha": 0.85, "pad": 2})  # fmt: skip
low, high = np.percentile(codes, (1, 99), axis=0)
around = 0.1 * (high - low)
axes.set_aspect("equal")
axes.set(xlim=(low[0] - around[0], high[0] + around[0]), xlabel="z₀")
axes.set(ylim=(low[1] - around[1], high[1] + around[1]), ylabel="z₁")
circle = plt.Circle((0, 0), 2, fill=False, linewidth=2)
axes.add_patch(circle)
axes.annotate("N(0, I) draws\nfrom here", (1.4, 1.4), (0.55, 0.9), textcoords="axes fraction",
              arrowprops={"arrowstyle": "-"})  # fmt: skip
figure.savefig(OUT / "codes.png", dpi=120)

# %% [markdown]
# ![codes of test pictures, two numbers each](out/10/codes.png)
#
# Each dot is a test picture's code. Nobody told the encoder what a kind of clothes is: pictures
# that look alike get codes that lie near each other.
#
# ## Why it cannot dream
#
# To draw, take a random code and decode it. But which? What codes are drawn from is the *prior*.
# N(0, I) is the usual one, and the decoder has hardly seen such codes: nothing in the loss asked
# for them. A mixture fitted to the codes (lesson 09) draws from where they are.

# %%
encoder, decoder = sixteen
codes = encoder.forward(x_train)
mixture = models.GaussianMixture(5 if FAST else 30, tol=0.01, rng=rng).fit(codes)
print(f"spread of the codes {codes.std(axis=0).mean():.1f}; of N(0, I) it is 1")
priors = {
    "N(0, I)": rng.standard_normal((1000, 16), np.float32),
    "mixture": mixture.sample(1000)[0].astype(np.float32),
}
far, rows = {}, []
for name, z in priors.items():
    far[name] = -mixture.score(z)
    rows.append(nn.sigmoid(decoder.forward(z[rng.permutation(1000)[:12]])))
    print(f"{name}: the codes' own density gives it {-far[name]:.1f} nats")
assert far["N(0, I)"] > far["mixture"] + (0.5 if FAST else 5)
rows += [nn.sigmoid(decoder.forward(encoder.forward(x_test[:12]))), x_test[:12]]
sheet = plots.grid(np.rint(np.concatenate(rows) * 255).astype(np.uint8), columns=12, scale=2)
plots.save_png(OUT / "clothes.png", sheet)

# %% [markdown]
# ![decoded N(0, I), decoded mixture, reconstructions, photographs](out/10/clothes.png)
#
# From above: decoded N(0, I); decoded draws of the mixture; reconstructions of test pictures; those
# pictures. The decoder is the same in all rows: what is missing in the first is a prior that fits.
#
# ## Exercises (answers: `lessons/answers/10.py`)
#
# 1. Leave the LeakyReLUs out: two dense layers as encoder and decoder, trained with squared error.
#    Which error can they not get below, and why?
# 2. What is the smallest loss that a picture with a pixel of 0.5 can have there? Is it 0?
