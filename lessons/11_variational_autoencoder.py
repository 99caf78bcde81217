# %% [markdown]
# # 11 · Variational autoencoder
#
# **Goal:** teach the codes of lesson 10 to be N(0, I), and draw from that.
# **Builds by hand:** `autoencoder_loop.gaussian_kl`, `autoencoder_loop.vae_step`.
# **You need:** 09 (Jensen's inequality), 10. **Time:** 1 minute. **Next:** 12, the first GAN.
# **Source:** Kingma & Welling 2014, "Auto-encoding variational Bayes", sections 2.2 to 2.4 and
# appendix B.
#
# The autoencoder could not draw from N(0, I), because nothing asked its codes to be like that. A
# *variational autoencoder* (VAE) asks. Its encoder gives not one code but a small cloud of them,
# N(μ, σ²) for each number of the code; the decoder gets one code of the cloud, drawn anew each
# time.

# %%
import copy

import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, metrics, nn, plots
from tinygan.evaluation import features
from tinygan.training import autoencoder_loop

rng, epochs = np.random.default_rng(11), 1 if lesson.FAST else 20
train, test = data.load("fashion-mnist-subset", "train"), data.load("fashion-mnist-subset", "test")
x_train, x_test = (split.images.astype(np.float32) / 255 for split in (train, test))  # in [0, 1]

# %% [markdown]
# ## Where the two terms come from
#
# Take pictures that are black and white, x[i] = 0 or 1. The decoder's pixel y[i] is then the
# probability of white. The probability of the picture, given its code, is a product: p(x|z) = Π of
# y[i] where x[i] = 1 and of 1 − y[i] where it is 0. So −log p(x|z) is the reconstruction loss of
# lesson 10. We want p(x) to be large, the mean of p(x|z) over all codes of the prior p(z), N(0, I).
# But nearly all of those codes have nothing to do with x.
#
# 1. So draw z from a cloud q(z) that the encoder chooses for this x. A code now comes q(z) / p(z)
#    times as often as it should, and has to count p(z) / q(z) times, its *importance weight*:
#    p(x) = mean over p of p(x|z) = mean over q of p(x|z) p(z) / q(z).
# 2. The logarithm of a mean is never less than the mean of the logarithms (Jensen, lesson 09):
#    log p(x) ≥ mean over q of log(p(x|z) p(z) / q(z)).
# 3. log(a b) = log a + log b: the right-hand side is mean of log p(x|z) − mean of log(q(z) / p(z)).
#
# That is the *evidence lower bound* (ELBO). Minus it is the loss: reconstruction, and the
# *Kullback–Leibler divergence* (KL) of q from p, which is 0 if q is N(0, I) and above 0 if not
# (Jensen again; or below, since both μ² and σ² − 1 − log σ² are at least 0). For one number of the
# code, where the mean of z² over q is μ² + σ², and with λ = log σ²,
#
#     log q − log p = −λ/2 − (z − μ)² / 2σ² + z²/2      its mean over q:  KL = (μ² + σ² − 1 − λ) / 2
#     ∂KL/∂μ = μ        ∂KL/∂λ = (σ² − 1) / 2
#
# Clothes are grey. For grey pixels the reconstruction loss is not −log p(x|z) (exercise 4), and the
# sum bounds no log p(x). It still trades the same two things off, and is widely used.
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


def vae_step(encoder, decoder, adams, x, epsilon):
    code = epsilon.shape[1]
    for adam in adams:
        adam.zero_grad()
    out = encoder.forward(x)  # (N, 2 code): means, then log variances
    mu, log_var = out[:, :code], out[:, code:]
    sigma = np.exp(log_var / 2)
    loss, glogits = nn.bce_with_logits(decoder.forward(mu + sigma * epsilon), x)
    gz = decoder.backward(glogits * 784)  # the mean over pixels too, and we want their sum
    kl, gmu, glog_var = gaussian_kl(mu, log_var)
    gout = np.concatenate([gmu + gz, glog_var + gz * sigma * epsilon / 2], axis=1)
    encoder.backward(gout)
    for adam in adams:
        adam.step()
    return loss * 784, kl


def dense(n_in, n_out, gain=2):  # as in lesson 10
    return nn.Dense(n_in, n_out, rng=rng, std=(gain / n_in) ** 0.5)


def networks(code, a=512, b=256):
    encoder = nn.Sequential(
        *(nn.Flatten(), dense(784, a), nn.LeakyReLU(), dense(a, b), nn.LeakyReLU()),
        dense(b, 2 * code, gain=1),
    )
    decoder = nn.Sequential(
        *(dense(code, b), nn.LeakyReLU(), dense(b, a), nn.LeakyReLU(), dense(a, 784, gain=1)),
        nn.Reshape((28, 28, 1)),
    )
    return encoder, decoder


mu, log_var = rng.normal(size=(2, 3, 2))
found = zip(gaussian_kl(mu, log_var), autoencoder_loop.gaussian_kl(mu, log_var), strict=True)
assert all(np.allclose(mine, theirs) for mine, theirs in found)
small = networks(2, 16, 8)
for param in (param for net in small for param in net.params()):  # float64, to measure slopes
    param.data, param.grad = param.data.astype(float), param.grad.astype(float)
some, epsilon = x_test[:3].astype(float), rng.standard_normal((3, 2))
twins = copy.deepcopy(small)
vae_step(*small, [], some, epsilon)  # the gradients, and no step
for param, found in [(p, p.grad.ravel().copy()) for p in small[0].params()[-2:]]:
    slopes = nn.numerical_gradient(lambda: sum(vae_step(*small, [], some, epsilon)), param.data)
    assert np.allclose(found, slopes, rtol=1e-5, atol=1e-6)
for pair, step in ((small, vae_step), (twins, autoencoder_loop.vae_step)):
    step(*pair, [nn.Adam(net.params()) for net in pair], some, epsilon)
for mine, theirs in zip(small, twins, strict=True):
    for one, other in zip(mine.params(), theirs.params(), strict=True):
        assert np.allclose(one.data, other.data, rtol=1e-6, atol=1e-6)


# %% Training, with codes of 2 and of 16 numbers
def trained(code):
    encoder, decoder = networks(code)
    adams = [nn.Adam(net.params(), lr=1e-3, betas=(0.9, 0.999)) for net in (encoder, decoder)]
    losses = []
    for epoch in range(epochs):
        for adam in adams:
            adam.lr = 1e-3 * (1 - epoch / epochs)
        for rows in rng.permutation(6000).reshape(-1, 60):
            epsilon = rng.standard_normal((60, code), np.float32)
            losses.append(vae_step(encoder, decoder, adams, x_train[rows], epsilon))
    loss, kl = np.mean(losses[-100:], axis=0)  # of the last epoch
    print(f"{code} numbers: reconstruction {loss:.0f}, KL {kl:.1f} nats")
    return encoder, decoder


def drawn(decoder, z):
    return nn.sigmoid(decoder.forward(z.astype(np.float32)))  # in (0, 1)


def uint8(y):
    return np.rint(y * 255).astype(np.uint8)


two, (encoder, decoder) = trained(2), trained(16)
steps = np.linspace(-2, 2, 15)
z = np.stack(np.meshgrid(steps, -steps), axis=-1).reshape(-1, 2)
figure, axes = plt.subplots(figsize=(5.4, 5.2), layout="constrained")
image = plots.grid(uint8(drawn(two[1], z)), columns=15, gap=0)[..., 0]
axes.imshow(image, cmap="gray", extent=(-15 / 7, 15 / 7) * 2)
axes.set(xlabel="z[0]", ylabel="z[1]")
lesson.save(figure, "11/latent.png")

out = encoder.forward(x_train)
codes = out[:, :16] + np.exp(out[:, 16:] / 2) * rng.standard_normal((6000, 16))
narrow, wide = codes.std(axis=0).min(), codes.std(axis=0).max()
print(f"codes of 16 numbers: standard deviations {narrow:.2f} to {wide:.2f}")
mu, z = encoder.forward(x_test)[:, :16], rng.standard_normal((1000, 16))
pixels, fd, other = drawn(decoder, mu), {}, rng.permutation(1000)
sets = {
    "N(0, I)": drawn(decoder, z),
    "reconstructions": pixels,
    "half way by codes": drawn(decoder, (mu + mu[other]) / 2),  # between any two test pictures
    "half way by pixels": (pixels + pixels[other]) / 2,
}
for name, images in sets.items():
    fd[name] = metrics.frechet_distance(*map(features.features_of, (uint8(images), test.images)))
    print(f"{name}: Fréchet distance {fd[name]:.0f}")
assert lesson.FAST or 0.7 < narrow < wide < 1.5
assert lesson.FAST or fd["reconstructions"] < 0.5 * fd["N(0, I)"] < 40
assert lesson.FAST or fd["half way by codes"] < fd["half way by pixels"]


def between(a, b):
    return a + np.linspace(0, 1, 12).reshape(-1, *[1] * a.ndim) * (b - a)


rows, walks = {"decoded N(0, I)": drawn(decoder, z[:12]), "photographs": x_test[:12]}, []
for a, b in (("boot", "sneaker"), ("sneaker", "bag"), ("bag", "T-shirt"), ("T-shirt", "dress")):
    i, j = (list(test.labels).index(lesson.CLOTHES.index(name)) for name in (a, b))
    walks.append((drawn(decoder, between(mu[i], mu[j])), between(pixels[i], pixels[j])))
    if b in ("sneaker", "dress"):
        rows |= {f"{a} to {b}: codes": walks[-1][0], f"{a} to {b}: pixels": walks[-1][1]}
lesson.sheet("11/walk.png", {name: uint8(row) for name, row in rows.items()})

figure, panels = plt.subplots(1, 2, figsize=(3.4, 2), layout="constrained")
frames = []
for pair in (pair for walk in walks for pair in zip(*walk, strict=True)):
    for axes, title, picture in zip(panels, ("between codes", "between pixels"), pair, strict=True):
        axes.clear()
        axes.imshow(picture, cmap="gray", vmin=0, vmax=1)
        axes.set(title=title, xticks=[], yticks=[])
    frames.append(lesson.frame(figure))
lesson.film("11/walk.gif", frames)

# %% [markdown]
# ![what the decoder makes of each place of the latent space](out/11/latent.png)
# ![decoded N(0, I), photographs, and walks by codes and by pixels](out/11/walk.png)
# ![a walk from garment to garment, by codes and by pixels](out/11/walk.gif)
#
# The map: what the decoder of two numbers makes of each code. In the middle, where kinds meet, it
# is dark: for a code that stands for several pictures, the loss is smallest with y at their mean.
#
# With 16 numbers, the Fréchet distance of N(0, I) is 63 to 67 over four seeds (three of them
# measured apart): better than the autoencoder's 82 to 94, and far from the 23 to 25 of the
# reconstructions, since the clouds together are only roughly N(0, I). The reconstructions pay for
# the KL: lesson 10 has 15. A walk between two codes shows garments on its way, the mean of the
# pixels shows two at once. The Fréchet distance of 1,000 pictures half way, each between two test
# pictures, is 54 to 60 by codes and 70 to 73 by pixels, over the same seeds. All of it is soft,
# since the loss compares pixel by pixel. The next lessons learn without that.
#
# ## Exercises
#
# Fill in `lessons/exercises/11.py`, then: `python -m lessons check 11`
#
# 1. Work out the KL between any two Gaussians. Is it the same in both directions?
# 2. A mean over p from draws of q.
# 3. The gradient by λ. Leave ε out: what does λ learn then?
# 4. Do the probabilities of all pictures add up to 1, if pixels may be grey?
