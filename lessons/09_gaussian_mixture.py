# %% [markdown]
# # 09 · Clothes from a Gaussian mixture
#
# **Goal:** the first model that draws: fit a few bell-shaped clouds to pictures; draw from them.
# **Builds by hand:** `models.GaussianMixture`, `models.PCA`.
# **You need:** first steps with matrices; nothing of 02 to 08. **Time:** seconds. **Next:** 10.
# **Source:** Bishop 2006, "Pattern recognition and machine learning", sections 9.2.2 (EM) and 12.1
# (PCA); Dempster, Laird & Rubin 1977; the mixture of "Project deep unsupervised learning".
#
# A *generative model* makes new examples that look as if they came from the data. One way is to
# learn the data's *density* p(x), how thickly examples lie around x, and then to draw from it.

# %%
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, models, plots

FAST = "--fast" in sys.argv  # a shorter run, for testing the lesson itself
OUT = (Path(__file__).parent if "__file__" in globals() else Path()) / "out" / "09"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(9)
photos = data.load("fashion-mnist-subset").images
x = photos.reshape(-1, 784) / 255.0  # in [0, 1], float64

# %% [markdown]
# ## Fewer numbers: principal components
#
# 784 pixels are many, and neighbours say nearly the same. The *covariance* of the pixels i and j is
# Σ[i,j] = mean of (x[i] − mean[i]) (x[j] − mean[j]). *Principal component analysis* (PCA) takes its
# eigenvectors, the directions v with Σ v = λ v, where λ is the variance along v, and keeps those of
# the largest λ: z = (x − mean) V, and back again, x ≈ z Vᵀ + mean.

# %%
dims, mean = 40, x.mean(axis=0)
variances, V = np.linalg.eigh((x - mean).T @ (x - mean) / (len(x) - 1))
V = V[:, ::-1][:, :dims]  # eigh's order is rising
V *= np.sign(V[np.abs(V).argmax(axis=0), np.arange(dims)])  # v and −v are the same: choose one
z = (x - mean) @ V
pca = models.PCA(dims).fit(x)
assert np.allclose(pca.transform(x), z, atol=1e-6)
print(f"{dims} of 784 numbers keep {variances[-dims:].sum() / variances.sum():.0%} of the variance")

# %% [markdown]
# ## A mixture, and EM
#
# A *Gaussian* is the bell-shaped density with a mean μ and a covariance S. A *mixture* has K of
# them with weights w that add up to 1: p(z) = Σ_k w_k N(z; μ_k, S_k). To draw: choose a k, draw
# from it.
#
# The *log-likelihood*, the mean of log p over the data, tells how well it fits (in *nats*, as the
# logarithm is natural). If we knew which z came from which k, each would take the mean and
# covariance of its own. We do not, but given a fit, the *responsibility* of k for z is its share of
# p there. *EM* does the two by turns:
#
#     E:  r[n,k] = w_k N(z_n; μ_k, S_k) / p(z_n)
#     M:  N_k = Σ_n r[n,k],  w_k = N_k / N,  μ_k = Σ_n r[n,k] z_n / N_k,
#         S_k = Σ_n r[n,k] (z_n − μ_k)(z_n − μ_k)ᵀ / N_k  + a little on the diagonal
#
# Without that little, no turn lowers the log-likelihood (Bishop, section 9.4). In 40 dimensions a
# density is too small a number for a computer, so the E step keeps logarithms, and adds densities
# as log Σ e^a = m + log Σ e^(a − m) with the largest a as m, the *log-sum-exp*. With S = L Lᵀ
# (Cholesky; L has zeros above its diagonal) and u = L⁻¹ (z − μ):
#
#     log N = −½ u·u − Σ log L[i,i] − D/2 log 2π


# %%
def e_step(z, w, mu, S):
    """Log-likelihood and responsibilities (N, K)."""
    logs = np.empty((len(z), len(w)))
    for k in range(len(w)):
        L = np.linalg.cholesky(S[k])
        u = np.linalg.solve(L, (z - mu[k]).T)
        logs[:, k] = np.log(w[k]) - (u**2).sum(axis=0) / 2 - np.log(np.diag(L)).sum()
    logs -= z.shape[1] / 2 * np.log(2 * np.pi)
    largest = logs.max(axis=1, keepdims=True)
    log_p = largest + np.log(np.exp(logs - largest).sum(axis=1, keepdims=True))
    return log_p.mean(), np.exp(logs - log_p)


def m_step(z, r, little=1e-4):
    N = r.sum(axis=0)
    mu = r.T @ z / N[:, None]
    S = np.array([(r[:, k, None] * (z - mu[k])).T @ (z - mu[k]) / N[k] for k in range(len(N))])
    return N / len(z), mu, S + little * np.eye(z.shape[1])


def em(z, w, mu, S, tol=1e-3, most=200):
    """EM until a turn gains less than tol. Returns w, mu, S, r and the log-likelihoods."""
    history = []
    for _ in range(most):
        likelihood, r = e_step(z, w, mu, S)
        w, mu, S = m_step(z, r)
        history.append(likelihood)
        if len(history) > 1 and history[-1] - history[-2] < tol:
            break
    return w, mu, S, r, history


def start(z, K):
    """K examples as means, and the whole data's covariance for each."""
    return np.full(K, 1 / K), z[rng.permutation(len(z))[:K]], np.array([np.cov(z.T)] * K)


flat = z[:, :2]  # first in two dimensions, where it can be drawn
w, mu, S = start(flat, 6)
theirs = models.GaussianMixture(6, reg_covar=1e-4, max_iter=200, weights_init=w, means_init=mu,
                                precisions_init=np.linalg.inv(S), rng=rng).fit(flat)  # fmt: skip
w, mu, S, r, history = em(flat, w, mu, S)
assert min(np.diff(history)) > -1e-9  # no turn lowered it
assert np.allclose(r.sum(axis=1), 1)
assert np.allclose(theirs.weights_, w, atol=1e-6)
assert np.allclose(theirs.means_, mu, atol=1e-6)
assert np.allclose(theirs.covariances_, S, atol=1e-6)
print(f"{len(history)} turns: log-likelihood {history[0]:.3f} to {history[-1]:.3f} nats")

# %%
figure, (axes, strip) = plt.subplots(
    1, 2, figsize=(7, 3.9), width_ratios=(2.2, 1), layout="constrained"
)
colors = plt.get_cmap("Dark2")(range(6))[:, :3]
axes.scatter(*flat[::3].T, s=5, c=np.clip(r[::3] @ colors, 0, 1), linewidths=0)
circle = np.stack([np.cos(t := np.linspace(0, 2 * np.pi, 100)), np.sin(t)])
for k in range(6):
    axes.plot(*(mu[k][:, None] + 2 * np.linalg.cholesky(S[k]) @ circle), color=colors[k])
axes.set(xlabel="z₀: first component", ylabel="z₁: second component")
axes.set_title("a garment's colour mixes its components' by r", size="medium")
for row, k in enumerate(np.argsort(mu[:, 0])):
    for column, photo in enumerate(photos[np.argsort(-r[:, k])[:4]]):
        strip.imshow(photo, cmap="gray", extent=(column, column + 1, -row - 1, -row))
    strip.add_patch(plt.Rectangle((-0.25, -row - 0.95), 0.18, 0.9, color=colors[k]))
strip.set(xlim=(-0.3, 4), ylim=(-6, 0), aspect="equal")
strip.set_title("the surest of each", size="medium")
strip.axis("off")
figure.savefig(OUT / "mixture.png", dpi=120)

# %% [markdown]
# ![six Gaussians on two principal components, and garments of each](out/09/mixture.png)
#
# ## Drawing
#
# In 40 dimensions, with 20 components: choose k by w, draw u from N(0, I), and z = μ + L u has the
# covariance L Lᵀ = S. Then back to pixels.

# %%
K = 5 if FAST else 20
w, mu, S, r, history = em(z, *start(z, K), tol=0.01)
assert min(np.diff(history)) > -1e-9
chosen = rng.choice(K, 20000, p=w / w.sum())
L = np.linalg.cholesky(S)
drawn = mu[chosen] + np.einsum("nij,nj->ni", L[chosen], rng.standard_normal((20000, dims)))
assert np.allclose(drawn.mean(axis=0), z.mean(axis=0), atol=0.15)  # as the data are
assert np.allclose(np.cov(drawn.T), np.cov(z.T), atol=0.06 * np.cov(z.T).max())
sheet = np.concatenate([mu[:10] if K >= 10 else drawn[:10], drawn[:20]]) @ V.T + mean
pictures = np.rint(np.clip(sheet, 0, 1) * 255).astype(np.uint8).reshape(-1, 28, 28, 1)
plots.save_png(
    OUT / "clothes.png", plots.grid(np.concatenate([pictures, photos[:10]]), 10, scale=3)
)

# %% [markdown]
# ![ten means, twenty draws, ten photographs](out/09/clothes.png)
#
# First row: means of ten components. Then twenty draws, and a row of photographs. Most draws are a
# garment at once, soft, since 40 components carry no fine detail, and with ghosts of other
# garments: a cloud is a rough shape for a kind of clothes. No network was needed, and it takes
# seconds.
#
# ## Exercises (answers: `lessons/answers/09.py`)
#
# 1. Add densities of e^−1000 without log-sum-exp. What comes out? And with it?
# 2. One component: show that EM is done after one turn, with the data's own mean and covariance.
# 3. More components fit the training pictures better. Do they fit the test pictures better?
