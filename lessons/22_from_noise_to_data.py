# %% [markdown]
# # 22 · From noise to data by a velocity
#
# **Goal:** a generative model without a game: learn the velocity that carries noise to data.
# **Builds by hand:** `flow_loop.path`, `flow_loop.flow_step`, `ode.euler_steps`, `ode.heun_steps`.
# **You need:** 02 to 04, 09, 20. **Time:** half a minute. **Next:** 23, clothes without a game.
# **Source:** Lipman et al. 2023, "Flow matching for generative modeling", theorems 1 and 2; Liu et
# al. 2023, "Flow straight and fast"; Ho et al. 2020, "Denoising diffusion probabilistic models".
#
# Many of the pictures that networks draw in 2026 come from *flows* and *diffusion models*: one
# network, one squared error, no game. The data here are those on which the GAN of lesson 20
# collapsed: eight heaps on a ring, N(centre, 0.05² I) each.

# %%
import itertools

import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn, training
from tinygan.models import ode
from tinygan.training import flow_loop

FAST = lesson.FAST
UPDATES, GAME, STEPS = (150, 150, 50) if FAST else (6000, 3000, 1000)
rng = np.random.default_rng(22)
turns = np.arange(8) * np.pi / 4
CENTRES, SPREAD = 2 * np.stack([np.cos(turns), np.sin(turns)], axis=1), 0.05  # (8, 2)


def draw(rng, n):
    """Noise x0 and data x1, (n, 2) each."""
    x1 = CENTRES[rng.integers(0, 8, n)] + SPREAD * rng.standard_normal((n, 2))
    return rng.standard_normal((n, 2), np.float32), x1.astype(np.float32)


# %% [markdown]
# ## A path from noise to data, and its velocity
#
# Draw noise x0 from N(0, I) and, independently, a point x1 of the data. Join them by a straight
# line that is at x0 at the time t = 0 and at x1 at t = 1:
#
#     x_t = (1 − t) x0 + t x1            its velocity:  dx_t/dt = x1 − x0
#
# To draw a new point we cannot follow such a line, since x1 is not known. So a network v(x, t) has
# to say where to go from x at the time t. It learns from the lines, with t uniform in [0, 1]:
#
#     L = mean |v(x_t, t) − (x1 − x0)|²
#
# Many lines pass through the same x at the same t, and no v is right for all of them. For a random
# u and a fixed v, mean |v − u|² = |v − mean u|² + mean |u − mean u|², and only the first term
# depends on v: L is least where v is the mean. So the network learns the *mean velocity*
#
#     v(x, t) = E[x1 − x0 | x_t = x],    the mean over all lines that pass through x at the time t
#
# Why is a mean enough? The density of a crowd of points changes by how many pass each place, and in
# which direction on average. So points that start as noise and move with the mean velocity of their
# place have, at each t, the density of the x_t (Lipman et al., theorem 1): at t = 1, of the data.
# The network gets t as waves, cos ωt and sin ωt, which tell near times apart.


# %%
class Velocity(nn.Layer):
    """x (N, 2), t (N,) -> v (N, 2). (The library also gives labels, which lesson 24 needs.)"""

    def __init__(self, rng):
        self.net, self.omega = dense(rng, 14, 128, 128, 128, 2), 2.0 ** np.arange(6)

    def forward(self, x, t, labels=None):
        waves = t[:, None] * self.omega
        seen = np.concatenate([x, np.cos(waves), np.sin(waves)], axis=1)
        return self.net.forward(seen.astype(x.dtype))

    def backward(self, gv, accumulate=True, input_grad=True):
        self.net.backward(gv, accumulate, input_grad=False)


def dense(rng, *sizes):
    layers = []
    for n, m in itertools.pairwise(sizes):
        layers += [nn.Dense(n, m, rng=rng, std=np.sqrt(2 / n)), nn.LeakyReLU()]
    return nn.Sequential(*layers[:-1])


def path(x0, x1, t):
    return (1 - t[:, None]) * x0 + t[:, None] * x1


def flow_step(net, adam, x0, x1, t):
    adam.zero_grad()
    error = net.forward(path(x0, x1, t), t) - (x1 - x0)
    net.backward(2 * error / error.size)  # the gradient of the mean of error²
    adam.step()
    return (error**2).mean()


twins, pair = [Velocity(np.random.default_rng(0)) for _ in range(2)], draw(rng, 64)
one, other = (nn.Adam(twin.params()) for twin in twins)
t = rng.random(64).astype(np.float32)
assert np.allclose(path(*pair, t), flow_loop.path(*pair, t))
flow_step(twins[0], one, *pair, t), flow_loop.flow_step(twins[1], other, *pair, t, None)
for a, b in zip(*(twin.params() for twin in twins), strict=True):
    assert np.allclose(a.data, b.data, atol=1e-6)

net = Velocity(rng)
adam = nn.Adam(net.params(), betas=(0.9, 0.999))
for update in range(UPDATES):
    adam.lr = 2e-3 * (1 - update / UPDATES)
    flow_step(net, adam, *draw(rng, 256), rng.random(256).astype(np.float32))

# %% [markdown]
# ## What it should have learned
#
# For these data there is a formula. Write x_t = a x1 + b x0, with a = t and b = 1 − t. If x1 is of
# heap k, with centre c_k and variance s², x_t is N(a c_k, a² s² + b²), and with d = x − a c_k
#
#     E[x0 | x, k] = b d / (a² s² + b²)            (Bishop 2006, equation 2.81)
#
# (d is a part of x1, with variance a² s², and b x0, with b²: x0's share of it is the slope
# covariance / variance = b / (a² s² + b²), and between Gaussians the mean is on that line.) The
# mean over k takes the responsibilities of lesson 09: how probable each heap is at x. And from x =
# a x1 + b x0, E[x1 | x] = (x − b E[x0 | x]) / a.


# %%
def noise_at(x, a, b):
    """E[x0 | a x1 + b x0 = x], exactly.    x (N, 2) -> (N, 2)."""
    d, variance = x[:, None] - a * CENTRES, (a * SPREAD) ** 2 + b**2  # d (N, 8, 2)
    logs = -(d**2).sum(axis=2, keepdims=True) / (2 * variance)
    r = np.exp(logs - logs.max(axis=1, keepdims=True))
    return (r / r.sum(axis=1, keepdims=True) * b * d / variance).sum(axis=1)


def exact(x, t):
    x0 = noise_at(x, t, 1 - t)
    return (x - (1 - t) * x0) / t - x0


def learned(x, t):
    return net.forward(x, np.full(len(x), t, x.dtype))


for time in (0.2, 0.5, 0.8):
    x = path(*draw(rng, 2000), np.full(2000, time, np.float32))
    off = np.sqrt(((learned(x, time) - exact(x, time)) ** 2).mean() / (exact(x, time) ** 2).mean())
    print(f"t = {time}: the network is off by {off:.0%} of the velocity")
    assert FAST or off < 0.2

# %% [markdown]
# ## Drawing: solve dx/dt = v(x, t)
#
# Start from noise and move with v. *Euler's* method holds v fixed for a step of length h = 1 / n.
# By Taylor x(t + h) = x + h v + h²/2 dv/dt + …: a step is off by order h², n steps by order h.
# *Heun's* method takes the mean of v at both ends, v + h/2 dv/dt: n steps are off by order h², for
# two calls of the network in each.


# %%
def euler(v, x, n):
    for i in range(n):
        x = x + v(x, i / n) / n
    return x


def heun(v, x, n):
    for i in range(n):
        slope = v(x, i / n)
        if i < n - 1:  # the last step is Euler's: at t = 1 itself the network was never trained
            slope = (slope + v(x + slope / n, (i + 1) / n)) / 2
        x = x + slope / n
    return x


x0, _ = draw(np.random.default_rng(1), 1000)
truth, counts = heun(learned, x0, STEPS), np.array([2, 4, 8, 16, 32, 64, 128])
figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
for name, method, steps in (("Euler", euler, ode.euler_steps), ("Heun", heun, ode.heun_steps)):
    assert np.allclose(method(learned, x0, 7), ode.solve(steps, learned, x0, 7), atol=1e-5)
    errors = [np.abs(method(learned, x0, n) - truth).mean() for n in counts]
    factor = np.sqrt(errors[-3] / errors[-1])
    print(f"{name}: twice the steps divide the error by {factor:.1f}")
    assert FAST or abs(np.log2(factor) - 1 - (name == "Heun")) < 0.4
    axes.loglog(counts if name == "Euler" else 2 * counts - 1, errors, "o-", label=name)
axes.set(xlabel="calls of the network", ylabel="mean error of the end point")
axes.legend(frameon=False)
lesson.save(figure, "22/steps.png")

# %% [markdown]
# ![the error of the end points against the calls of the network](out/22/steps.png)
#
# Counted in calls of the network, Heun's method is the better one from some 32 calls on.
#
# ## Beside the game
#
# The GAN that failed on these data in lesson 20, with its networks and its loop.

# %%
G, D = dense(np.random.default_rng(0), 8, 64, 64, 2), dense(rng, 2, 64, 64, 1)
adam_g, adam_d = nn.Adam(G.params(), lr=1e-3), nn.Adam(D.params(), lr=1e-3)
for _ in range(GAME):
    fake = G.forward(rng.standard_normal((128, 8), np.float32))
    training.d_step(D, adam_d, draw(rng, 128)[1], fake)
    training.g_step(G, D, adam_g, fake)
ways = [x0, *ode.heun_steps(learned, x0, 20)]
drawn = {
    "data": draw(rng, 1000)[1],
    "GAN": G.forward(rng.standard_normal((1000, 8), np.float32)),
    "flow": ways[-1],
}
figure, panels = plt.subplots(1, 3, figsize=(7, 2.9), sharey=True, layout="constrained")
for axes, (name, points) in zip(panels, drawn.items(), strict=True):
    distance = np.linalg.norm(points[:, None] - CENTRES, axis=2)  # (1000, 8)
    close = distance < 3 * SPREAD
    share, heaps = close.any(axis=1).mean(), (close.mean(axis=0) > 0.01).sum()
    print(f"{name}: {heaps} of 8 heaps, {share:.0%} of the points within 3 σ of a centre")
    assert FAST or name == "GAN" or (heaps == 8 and share > 0.8)
    axes.scatter(*points.T, s=2, c=distance.argmin(axis=1), cmap="tab10", vmin=0, vmax=9)
    axes.set(aspect="equal", xlim=(-3, 3), ylim=(-3, 3), title=name)
    axes.set(xlabel="first coordinate", ylabel="second coordinate" if name == "data" else "")
lesson.save(figure, "22/ring.png")
titles = [f"t = {i / 20:.2f}" for i in range(21)]
lesson.film_of_points("22/flow.gif", ways, titles, colors=distance.argmin(axis=1))

# %% [markdown]
# ![1,000 points on their way from noise to the ring](out/22/flow.gif)
# ![data, and what the GAN and the flow draw](out/22/ring.png)
#
# Colours are heaps: the nearest of each point, and in the film that where it will arrive. The flow
# draws all eight, with nine points in ten within 3 σ of a centre (91 or 92 % with four seeds,
# measured apart). The GAN, whose networks are smaller and which has seen a quarter of the examples,
# finds one to three; some of its points lie outside the picture. With instance noise (lesson 20) it
# finds six to eight, with a third to two thirds of its fakes beside them.
#
# ## What diffusion is in these terms
#
# v = E[x1 − x0 | x] and x = (1 − t) x0 + t x1 give E[x0 | x] = x − t v: the velocity tells the
# noise. A *diffusion model* (DDPM) trains its network to tell the noise, on the path a x1 + b x0
# with a² + b² = 1. Divided by a + b, that is our path at t = a / (a + b): one function, with
# another clock.
#
# The *score*, the gradient ∇ log p_t(x) by x, points to where x_t is denser. Given x1, x_t is N(t
# x1, (1 − t)² I), whose score is −(x − t x1) / (1 − t)² = −x0 / (1 − t). p_t(x) is the mean of
# p(x|x1) over x1, so ∇ p_t(x) is the mean of p(x|x1) ∇ log p(x|x1). Divide by p_t(x): the weights
# p(x|x1) / p_t(x) turn it into a mean over those x1 that lead to x,
#
#     ∇ log p_t(x) = −E[x0 | x_t = x] / (1 − t) = −(x − t v) / (1 − t)

# %%
x, t, b = rng.standard_normal((5, 2)), 0.6, 0.55
a = np.sqrt(1 - b**2)


def log_p():  # Σ over the points x, up to a constant
    squares = ((x[:, None] - t * CENTRES) ** 2).sum(axis=2)
    return np.log(np.exp(-squares / (2 * ((1 - t) ** 2 + (t * SPREAD) ** 2))).sum(axis=1)).sum()


score = nn.numerical_gradient(log_p, x).reshape(5, 2)
assert np.allclose(-(x - t * exact(x, t)) / (1 - t), score, atol=1e-5)
x, t = x / (a + b), a / (a + b)
assert np.allclose(noise_at(x * (a + b), a, b), x - t * exact(x, t))
print("the score, and DDPM's noise, follow from the velocity")

# %% [markdown]
# Diffusion models also add fresh noise in each step and let the score take it out again: other
# ways, the same density at each t (exercise 4).
#
# ## Exercises
#
# Fill in `lessons/exercises/22.py`; `python -m lessons check 22` says what is right.
#
# 1. The exact velocity where the data are N(m, s²), one number.
# 2. The midpoint method: as Heun's, but with v at the middle of the step.
# 3. The score from a velocity.
# 4. A step with fresh noise, as in a diffusion model.
