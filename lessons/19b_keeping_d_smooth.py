# %% [markdown]
# # 19, beside it · What else keeps D smooth
#
# **Goal:** one small game, and what each of seven changes does to it.
# **You need:** 13, 15, 19. **Time:** about 3 minutes.
# **Source:** Mescheder et al. 2018, section 4.1 (R1); Miyato et al. 2018, section 2.1 (spectral
# normalisation); Mao et al. 2017 (least squares); Lim & Ye 2017 (hinge); Yazıcı et al. 2019
# (averaged weights).
#
# The game is lesson 15's: eight heaps on a ring, N(centre, 0.05²), where the GAN of lesson 12
# collapses. Here without noise on what D sees.

# %%
import copy
import functools
import itertools

import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn, training
from tinygan.training import averaged_weights, gan_loss, gradient_penalty

UPDATES, SEEDS = (20, 1) if lesson.FAST else (4000, 3)
CENTRES = 2 * np.stack([(np.cos(k), np.sin(k)) for k in np.arange(8) * np.pi / 4])  # (8, 2)
many = np.random.default_rng(1).standard_normal((1000, 8), np.float32)

# %% [markdown]
# ## Spectral normalisation
#
# It bounds D's slope by its weights. x W is at most s |x| long, with s the largest singular value
# of W. So with V = k W / s in place of W no layer stretches more than k times, nor does LeakyReLU,
# and three layers make D's slope at most k³. (The paper has k = 1. Between two neighbouring heaps
# of this ring, 1.5 apart, D then rises by 1.5 at most.) *Power iteration* finds s: u ← W v and
# v ← Wᵀ u in turn, each divided by its length. In the end W v = s u and Wᵀ u = s v, so s = uᵀ W v.
# When W changes, ds = uᵀ dW v: u and v change too, but they keep the length 1, so du ⟂ u and
# dv ⟂ v, and their parts, duᵀ W v = s duᵀ u and uᵀ W dv = s vᵀ dv, are 0. With gV, the gradient by
# V, the chain rule gives gW = (k gV − (Σ gV · V) u vᵀ) / s.


# %%
class Spectral(nn.Dense):
    k = 1.7  # k³ = 4.9

    def __init__(self, n, m, **options):
        super().__init__(n, m, **options)
        self.v = np.ones(m, np.float32)

    def forward(self, x):
        u = self.W.data @ self.v  # one turn each time: W changes slowly
        self.u = u / np.linalg.norm(u)
        v = self.W.data.T @ self.u
        self.s = np.linalg.norm(v)  # uᵀ W v, since the new v is Wᵀ u / s
        self.v, self.x, self.V = v / self.s, x, self.k * self.W.data / self.s
        return x @ self.V + self.b.data

    def backward(self, gy, accumulate=True, input_grad=True):
        if accumulate:
            gV = self.x.T @ gy
            turned = (gV * self.V).sum() * np.outer(self.u, self.v)
            self.W.grad += (self.k * gV - turned) / self.s
            self.b.grad += gy.sum(axis=0)
        return gy @ self.V.T


rng = np.random.default_rng(0)
layer, x, gy = Spectral(4, 3, rng=rng), rng.standard_normal((5, 4)), rng.standard_normal((5, 3))
layer.W.data, layer.W.grad = (10 * W.astype(float) for W in (layer.W.data, layer.W.grad))
for _ in range(200):
    layer.forward(x)
layer.backward(gy)
assert np.isclose(np.linalg.svd(layer.V, compute_uv=False).max(), layer.k)
wanted = nn.numerical_gradient(lambda: (layer.forward(x) * gy).sum(), layer.W.data)
assert np.allclose(layer.W.grad.ravel(), wanted, rtol=1e-4, atol=1e-5)

# %% [markdown]
# ## The others
#
# With l for what D says, *hinge* is max(0, 1 − l) for data, max(0, 1 + l) for fakes and −l for G;
# *least squares* is (l − 1)² / 2, l² / 2 and, for G, (l − 1)² / 2. *R1* is lesson 19's penalty on
# mean ‖g‖² at the data, here times 0.1. *WGAN-GP* has λ = 0.1, as its authors take for such toys.
# *Averaged weights* change nothing in the game: a ← 0.999 a + 0.001 w after each update of G, and
# a is what draws.


# %%
def dense(rng, *sizes, layer=nn.Dense):
    layers = []
    for n, m in itertools.pairwise(sizes):
        layers += [layer(n, m, rng=rng, std=np.sqrt(2 / n)), nn.LeakyReLU()]
    return nn.Sequential(*layers[:-1])


def r1(D, real, fake, weight=0.1):
    ones = np.ones_like(D.forward(real))
    g = D.backward(ones, accumulate=False)
    D.forward(real)
    D.jvp(2 * weight / len(real) * g)
    D.backward(ones, input_grad=False)
    return weight * (g**2).sum(axis=1).mean()


def heaps(G):
    """How many heaps have over 1 % of the fakes within 3 σ = 0.15, and the share that is there."""
    near = np.linalg.norm(G.forward(many)[:, None] - CENTRES, axis=2) < 0.15
    return (near.mean(axis=0) > 0.01).sum(), near.any(axis=1).mean()


def play(seed, loss="bce", penalty=None, layer=nn.Dense, turns=1, betas=(0.5, 0.999)):
    """What `heaps` says of G, and of the average of its weights."""
    rng, loss = np.random.default_rng(seed), gan_loss.by_name(loss)
    G, D = dense(rng, 8, 64, 64, 2), dense(rng, 2, 64, 64, 1, layer=layer)
    average = copy.deepcopy(G)
    adam_g, adam_d = (nn.Adam(net.params(), lr=1e-3, betas=betas) for net in (G, D))
    for update in range(UPDATES):
        for _ in range(turns):
            real = CENTRES[rng.integers(0, 8, 128)] + 0.05 * rng.standard_normal((128, 2))
            fake = G.forward(rng.standard_normal((128, 8), np.float32))
            training.d_step(D, adam_d, np.float32(real), fake, loss=loss, penalty=penalty)
        training.g_step(G, D, adam_g, fake, loss=loss)
        averaged_weights.move_average(average, G, averaged_weights.warm(0.999, update))
    return heaps(G), heaps(average)


toward_1 = functools.partial(gradient_penalty.gradient_penalty, rng=rng, weight=0.1)
games = {
    "log (lesson 12)": {},
    "least squares": {"loss": "lsgan"},
    "hinge": {"loss": "hinge"},
    "log, R1": {"penalty": r1},
    "log, spectral": {"layer": Spectral},
    "hinge, spectral": {"loss": "hinge", "layer": Spectral},
    "WGAN-GP": {"loss": "wasserstein", "penalty": toward_1, "turns": 5, "betas": (0.0, 0.9)},
}
table = {}
for name, options in games.items():
    table[name], averaged = zip(*[play(seed, **options) for seed in range(SEEDS)], strict=True)
    if name in ("log (lesson 12)", "log, R1", "log, spectral"):
        table[name.split(" (")[0] + ", averaged"] = averaged
figure, panels = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True, layout="constrained")
lines = []
for row, (name, found) in enumerate(table.items()):
    lines.append(f"{name:<24}" + "; ".join(f"{n} heaps, {share:3.0%}" for n, share in found))
    print(lines[-1])
    for axes, values in zip(panels, np.transpose(found), strict=True):
        axes.plot(values, [row] * SEEDS, f"C{row}o", alpha=0.7)
panels[0].set(yticks=range(len(table)), yticklabels=table, xlabel="heaps of 8", xlim=(-0.5, 8.5))
panels[1].set(xlabel="share of the fakes within 3 σ of a centre", xlim=(0, 1))
panels[0].invert_yaxis()
for axes in panels:
    axes.grid(axis="y", alpha=0.3)
lesson.save(figure, "19/table.png")
(lesson.OUT / "19" / "table.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
if not lesson.FAST:
    found = {name: np.transpose(games) for name, games in table.items()}  # heaps, and shares
    assert max(found["log (lesson 12)"][0]) < 4
    assert max(found["hinge"][0]) < 6
    assert min(found["log, spectral"][0]) == min(found["log, R1"][0]) == 8
    assert (found["log, spectral, averaged"][1] > found["log, spectral"][1]).all()

# %% [markdown]
# ![heaps found and share of fakes on them: ten ways, three games each](out/19/table.png)
#
# - With lesson 12's loss G ends on two or three heaps. The share alone would mislead: the game with
#   two heaps has 88 % of its fakes on them. Least squares and hinge find three to six.
# - What bounds D's slope finds the rest: with R1 and with spectral normalisation G finds all eight
#   with each seed. So a smooth D does more here than another loss. WGAN-GP finds six to eight, with
#   few fakes on them (17 to 26 %); it also has another loss, other betas and five turns of D, so
#   only R1 and spectral normalisation show the effect of smoothness alone.
# - Averaging finds no heap that G has not found. With spectral normalisation it brings more fakes
#   onto the heaps in all three games (42 to 53 % -> 54 to 60 %), with R1 in two of three. Where G
#   has collapsed, the share falls in two games and rises by a point in one.
# - Two cures need not add up: hinge with spectral normalisation finds all heaps twice, and in the
#   third game not one.
#
# One toy is no ranking. The strengths were chosen on it: with k = 1 spectral normalisation found
# one, two and eight heaps, with ten times the weight R1 found three to seven (3000 updates). And
# time counts: after 2500 updates R1 had found five to seven, and most shares were lower.
