# %% [markdown]
# # 09 · Clothes from a Gaussian mixture
#
# **Goal:** the first model that draws: fit a few bell-shaped clouds to pictures; draw from them.
# **Builds by hand:** `models.GaussianMixture`, `models.PCA`.
# **You need:** first steps with matrices; nothing of 02 to 08. **Time:** seconds. **Next:** 10.
# **Source:** Bishop 2006, "Pattern recognition and machine learning", sections 9.2.2 and 9.4 (EM)
# and 12.1 (PCA); Dempster, Laird & Rubin 1977; the mixture of "Project deep unsupervised learning",
# one of five small student projects whose experiments this library covers.
#
# A *generative model* makes new examples that look as if they came from the data. One way is to
# learn the data's *density* p(x), how thickly examples lie around x, and then to draw from it.

# %%
import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, models

rng = np.random.default_rng(9)
photos = data.load("fashion-mnist-subset").images
x = photos.reshape(-1, 784) / 255.0  # in [0, 1], float64
K_large, d = (5 if lesson.FAST else 20), 40  # Gaussians, and numbers that are kept of each picture

# %% [markdown]
# ## Fewer numbers: principal component analysis
#
# 784 pixels are many, and neighbours say nearly the same. So describe a picture by how far it is
# from the mean along a few directions v of length 1: (x − mean)·v. Which v tell most? Those along
# which pictures differ most. The *covariance* of pixels i and j, C[i,j], is the mean of (x[i] −
# mean[i]) (x[j] − mean[j]), and the variance along v is Σ v[i] C[i,j] v[j] = vᵀ C v. Where it is
# largest among all v with vᵀ v = 1, the gradient of vᵀ C v must be parallel to that of vᵀ v, or a
# step along the sphere vᵀ v = 1 would still raise it. So for some number λ (a *Lagrange
# multiplier*)
#
#     2 C v = 2 λ v, so C v = λ v, and the variance along v is vᵀ C v = λ vᵀ v = λ
#
# These v are the *eigenvectors* of C. They are perpendicular to each other, and the best d of them
# are those with the largest λ. Written as the columns of V they give d numbers for each picture:
#
#     z = (x − mean) V          and back again          x ≈ z Vᵀ + mean
#
# What is lost of a picture is its part along the directions that are left out, whose variances are
# their λ: the squared error is the sum of these. (That no other d directions lose less: Bishop,
# section 12.1.2.) This is *principal component analysis* (PCA).

# %%
mean = x.mean(axis=0)
variances, V = np.linalg.eigh((x - mean).T @ (x - mean) / (len(x) - 1))
V = V[:, ::-1][:, :d]  # eigh's order is rising
V *= np.sign(V[np.abs(V).argmax(axis=0), np.arange(d)])  # v and −v are the same: choose one
z = (x - mean) @ V
assert np.isclose(((x - mean - z @ V.T) ** 2).sum() / (len(x) - 1), variances[:-d].sum())
assert np.allclose(models.PCA(d).fit(x).transform(x), z, atol=1e-6)
print(f"{d} of 784 numbers keep {variances[-d:].sum() / variances.sum():.0%} of the variance")

# %% [markdown]
# ## A mixture, and EM
#
# A *Gaussian* is the bell-shaped density of d numbers with a mean μ and a covariance S:
#
#     N(z; μ, S) = exp(−½ (z − μ)ᵀ S⁻¹ (z − μ)) / √((2π)^d det S)
#
# A *mixture* has K of them, with weights w_k that add up to 1: p(z) = Σ_k w_k N(z; μ_k, S_k). To
# draw from it, choose a k by the weights, and draw from that Gaussian. How well it fits is told by
# the *log-likelihood*, the mean of log p(z_n) over the data, in *nats* (the logarithm is natural).
#
# The logarithm of a sum has no simple maximum. But the logarithm of a mean is never less than the
# mean of the logarithms (*Jensen's inequality*: the logarithm curves downward). So with
# a_k = w_k N(z_n; μ_k, S_k), and any q_k > 0 that add up to 1,
#
#     log p(z_n) = log Σ_k a_k = log Σ_k q_k · (a_k / q_k) ≥ Σ_k q_k log(a_k / q_k)
#
# The two are equal if all ratios a_k / q_k are: if q_k = a_k / p(z_n), the share of k in p(z_n),
# called its *responsibility* r[n,k]. *EM* (expectation, maximisation) raises the right-hand side, a
# lower bound, in two steps that alternate:
#
#     E:  r[n,k] = w_k N(z_n; μ_k, S_k) / p(z_n)                 the bound now equals log p
#     M:  the w, μ and S that make the bound largest, with r as it is
#
# In M the logarithm stands before each Gaussian alone. Set the derivative by μ_k to 0:
# Σ_n r[n,k] S_k⁻¹ (z_n − μ_k) = 0, so μ_k is a weighted mean. S_k likewise is the weighted
# covariance (the derivative of log det S is S⁻¹). The w_k must add up to 1: a multiplier again, and
# with R_k = Σ_n r[n,k], the derivative R_k / w_k of the bound is the same for all k. So
#
#     μ_k = Σ_n r[n,k] z_n / R_k,  S_k = Σ_n r[n,k] (z_n − μ_k)(z_n − μ_k)ᵀ / R_k,  w_k = R_k / Σ R
#
# where Σ R, the sum of all R_k, is the number of examples.
# M raises the bound from where it equals log p, and log p is never below it: so no turn of E and M
# lowers the log-likelihood. (A little is added to the diagonal of S, so that no Gaussian shrinks to
# a point.)
#
# Far from a Gaussian its density can be below e^−745, the smallest number of a computer: in 40
# dimensions half of all a_k are (measured below). So E keeps the logarithms of the a_k, and adds
# them as log Σ_k a_k = A + log Σ_k e^(log a_k − A), with the largest log a_k as A: the
# *log-sum-exp*. With S = L Lᵀ (*Cholesky*; L has zeros above its diagonal) and u = L⁻¹ (z − μ), the
# exponent is −½ u·u and √det S is the product of the L[i,i]:
#
#     log N(z; μ, S) = −½ u·u − Σ_i log L[i,i] − d/2 log 2π


# %%
def e_step(z, w, mu, S):
    """The log p of each example, and responsibilities (examples, K)."""
    logs = np.empty((len(z), len(w)))
    for k in range(len(w)):
        L = np.linalg.cholesky(S[k])
        u = np.linalg.solve(L, (z - mu[k]).T)
        logs[:, k] = np.log(w[k]) - (u**2).sum(axis=0) / 2 - np.log(np.diag(L)).sum()
    logs -= z.shape[1] / 2 * np.log(2 * np.pi)
    largest = logs.max(axis=1, keepdims=True)
    log_p = largest + np.log(np.exp(logs - largest).sum(axis=1, keepdims=True))
    return log_p, np.exp(logs - log_p)


def m_step(z, r, little=1e-4):
    R = r.sum(axis=0)
    mu = r.T @ z / R[:, None]
    S = np.array([(r[:, k, None] * (z - mu[k])).T @ (z - mu[k]) / R[k] for k in range(len(R))])
    return R / R.sum(), mu, S + little * np.eye(z.shape[1])


def em(z, w, mu, S, tol=1e-3, most=200):
    """EM until a turn gains less than tol. Returns w, mu, S, r and the log-likelihoods."""
    history = []
    for _ in range(most):
        log_p, r = e_step(z, w, mu, S)
        w, mu, S = m_step(z, r)
        history.append(log_p.mean())
        if len(history) > 1 and history[-1] - history[-2] < tol:
            break
    assert min(np.diff(history)) > -1e-9  # no turn lowered it
    return w, mu, S, r, history


def start(z, K):
    """K examples as means, and the whole data's covariance for each."""
    return np.full(K, 1 / K), z[rng.permutation(len(z))[:K]], np.array([np.cov(z.T)] * K)


flat = z[:, :2]  # first in two dimensions, where it can be drawn
w, mu, S = start(flat, 6)
theirs = models.GaussianMixture(6, reg_covar=1e-4, max_iter=200, weights_init=w, means_init=mu,
                                precisions_init=np.linalg.inv(S), rng=rng).fit(flat)  # fmt: skip
w, mu, S, r, history = em(flat, w, mu, S)
assert np.allclose(r.sum(axis=1), 1)
assert np.allclose(theirs.weights_, w, atol=1e-6)
assert np.allclose(theirs.means_, mu, atol=1e-6)
assert np.allclose(theirs.covariances_, S, atol=1e-6)
print(f"{len(history)} turns: log-likelihood {history[0]:.3f} to {history[-1]:.3f} nats")

figure, (axes, strip) = plt.subplots(
    1, 2, figsize=(7, 3.9), width_ratios=(2.2, 1), layout="constrained"
)
colors = plt.get_cmap("Dark2")(range(6))[:, :3]
axes.scatter(*flat[::3].T, s=5, c=np.clip(r[::3] @ colors, 0, 1), linewidths=0)
circle = np.stack([np.cos(t := np.linspace(0, 2 * np.pi, 100)), np.sin(t)])
for row, k in enumerate(np.argsort(mu[:, 0])):
    axes.plot(*(mu[k][:, None] + 2 * np.linalg.cholesky(S[k]) @ circle), color=colors[k])
    for column, photo in enumerate(photos[np.argsort(-r[:, k])[:4]]):
        strip.imshow(photo, cmap="gray", extent=(column, column + 1, -row - 1, -row))
    strip.add_patch(plt.Rectangle((-0.25, -row - 0.95), 0.18, 0.9, color=colors[k]))
axes.set(xlabel="z[0], along the first direction", ylabel="z[1], along the second direction")
axes.set_title("each dot a garment, coloured by its responsibilities r", size="medium")
strip.set(xlim=(-0.3, 4), ylim=(-6, 0), aspect="equal")
strip.set_title("largest r of each Gaussian", size="medium")
strip.axis("off")
lesson.save(figure, "09/mixture.png")

# %% [markdown]
# ![six Gaussians on two principal directions, and garments of each](out/09/mixture.png)
#
# Each ellipse is a Gaussian at two standard deviations. It was never told which picture is of which
# kind.
#
# ## Drawing
#
# In 40 dimensions, with 20 Gaussians: choose k by w, draw u of 40 numbers from N(0, 1), which is
# written u ~ N(0, I); then z = μ + L u has the covariance L Lᵀ = S. Then back to pixels.

# %%
w, mu, S, r, history = em(z, *start(z, K_large), tol=0.01)
log_a = np.array([e_step(z, w[[k]], mu[[k]], S[[k]])[0] for k in range(K_large)])
print(f"log-likelihood {history[-1]:.1f} nats, smallest log p {e_step(z, w, mu, S)[0].min():.0f}; "
      f"{np.mean(log_a < -745):.0%} of all a_k are below e^−745")  # fmt: skip
assert np.mean(log_a < -745) > 0.2
chosen = rng.choice(K_large, 20000, p=w / w.sum())
L = np.linalg.cholesky(S)
u = rng.standard_normal((20000, d))
drawn = mu[chosen] + np.einsum("nij,nj->ni", L[chosen], u)  # L u of each n: the sum over j
assert np.allclose(drawn.mean(axis=0), z.mean(axis=0), atol=0.15)  # as the data are
assert np.allclose(np.cov(drawn.T), np.cov(z.T), atol=0.06 * np.cov(z.T).max())
rows = {"means of Gaussians": mu[:10], "draws": drawn[:10], "more draws": drawn[10:20]}
for name, row in rows.items():
    pixels = np.clip(row @ V.T + mean, 0, 1)
    rows[name] = np.rint(pixels * 255).astype(np.uint8).reshape(-1, 28, 28, 1)
lesson.sheet("09/clothes.png", rows | {"photographs": photos[:10]}, scale=2)

# %% [markdown]
# ![means of ten Gaussians, twenty draws, ten photographs](out/09/clothes.png)
#
# Most draws are recognisable at a glance. They are soft, since 40 numbers keep no fine detail, and
# some show parts of a second garment: a Gaussian is a simple shape, and reaches to places where
# there are no clothes. No network was needed, and it takes seconds.
#
# ## Exercises
#
# Fill in `lessons/exercises/09.py`, then: `python -m lessons check 09`
#
# 1. Add densities as small as e^−1000.
# 2. One turn of EM, for single numbers. What does it do with one Gaussian?
# 3. Draw from a Gaussian.
# 4. More Gaussians fit the training pictures better. How many are right?
