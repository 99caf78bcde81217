# %% [markdown]
# # 04 · Adam by hand
#
# **Goal:** go downhill with gradients, and see what momentum, running means and the bias
# correction add.
# **Builds by hand:** `nn.Adam`.
# **You need:** 02. **Time:** seconds. **Next:** 05, a classifier of clothes.
# **Source:** Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1 and
# section 3 (the bias correction).
#
# The gradient g of a loss L by the weights w points where L rises fastest. *Gradient descent* takes
# many small steps in the opposite direction; lr, the *learning rate*, says how long they are:
#
#     w ← w − lr · g
#
# In training, g comes from one batch of examples, not from all of them: it is the gradient of the
# whole with some noise. That is *stochastic* gradient descent, SGD.

# %%
import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn

# %% [markdown]
# ## A valley
#
# L = (w₀² + 50 w₁²) / 2, with g = (w₀, 50 w₁): across it is fifty times as steep as along it. A
# step that is long enough along the valley is too long across it: SGD with lr above 2/50 = 0.04
# jumps from wall to wall, higher every time. With a smaller lr it creeps along the floor.
#
# *Momentum* keeps a running mean m of the gradients and steps along that:
#
#     m ← β m + (1 − β) g            w ← w − lr · m
#
# Across the valley the gradients change sign, and cancel in the mean. Along it they agree, and the
# mean of equal numbers is that number: the step is lr · g there, as that of SGD, and no longer. The
# gain is that lr may be larger, since the wall is met with a mean. How much? The step before was
# lr · m = w_before − w. So across the valley, with g = 50 w and a = 50 lr (1 − β), the next is
#
#     w_next = w − β (w_before − w) − a w = (1 + β − a) w − β w_before
#
# It begins to jump from wall to wall for ever where w_next = −w and w_before = −w solve this:
# 1 + (1 + β − a) + β = 0, a = 2 (1 + β). So lr may go up to
#
#     2/50 · (1 + β) / (1 − β) = 0.76 for β = 0.9         nineteen times as far as SGD
#
# (Many textbooks write m ← β m + g. That m adds up to 1 / (1 − β) times the mean, and takes the
# same path with lr · (1 − β).)
#
# *Adam* also keeps a running mean v of g², for each weight by itself, and divides by its root: then
# each weight has a step of its own, of about lr, however steep its direction is. Both means start
# at 0. With a steady g, m after t steps is
#
#     m = (1 − β) (1 + β + … + β^(t−1)) g = (1 − β^t) g
#
# too small by 1 − β^t, and v likewise. The *bias correction* divides by it: m̂ = m / (1 − β₁^t),
# v̂ = v / (1 − β₂^t), w ← w − lr · m̂ / (√v̂ + ε), with a tiny ε against division by 0.


# %%
def gradient(w):
    return np.array([1.0, 50.0]) * w


def sgd(w, steps, lr=0.035):
    for _ in range(steps):
        w = w - lr * gradient(w)
        yield w


def momentum(w, steps, lr=0.1, beta=0.9):
    m = 0
    for _ in range(steps):
        m = beta * m + (1 - beta) * gradient(w)
        w = w - lr * m
        yield w


def adam(w, steps, lr=0.1, betas=(0.9, 0.999), eps=1e-8, gradient=gradient, power=True):
    """power: whether 1 − β^t has its t, or 1 − β stands in its place, at every step."""
    m, v = 0, 0
    for t in range(1, steps + 1):
        g = gradient(w)
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        n = t if power else 1
        mhat, vhat = m / (1 - betas[0] ** n), v / (1 - betas[1] ** n)
        w = w - lr * mhat / (np.sqrt(vhat) + eps)
        yield w


def loss_after(path):
    *_, w = path
    return (w**2 @ [1, 50]) / 2


start = np.array([-3.0, 0.5])
assert loss_after(sgd(start, 500, lr=0.039)) < 1e-9 < 1e9 < loss_after(sgd(start, 500, lr=0.045))
within, beyond = (loss_after(momentum(start, 500, lr)) for lr in (0.7, 0.8))  # of 0.76
assert within < 1e-9 < 1e9 < beyond
param = nn.Param(start.copy())
theirs = nn.Adam([param], lr=0.1, betas=(0.9, 0.999))
for w in adam(start, 100):
    theirs.zero_grad()
    param.grad += gradient(param.data)
    theirs.step()
    assert np.allclose(param.data, w, rtol=1e-9, atol=1e-12)  # the same path, step by step

# %% [markdown]
# ## The paths, and the missing power t
#
# If the t of β^t is forgotten, the division is by 1 − β at every step, and only the first step is
# right. Then m̂ grows to 10 times its right size, for β₁ = 0.9, in about twenty steps, and √v̂ to
# 32 times, for β₂ = 0.999, in a few thousand. On a slope that never changes, where each step should
# be lr long, steps are first up to twice as long, and in the end 10 / 32 of lr; with β₁ = 0.5,
# the value of lessons 12 to 17, 2 / 32.


# %%
def uphill(w):
    return np.ones(1)  # a slope that never changes: each step should be lr long


def step_lengths(**options):
    path = np.array([[0.0], *adam(np.zeros(1), 5000, 1.0, gradient=uphill, **options)])
    return np.abs(np.diff(path[:, 0]))


right, forgotten = step_lengths(), step_lengths(power=False)
half = step_lengths(power=False, betas=(0.5, 0.999))
assert np.allclose(right, 1, atol=1e-6)
assert np.isclose(forgotten[0], 1)
print(f"without t, step 20: {forgotten[19]:.2f} lr, step 5000: {forgotten[-1]:.2f}; "
      f"with β₁ = 0.5, step 5000: {half[-1]:.2f}")  # fmt: skip
assert forgotten[19] > 1.5
assert 1.5 < forgotten.max() < 2.2
assert forgotten[-1] < 0.33
assert half[-1] < 0.07

steps = 60
paths = {"SGD, lr 0.035": sgd, "momentum, lr 0.1": momentum, "Adam, lr 0.1": adam}
figure, (axes, below) = plt.subplots(
    2, 1, figsize=(7, 5.2), layout="constrained", height_ratios=(1.4, 1)
)
w0, w1 = np.meshgrid(np.linspace(-3.3, 1.2, 200), np.linspace(-0.65, 0.65, 100))
axes.contour(w0, w1, (w0**2 + 50 * w1**2) / 2, levels=np.geomspace(0.05, 12, 9), colors="0.8")
for (name, method), color in zip(paths.items(), ("C1", "C2", "C0"), strict=True):
    path = np.array([start, *method(start, steps)])
    axes.plot(*path.T, ".-", color=color, markersize=4, linewidth=1, label=name)
    left = loss_after(path)
    print(f"{name}: after {steps} steps L = {left:.1e}, from 10.75 at the start")
    assert left < 1
axes.plot(0, 0, "k*", markersize=10)
axes.set(xlabel="w₀: along the valley", ylabel="w₁: across it")
axes.legend(frameon=True, loc="lower right")
for lengths, color, text in ((right, "C0", "with t"), (forgotten, "C3", "t forgotten, β₁ 0.9"),
                             (half, "k", "t forgotten, β₁ 0.5")):  # fmt: skip
    below.loglog(np.arange(1, 5001), lengths, color=color)
    below.text(5500, lengths[-1], text, color=color, va="center")
below.set(xlabel="step t, on a slope that never changes", ylabel="step length, in units of lr")
below.set_xlim(1, 120000)
lesson.save(figure, "04/paths.png")

nearest = []
for seed in range(5):  # from other places
    w = np.random.default_rng(seed).normal(0, (3, 0.5))
    left = [loss_after(method(w, steps)) for method in paths.values()]
    assert left[1] < left[0]  # momentum is nearer than SGD
    nearest.append(list(paths)[np.argmin(left)])
print("nearest from five other places:", "; ".join(nearest))
assert len(set(nearest)) == 2

# %% [markdown]
# ![three paths down a valley; step lengths with and without the power t](out/04/paths.png)
#
# Above: SGD zigzags, since its lr is nearly too long for the walls. Momentum, with its larger lr,
# swings wide and arrives sooner. Adam's first step is as long across as along, steep or not.
# From five other places momentum is again nearer than SGD after 60 steps; whether momentum or Adam
# is nearest depends on the place. Adam's advantage is another: its lr can be chosen without
# knowing how steep the valley is.
#
# ## Exercises
#
# Fill in `lessons/exercises/04.py`, then: `python -m lessons check 04`
#
# 1. Up to which lr does SGD come nearer to (0, 0) in this valley?
# 2. Write Adam from memory. Then multiply the loss by 1000: what happens to its path?
# 3. Leave the bias correction out altogether. How long is Adam's first step?
