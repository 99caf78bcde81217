# %% [markdown]
# # 20 · Failures, on purpose
#
# **Goal:** make six things go wrong, see how each shows in what one can measure, and cure it.
# **Builds by hand:** `training.g_step`.
# **You need:** 01, 08, 12, 13, 15. **Time:** about 1 minute. **Next:** 21, the same code on a GPU.
# **Source:** Metz et al. 2017, "Unrolled generative adversarial networks" (the ring of eight).
#
# A GAN that is wrong seldom says so: its pictures are poor, and could be poor for other reasons. So
# we take one healthy game in which everything can be seen, lesson 15's ring with instance noise,
# and change one thing at a time.

# %%
import copy
import itertools
import time

import lesson
import matplotlib.pyplot as plt
import numpy as np
import replay

from tinygan import nn, training

FAST = lesson.FAST
UPDATES, FRAMES, WIDTH = (150, 3, 8) if FAST else (4000, 50, 128)
turns = np.arange(8) * np.pi / 4
CENTRES = 2 * np.stack([np.cos(turns), np.sin(turns)], axis=1)  # (8, 2): heaps N(centre, 0.05²)


def dense(rng, *sizes, norm=False):
    layers = []
    for n, m in itertools.pairwise(sizes):
        between = (nn.BatchNorm(m), nn.LeakyReLU()) if norm else (nn.LeakyReLU(),)
        layers += [nn.Dense(n, m, rng=rng, std=np.sqrt(2 / n)), *between]
    return nn.Sequential(*layers[: -len(between)])


def g_step(G, D, adam, fake, frozen=True):
    """Lesson 12's, with a switch: do D's weights stay out of it?"""
    adam.zero_grad()
    loss, glogits = nn.bce_with_logits(D.forward(fake), 1.0)
    G.backward(D.backward(glogits, accumulate=not frozen))
    adam.step()
    return loss


def draw(rng, n=128):
    points = CENTRES[rng.integers(0, 8, n)] + 0.05 * rng.standard_normal((n, 2))
    return points.astype(np.float32), rng.standard_normal((n, 8), np.float32)


points, many = draw(np.random.default_rng(1), 1000)  # data and noise: the same for all games


def play(noise=1.0, lr_d=1e-3, lr_g=1e-3, frozen=True, norm=False):
    """Returns D's loss and its belief in fakes, each (UPDATES,), G, and the game to watch."""
    rng = np.random.default_rng(0)
    G, D = dense(rng, 8, 64, 64, 2, norm=norm), dense(rng, 2, 64, 64, 1)
    adam_g = nn.Adam(G.params() if frozen else G.params() + D.params(), lr=lr_g)
    adam_d, history = nn.Adam(D.params(), lr=lr_d), []
    game = replay.Game(G, D, points[:150], many[:400], replay.square(3), of_g, every=10)
    for update in range(UPDATES):
        blur = nn.GaussianNoise(noise * 0.5 ** (5 * update / UPDATES), rng=rng)
        real, z = draw(rng)
        d = training.d_step(D, adam_d, blur.forward(real), blur.forward(fake := G.forward(z)))
        game.d_learned(d["loss"])
        game.g_learned(g_step(G, D, adam_g, blur.forward(fake), frozen))
        history.append((d["loss"], d["fake_score"]))
    return *np.array(history).T, G.eval(), game


def heaps(fakes):
    """How many heaps have over 1 % of the fakes within 3 σ = 0.15, and how many fakes are there."""
    near = np.linalg.norm(fakes[:, None] - CENTRES, axis=2) < 0.15  # (n, 8)
    return (near.mean(axis=0) > 0.01).sum(), near.any(axis=1).mean()


def of_g(G):
    return dict(zip(("heaps found", "fakes on heaps (share)"), heaps(G.forward(many)), strict=True))


after = []  # by either g_step, from the same start
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
# G draws a few kinds of things and never the others. Nothing in its loss asks for all heaps: one
# that D takes for real is enough. **See it:** count what is drawn. The losses say that D is ahead,
# as it is in many good games too. **Cure** here: instance noise (lesson 15). It finds six to eight
# heaps (three seeds); that a third to two thirds of the fakes lie between them is another fault.
#
# ## 2. D learns and G does not keep up
#
# D at ten times its rate, G at a hundredth. **See it:** D's loss is far below that of the healthy
# game, and its belief in fakes near 0. (The loss does not reach 0: some fakes lie on heaps by
# chance; why it stops at 0.20 we have not measured.) **Cure:** equal rates from the start. Setting
# them equal later brings G back (lesson 13), but it then found only two to four heaps, even with
# noise (four seeds, measured apart).
#
# ## 3. D is not frozen in G's update
#
# G's optimizer holds all parameters, as when both networks are stacked into one model. Then G's
# loss falls without better fakes: D learns to call fakes real. **See it:** D's belief in fakes is
# high while they are bad, and D's own loss is above that of a guess, 2 log 2 = 1.386 (exercise 1).
# **Cure:** `accumulate=False`, and an Adam that holds G's params only.

# %%
changes = {"no noise": {"noise": 0}, "other rates": {"lr_d": 1e-2, "lr_g": 1e-5}}
losses, beliefs, fakes, games, ends = {}, {}, {}, {}, {}
for name, change in {"healthy": {}, **changes, "not frozen": {"frozen": False}}.items():
    losses[name], beliefs[name], G, games[name] = play(**change)
    fakes[name] = G.forward(many)
    ends[name] = *heaps(fakes[name]), losses[name][-50:].mean(), beliefs[name][-50:].mean()
    print("1–3. {}: {} heaps, {:.0%} of the fakes on them; D's loss {:.2f}, belief in fakes {:.2f}"
          .format(name, *ends[name]))  # fmt: skip
    assert FAST or (ends[name][0] > 5) == (name == "healthy")
assert ends["other rates"][2] < (1.2 if FAST else 0.4) < ends["healthy"][2]
assert ends["not frozen"][2] > 2 * np.log(2)
assert ends["not frozen"][3] > ends["healthy"][3] + 0.2
two, every = {"no noise": games["no noise"], "noise": games["healthy"]}, UPDATES // FRAMES
lesson.page("20/ring.html", replay.page("plane", "Lesson 20: a ring of eight heaps", two))
both = [np.concatenate(pair) for pair in zip(*(g.film(every) for g in two.values()), strict=True)]
titles = [f"orange: no noise, blue: noise\n{every * (i + 1)} updates" for i in range(FRAMES)]
lesson.film_of_points("20/ring.gif", both, titles, np.repeat([1, 0], 400))

# %% [markdown]
# ![the fakes of the healthy game and of the one without noise, as they learn](out/20/ring.gif)
#
# Both games [to watch, step by step](out/20/ring.html): without noise D is sure much sooner.
#
# ## 4. D steps between its forward and its backward
#
# Going back through a layer needs the x of its forward and the *same* W. Some loops compute D(fake)
# once for both losses: D steps, and then G's gradient goes back through D, with the slopes and the
# belief of the old D and the weights of the new one. (Lesson 12's loop is right: G waits while D
# steps, but G itself has not changed, and D has a new forward for G.) Call what reaches a fake x
# h(x). With D's step in between, it is the gradient of no function: if it were the gradient
# (df/dx₁, df/dx₂) of any f, then dh₁/dx₂ and dh₂/dx₁ would be the same number, d²f/dx₁dx₂. **See
# it:** they differ. **Cure:** each backward right after its forward. (PyTorch refuses such a loop.
# Here only a second backward after one forward is refused.)


# %%
def push(D, x, real, late):
    """What reaches the fakes x (N, 2) when D steps before its forward or, `late`, after it."""
    D = copy.deepcopy(D)
    adam = nn.Adam(D.params(), lr=1e-3)
    D.backward(nn.bce_with_logits(D.forward(real), 1.0)[1])  # what D is going to step with
    if not late:
        adam.step()
    _, glogits = nn.bce_with_logits(D.forward(x), 1.0)
    if late:
        adam.step()
    return len(x) * D.backward(glogits, accumulate=False)


rng = np.random.default_rng(0)
G, D = dense(rng, 8, 64, 64, 2), dense(rng, 2, 64, 64, 1)
for param in D.params():  # float64: for finite differences
    param.data, param.grad = param.data.astype(float), param.grad.astype(float)
real, z = draw(rng)
real, x, crossed = real.astype(float), G.forward(z).astype(float), {}
for late, name in enumerate(("step before", "step after")):
    by_x1, by_x2 = (
        (push(D, x + step, real, late) - push(D, x - step, real, late)) / 2e-6
        for step in 1e-6 * np.eye(2)
    )
    crossed[name] = np.stack([by_x2[:, 0], by_x1[:, 1] - by_x2[:, 0]], axis=1)
right, wrong = (push(D, x, real, late) for late in (False, True))
off = np.linalg.norm(wrong - right) / np.linalg.norm(right)
print(f"4. what reaches the fakes is off by {off:.0%} of its length")
assert abs(crossed["step before"][:, 1]).max() < 1e-6  # dh₂/dx₁ − dh₁/dx₂ at each fake
assert abs(crossed["step after"][:, 1]).max() > 0.01

# %% [markdown]
# ## 5. BatchNorm in the wrong mode
#
# In training mode (lesson 08) a fake depends on its neighbours in the batch, and drawing moves the
# running statistics. **See it:** the same z in other company gives another fake. **Cure:**
# `training.generate`. (Training in eval mode is caught: G.backward raises RuntimeError where no
# forward in training mode came before it.)
#
# ## 6. float64 where float32 was meant
#
# Whatever is computed with a float64 array becomes float64: here with the noise, drawn without a
# dtype. **See it:** in the fakes' dtype and in the time; the weights stay float32. **Cure:** name
# the dtype where arrays are made, plain Python numbers for constants, an assertion.

# %%
_, _, normed, _ = play(norm=True)
drawn = {"in eval mode": normed.forward(many)}
normed.train()
fours = [normed.forward(some) for some in many.reshape(-1, 4, 8)]
drawn["in training mode"] = np.concatenate(fours)
moved = np.linalg.norm(np.subtract(*drawn.values()), axis=1).mean()
print(f"5. a fake moves by {moved:.2f} when it is drawn in training mode with three others")
assert moved > (0.1 if FAST else 0.8)
milliseconds, rng = {}, np.random.default_rng(0)
G, D = dense(rng, 100, 2 * WIDTH, 4 * WIDTH, 784), dense(rng, 784, 4 * WIDTH, 2 * WIDTH, 1)
for dtype in ("float32", "float64"):
    z, adam, times = rng.standard_normal((128, 100), dtype), nn.Adam(G.params()), []
    for _ in range(10):
        start = time.perf_counter()
        g_step(G, D, adam, fake := G.forward(z))
        times.append(1000 * (time.perf_counter() - start))
    milliseconds[dtype] = min(times)
    assert fake.dtype == dtype  # and the weights tell nothing:
    assert all(param.data.dtype == np.float32 for param in G.params())
print("6. an update of G: {float32:.1f} ms, in float64 {float64:.1f} ms".format(**milliseconds))

# %%
figure, panels = plt.subplots(2, 3, figsize=(8, 6), layout="constrained")
(one, two, three), (four, five, six) = panels


def compare(axes, title, of, wrong, right="healthy", style=".", on_top="", **labels):
    for name, color in ((wrong, "C1"), (right, "C0")):
        options = {"ms": 2, "lw": 0.7, "label": name, "zorder": 2 + (name == on_top)}
        axes.plot(*np.atleast_2d(of[name].T), color + style, **options)
    axes.set(title=title + "\n\n", **labels)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), fontsize="small", frameon=False)


place = {"xlim": (-3, 3), "ylim": (-3, 3), "xlabel": "x₁", "ylabel": "x₂", "aspect": "equal"}
line = {"style": "", "xlabel": "updates"}
compare(one, "1 collapse", fakes, "no noise", on_top="no noise", **place)
one.plot(*CENTRES.T, "o", color="0.8", ms=12, zorder=1)
compare(two, "2 D is too fast", losses, "other rates", **line, ylabel="D's loss", ylim=(0, 1.6))
compare(three, "3 D not frozen", beliefs, "not frozen", **line, ylabel="D's belief in fakes")
compare(four, "4 a step in between", crossed, "step after", "step before", xlabel="dh₁/dx₂")
compare(five, "5 the wrong mode", drawn, "in training mode", "in eval mode", **place)
six.bar(milliseconds.keys(), milliseconds.values(), color=["C0", "C1"])
six.set(title="6 float64\n\n", ylabel="an update of G (ms)")
four.set(ylabel="dh₂/dx₁ − dh₁/dx₂")
lesson.save(figure, "20/failures.png")

# %% [markdown]
# ![the six failures in orange, what should be in blue](out/20/failures.png)
#
# Orange is the failure, blue how it should be. The grey discs in 1 are the centres of the heaps.
#
# ## Exercises
#
# Fill in `lessons/exercises/20.py`, then: `python -m lessons check 20`
#
# 1. `loss_of_a_bribed_d`: D's loss when it believes all with the same d.
# 2. `seen_in_losses`: which of the six a look at the two losses shows.
# 3. `asymmetry`: is a push the gradient of some function?
# 4. `becomes_float64`: which expressions leave float32.
