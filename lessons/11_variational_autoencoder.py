# %% [markdown]
# # 11 · Variational autoencoder
#
# **Goal:** teach the codes of lesson 10 to be N(0, I), and draw from that.
# **Builds by hand:** `autoencoder_loop.gaussian_kl`, `autoencoder_loop.vae_step`.
# **You need:** 10. **Time:** about half a minute. **Next:** 12, the first GAN.
# **Source:** Kingma & Welling 2014, "Auto-encoding variational Bayes", sections 2.2 to 2.4 and
# appendix B.
#
# The autoencoder could not draw from N(0, I), because nothing asked its codes to be like that. A
# *variational autoencoder* (VAE) asks. Its encoder does not give one code but a small cloud of
# them, N(μ, σ²) for each number of the code, and the decoder must do with any code out of the
# cloud.

# %%
import copy
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, nn, plots
from tinygan.models import autoencoder
from tinygan.training import autoencoder_loop

FAST = "--fast" in sys.argv  # a shorter run, for testing the lesson itself
OUT = (Path(__file__).parent if "__file__" in globals() else Path()) / "out" / "11"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(11)
train, test = data.load("fashion-mnist-subset", "train"), data.load("fashion-mnist-subset", "test")
x_train, x_test = (split.images.astype(np.float32) / 255 for split in (train, test))  # in [0, 1]

# %% [markdown]
# ## Where the two terms come from
#
# We want log p(x) to be large, where p(x) is the mean of p(x|z), the decoder's probability of x,
# over all codes z ~ N(0, I). Nearly all of those have nothing to do with x. So draw z from a cloud
# q(z) that the encoder chooses for this x, and make up for it by the ratio of the densities:
#
#     log p(x) = log mean_q[ p(x|z) p(z) / q(z) ] ≥ mean_q[log p(x|z)] − mean_q[log q(z) / p(z)]
#
# since the logarithm of a mean is never less than the mean of the logarithms. The right-hand side
# is the *evidence lower bound* (ELBO). Its first term is minus the reconstruction loss of lesson
# 10. The second is the *Kullback–Leibler divergence* (KL) of q from p(z): how far q is from
# N(0, I), 0 where they are the same. For one number of the code, with mean_q[z²] = μ² + σ² and
# λ = log σ²:
#
#     log q − log p(z) = −λ/2 − (z − μ)² / 2σ² + z²/2      its mean:  KL = (μ² + σ² − 1 − λ) / 2
#     ∂KL/∂μ = μ        ∂KL/∂λ = (σ² − 1) / 2
#
# ## A derivative through a draw
#
# z is drawn at random; what is ∂z/∂μ? Draw ε ~ N(0, 1) first, and z = μ + σ ε is an ordinary
# formula, the *reparameterisation*: ∂z/∂μ = 1, and with σ = e^(λ/2), ∂z/∂λ = σ ε / 2.


# %%
def gaussian_kl(mu, log_var):
    """KL, added up over the code, mean over the batch; and its gradients."""
    n, var = len(mu), np.exp(log_var)
    return (mu**2 + var - 1 - log_var).sum() / (2 * n), mu / n, (var - 1) / (2 * n)


def reconstruction(logits, x):
    loss, glogits = nn.bce_with_logits(logits, x)  # the mean over pixels too
    return loss * 784, glogits * 784


def vae_gradients(encoder, decoder, x, epsilon):
    code = epsilon.shape[1]
    out = encoder.forward(x)  # (N, 2 code): means, then log variances
    mu, log_var = out[:, :code], out[:, code:]
    sigma = np.exp(log_var / 2)
    loss, glogits = reconstruction(decoder.forward(mu + sigma * epsilon), x)
    gz = decoder.backward(glogits)
    kl, gmu, glog_var = gaussian_kl(mu, log_var)
    gout = np.concatenate([gmu + gz, glog_var + gz * sigma * epsilon / 2], axis=1)
    encoder.backward(gout)
    return loss, kl


def vae_step(encoder, decoder, adams, x, epsilon):
    for adam in adams:
        adam.zero_grad()
    losses = vae_gradients(encoder, decoder, x, epsilon)
    for adam in adams:
        adam.step()
    return losses


mu, log_var = rng.normal(size=(2, 3, 2))
kl = gaussian_kl(mu, log_var)[0]
for mine, theirs in zip(
    gaussian_kl(mu, log_var), autoencoder_loop.gaussian_kl(mu, log_var), strict=True
):
    assert np.allclose(mine, theirs)
z = mu + np.exp(log_var / 2) * rng.standard_normal((400_000, 3, 2))  # and by its definition
log_ratio = -log_var / 2 - (z - mu) ** 2 / (2 * np.exp(log_var)) + z**2 / 2
assert np.isclose(log_ratio.sum(axis=2).mean(), kl, atol=0.05)

CODE = 2  # two numbers, so that all of the latent space can be drawn
encoder = autoencoder.dense_encoder(rng, outputs=2 * CODE)
decoder = autoencoder.dense_decoder(rng, code=CODE)
small = [
    autoencoder.dense_encoder(rng, outputs=4, width=2),
    autoencoder.dense_decoder(rng, code=2, width=2),
]
for net in small:  # float64, to measure slopes
    for param in net.params():
        param.data, param.grad = param.data.astype(float), param.grad.astype(float)
some, epsilon = x_test[:3].astype(float), rng.standard_normal((3, 2))
vae_gradients(*small, some, epsilon)
last = small[0].params()[-2:]  # W and b of the encoder's last layer
for param, found in [(param, param.grad.ravel().copy()) for param in last]:
    slopes = nn.numerical_gradient(lambda: sum(vae_gradients(*small, some, epsilon)), param.data)
    assert np.allclose(found, slopes, rtol=1e-5, atol=1e-6)
twins = [copy.deepcopy((encoder, decoder)) for _ in range(2)]
for pair, step in zip(twins, (vae_step, autoencoder_loop.vae_step), strict=True):
    step(*pair, [nn.Adam(net.params()) for net in pair], x_test[:9], np.ones((9, 2), np.float32))
for mine, theirs in zip(*twins, strict=True):
    for a, b in zip(mine.params(), theirs.params(), strict=True):
        assert np.allclose(a.grad, b.grad, rtol=1e-3, atol=1e-3)
        assert np.allclose(a.data, b.data, atol=1e-5)

# %% [markdown]
# ## Training

# %%
adams = [nn.Adam(net.params(), lr=1e-3, betas=(0.9, 0.999)) for net in (encoder, decoder)]
epochs = 2 if FAST else 40
for epoch in range(epochs):
    for adam in adams:
        adam.lr = 1e-3 * (1 - epoch / epochs)
    for rows in rng.permutation(6000).reshape(-1, 60):
        epsilon = rng.standard_normal((60, CODE), np.float32)
        loss, kl = vae_step(encoder, decoder, adams, x_train[rows], epsilon)
out = encoder.forward(x_train)
codes = out[:, :CODE] + np.exp(out[:, CODE:] / 2) * rng.standard_normal((6000, CODE))
print(f"reconstruction {loss:.0f}, KL {kl:.1f} nats; codes: mean {codes.mean():.2f}, "
      f"standard deviation {codes.std():.2f}")  # fmt: skip
assert abs(codes.mean()) < (0.8 if FAST else 0.4)
assert 0.6 < codes.std() < (2 if FAST else 1.5)

steps = np.linspace(-2, 2, 15, dtype=np.float32)
z = np.stack(np.meshgrid(steps, -steps), axis=-1).reshape(-1, 2)
pictures = np.rint(nn.sigmoid(decoder.forward(z)) * 255).astype(np.uint8)
figure, axes = plt.subplots(figsize=(5.4, 5.2), layout="constrained")
half = (steps[1] - steps[0]) / 2
axes.imshow(plots.grid(pictures, columns=15, gap=0)[..., 0], cmap="gray",
            extent=(-2 - half, 2 + half, -2 - half, 2 + half))  # fmt: skip
axes.set(xlabel="z₀", ylabel="z₁")
figure.savefig(OUT / "latent.png", dpi=120)
ends = codes[[np.flatnonzero(train.labels == kind)[0] for kind in (9, 1)]].astype(np.float32)
walk = ends[0] + np.linspace(0, 1, 12, dtype=np.float32)[:, None] * (ends[1] - ends[0])
drawn = decoder.forward(rng.standard_normal((12, CODE), np.float32))
sheet = np.concatenate([nn.sigmoid(decoder.forward(walk)), nn.sigmoid(drawn), x_test[:12]])
sheet = plots.grid(np.rint(sheet * 255).astype(np.uint8), columns=12, scale=2)
plots.save_png(OUT / "walk.png", sheet)

# %% [markdown]
# ![what the decoder makes of each place of the latent space](out/11/latent.png)
# ![a walk from a boot to a trouser, draws from N(0, I), photographs](out/11/walk.png)
#
# The map shows what the decoder makes of each code. Below: a walk on a straight line from the code
# of a boot to that of a trouser, draws from N(0, I), and photographs. Nearly every place draws
# something like clothes now; the dark middle, where kinds meet, is a mean of all of them. That is
# the price: two numbers, and clouds that overlap, leave no room for detail, and the loss makes the
# best of it with the mean of all pictures that a code could stand for.
#
# ## Exercises (answers: `lessons/answers/11.py`)
#
# 1. What is the KL of N(0, 1) from N(0, 1), and of N(1, 1)? Is KL the same the other way round?
# 2. Leave ε away (set it to 0). What does λ learn then, from the reconstruction and from the KL?
