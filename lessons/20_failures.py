# %% [markdown]
# # 20 · Failures, on purpose
#
# **Goal:** make six things go wrong, see what each looks like in the figures, and cure it.
# **Builds by hand:** `training.g_step`.
# **You need:** 01, 08, 12, 13, 15. **Time:** seconds. **Next:** 21, the same code on a GPU.
# **Source:** Metz et al. 2017, "Unrolled generative adversarial networks" (the ring of eight).
#
# A GAN that is wrong seldom says so: its pictures are poor, as they might be for other reasons. So
# each failure is made alone here, where all can be seen: the data are points in a plane, eight
# heaps on a ring, N(centre, 0.05²).

# %%
import copy
import itertools
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn, recipes, training

FAST = "--fast" in sys.argv  # a shorter run, for testing the lesson itself
OUT = (Path(__file__).parent if "__file__" in globals() else Path()) / "out" / "20"
OUT.mkdir(parents=True, exist_ok=True)
turns = np.arange(8) * np.pi / 4
CENTRES = 2 * np.stack([np.cos(turns), np.sin(turns)], axis=1)  # (8, 2)


def dense(rng, *sizes, norm=False):
    layers = []
    for n, m in itertools.pairwise(sizes):
        between = (nn.BatchNorm(m), nn.LeakyReLU()) if norm else (nn.LeakyReLU(),)
        layers += [nn.Dense(n, m, rng=rng, std=np.sqrt(2 / n)), *between]
    return nn.Sequential(*layers[: -len(between)])


def g_step(G, D, adam, fake, frozen=True):
    """Lesson 12's, with a switch: shall D's weights stay out of it?"""
    adam.zero_grad()
    _, glogits = nn.bce_with_logits(D.forward(fake), 1.0)
    G.backward(D.backward(glogits, accumulate=not frozen))
    adam.step()


def draw(rng, n=128):
    points = CENTRES[rng.integers(0, 8, n)] + 0.05 * rng.standard_normal((n, 2))
    return points.astype(np.float32), rng.standard_normal((n, 8), np.float32)


def play(updates, noise=0.0, lr_d=1e-3, lr_g=1e-3, frozen=True, norm=False):
    """One game. Returns D's loss and its belief in fakes after each update, and G."""
    rng = np.random.default_rng(0)
    G, D = dense(rng, 8, 64, 64, 2, norm=norm), dense(rng, 2, 64, 64, 1)
    adam_g = nn.Adam(G.params() if frozen else G.params() + D.params(), lr=lr_g)
    adam_d, history = nn.Adam(D.params(), lr=lr_d), []
    for step in range(updates):
        blur = nn.GaussianNoise(noise * 0.5 ** (3 * step / updates), rng=rng)  # lesson 15
        real, z = draw(rng)
        d = training.d_step(D, adam_d, blur.forward(real), blur.forward(fake := G.forward(z)))
        g_step(G, D, adam_g, blur.forward(fake), frozen)
        history.append((d["loss"], d["fake_score"]))
    return np.array(history), G.eval()


after = []  # the frozen one is the library's
for step in (g_step, training.g_step):
    rng = np.random.default_rng(0)
    G, D = dense(rng, 8, 16, 2), dense(rng, 2, 16, 1)
    step(G, D, nn.Adam(G.params()), G.forward(draw(rng)[1]))
    after.append([param.grad.copy() for param in G.params() + D.params()])
assert all(np.allclose(mine, theirs) for mine, theirs in zip(*after, strict=True))
assert not any(gradient.any() for gradient in after[0][-4:])  # D's: nothing came in

# %% [markdown]
# ## 1. Mode collapse
#
# *Mode collapse*: G draws a few kinds of things and never the others. Nothing in its loss asks for
# all heaps: one that D takes for real is enough. **See it:** count what is drawn; the losses do not
# tell. **Cure** that works here: instance noise, wide at first, so that D sees one broad ring
# before it sees heaps.


# %%
def heaps(fakes):
    """How many of the eight hold at least 2 % of the fakes within 0.3 of their centre?"""
    distance = np.linalg.norm(fakes[:, None] - CENTRES, axis=2)  # (n, 8)
    return ((distance < 0.3).mean(axis=0) > 0.02).sum()


updates = 150 if FAST else 3000
many = draw(np.random.default_rng(1), 1000)[1]
plain, G = play(updates)
noisy, G_noisy = play(updates, noise=0.5)
fakes, better = G.forward(many), G_noisy.forward(many)
print(f"1. heaps that are drawn: {heaps(fakes)} of 8; with instance noise {heaps(better)}")
assert FAST or heaps(fakes) < 6 <= heaps(better)

# %% [markdown]
# ## 2. D's loss goes to 0
#
# Let D learn at ten times its rate and G at a hundredth. **See it:** D's loss near 0 and its belief
# in fakes too; by lesson 13, the gradient that reaches G says less and less of where to go.
# **Cure:** equal rates and noise; a loss like that of lesson 19; a smaller D.
#
# ## 3. D is not frozen in G's update
#
# G's optimizer holds all parameters, as when both networks are stacked into one model. Then G's
# loss can be lowered without better fakes: by a D that calls fakes real. **See it:** D's belief in
# fakes is high while they are bad. **Cure:** `accumulate=False`, and an Adam for G's own params.

# %%
rich, _ = play(updates, lr_d=1e-2, lr_g=1e-5)
bribed, _ = play(updates, frozen=False)
(loss, _), (_, belief), healthy = (found[-50:].mean(axis=0) for found in (rich, bribed, plain))
print(f"2. D's loss at the end: {loss:.2f}, at equal rates {healthy[0]:.2f}")
print(f"3. D's belief in fakes: {belief:.2f}, frozen {healthy[1]:.2f}")
assert loss < healthy[0]
assert belief > healthy[1] + 0.2

# %% [markdown]
# ## 4. D steps between G's forward and its backward
#
# Going back through a layer needs the x of its forward and the *same* W. When D is updated in
# between, G's gradient is made of old activations and new weights: that of no function at all.
# **See it:** against finite differences, or the right order. **Cure:** each backward right after
# its forward. (A second forward in between is caught: a layer remembers one at a time.)


# %%
rng = np.random.default_rng(0)
G, D = dense(rng, 8, 64, 64, 2), dense(rng, 2, 64, 64, 1)
real, z = draw(rng)
found = []
for late in (False, True):
    g, d = copy.deepcopy((G, D))
    adam = nn.Adam(d.params(), lr=1e-3)
    d.backward(nn.bce_with_logits(d.forward(real), 1.0)[1])  # what D is going to step with
    if not late:
        adam.step()
    _, glogits = nn.bce_with_logits(d.forward(g.forward(z)), 1.0)
    if late:
        adam.step()
    g.backward(d.backward(glogits, accumulate=False))
    found.append(np.concatenate([param.grad.ravel() for param in g.params()]))
off = np.linalg.norm(found[1] - found[0]) / np.linalg.norm(found[0])
print(f"4. G's gradient is off by {off:.1%} of its length")
assert off > 1e-3

# %% [markdown]
# ## 5. BatchNorm in the wrong mode
#
# In training mode (lesson 08) a fake depends on its neighbours in the batch, and drawing moves the
# running statistics. **See it:** the same z in other company gives another fake. **Cure:**
# `training.generate`. (Training in eval mode is caught: backward says that it needs a forward.)
#
# ## 6. float64 creeps in
#
# float64 turns all that it touches into float64: here the noise, drawn without a dtype. **See it:**
# in dtypes and in the time; the weights stay float32. **Cure:** name the dtype where arrays are
# born, plain Python numbers for constants, an assertion.

# %%
_, normed = play(updates, noise=0.5, norm=True)
at_rest = normed.forward(many)
normed.train()
in_fours = np.concatenate([normed.forward(some) for some in many.reshape(-1, 4, 8)])
moved = np.linalg.norm(in_fours - at_rest, axis=1).mean()
print(f"5. a fake moves by {moved:.2f} when it is drawn in training mode with three others")
assert moved > 0.01
seconds, (G, D) = [], recipes.get("gan-dense-1").networks(rng, width=8 if FAST else 64)
for dtype in (np.float64, np.float32):
    z, adam, times = rng.standard_normal((128, 100), dtype), nn.Adam(G.params()), []
    for _ in range(8):
        start = time.perf_counter()
        g_step(G, D, adam, fake := G.forward(z))
        times.append(time.perf_counter() - start)
    seconds.append(min(times))
    assert fake.dtype == dtype  # and the weights tell nothing:
    assert all(param.data.dtype == np.float32 for param in G.params())
print(f"6. G's update takes {seconds[0] / seconds[1]:.1f} times as long in float64")

# %%
figure, panels = plt.subplots(2, 2, figsize=(7, 6), layout="constrained")
for axes, wrong, cured in ((panels[0, 0], fakes, better), (panels[1, 1], in_fours, at_rest)):
    axes.plot(*CENTRES.T, "o", color="0.85", ms=20)
    axes.plot(*wrong.T, "C1.", *cured.T, "C0.", ms=2.5)
    axes.set(aspect="equal", xlim=(-3, 3), ylim=(-3, 3), xlabel="x₁", ylabel="x₂")
panels[0, 0].set_title("1 collapse, cured by noise")
panels[0, 1].plot(rich[:, 0], "C1", plain[:, 0], "C0", lw=0.7)
panels[0, 1].set(title="2 D too strong", xlabel="updates", ylabel="D's loss", ylim=(0, 1.6))
panels[1, 0].plot(bribed[:, 1], "C1", plain[:, 1], "C0", lw=0.7)
panels[1, 0].set(title="3 D not frozen", xlabel="updates", ylabel="belief in fakes", ylim=(0, 1))
panels[1, 1].set_title("5 drawn in training mode")
figure.savefig(OUT / "failures.png", dpi=120)

# %% [markdown]
# ![four of the failures in orange, what should be in blue](out/20/failures.png)
#
# Orange is the failure, blue the cure. Failure 5 is the one network twice, with the same z.
#
# ## Exercises (answers: `lessons/answers/20.py`)
#
# 1. Which of the six would a look at the two losses have shown, and which not?
# 2. Give G a noise of 2 numbers in place of 8. Does it still collapse?
# 3. Where does float64 come in: np.float32(2) * x, 2.0 * x, np.float64(2) * x, x / np.sqrt(2),
#    x.mean(), np.arange(3) * x, for x of float32?
